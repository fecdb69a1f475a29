"""``evaluate``: what it accepts as models, features and labels, what it returns, and how it refuses the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import alpha_pulse as ap
from alpha_pulse.core.errors import AlphaPulseError, ConfigError
from alpha_pulse.evaluation.delays import timeline
from alpha_pulse.evaluation.prequential import evaluate
from alpha_pulse.evaluation.streams.generated import sea
from alpha_pulse.models.linear import Logistic

STREAM = sea(1_500)
X, Y = STREAM.features, STREAM.labels
FRAME = pl.DataFrame(X, schema=["a", "b", "c"]).with_columns(kind=pl.Series(Y))


def evaluated(models: Any = "logistic", features: Any = X, labels: Any = Y, **options: Any) -> ap.EvaluationResult:
    return ap.evaluate(models, features, labels, progress=False, **options)


def test_the_scores_are_those_of_the_evaluation_of_a_stream() -> None:
    result = evaluated(["logistic", "naive_bayes"], delay=3, window=200)
    expected = evaluate(STREAM, ["logistic", "naive_bayes"], known=timeline(Y, 3), window=200)
    for model, other in zip(result.evaluation.models, expected.models, strict=True):
        assert model.state_sha256 == other.state_sha256
    scores = result.scores
    assert scores["name"].to_list()[:2] == ["logistic", "naive_bayes"]
    assert scores["accuracy"][0] == expected.models[0].accuracy
    assert scores["newest_accuracy"][1] == expected.models[1].window.accuracy
    assert set(scores.filter(kind="baseline")["name"]) == {name for name, rule in expected.baselines.items() if rule}
    assert result.curves.filter(name="logistic")["accuracy"].to_list() == expected.models[0].curve.accuracy
    assert len(result.drift_marks) == sum(len(model.drift_marks) for model in expected.models)
    assert len(result.comparisons) == 1


@pytest.mark.parametrize(
    ("features", "labels"),
    [
        (FRAME, "kind"),
        (FRAME.drop("kind"), FRAME["kind"]),
        (X.tolist(), Y.tolist()),
        ({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]}, np.where(Y == 1, "up", "down")),
        (FRAME.drop("kind").lazy(), Y.astype(bool)),
    ],
)
def test_arrays_frames_lists_and_dicts_are_the_same_examples(features: Any, labels: Any) -> None:
    state = evaluated().evaluation.models[0].state_sha256
    assert evaluated(features=features, labels=labels).evaluation.models[0].state_sha256 == state


def test_a_model_may_be_a_class_or_a_function() -> None:
    def slow(n_features: int, horizon: int, seed: int) -> Logistic:
        return Logistic(n_features, horizon, seed, rate=0.001)

    result = evaluated([Logistic, slow])
    assert [model.model for model in result.evaluation.models] == ["Logistic", "slow"]
    assert result.evaluation.models[0].state_sha256 == evaluated().evaluation.models[0].state_sha256
    assert result.evaluation.models[1].accuracy != result.evaluation.models[0].accuracy


def test_it_shows_itself_as_text_html_and_figure() -> None:
    result = evaluated(["logistic", "naive_bayes"], delay=3, name="<sea>")
    for word in ("<sea>: 1,500 examples, 3 features, 2 classes; labels 3 examples late", "moving average", "naive_bayes"):
        assert word in repr(result)
    assert "&lt;sea&gt;" in result._repr_html_()
    assert "<sea>" not in result._repr_html_()
    assert result.plot()._repr_png_().startswith(b"\x89PNG")


class Strict(Logistic):
    takes_missing = False


class Unfinished:
    n_features = 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": "logistc"}, "unknown model 'logistc'; did you mean 'logistic'?"),
        ({"models": [3]}, "3 is no model; give the name of one"),
        ({"models": lambda: 3}, "model '<lambda>' cannot be made"),
        ({"models": lambda *_: Unfinished()}, "model '<lambda>' has no memory_bytes, set_boost"),
        ({"models": []}, "the models none were given for evaluation; expected one or more"),
        ({"features": FRAME, "labels": "kin"}, "X has no target column 'kin'; did you mean 'kind'?"),
        ({"labels": Y[:-1]}, "X has 1,500 rows, but y has 1,499 labels; give one label for each row"),
        ({"features": X[:, 0]}, "X has the shape (1500,), but a row of features for each example is expected: (n, d)"),
        ({"labels": X[:, 0]}, "X: the target 'y' has 1,"),
        ({"missing": "some"}, "missing is 'some'; expected refuse, drop or keep"),
        ({"delay": 2_000}, "no label becomes known within the 1500 examples"),
        ({"window": 0}, "the window is 0; expected one label or more"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_one_sentence(options: dict[str, Any], message: str) -> None:
    with pytest.raises(AlphaPulseError) as caught:
        evaluated(**options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_missing_value_is_refused_dropped_or_kept() -> None:
    holed = np.where(X > 9.9, np.nan, X)
    with pytest.raises(AlphaPulseError, match="row"):
        evaluated(features=holed)
    assert evaluated(features=holed, missing="drop").evaluation.stream.dropped == int(np.isnan(holed).any(axis=1).sum())
    with pytest.raises(ConfigError, match=r"has missing values, which model 'Strict' does not support; .* \(missing: drop\)"):
        evaluated(Strict, features=holed, missing="keep")
