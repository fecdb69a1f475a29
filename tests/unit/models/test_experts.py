from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError
from alpha_pulse.models.base import Row
from alpha_pulse.models.experts import ADAGRAD_RATES, NEWTONS, SGD_RATES, MarketDefault
from naive_learning import NaiveLadder
from naive_learning import log_loss as naive_log_loss


def noise(n: int, d: int, seed: int, share: float = 0.5) -> tuple[Row, NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, d)), (generator.random(n) < share).astype(np.int64)


def loss(served: Row, labels: NDArray[np.int64]) -> float:
    return float(np.mean([naive_log_loss(float(p), int(y)) for p, y in zip(served, labels, strict=True)]))


@pytest.mark.parametrize(("horizon", "share"), [(1, 1e-3), (12, 0.1)])
def test_the_model_is_its_naive_twin_with_the_documented_rates(horizon: int, share: float) -> None:
    rows, labels = noise(150, 3, seed=1)
    model = MarketDefault(3, horizon, share=share)
    naive = NaiveLadder(3, SGD_RATES, ADAGRAD_RATES, horizon, share, newtons=NEWTONS)
    for row, label in zip(rows, labels, strict=True):
        outputs = np.zeros(model.n_outputs)
        probability, said, known = naive.predict(row.tolist())
        assert model.predict(row, outputs) == pytest.approx(probability, abs=1e-12)
        model.learn(row, int(label), 1.0, outputs)
        naive.learn(row.tolist(), int(label), 1.0, said, known)
    assert model.weights == pytest.approx(naive.mixture, abs=1e-12)


def test_weights_belong_to_the_named_experts_and_sum_to_1() -> None:
    model = MarketDefault(2)
    rows, labels = noise(500, 2, seed=2)
    model.learn_many(rows, labels, np.ones(500))
    assert len(model.expert_names) == len(model.weights) == len(SGD_RATES) + len(ADAGRAD_RATES) + len(NEWTONS) + 2
    assert model.expert_names[-2:] == ("base_rate", "no_change")
    assert model.weights.sum() == pytest.approx(1.0)
    model.weights[:] = 0.0
    assert model.weights.sum() == pytest.approx(1.0)


def test_on_noise_it_is_hardly_worse_than_the_base_rate() -> None:
    rows, labels = noise(6_000, 20, seed=3, share=0.3)
    served = MarketDefault(20).learn_many(rows, labels, np.ones(6_000))
    share = labels.mean()
    best = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert loss(served[1_000:], labels[1_000:]) < best + 0.01


def test_labels_that_persist_are_left_to_the_no_change_expert() -> None:
    generator = np.random.default_rng(4)
    labels = (np.cumsum(generator.random(3_000) < 0.05) % 2).astype(np.int64)
    model = MarketDefault(2)
    served = model.learn_many(generator.normal(size=(3_000, 2)), labels, np.ones(3_000))
    assert model.expert_names[int(model.weights.argmax())] == "no_change"
    assert loss(served[500:], labels[500:]) < 0.25


def test_reset_forgets_all_but_scales_and_base_rate() -> None:
    model = MarketDefault(1)
    rows = np.random.default_rng(5).normal(3.0, 2.0, (2_000, 1))
    labels = (rows[:, 0] > 4.0).astype(np.int64)
    model.learn_many(rows, labels, np.ones(2_000))
    outputs = np.zeros(model.n_outputs)
    model.predict(np.array([9.0]), outputs)
    assert outputs[:-3].max() > 0.9
    base = outputs[-3]
    model.reset()
    model.predict(np.array([9.0]), outputs)
    assert outputs[:-3].tolist() == [0.5] * 12
    assert outputs[-3] == base == pytest.approx(labels.mean(), abs=1e-3)
    assert len(set(model.weights)) == 1


def test_boost_learns_faster_and_ends_where_it_is_told_to() -> None:
    rows, labels = noise(400, 2, seed=6)
    plain, boosted, passing = MarketDefault(2), MarketDefault(2), MarketDefault(2)
    boosted.set_boost(4.0)
    passing.set_boost(4.0)
    passing.set_boost(1.0)
    for model in (plain, boosted, passing):
        model.learn_many(rows, labels, np.ones(400))
    states = [model.snapshot().arrays["state"].tobytes() for model in (plain, boosted, passing)]
    assert states[0] == states[2] != states[1]


def test_a_saved_state_of_other_sizes_is_refused_before_a_kernel_loops_over_them() -> None:
    model = MarketDefault(2)
    saved = model.snapshot()
    for value in (3, None):
        saved.scalars["layout"]["n_features"] = value
        with pytest.raises(StateError, match="does not fit this one"):
            model.restore(saved)
    assert 0.0 < model.predict(np.ones(2), np.zeros(model.n_outputs)) < 1.0
