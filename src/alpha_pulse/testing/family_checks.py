"""The checks that multi-class and regression models have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.models.base import MultiClassModel, RegressionModel, Row
from alpha_pulse.models.validation import LARGEST_TARGET
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

Model = Any
"""A `MultiClassModel` or a `RegressionModel`."""
Factory = Callable[[], Model]
Targets = NDArray[Any]


class Family(msgspec.Struct, frozen=True):
    """The differences between the two families.

    ``examples(model, n, seed)`` returns rows, targets and weights of a task that can be learned; ``predict(model, row)`` a
    prediction as a list of numbers; ``defect(prediction)`` a sentence if that list is not a valid prediction, else an empty
    text; ``score(predictions, targets)`` a loss; ``best_constant(targets)`` the loss of the best constant prediction.
    """

    protocol: type
    examples: Callable[[Model, int, int], tuple[Row, Targets, Row]]
    predict: Callable[[Model, Row], list[float]]
    defect: Callable[[list[float]], str]
    score: Callable[[Row, Targets], float]
    best_constant: Callable[[Targets], float]
    classes: Callable[[Model], int]


def yield_family_checks(family: Family) -> Iterator[Callable[[Factory], None]]:
    """All checks of one family, each a function of a factory."""
    for check in (
        check_satisfies_the_protocol,
        check_valid_before_learning,
        check_predict_is_pure,
        check_is_deterministic,
        check_learns_above_a_constant,
        check_learn_many_equals_the_loop,
        check_predict_many_equals_the_loop,
        check_keeps_no_hold_of_its_inputs,
        check_snapshot_round_trip,
        check_snapshot_is_a_copy,
        check_refuses_a_state_that_does_not_fit,
        check_notices_a_flipped_byte,
        check_memory_is_as_stated,
        check_refuses_non_finite_features,
        check_survives_adversarial_sequences,
        check_boost_changes_learning,
        check_reset_forgets,
    ):
        bound = partial(check, family)
        bound.__name__ = check.__name__  # type: ignore[attr-defined]  # names of tests use it
        yield bound


def _taught(family: Family, factory: Factory, n: int = 300) -> tuple[Model, Row, Targets, Row]:
    model = factory()
    rows, targets, weights = family.examples(model, n, 1)
    model.learn_many(rows, targets, weights)
    return model, rows, targets, weights


def check_satisfies_the_protocol(family: Family, factory: Factory) -> None:
    """It has every method of its protocol and at least one feature."""
    model = factory()
    fits = isinstance(model, family.protocol)
    assert fits, f"{type(model).__name__} lacks methods or fields of {family.protocol.__name__}"
    assert model.n_features >= 1, "a model needs at least 1 feature"


def check_valid_before_learning(family: Family, factory: Factory) -> None:
    """Before the first label its predictions are valid, and it is healthy."""
    model = factory()
    for scale in (0.0, 1.0, -1e6):
        defect = family.defect(family.predict(model, np.full(model.n_features, scale)))
        assert not defect, f"before the first label: {defect}"
    assert model.healthy(), "a new model is not healthy"


def check_predict_is_pure(family: Family, factory: Factory) -> None:
    """Predicting twice gives equal results, and changes neither the state nor the row."""
    model, rows, _, _ = _taught(family, factory)
    before, row = state_of(model), rows[7].copy()
    assert family.predict(model, row) == family.predict(model, row), "the same row gave a different prediction the second time"
    assert state_of(model) == before, "predict changed the state"
    assert row.tolist() == rows[7].tolist(), "predict changed the row it was given"


def check_is_deterministic(family: Family, factory: Factory) -> None:
    """Two models from the factory that learn the same examples have equal states."""
    states = [state_of(_taught(family, factory)[0]) for _ in range(2)]
    assert states[0] == states[1], "two equal models that learned the same examples differ; seed every generator"


def check_learns_above_a_constant(family: Family, factory: Factory) -> None:
    """If one feature determines the target, its loss on examples 3,000 to 6,000 is a tenth below that of the best constant."""
    model = factory()
    rows, targets, weights = family.examples(model, 6_000, 2)
    loss = family.score(model.learn_many(rows, targets, weights)[3_000:], targets[3_000:])
    constant = family.best_constant(targets[3_000:])
    assert loss < 0.9 * constant, f"a loss of {loss:.4f} is not a tenth below the {constant:.4f} of the best constant"


def check_learn_many_equals_the_loop(family: Family, factory: Factory) -> None:
    """`learn_many` gives the predictions and the state of alternating calls of predict and learn, bit for bit."""
    one, many = factory(), factory()
    rows, targets, weights = family.examples(one, 300, 3)
    weights = weights * np.random.default_rng(3).uniform(0.1, 2.0, len(weights))
    served = []
    for row, target, weight in zip(rows, targets.tolist(), weights.tolist(), strict=True):
        served.append(family.predict(one, row))
        one.learn(row, target, weight)
    predictions = many.learn_many(rows, targets, weights).reshape(len(rows), -1).tolist()
    assert predictions == served, "learn_many gave different predictions from single calls"
    assert state_of(one) == state_of(many), "learn_many gave a different state from single calls"


def check_predict_many_equals_the_loop(family: Family, factory: Factory) -> None:
    """`predict_many` gives the predictions of single calls of predict, bit for bit, and changes nothing."""
    model, rows, _, _ = _taught(family, factory)
    before = state_of(model)
    predictions = model.predict_many(rows).reshape(len(rows), -1).tolist()
    assert predictions == [family.predict(model, row) for row in rows], "predict_many differs from predict"
    assert state_of(model) == before, "predict_many changed the state"


def check_keeps_no_hold_of_its_inputs(family: Family, factory: Factory) -> None:
    """Overwriting a row after `learn` changes nothing, so the caller may reuse its array."""
    one, two = factory(), factory()
    rows, targets, _ = family.examples(one, 50, 4)
    used = np.zeros(one.n_features)
    for row, target in zip(rows, targets.tolist(), strict=True):
        used[:] = row
        one.learn(used, target, 1.0)
        used[:] = 1e3
        two.learn(row, target, 1.0)
    assert state_of(one) == state_of(two), "the model still uses an array of the caller; copy it"


def check_snapshot_round_trip(family: Family, factory: Factory) -> None:
    """A packed state restored into a new model is equal, bit for bit, and both models continue equally, also with a boost."""
    model, rows, targets, weights = _taught(family, factory)
    model.set_boost(2.0)
    twin = factory()
    twin.restore(unpack(pack({"model": model.snapshot()}))[0]["model"])
    assert state_of(twin) == state_of(model), "a restored model has a different state"
    one, two = model.learn_many(rows, targets, weights), twin.learn_many(rows, targets, weights)
    assert one.tolist() == two.tolist(), "a restored model continued with different predictions"
    assert state_of(twin) == state_of(model), "a restored model learned differently; is its whole state in the snapshot?"


def check_snapshot_is_a_copy(family: Family, factory: Factory) -> None:
    """Learning after `snapshot` or `restore` does not change the snapshot."""
    model, rows, targets, weights = _taught(family, factory)
    assert_snapshot_is_a_copy(model, lambda: model.learn_many(rows, targets, weights))


def check_refuses_a_state_that_does_not_fit(family: Family, factory: Factory) -> None:
    """Restoring an empty state raises StateError and leaves the model as it was."""
    assert_empty_state_is_refused(_taught(family, factory)[0])


def check_notices_a_flipped_byte(family: Family, factory: Factory) -> None:
    """A packed snapshot with one changed byte, anywhere, raises StateError."""
    assert_flipped_byte_is_noticed(_taught(family, factory)[0])


def check_memory_is_as_stated(family: Family, factory: Factory) -> None:
    """After ten times as many examples the arrays have the same shapes, and take at most `memory_bytes`."""
    assert_memory(_taught(family, factory)[0], _taught(family, factory, 3_000)[0])


def check_refuses_non_finite_features(family: Family, factory: Factory) -> None:
    """`learn_many` and `predict_many` raise NonFiniteError on NaN and infinity, and learn nothing from that block."""
    model, rows, targets, weights = _taught(family, factory)
    calls = {
        "learn_many": lambda bad: model.learn_many(ends_with(bad, rows), targets, weights),
        "predict_many": lambda bad: model.predict_many(ends_with(bad, rows)),
    }
    assert_non_finite_is_refused(model, calls)


def check_survives_adversarial_sequences(family: Family, factory: Factory) -> None:
    """After huge, tiny, constant and alternating rows with weights of 1e-6 to 1e6, state and predictions are valid."""
    for sequence, rows, labels in adversarial(200, factory().n_features, family.classes(factory()), 5):
        model = _taught(family, factory)[0]
        numbers = np.clip(rows[:, 0] * (labels - 0.5), -LARGEST_TARGET, LARGEST_TARGET)
        targets = labels if family.protocol is MultiClassModel else numbers
        model.learn_many(rows, targets, 10.0 ** np.random.default_rng(6).uniform(-6.0, 6.0, len(rows)))
        assert_state_is_finite(model, sequence)
        for row in (rows[0], rows[-1], np.zeros(model.n_features)):
            defect = family.defect(family.predict(model, row))
            assert not defect, f"{sequence}: {defect}"


def check_boost_changes_learning(family: Family, factory: Factory) -> None:
    """After `set_boost(4)` it learns differently; `set_boost(1)` restores the configured learning."""
    models = [factory() for _ in range(3)]
    rows, targets, _ = family.examples(models[0], 300, 7)
    assert_boost_changes_learning(models, rows, targets)


def check_reset_forgets(family: Family, factory: Factory) -> None:
    """After `reset` the effect of a feature is less than a tenth of the effect before, and the model can learn again."""
    model, rows, targets, weights = _taught(family, factory, 3_000)

    def spread() -> float:
        high, low = np.zeros((2, model.n_features))
        high[0], low[0] = 2.0, -2.0
        pairs = zip(family.predict(model, high), family.predict(model, low), strict=True)
        return max(abs(one - two) for one, two in pairs)

    learned = spread()
    assert learned > 0.05, f"the deciding feature moves the prediction by {learned:.4f} after 3,000 examples: too little"
    model.reset()
    left = spread()
    assert left < 0.1 * learned, f"after reset the deciding feature still moves the prediction by {left:.4f} of {learned:.4f}"
    model.learn_many(rows, targets, weights)
    again = spread()
    assert again > 0.5 * learned, f"after reset the model learned only {again:.4f} of the {learned:.4f} from before"


def _class_examples(model: Model, n: int, seed: int) -> tuple[Row, Targets, Row]:
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(n, model.n_features))
    labels = np.digitize(rows[:, 0], np.linspace(-1.0, 1.0, model.n_classes - 1)).astype(np.int64)
    noisy = generator.random(n) < 0.1
    return rows, np.where(noisy, generator.integers(0, model.n_classes, n), labels), np.ones(n)


def _class_prediction(model: Model, row: Row) -> list[float]:
    probabilities = np.full(model.n_classes, math.nan)
    chosen = model.predict(row, probabilities)
    assert chosen == int(probabilities.argmax()), (
        f"predict returned class {chosen}, but class {probabilities.argmax()} is the most probable"
    )
    return [float(p) for p in probabilities]


def _class_defect(probabilities: list[float]) -> str:
    if not all(0.0 <= p <= 1.0 for p in probabilities) or abs(sum(probabilities) - 1.0) > 1e-9:
        return f"predict gave {probabilities}, which are not probabilities that sum to 1"
    return ""


def _class_loss(probabilities: Row, labels: Targets) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-9)).mean())


def _class_constant(labels: Targets) -> float:
    fractions = np.bincount(labels) / len(labels)
    return float(-(fractions[fractions > 0.0] * np.log(fractions[fractions > 0.0])).sum())


def _number_examples(model: Model, n: int, seed: int) -> tuple[Row, Targets, Row]:
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(n, model.n_features))
    return rows, 10.0 + 3.0 * rows[:, 0] + generator.normal(0.0, 0.5, n), np.ones(n)


MULTI_CLASS = Family(
    MultiClassModel,
    _class_examples,
    _class_prediction,
    _class_defect,
    _class_loss,
    _class_constant,
    lambda model: int(model.n_classes),
)
REGRESSION = Family(
    RegressionModel,
    _number_examples,
    lambda model, row: [float(model.predict(row))],
    lambda prediction: "" if math.isfinite(prediction[0]) else f"predict gave {prediction[0]!r}, not a finite number",
    lambda predictions, targets: float(((predictions - targets) ** 2).mean()),
    lambda targets: float(targets.var()),
    lambda model: 2,
)
