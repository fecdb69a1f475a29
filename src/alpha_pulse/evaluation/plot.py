"""Plot of prequential curves: windowed accuracy of models and baselines, true changes, and alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from alpha_pulse.evaluation.drawing import (
    FAINT,
    INK,
    LABEL_HEIGHT,
    MUTED,
    NO_FORMULAS,
    PALETTE,
    EndLabel,
    ShownFigure,
    label_ends,
    plain,
)
from alpha_pulse.evaluation.prequential import Evaluation, ModelScore, StreamScore

_STYLE: dict[Any, Any] = {
    "font.size": 9.5, "svg.hashsalt": "alpha-pulse", "text.color": INK, "axes.edgecolor": MUTED, **NO_FORMULAS
}  # fmt: skip
DASHES = ("-", "--", ":")
RULES = {"no_change": (0, (4, 2)), "opposite": (0, (1, 3)), "majority": (0, (1, 1.5)), "moving_average": (0, (6, 2, 1, 2))}
NAME_LENGTH = 28
"""Maximum length of a name beside a curve, in characters."""
ROOM = 0.06
"""Margin above and below the curves, as a fraction of their range."""


def draw(evaluation: Evaluation, file: BinaryIO, kind: str) -> None:
    """Draw ``evaluation`` into ``file`` as ``kind``: png, svg or pdf. Equal evaluations give equal bytes."""
    figure = figure_of(evaluation)
    with mpl.rc_context(_STYLE):
        figure.savefig(file, format=kind, metadata={"CreationDate" if kind == "pdf" else "Date": None} if kind != "png" else {})


def figure_of(evaluation: Evaluation) -> ShownFigure:
    """The accuracy of models and baselines over time, and where the errors of models changed.

    The upper axes show the windowed accuracy of each model (colours) and baseline (grey). The label at the end of a curve
    gives the name and the accuracy over the whole run. Vertical lines mark the true changes of a generator. The lower axes
    show the alarms of each model: filled where its errors rose, hollow where they fell.
    """
    rows = len(evaluation.models)
    with mpl.rc_context(_STYLE):
        figure = ShownFigure(figsize=(11.0, 5.2 + 0.28 * rows), dpi=150, facecolor="white", layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [12.0, 0.75 * rows], "hspace": 0.03})
        _curves(above, evaluation)
        _marks(below, evaluation)
        _changes((above, below), evaluation)
    return figure


def _colour(number: int) -> str:
    return PALETTE[number % len(PALETTE)]


def _curves(axes: Axes, evaluation: Evaluation) -> None:
    low, high = _limits(evaluation)
    drawn: list[tuple[str, str, StreamScore]] = []
    below: list[str] = []
    for name, score in evaluation.baselines.items():
        if score is None:
            continue
        title, shares = name.replace("_", " "), _percent(score.curve.accuracy)
        if sorted(shares)[len(shares) // 2] < low:
            below.append(f"↓ {_label(title, score)}")
            continue
        axes.plot(score.curve.examples, shares, color="#9A9A9A", linestyle=RULES[name], linewidth=1.1)
        drawn.append((title, MUTED, score))
    for number, model in enumerate(evaluation.models):
        dash = DASHES[number // len(PALETTE) % len(DASHES)]
        axes.plot(model.curve.examples, _percent(model.curve.accuracy), color=_colour(number), linestyle=dash, linewidth=1.9)
        drawn.append((model.model, _colour(number), model))
    axes.set_ylim(low, high)
    axes.set_xlim(0, evaluation.stream.examples)
    axes.set_ylabel(f"accuracy over the newest {evaluation.window:,} labels", color=MUTED)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    plain(axes)
    axes.set_title(_title(evaluation), loc="left", fontsize=11.5, fontweight="bold", pad=16)
    _labels(axes, drawn, low, high, floor=LABEL_HEIGHT * (len(below) + 0.5) if below else 0.0)
    for row, text in enumerate(reversed(below)):
        axes.annotate(
            text, xy=(1.022, row * LABEL_HEIGHT), xycoords="axes fraction", color=MUTED, va="center", ha="left", fontsize=9.0,
            annotation_clip=False,
        )  # fmt: skip


def _title(evaluation: Evaluation) -> str:
    late = evaluation.horizon - 1
    delay = "labels known at once" if not late else f"labels {late:,} example{'s' if late > 1 else ''} late"
    return f"{evaluation.stream.name}: {evaluation.stream.examples:,} examples, each predicted before it is learned, {delay}"


def _percent(shares: Sequence[float]) -> list[float]:
    return [100.0 * share for share in shares]


def _limits(evaluation: Evaluation) -> tuple[float, float]:
    """Limits of the y axis: around the models, and the baselines that are nearly as good or better."""
    models = [value for model in evaluation.models for value in _percent(model.curve.accuracy)]
    rules = [_percent(score.curve.accuracy) for score in evaluation.baselines.values() if score is not None]
    low, high = min(models), max(models)
    near = [value for curve in rules for value in curve if sorted(curve)[len(curve) // 2] > low - 0.4 * (high - low) - 5.0]
    low, high = min([low, *near]), max([high, *near])
    room = ROOM * max(high - low, 5.0)
    return max(low - room, -room), min(high + room, 100.0 + room)


def _labels(axes: Axes, drawn: list[tuple[str, str, StreamScore]], low: float, high: float, floor: float) -> None:
    """Write names beside the ends of the curves."""
    ends = [
        EndLabel((100.0 * score.curve.accuracy[-1] - low) / (high - low), _label(name, score), colour, colour != MUTED)
        for name, colour, score in drawn
    ]
    label_ends(axes, ends, floor=floor)


def _label(name: str, score: StreamScore) -> str:
    """The label of a curve: name, and accuracy over the whole run."""
    return f"{shortened(name)}  {100.0 * (score.accuracy or 0.0):.1f} % in all"


def shortened(name: str) -> str:
    """A name of at most `NAME_LENGTH` characters.

    >>> shortened("mixture:logistic + hoeffding_tree + sgd")
    'mixture:logistic + hoeffdin…'
    """
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"


def _marks(axes: Axes, evaluation: Evaluation) -> None:
    for number, model in enumerate(evaluation.models):
        _row(axes, model, number)
    axes.set_ylim(len(evaluation.models) - 0.4, -0.6)
    axes.set_yticks([])
    rate = f"at most one false alarm in {evaluation.samples_per_false_alarm:,} labels"
    axes.set_xlabel(f"examples          ▲ errors rose   ▽ errors fell (ADWIN, {rate})", color=MUTED)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.tick_params(axis="x", colors=MUTED)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _row(axes: Axes, model: ModelScore, number: int) -> None:
    axes.axhline(number, color=FAINT, linewidth=0.7, zorder=0)
    for rise, colour in ((True, _colour(number)), (False, "white")):
        examples = [mark.example for mark in model.drift_marks if mark.rise is rise]
        axes.scatter(
            examples, [number] * len(examples), marker="^" if rise else "v", s=42, facecolor=colour, edgecolor=_colour(number),
            linewidth=1.1, zorder=3, clip_on=False,
        )  # fmt: skip
    axes.annotate(
        shortened(model.model), xy=(1.022, number), xycoords=("axes fraction", "data"), color=_colour(number), va="center",
        ha="left", fontsize=8.5, annotation_clip=False,
    )  # fmt: skip


def _changes(both: tuple[Axes, Axes], evaluation: Evaluation) -> None:
    for axes in both:
        for point in evaluation.stream.change_points:
            axes.axvline(point, color=INK, linewidth=0.9, alpha=0.55, zorder=1)
    for point in evaluation.stream.change_points:
        both[0].annotate(
            "true change", xy=(point, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points",
            ha="center", va="bottom", fontsize=8.0, color=MUTED,
        )  # fmt: skip
