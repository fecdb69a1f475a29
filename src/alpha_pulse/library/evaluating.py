"""``evaluate``: how well models predict labels that arrive later, on examples of the caller."""

from __future__ import annotations

import html
from contextlib import closing
from typing import TYPE_CHECKING, Any

import polars as pl

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.evaluation.delays import timeline
from alpha_pulse.evaluation.models import Factory
from alpha_pulse.evaluation.prequential import ALPHA, WINDOW, Evaluation, ModelScore, StreamScore
from alpha_pulse.evaluation.prequential import evaluate as evaluate_stream
from alpha_pulse.evaluation.streams.frames import from_arrays
from alpha_pulse.evaluation.streams.missing import CHOICES, Missing
from alpha_pulse.evaluation.words import comparison_sentence
from alpha_pulse.library.grids import NOTHING, Grid, as_html, as_text, number
from alpha_pulse.library.interrupts import interruptible
from alpha_pulse.library.progress import Phases

if TYPE_CHECKING:
    from alpha_pulse.evaluation.drawing import ShownFigure

Models = str | Factory | list[str | Factory] | list[str] | tuple[str | Factory, ...]
_TITLES = ("labels", "accuracy %", "95 % interval", "kappa", "AUC", "log loss", "newest %")


class EvaluationResult:
    """The scores of models and of simple rules on one stream. Shows itself as text, and as HTML in notebooks.

    Parameters
    ----------
    evaluation
        All of it, as a struct.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    @property
    def scores(self) -> pl.DataFrame:
        """One row for each model and baseline.

        Columns: ``name``, ``kind`` (``model`` or ``baseline``), ``labels``, ``accuracy``, ``accuracy_low``, ``accuracy_high``
        (95 % interval), ``balanced_accuracy``, ``kappa``, ``kappa_temporal``, ``auc``, ``log_loss_nats``, ``brier``, ``ece``,
        ``newest_accuracy`` (of the newest labels), ``examples_per_second``; null where a number is not defined.
        """
        return pl.DataFrame([_row(name, kind, score) for name, kind, score in self._scored()], infer_schema_length=None)

    @property
    def curves(self) -> pl.DataFrame:
        """Accuracy over a sliding window. Columns: ``name``, ``kind``, ``examples`` (predicted so far), ``accuracy``."""
        parts = [
            pl.DataFrame({"examples": score.curve.examples, "accuracy": score.curve.accuracy}).select(
                pl.lit(name).alias("name"), pl.lit(kind).alias("kind"), "examples", "accuracy"
            )
            for name, kind, score in self._scored()
        ]
        return pl.concat(parts)

    @property
    def drift_marks(self) -> pl.DataFrame:
        """Where the errors of a model changed (ADWIN). Columns: ``name``, ``example``, ``rise`` (of the errors)."""
        rows = [(model.model, mark.example, mark.rise) for model in self.evaluation.models for mark in model.drift_marks]
        return pl.DataFrame(rows, schema={"name": pl.String, "example": pl.Int64, "rise": pl.Boolean}, orient="row")

    @property
    def comparisons(self) -> list[str]:
        """A sentence for each model after the first: whether it is better, worse, or neither."""
        return [comparison_sentence(comparison) for comparison in self.evaluation.comparisons]

    def plot(self) -> ShownFigure:
        """Accuracy over a sliding window of each model and baseline, and where the errors of models changed."""
        from alpha_pulse.evaluation.plot import figure_of  # half a second of imports

        return figure_of(self.evaluation)

    def __repr__(self) -> str:
        return "\n\n".join([self._headline(), as_text(self._grid()), "\n".join(self._notes())])

    def _repr_html_(self) -> str:
        notes = "<br>".join(html.escape(note) for note in self._notes())
        return f"<p><b>{html.escape(self._headline())}</b></p>{as_html(self._grid())}<p>{notes}</p>"

    def _scored(self) -> list[tuple[str, str, StreamScore]]:
        models: list[tuple[str, str, StreamScore]] = [(model.model, "model", model) for model in self.evaluation.models]
        rules = [(name, "baseline", score) for name, score in self.evaluation.baselines.items() if score is not None]
        return models + rules

    def _headline(self) -> str:
        stream, late = self.evaluation.stream, self.evaluation.horizon - 1
        delay = f"labels {late:,} example{'' if late == 1 else 's'} late" if late else "labels known before the next prediction"
        return (
            f"{stream.name}: {stream.examples:,} examples, {stream.features} features, {len(stream.classes)} classes; {delay}"
        )

    def _grid(self) -> Grid:
        rows = [(name.replace("_", " ") if kind == "baseline" else name, _cells(score)) for name, kind, score in self._scored()]
        return Grid("model", _TITLES, rows)

    def _notes(self) -> list[str]:
        newest = f"newest: of the last {self.evaluation.window:,} labels"
        return [newest, *self.comparisons]


def evaluate(
    models: Models,
    X: Any,
    y: Any,
    *,
    delay: int = 0,
    window: int = WINDOW,
    seed: int = 1,
    alpha: float = ALPHA,
    missing: Missing = "refuse",
    name: str = "X",
    progress: bool = True,
) -> EvaluationResult:
    """Predict each example before its label is known, then score the prediction and learn the label when it arrives.

    Parameters
    ----------
    models
        One or more models: names such as ``logistic`` or ``mixture:logistic + hoeffding_tree`` (docs/concepts/models.md), and
        classes or functions that make a model, see `alpha_pulse.evaluation.models.Factory`.
    X
        Features in order of time: an array of shape (n, d), a polars or pandas frame, or a dict of arrays by name.
    y
        The class of each example, (n,), or the name of a column of ``X``.
    delay
        Number of examples predicted between an example and its label; 0: the label is known before the next prediction.
    window
        Number of labels in the sliding window.
    seed
        Seed of the models and of the intervals.
    alpha
        Probability that any model is called better or worse than the first by mistake; the models share it.
    missing
        ``refuse`` a missing value, ``drop`` its row, or ``keep`` it, if it belongs to a feature and the models support it.
    name
        The name of the stream.
    progress
        Whether a progress bar is shown.

    Raises
    ------
    DataError
        The examples cannot be used; the message names the row and the column.
    ConfigError, UnknownNameError
        There is no such model, or an option has an invalid value.
    KeyboardInterrupt
        By Ctrl-C.

    Examples
    --------
    >>> from alpha_pulse.evaluation.streams.generated import sea
    >>> stream = sea(2_000)
    >>> result = evaluate(["logistic", "naive_bayes"], stream.features, stream.labels, delay=5, progress=False)
    >>> result.scores.select("name", "labels").row(0)
    ('logistic', 1995)
    """
    if missing not in CHOICES:
        raise ConfigError(f"missing is {missing!r}; expected {', '.join(CHOICES[:-1])} or {CHOICES[-1]}")
    chosen = list(models) if isinstance(models, list | tuple) else [models]
    stream = from_arrays(X, y, missing, name)
    known = timeline(stream.labels, delay)
    with interruptible() as stopped, closing(Phases(shown=progress)) as phases:

        def report(model: str, done: int) -> None:
            if stopped():
                raise KeyboardInterrupt
            phases.show(f"evaluating {model}", len(stream.labels), "examples", done)

        found = evaluate_stream(stream, chosen, known=known, window=window, seed=seed, alpha=alpha, report=report)
    return EvaluationResult(found)


def _row(name: str, kind: str, score: StreamScore) -> dict[str, Any]:
    interval = score.accuracy_interval
    return {
        "name": name,
        "kind": kind,
        "labels": score.labels,
        "accuracy": score.accuracy,
        "accuracy_low": None if interval is None else interval.low,
        "accuracy_high": None if interval is None else interval.high,
        "balanced_accuracy": score.balanced_accuracy,
        "kappa": score.kappa,
        "kappa_temporal": score.kappa_temporal,
        "auc": score.auc,
        "log_loss_nats": score.log_loss,
        "brier": score.brier,
        "ece": score.ece,
        "newest_accuracy": score.window.accuracy,
        "examples_per_second": score.examples_per_second if isinstance(score, ModelScore) else None,
    }


def _cells(score: StreamScore) -> list[str]:
    interval = score.accuracy_interval
    return [
        f"{score.labels:,}",
        _percent(score.accuracy),
        NOTHING if interval is None else f"{_percent(interval.low)} .. {_percent(interval.high)}",
        number(score.kappa, "+z.3f"),
        number(score.auc, ".3f"),
        number(score.log_loss, ".4f"),
        _percent(score.window.accuracy),
    ]


def _percent(fraction: float | None) -> str:
    return NOTHING if fraction is None else f"{100.0 * fraction:.1f}"
