"""Invariant 2: an example is learned with the features that were served, joined by its prediction's id, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from alpha_pulse.models import ONLINE
from flow.runs import LEAN, Witness, restless, run


def test_what_is_learned_is_what_was_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ONLINE, "witness", "flow.runs:Witness")
    Witness.learned = []
    done = run(restless(900), {**LEAN, "adaptation.enabled": False, "learning.model": "witness"})
    features = {
        prediction.prediction_id: np.array(record.features["SYN"])
        for record in done.records
        for prediction in record.predictions
    }
    width = done.system.symbols["SYN"].n_features
    expected = [
        (features[label.prediction_id][: width(label.target)].tobytes(), label.label, label.weight)
        for label in done.labels
        if label.label is not None
    ]
    assert len(expected) > 1_400
    assert Witness.learned == expected


def test_every_step_with_features_leaves_its_decision_with_or_without_an_order() -> None:
    done = run(restless(400), LEAN)
    without_orders = 0
    for record, decision in zip(done.records, done.decisions, strict=True):
        decided = [] if decision is None else [signal.symbol for signal in decision.signals]
        assert decided == list(record.features)
        without_orders += decision is not None and not decision.orders
    assert without_orders > 100


def test_every_prediction_is_served_from_the_step_of_its_bar() -> None:
    for record in run(restless(400), LEAN).records:
        for prediction in record.predictions:
            assert prediction.ts == record.bars[0].ts_event
            assert prediction.prediction_id.rpartition("/")[2] == str(record.bars[0].seq)
            assert prediction.symbol in record.features
