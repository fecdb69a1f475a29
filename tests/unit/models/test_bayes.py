from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from river import naive_bayes

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.base.missing import MISSING
from alpha_pulse.models.bayes import NaiveBayes, NaiveBayesClassifier
from learning_samples import stream


def three_classes(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, n)
    return generator.normal(labels[:, None] * np.array([1.0, -0.5, 0.0]), [1.0, 2.0, 0.3], (n, 3)), labels


def test_without_forgetting_it_is_rivers() -> None:
    rows, labels = three_classes(800, 1)
    model, peer, found = NaiveBayesClassifier(3, 3, span=0), naive_bayes.GaussianNB(), np.zeros(3)  # type: ignore[no-untyped-call]
    for row, label in zip(rows, labels.tolist(), strict=True):
        x = dict(enumerate(row.tolist()))
        theirs = peer.predict_proba_one(x)  # type: ignore[no-untyped-call]
        model.predict(row, found)
        if len(theirs) == 3:
            assert found == pytest.approx(
                [theirs[c] for c in range(3)], abs=1e-6
            )  # a density counts 1e-9 at least: in River of 1 / the feature's unit
        peer.learn_one(x, label)  # type: ignore[no-untyped-call]
        model.learn(row, label, 1.0)


@pytest.mark.parametrize("scale", [1e-100, 1e-160, 1e-300])
def test_features_of_any_smallness_and_features_that_stand_still_leave_it_speaking(scale: float) -> None:
    rows, labels = stream(3_000, 2, seed=4)
    rows *= scale
    rows[200:] = 0.0
    model = NaiveBayes(2, span=2)
    model.set_boost(4.0)
    served = model.learn_many(rows, labels, np.full(3_000, 3.0))
    assert np.isfinite(served).all()


@pytest.mark.parametrize("span", [0, 20])
def test_it_is_the_weighted_estimate_written_down_plainly(span: int) -> None:
    rows, labels = three_classes(200, 2)
    weights = np.random.default_rng(3).uniform(0.5, 3.0, 200)
    rows[::7, 1] = MISSING
    model = NaiveBayesClassifier(3, 3, span=span)
    model.learn_many(rows, labels, weights)
    fade = 1.0 - np.minimum(weights, 1.0) / span if span else np.ones(len(rows))
    keep = np.append(np.cumprod(fade[:0:-1])[::-1], 1.0) * weights
    row, scores = np.array([0.4, MISSING, 0.1]), []
    moments = {}
    for c in range(3):
        for j in (0, 2):
            mine = (labels == c) & (rows[:, j] != MISSING)
            w, x = keep[mine], rows[mine, j]
            # Between two examples everything fades alike, so plain weighted sums say the same.
            mean = (w * x).sum() / w.sum()
            moments[c, j] = mean, math.sqrt((w * (x - mean) ** 2).sum() / w.sum())
    for c in range(3):
        score = math.log(keep[labels == c].sum() / keep.sum())
        for j in (0, 2):
            mean, sd = moments[c, j]
            widest = max(moments[other, j][1] for other in range(3))
            density = math.exp(-0.5 * ((row[j] - mean) / sd) ** 2) / (math.sqrt(2 * math.pi) * sd)
            score += math.log(1e-9 + density * widest)
        scores.append(score)
    expected = np.exp(np.array(scores) - max(scores))
    found = np.zeros(3)
    model.predict(row, found)
    assert found == pytest.approx(expected / expected.sum(), abs=1e-9)


def test_it_follows_a_concept_that_turns_where_it_would_not_without_forgetting() -> None:
    rows, labels = stream(6_000, 2, seed=4, turns_at=3_000)
    late = slice(4_000, None)
    right = [
        ((NaiveBayes(2, span=span).learn_many(rows, labels, np.ones(6_000)) > 0.5) == (labels == 1))[late].mean()
        for span in (0, 500)
    ]
    assert right[1] > right[0] + 0.2


def test_a_span_or_a_number_of_classes_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ConfigError, match="span of naive_bayes is -1"):
        NaiveBayes(2, span=-1)
    with pytest.raises(ConfigError, match="n_classes of naive_bayes is 1"):
        NaiveBayesClassifier(2, 1)
