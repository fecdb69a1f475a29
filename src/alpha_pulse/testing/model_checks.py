"""Checks of the contract of `alpha_pulse.models.base.OnlineModel`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from alpha_pulse.core.errors import DataError, NonFiniteError
from alpha_pulse.models.base import OnlineModel, Row
from alpha_pulse.testing.adversarial import adversarial
from alpha_pulse.testing.assertions import (
    assert_boost_changes_learning,
    assert_empty_state_is_refused,
    assert_flipped_byte_is_noticed,
    assert_memory,
    assert_non_finite_is_refused,
    assert_snapshot_is_a_copy,
    assert_state_is_finite,
    ends_with,
    state_of,
)
from alpha_pulse.testing.streams import Labels, base_rate_loss, log_loss, separable

ModelFactory = Callable[[], OnlineModel]
"""Returns a new model, equal at each call."""


def yield_model_checks() -> Iterator[Callable[[ModelFactory], None]]:
    """All checks of an online model."""
    yield check_model_satisfies_the_protocol
    yield check_model_valid_before_learning
    yield check_model_predict_is_pure
    yield check_model_is_deterministic
    yield check_model_learns_above_base_rate
    yield check_model_learn_many_equals_the_loop
    yield check_model_predict_many_equals_the_loop
    yield check_model_keeps_no_hold_of_its_inputs
    yield check_model_snapshot_round_trip
    yield check_model_snapshot_is_a_copy
    yield check_model_refuses_a_state_that_does_not_fit
    yield check_model_memory_is_bounded
    yield check_model_refuses_non_finite_features
    yield check_model_refuses_what_does_not_fit
    yield check_model_stays_finite_on_extreme_values
    yield check_model_survives_adversarial_sequences
    yield check_model_notices_a_flipped_byte
    yield check_model_learns_with_delay
    yield check_model_boost_changes_learning
    yield check_model_reset_forgets


def _predict(model: OnlineModel, row: Row) -> tuple[float, Row]:
    outputs = np.zeros(model.n_outputs)
    return model.predict(row, outputs), outputs


def _taught(factory: ModelFactory, n: int = 300, seed: int = 1) -> tuple[OnlineModel, Row, Labels, Row]:
    model = factory()
    rows, labels, weights = separable(n, model.n_features, seed)
    model.learn_many(rows, labels, weights)
    return model, rows, labels, weights


def _assert_probability(probability: float, when: str) -> None:
    assert math.isfinite(probability), f"{when}: predict gave {probability!r}, not a finite number"
    assert 0.0 < probability < 1.0, f"{when}: predict gave {probability!r}, which is not inside (0, 1)"


def check_model_satisfies_the_protocol(factory: ModelFactory) -> None:
    """It has every method of OnlineModel, at least one feature and at least one output."""
    model = factory()
    assert isinstance(model, OnlineModel), f"{type(model).__name__} lacks methods or fields of OnlineModel"
    assert model.n_features >= 1, "a model needs at least 1 feature"
    assert model.n_outputs >= 1, "a model has at least 1 output: its own probability"


def check_model_valid_before_learning(factory: ModelFactory) -> None:
    """Before the first label it predicts a probability inside (0, 1), with finite outputs, and is healthy."""
    model = factory()
    for scale in (0.0, 1.0, -1e6):
        probability, outputs = _predict(model, np.full(model.n_features, scale))
        _assert_probability(probability, "before the first label")
        assert np.isfinite(outputs).all(), "outputs contain a number that is not finite before the first label"
    assert model.healthy(), "a new model is not healthy"


def check_model_predict_is_pure(factory: ModelFactory) -> None:
    """Predicting twice gives equal probabilities and outputs, and changes neither the state nor the row."""
    model, rows, _, _ = _taught(factory)
    before, row = state_of(model), rows[7].copy()
    first, first_parts = _predict(model, row)
    second, second_parts = _predict(model, row)
    assert first == second, f"the same row gave {first!r} and then {second!r}"
    assert first_parts.tolist() == second_parts.tolist(), "the same row gave different outputs the second time"
    assert state_of(model) == before, "predict changed the state"
    assert row.tolist() == rows[7].tolist(), "predict changed the row it was given"


def check_model_is_deterministic(factory: ModelFactory) -> None:
    """Two models from the factory that learn the same examples have equal states."""
    one, two = _taught(factory)[0], _taught(factory)[0]
    assert state_of(one) == state_of(two), "two equal models that learned the same examples differ; seed every generator"


def check_model_learns_above_base_rate(factory: ModelFactory) -> None:
    """If one feature determines the label, it has a skill of at least 10 mnat on the second half of 10,000 examples."""
    model = factory()
    rows, labels, weights = separable(10_000, model.n_features, seed=2)
    served = model.learn_many(rows, labels, weights)
    loss, base = log_loss(served[5_000:], labels[5_000:]), base_rate_loss(labels[5_000:])
    assert loss < base - 0.01, f"log loss {loss:.4f} is not 0.01 below the base rate's {base:.4f}"


def check_model_learn_many_equals_the_loop(factory: ModelFactory) -> None:
    """`learn_many` gives the predictions and the state of alternating calls of predict and learn, bit for bit."""
    one, many = factory(), factory()
    rows, labels, weights = separable(300, one.n_features, seed=3)
    weights = weights * np.random.default_rng(3).uniform(0.1, 2.0, len(weights))
    served = []
    for row, label, weight in zip(rows, labels, weights, strict=True):
        probability, outputs = _predict(one, row)
        one.learn(row, int(label), float(weight), outputs)
        served.append(probability)
    assert many.learn_many(rows, labels, weights).tolist() == served, "learn_many differs from single calls"
    assert state_of(one) == state_of(many), "learn_many gave a different state from single calls"


def check_model_predict_many_equals_the_loop(factory: ModelFactory) -> None:
    """`predict_many` gives the predictions of single calls of predict, bit for bit, and changes nothing."""
    model, rows, _, _ = _taught(factory)
    before = state_of(model)
    predictions = model.predict_many(rows).tolist()
    assert predictions == [_predict(model, row)[0] for row in rows], "predict_many differs from predict"
    assert state_of(model) == before, "predict_many changed the state"


def check_model_keeps_no_hold_of_its_inputs(factory: ModelFactory) -> None:
    """Overwriting a row or outputs after `learn` changes nothing, so the caller may reuse its arrays."""
    one, two = factory(), factory()
    rows, labels, _ = separable(50, one.n_features, seed=4)
    used, outputs = np.zeros(one.n_features), np.zeros(one.n_outputs)
    for row, label in zip(rows, labels, strict=True):
        used[:] = row
        one.predict(used, outputs)
        one.learn(used, int(label), 1.0, outputs)
        used[:], outputs[:] = 1e3, 0.5
        fresh = _predict(two, row)[1]
        two.learn(row, int(label), 1.0, fresh)
    assert state_of(one) == state_of(two), "the model still uses an array of the caller; copy it"


def check_model_snapshot_round_trip(factory: ModelFactory) -> None:
    """A snapshot restored into a new model is equal, bit for bit, and both models continue equally, also with a boost."""
    model, rows, labels, weights = _taught(factory)
    model.set_boost(2.0)
    twin = factory()
    twin.restore(model.snapshot())
    assert state_of(twin) == state_of(model), "a restored model has a different state"
    one, two = model.learn_many(rows, labels, weights), twin.learn_many(rows, labels, weights)
    assert one.tolist() == two.tolist(), "a restored model continued with different predictions"
    assert state_of(twin) == state_of(model), "a restored model learned differently; is its whole state in the snapshot?"


def check_model_snapshot_is_a_copy(factory: ModelFactory) -> None:
    """Learning after `snapshot` or `restore` does not change the snapshot."""
    model, rows, labels, weights = _taught(factory)
    assert_snapshot_is_a_copy(model, lambda: model.learn_many(rows, labels, weights))


def check_model_refuses_a_state_that_does_not_fit(factory: ModelFactory) -> None:
    """Restoring an empty state raises StateError and leaves the model as it was."""
    assert_empty_state_is_refused(_taught(factory)[0])


def check_model_memory_is_bounded(factory: ModelFactory) -> None:
    """After ten times as many examples the arrays have the same shapes, and take at most `memory_bytes`."""
    assert_memory(_taught(factory, 300)[0], _taught(factory, 3_000)[0])


def check_model_refuses_non_finite_features(factory: ModelFactory) -> None:
    """`learn_many` and `predict_many` raise NonFiniteError on NaN and infinity, and learn nothing from that block."""
    model, rows, labels, weights = _taught(factory)
    calls = {
        "learn_many": lambda bad: model.learn_many(ends_with(bad, rows), labels, weights),
        "predict_many": lambda bad: model.predict_many(ends_with(bad, rows)),
    }
    assert_non_finite_is_refused(model, calls)


def check_model_refuses_what_does_not_fit(factory: ModelFactory) -> None:
    """Rows of another length, invalid labels and invalid weights are refused, and change nothing."""
    model = factory()
    d, outputs = model.n_features, np.zeros(model.n_outputs)
    row, rows, ones = np.zeros(d), np.zeros((3, d)), np.ones(3)
    before, labels = state_of(model), np.zeros(3, dtype=np.int64)
    refused: list[tuple[str, Callable[[], object]]] = [
        ("a row that is too long", lambda: model.predict(np.zeros(d + 1), outputs)),
        ("a row that is too short", lambda: model.learn(np.zeros(d - 1), 1, 1.0, outputs)),
        ("rows that are too long", lambda: model.predict_many(np.zeros((2, d + 1)))),
        ("rows that are too short", lambda: model.learn_many(np.zeros((3, d - 1)), labels, ones)),
        ("too few labels", lambda: model.learn_many(rows, labels[:2], ones)),
        ("too few weights", lambda: model.learn_many(rows, labels, ones[:2])),
        *((f"the label {bad}", lambda bad=bad: model.learn(row, bad, 1.0, outputs)) for bad in (-1, 2, 10**6)),
        *((f"labels of {bad}", lambda bad=bad: model.learn_many(rows, labels + bad, ones)) for bad in (-1, 2)),
        *((f"the weight {bad}", lambda bad=bad: model.learn(row, 1, bad, outputs)) for bad in (math.nan, math.inf, -1.0)),
        ("a weight that is not finite", lambda: model.learn_many(rows, labels, ones * math.nan)),
    ]
    for what, act in refused:
        try:
            act()
        except (DataError, NonFiniteError):
            assert state_of(model) == before, f"{what} was refused but had changed the state"
        else:
            raise AssertionError(f"{what} was accepted without a DataError or NonFiniteError")


def check_model_stays_finite_on_extreme_values(factory: ModelFactory) -> None:
    """After features up to 1e14 and weights up to 1e6, state and predictions are finite."""
    model, rows, labels, _ = _taught(factory)
    generator = np.random.default_rng(5)
    wild = rows * 10.0 ** generator.uniform(-14.0, 14.0, rows.shape)
    model.learn_many(wild, labels, 10.0 ** generator.uniform(-6.0, 6.0, len(labels)))
    assert_state_is_finite(model, "after extreme values")
    for row in (rows[0], wild[0], np.full(model.n_features, 1e14), np.full(model.n_features, -1e14)):
        probability, outputs = _predict(model, row)
        assert 0.0 <= probability <= 1.0, f"after extreme values predict gave {probability!r}, not a probability"
        assert np.isfinite(outputs).all(), "outputs contain a number that is not finite after extreme values"
    assert isinstance(model.healthy(), bool), "healthy does not return a bool"


def check_model_survives_adversarial_sequences(factory: ModelFactory) -> None:
    """After huge, tiny, constant and alternating rows with weights of 1e-6 to 1e6, state and predictions are valid."""
    for sequence, rows, labels in adversarial(200, factory().n_features, 2, seed=5):
        model = _taught(factory)[0]
        model.learn_many(rows, labels, 10.0 ** np.random.default_rng(6).uniform(-6.0, 6.0, len(labels)))
        assert_state_is_finite(model, sequence)
        for row in (rows[0], rows[-1], np.zeros(model.n_features)):
            probability, outputs = _predict(model, row)
            assert 0.0 <= probability <= 1.0, f"{sequence}: predict gave {probability!r}, not a probability"
            assert np.isfinite(outputs).all(), f"{sequence}: outputs contain a number that is not finite"


def check_model_notices_a_flipped_byte(factory: ModelFactory) -> None:
    """A packed snapshot with one changed byte, anywhere, raises StateError."""
    assert_flipped_byte_is_noticed(_taught(factory)[0])


def check_model_learns_with_delay(factory: ModelFactory) -> None:
    """Trained on labels that come 12 predictions late, with the stored rows and outputs, it beats the base rate."""
    model, delay = factory(), 12
    rows, labels, _ = separable(6_000, model.n_features, seed=6)
    served = np.zeros(len(rows))
    stored = np.zeros((len(rows), model.n_outputs))
    for i in range(len(rows)):
        if i >= delay:
            model.learn(rows[i - delay], int(labels[i - delay]), 1.0, stored[i - delay])
        served[i] = model.predict(rows[i], stored[i])
    loss, base = log_loss(served[3_000:], labels[3_000:]), base_rate_loss(labels[3_000:])
    assert loss < base - 0.01, f"with labels {delay} late, log loss {loss:.4f} is not 0.01 below the base rate's {base:.4f}"


def check_model_boost_changes_learning(factory: ModelFactory) -> None:
    """After `set_boost(4)` it learns differently; `set_boost(1)` restores the configured learning."""
    models = [factory() for _ in range(3)]
    rows, labels, _ = separable(300, models[0].n_features, seed=7)
    assert_boost_changes_learning(models, rows, labels)


def check_model_reset_forgets(factory: ModelFactory) -> None:
    """After `reset` the effect of a feature is less than a tenth of the effect before, and the model can learn again."""
    model, rows, labels, weights = _taught(factory, 5_000)
    high, low = np.zeros(model.n_features), np.zeros(model.n_features)
    high[0], low[0] = 2.0, -2.0
    learned = _predict(model, high)[0] - _predict(model, low)[0]
    assert learned > 0.05, f"the deciding feature moves the prediction by {learned:.4f} after 5,000 examples: too little"
    model.reset()
    left = abs(_predict(model, high)[0] - _predict(model, low)[0])
    assert left < 0.1 * learned, f"after reset the deciding feature still moves the prediction by {left:.4f} of {learned:.4f}"
    model.learn_many(rows, labels, weights)
    again = _predict(model, high)[0] - _predict(model, low)[0]
    assert again > 0.5 * learned, f"after reset the model learned only {again:.4f} of the {learned:.4f} it had learned before"
