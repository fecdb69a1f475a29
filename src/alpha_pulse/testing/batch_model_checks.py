"""Checks of the contract of `alpha_pulse.models.base.BatchModel`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from alpha_pulse.core.errors import AlphaPulseError, NonFiniteError, SessionError
from alpha_pulse.models.base import BatchModel, Row
from alpha_pulse.testing.assertions import state_of
from alpha_pulse.testing.streams import Labels, base_rate_loss, log_loss, separable

BatchModelFactory = Callable[[int], BatchModel]
"""Returns a new untrained model for this number of features, equal at each call."""

FEATURES = 4


def yield_batch_model_checks() -> Iterator[Callable[[BatchModelFactory], None]]:
    """All checks of a batch model."""
    yield check_batch_model_satisfies_the_protocol
    yield check_batch_model_refuses_to_serve_untrained
    yield check_batch_model_learns_above_base_rate
    yield check_batch_model_is_deterministic
    yield check_batch_model_predict_is_pure
    yield check_batch_model_version_names_the_artefact
    yield check_batch_model_snapshot_round_trip
    yield check_batch_model_untrained_snapshot_round_trip
    yield check_batch_model_refuses_one_class
    yield check_batch_model_refuses_non_finite
    yield check_batch_model_keeps_no_hold_of_its_inputs
    yield check_batch_model_valid_on_extreme_values


def _trained(factory: BatchModelFactory, seed: int = 1) -> tuple[BatchModel, Row, Labels, Row]:
    model = factory(FEATURES)
    rows, labels, weights = separable(2_000, FEATURES, seed)
    model.fit(rows, labels, weights)
    return model, rows, labels, weights


def _predictions(model: BatchModel, rows: Row) -> list[float]:
    return [model.predict(row) for row in rows]


def _refusal(what: str, kind: type[AlphaPulseError], call: Callable[[], object]) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"{what} did not raise {kind.__name__}")


def check_batch_model_satisfies_the_protocol(factory: BatchModelFactory) -> None:
    """It has every method of BatchModel and a version."""
    model = factory(FEATURES)
    assert isinstance(model, BatchModel), f"{type(model).__name__} lacks methods or fields of BatchModel"


def check_batch_model_refuses_to_serve_untrained(factory: BatchModelFactory) -> None:
    """Before `fit`, predict raises SessionError."""
    model = factory(FEATURES)
    _refusal("predict before fit", SessionError, lambda: model.predict(np.zeros(FEATURES)))


def check_batch_model_learns_above_base_rate(factory: BatchModelFactory) -> None:
    """Trained on 2,000 examples whose label depends on one feature, it has a skill of at least 10 mnat on 1,000 others."""
    model = _trained(factory)[0]
    rows, labels, _ = separable(1_000, FEATURES, seed=2)
    loss, base = log_loss(np.array(_predictions(model, rows)), labels), base_rate_loss(labels)
    assert loss < base - 0.01, f"log loss {loss:.4f} is not 0.01 below the base rate's {base:.4f}"


def check_batch_model_is_deterministic(factory: BatchModelFactory) -> None:
    """Two trainings on the same examples give the same version and state."""
    one, two = _trained(factory)[0], _trained(factory)[0]
    assert one.version == two.version, "two trainings on the same examples have different versions"
    assert state_of(one) == state_of(two), "two trainings on the same examples have different states"


def check_batch_model_predict_is_pure(factory: BatchModelFactory) -> None:
    """Predicting twice gives equal results, and changes neither the state nor the row."""
    model, rows, _, _ = _trained(factory)
    before, row = state_of(model), rows[3].copy()
    assert model.predict(row) == model.predict(row), "the same row gave two different predictions"
    assert state_of(model) == before, "predict changed the state"
    assert row.tolist() == rows[3].tolist(), "predict changed the row it was given"


def check_batch_model_version_names_the_artefact(factory: BatchModelFactory) -> None:
    """``version`` is a SHA-256 in hex, which differs for another training set."""
    one, other = _trained(factory, seed=1)[0], _trained(factory, seed=3)[0]
    assert len(one.version) == 64, f"version {one.version!r} is not a SHA-256 in hex"
    assert set(one.version) <= set("0123456789abcdef"), f"version {one.version!r} is not a SHA-256 in hex"
    assert one.version != other.version, "models trained on different examples have the same version"


def check_batch_model_snapshot_round_trip(factory: BatchModelFactory) -> None:
    """A restored model has the version, the state and the predictions of the saved one, bit for bit."""
    model, rows, _, _ = _trained(factory)
    twin = factory(FEATURES)
    twin.restore(model.snapshot())
    assert twin.version == model.version, "a restored model has a different version"
    assert state_of(twin) == state_of(model), "a restored model has a different state"
    assert _predictions(twin, rows) == _predictions(model, rows), "a restored model gives different predictions"


def check_batch_model_untrained_snapshot_round_trip(factory: BatchModelFactory) -> None:
    """After the snapshot of an untrained model is restored, predict raises SessionError again."""
    model = _trained(factory)[0]
    model.restore(factory(FEATURES).snapshot())
    _refusal("predict after restoring an untrained model", SessionError, lambda: model.predict(np.zeros(FEATURES)))


def check_batch_model_refuses_one_class(factory: BatchModelFactory) -> None:
    """Labels that are all 0 or all 1 raise SessionError, and the earlier training stays in effect."""
    model, rows, labels, weights = _trained(factory)
    before = state_of(model)
    for alone in (0, 1):
        call = partial(model.fit, rows, np.full_like(labels, alone), weights)
        _refusal(f"fit on labels that are all {alone}", SessionError, call)
    assert state_of(model) == before, "a refused training changed the model"


def check_batch_model_refuses_non_finite(factory: BatchModelFactory) -> None:
    """NaN or infinity among features or weights raises NonFiniteError, and the earlier training stays in effect."""
    model, rows, labels, weights = _trained(factory)
    before = state_of(model)
    for value in (math.nan, math.inf, -math.inf):
        bad_rows, bad_weights = rows.copy(), weights.copy()
        bad_rows[5, 1], bad_weights[5] = value, value
        _refusal(f"fit with a feature of {value}", NonFiniteError, partial(model.fit, bad_rows, labels, weights))
        _refusal(f"fit with a weight of {value}", NonFiniteError, partial(model.fit, rows, labels, bad_weights))
    assert state_of(model) == before, "a refused training changed the model"


def check_batch_model_keeps_no_hold_of_its_inputs(factory: BatchModelFactory) -> None:
    """Overwriting the training set after `fit` changes nothing."""
    model, rows, labels, weights = _trained(factory)
    probes = rows[:50].copy()
    before = _predictions(model, probes)
    rows[:], labels[:], weights[:] = 0.0, 0, 0.0
    assert _predictions(model, probes) == before, "the model still uses the arrays of the training set; copy them"


def check_batch_model_valid_on_extreme_values(factory: BatchModelFactory) -> None:
    """Finite features of any size give a probability."""
    model = _trained(factory)[0]
    for value in (0.0, 1e-300, 1e14, -1e14):
        probability = model.predict(np.full(FEATURES, value))
        assert 0.0 <= probability <= 1.0, f"features of {value:g} gave {probability!r}, not a probability"
