"""Checks of the contract of `alpha_pulse.models.base.CompiledModel`: a model that ships kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from alpha_pulse.models.base import CompiledModel, OnlineModel, Row, ships_kernels
from alpha_pulse.testing.assertions import state_of
from alpha_pulse.testing.streams import separable

CompiledFactory = Callable[[], OnlineModel]
"""Returns a new model, equal at each call."""
ROWS = 200


def yield_compiled_model_checks() -> Iterator[Callable[[CompiledFactory], None]]:
    """All checks of a model that ships kernels, in addition to those of every online model."""
    yield check_compiled_model_satisfies_the_protocol
    yield check_compiled_model_kernels_equal_its_methods
    yield check_compiled_model_predict_kernel_is_pure
    yield check_compiled_model_state_is_one_array


def _made(factory: CompiledFactory) -> CompiledModel:
    model = factory()
    assert isinstance(model, CompiledModel), f"{type(model).__name__} lacks methods or fields of CompiledModel"
    return model


def check_compiled_model_satisfies_the_protocol(factory: CompiledFactory) -> None:
    """It has every field of CompiledModel, its arrays match, and no subclass overrides a method that its kernels implement."""
    model = _made(factory)
    assert ships_kernels(model), f"{type(model).__name__} overrides predict or learn of a class whose kernels it inherits"
    for name, array in (("kernel_state", model.kernel_state), ("kernel_scratch", model.kernel_scratch)):
        fits = array.dtype == np.float64 and array.ndim == 1 and array.flags.c_contiguous
        assert fits, f"{name} is not one row of float64 numbers"


def check_compiled_model_kernels_equal_its_methods(factory: CompiledFactory) -> None:
    """Predictions, outputs and state of the methods and of the kernels are equal bit for bit."""
    called, compiled = factory(), _made(factory)
    rows, labels, weights = separable(ROWS, called.n_features, seed=11)
    weights = weights * np.random.default_rng(11).uniform(0.1, 2.0, len(weights))
    for i, row in enumerate(rows):
        expected, outputs = np.zeros(called.n_outputs), np.zeros(called.n_outputs)
        probability = called.predict(row, expected)
        found = compiled.predict_kernel(compiled.kernel_state, row, outputs)
        assert found == probability, f"predict_kernel gave {found!r} and predict {probability!r} for the same row"
        assert outputs.tolist() == expected.tolist(), "predict_kernel and predict gave different outputs for the same row"
        label, weight = int(labels[i]), float(weights[i])
        called.learn(row, label, weight, expected)
        compiled.kernel_scratch[:] = np.nan  # what it holds between two calls does not matter
        compiled.learn_kernel(compiled.kernel_state, row, label, weight, outputs, compiled.kernel_scratch)
    assert state_of(called) == state_of(compiled), "learn_kernel and learn gave different states for the same examples"


def check_compiled_model_predict_kernel_is_pure(factory: CompiledFactory) -> None:
    """`predict_kernel` changes neither state nor row."""
    model = _made(factory)
    rows, labels, weights = separable(ROWS, model.n_features, seed=12)
    model.learn_many(rows, labels, weights)
    state, row = model.kernel_state.tobytes(), rows[7].copy()
    model.predict_kernel(model.kernel_state, row, np.zeros(model.n_outputs))
    assert model.kernel_state.tobytes() == state, "predict_kernel changed the state"
    assert row.tolist() == rows[7].tolist(), "predict_kernel changed the row it was given"


def check_compiled_model_state_is_one_array(factory: CompiledFactory) -> None:
    """`kernel_state` is the whole state, and the same array after learning, boost, reset and restore."""
    model, twin = _made(factory), _made(factory)
    state: Row = model.kernel_state
    rows, labels, weights = separable(ROWS, model.n_features, seed=13)
    model.learn_many(rows, labels, weights)
    model.set_boost(3.0)
    saved = model.snapshot()
    twin.kernel_state[:] = state
    assert state_of(twin) == state_of(model), "kernel_state is not the whole state"
    model.reset()
    model.restore(saved)
    assert model.kernel_state is state, "kernel_state is another array after learning, a boost, a reset or a restore"
    assert state.tobytes() == twin.kernel_state.tobytes(), "restore did not write into kernel_state"
