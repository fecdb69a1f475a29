from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import DataError
from alpha_pulse.learning.training import Examples
from alpha_pulse.learning.walk_forward import Dataset, WalkForward, Window, splits, walk_forward
from alpha_pulse.models.batch.logistic import BatchLogistic
from learning_samples import stream

HORIZON = 4


def dataset(n: int = 3_000, *, missing: int = 0) -> Dataset:
    """Every bar served, except some at random."""
    served = np.sort(np.random.default_rng(2).permutation(n + missing)[:n])
    rows, labels = stream(n, 3, seed=1)
    return Dataset("X/direction", HORIZON, Examples(rows, labels, np.ones(n)), served, served + HORIZON, served * 60)


def validated(data: Dataset, window: Window = "grow", most: int = 10_000, folds: int = 4, embargo: int = 0) -> WalkForward:
    make = partial(BatchLogistic, 3, ridge=1.0)
    return walk_forward(data, "logistic", make, folds=folds, embargo=embargo, window=window, most=most)


@given(st.integers(1, 9), st.integers(0, 50), st.integers(0, 300))
def test_every_example_after_the_first_part_is_predicted_once_and_no_label_is_known_late(
    folds: int, embargo: int, missing: int
) -> None:
    data = dataset(600, missing=missing)
    found = list(splits(data, folds, embargo))
    assert [first for _, first, _ in found[1:]] == [last for _, _, last in found[:-1]]
    assert (found[0][1], found[-1][2]) == (600 // (folds + 1), 600)
    for known, first, _ in found:
        before = [at for at in range(600) if data.known[at] + embargo <= data.served[first]]
        assert known == len(before)
        assert before == list(range(known))


def test_what_comes_after_a_fold_changes_nothing_in_it() -> None:
    data = dataset()
    _, first, _ = list(splits(data, 4, 0))[2]
    changed = Examples(data.examples.features.copy(), data.examples.labels.copy(), data.examples.weights.copy())
    changed.features[first:], changed.labels[first - HORIZON + 1 :] = 9.0, 1
    other = Dataset(data.session_id, HORIZON, changed, data.served, data.known, data.times)
    one, two = validated(data), validated(other)
    assert one.folds[0] == two.folds[0]
    assert one.folds[1].trained == two.folds[1].trained
    assert one.folds[3] != two.folds[3]


def test_the_scores_are_those_of_the_predictions() -> None:
    data = dataset()
    found = validated(data, embargo=10)
    gains = []
    for fold, (known, first, last) in zip(found.folds, splits(data, 4, 10), strict=True):
        assert (fold.trained, fold.left_out, fold.predicted) == (known, first - known, last - first)
        assert fold.left_out == 10 + HORIZON - 1
        model = BatchLogistic(3, ridge=1.0)
        model.fit(data.examples.features[:known], data.examples.labels[:known], np.ones(known))
        labels = data.examples.labels[first:last]
        p = np.array([model.predict(row) for row in data.examples.features[first:last]])
        base = data.examples.labels[:known].mean()
        own = -np.log(np.where(labels == 1, p, 1.0 - p))
        gains += (-np.log(np.where(labels == 1, base, 1.0 - base)) - own).tolist()
        assert fold.log_loss == pytest.approx(own.mean())
        assert fold.accuracy == pytest.approx(((p >= 0.5) == (labels == 1)).mean())
    assert found.skill == pytest.approx(1_000.0 * np.mean(gains))
    assert found.interval is not None
    assert found.interval.low < found.skill < found.interval.high


def test_a_window_that_slides_trains_on_the_newest_examples() -> None:
    data = dataset()
    slid, grown = validated(data, "slide", most=700), validated(data, "grow", most=700)
    assert {fold.trained for fold in slid.folds[1:]} == {fold.trained for fold in grown.folds[1:]} == {700}
    assert slid.folds[3].log_loss != grown.folds[3].log_loss


def test_too_few_labels_are_told() -> None:
    with pytest.raises(DataError, match=r"fold 1 of 20 would be trained on 1\d\d; at least 500 are needed, so give more bars"):
        validated(dataset(), folds=20)
