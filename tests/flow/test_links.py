"""The connection is the product: one test per link of the loop, each of which fails when that link is cut."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.core.types import FeatureVector, Order, Prediction, Signal
from alpha_pulse.engine.target import TargetLoop
from alpha_pulse.feedback.trade_quality import TradeQuality
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.kernels.session import layout
from alpha_pulse.kernels.session.deciles import DECILES
from alpha_pulse.models.base import Row
from flow.runs import LEAN, RESTLESS, Done, begun, finished, restless, restless_run, run, with_gaps

FULL_EDGE = 0.1


def test_link_feedback_to_learner() -> None:
    system = begun(restless(300), LEAN)
    session = system.learning.session("SYN")
    fresh = session.model.snapshot().arrays["state"]
    done = finished(system)
    for target in ("volatility", "direction"):
        taught = sum(label.target == target and label.label is not None for label in done.labels)
        assert system.learning.session("SYN", target).labels_used == taught > 50
    assert not np.array_equal(session.model.snapshot().arrays["state"], fresh)
    # Each label was scored with what had been served under its id, and the next prediction knows of it.
    served = {prediction.prediction_id: prediction for prediction in done.predictions}
    assert all(label.scores[3] == served[label.prediction_id].probability for label in done.labels if label.label is not None)
    versions = [int(prediction.members[0].version) for prediction in done.predictions if prediction.target == "direction"]
    assert versions[-1] == session.labels_used
    assert len(set(versions)) > 200


def test_link_learner_to_prediction() -> None:
    # A model that learns must soon say what one that does not would never say: the planted sign.
    done = run(restless(700), LEAN)
    late = [label for label in done.labels if label.target == "direction" and label.label is not None][-300:]
    assert sum(((label.scores[0] or 0.0) >= 0.5) == label.label for label in late) > 180
    assert len({label.scores[0] for label in late}) > 290


def test_link_settled_to_mixture() -> None:
    done = run(restless(700), LEAN)
    weights = [prediction.members[0].weight for prediction in done.predictions if prediction.target == "direction"]
    assert weights[0] == pytest.approx(0.5)
    assert weights[-1] > 0.9


def test_link_scores_to_detector() -> None:
    done = restless_run()
    summary = asyncio.run(done.system.learning.get_drift_summary())
    assert summary["SYN/direction"]["alarms"] == sum(alarm.target == "direction" for alarm in done.alarms) > 0
    quiet = run(restless(600), LEAN)
    for target, horizon in (("volatility", 12), ("direction", 3)):
        blocks = asyncio.run(quiet.system.learning.get_drift_summary())[f"SYN/{target}"]["window_blocks"]
        assert blocks == quiet.system.learning.session("SYN", target).labels_used // horizon


def test_link_alarm_to_adaptation() -> None:
    done = restless_run()
    acted = {action.cause: action for action in done.adaptations if action.status == "open"}
    causes = [f"drift:{alarm.alarm_id}" for alarm in done.alarms if (alarm.target, alarm.monitored) == ("direction", "errors")]
    assert causes
    assert causes[0] in acted
    first = acted[causes[0]]
    alarmed = next(
        number
        for number, record in enumerate(done.records)
        if causes[0] in {f"drift:{alarm.alarm_id}" for alarm in record.alarms}
    )
    assert first.action_id in {action.action_id for action in done.records[alarmed].adaptations}
    # The action reaches the model: beside it a control runs, to whose loss its own is compared.
    closed = next(action for action in done.adaptations if action.action_id == first.action_id and action.status != "open")
    assert closed.effect_samples == RESTLESS["adaptation.boost_labels"]
    assert closed.effect != 0.0
    idle = run(restless().cut(alarmed + 50), {**RESTLESS, "adaptation.enabled": False})
    assert idle.adaptations == []
    assert idle.steps[:alarmed] == done.steps[:alarmed]
    assert idle.records[-1].predictions != done.records[alarmed + 49].predictions


def test_link_request_to_adaptation() -> None:
    system = begun(restless(300), LEAN)
    for _ in range(200):
        system.step()
    asyncio.run(system.learning.trigger_adaptation("SYN"))
    system.step()
    assert system.learning.session("SYN").in_trial
    assert {action.target for action in finished(system).adaptations} == {"volatility", "direction", "trade_quality"}


def test_link_decay_to_adaptation() -> None:
    # No alarm can come at this delta: what acts here is the timer's look at the window.
    settings = {**LEAN, "adaptation.drift_threshold": 1e-12, "adaptation.accuracy_threshold": 0.03, "learning.window": 200}
    done = run(restless(2_200), settings)
    assert done.alarms == []
    assert "decay" in {action.cause for action in done.adaptations}


def test_link_request_to_the_timer() -> None:
    # The timer of 86,400,000 s does not fire by itself after the first slice.
    decay = {"adaptation.drift_threshold": 1e-12, "adaptation.accuracy_threshold": 0.03, "learning.window": 200}
    settings = {**LEAN, **decay, "adaptation.interval_s": 86_400_000}
    assert run(restless(2_200), settings).adaptations == []
    system = begun(restless(2_200), settings)
    while system.advance(100) == 100:
        if not system.no_slice_follows:
            asyncio.run(system.adaptation.monitor_and_adapt())
    assert "decay" in {action.cause for action in finished(system).adaptations}


def test_link_journal_to_the_clock() -> None:
    system, times = begun(restless(120), LEAN), list[bool]()
    system.on_commit.append(lambda block: times.append(system.now_ns() == block.last_ts))
    for slices in (1, 1, 7, 111):
        system.advance(slices)
    assert times == [True] * 4


def test_link_outcome_to_trade_quality() -> None:
    done = restless_run()
    lots = [lot for lot in done.lots if lot.book == "combined"]
    session, quality = done.system.learning.session("SYN", "trade_quality"), done.system.feedback.quality("SYN")
    assert session.labels_used == quality.lots == len(lots) > 200
    assert quality.wins == sum(lot.net_pnl > 0 for lot in lots)
    untaught = begun(restless(10)).learning.session("SYN", "trade_quality").model.snapshot().arrays["state"]
    assert not np.array_equal(session.model.snapshot().arrays["state"], untaught)


def test_link_outcome_to_agent_weights() -> None:
    weights = restless_run().system.agents.weights
    assert sum(weights.values()) == pytest.approx(1.0)
    assert abs(weights["trend"] - 0.5) > 0.001
    contributions = {c.agent: c.weight for c in restless_run().signals[-1].contributions}
    assert contributions == pytest.approx(weights, abs=0.05)
    assert contributions["trend"] != 0.5


class Sized(NamedTuple):
    """What the books were sized by at a bar."""

    ts: int
    volatility: float
    plain_volatility: float
    quality: float


def sized(done: Done) -> list[Sized]:
    """What the journal contains of it."""
    found: list[Sized] = []
    for block in decoded_blocks(done.system.store):
        rows = np.flatnonzero(block.column("codes", "has_features"))
        columns = [block.column("numbers", name)[rows].tolist() for name in Sized._fields[1:]]
        times = block.column("slices", "ts_event_ns")[block.column("codes", "slice")[rows]].tolist()
        found += map(Sized, times, *columns)
    return found


def test_link_trade_quality_to_sizing() -> None:
    done = restless_run()
    inputs = sized(done)
    assert done.system.feedback.quality("SYN").lots > 220
    assert inputs[500].quality == 1.0
    late = {sizing.quality for sizing in inputs[-100:]}
    assert len(late) > 20
    assert all(0.5 <= quality <= 1.5 for quality in late)


def test_link_prediction_to_agent() -> None:
    done = restless_run()
    served = {prediction.prediction_id: prediction for prediction in done.predictions}
    with_model = [signal for signal in done.signals if signal.ml_part is not None]
    assert len(with_model) > 500
    for signal in with_model:
        probability = served[signal.prediction_id or ""].probability
        assert signal.ml_part == pytest.approx(max(-1.0, min(1.0, (2.0 * probability - 1.0) / FULL_EDGE)), abs=1e-6)
        assert signal.direction == pytest.approx(0.6 * signal.rule_part + 0.4 * (signal.ml_part or 0.0), abs=1e-9)


def test_link_training_to_serving() -> None:
    done = restless_run()
    ready = [model for record in done.records for model in record.models]
    assert [model.session_id for model in ready] == 2 * ["SYN/volatility", "SYN/direction"]
    for prediction in done.predictions:
        batch = [part for part in prediction.members if part.source == "batch"]
        known = [m for m in ready if m.session_id == f"SYN/{prediction.target}" and m.ready_ts <= prediction.ts]
        if not known:
            assert not batch
        else:
            model = known[-1]
            assert batch[0].age_ns == prediction.ts - model.trained_ts
            assert model.version.startswith(batch[0].version)
            assert len(batch[0].version) >= 8
            mixed = sum(part.weight * part.probability for part in prediction.members)
            assert prediction.probability == pytest.approx(mixed, abs=1e-6)
    assert max(part.weight for p in done.predictions for part in p.members if part.source == "batch") > 0.05


def test_link_volatility_forecast_to_sizing(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(restless(800), LEAN)
    inputs = sized(done)
    forecast = {p.ts: p.probability for p in done.predictions if p.target == "volatility"}
    assert len(forecast) > 500
    for sizing in inputs:
        assert (sizing.volatility == sizing.plain_volatility) or sizing.ts in forecast
    late = inputs[-200:]
    assert all(sizing.volatility != sizing.plain_volatility for sizing in late)
    # With twice the forecast, positions that no limit cuts are half as large.
    monkeypatch.setattr(TargetLoop, "gave", with_forecasts(2.0))
    doubled = run(restless(800), {**LEAN, "execution.rebalance_band": 0.0})
    monkeypatch.setattr(TargetLoop, "gave", with_forecasts(4.0))
    quartered = run(restless(800), {**LEAN, "execution.rebalance_band": 0.0})
    since = min(forecast)
    sizes = [stop_sizes(one.orders, since) for one in (doubled, quartered)]
    common = sorted(set(sizes[0]) & set(sizes[1]))
    assert len(common) > 50
    assert np.median([sizes[0][ts] / sizes[1][ts] for ts in common]) == pytest.approx(2.0, rel=0.1)


def with_forecasts(factor: float) -> property:
    """`TargetLoop.gave` with forecasts of volatility times ``factor``."""

    def gave(self: TargetLoop) -> tuple[NDArray[np.int64], Row]:
        values = self._values.copy()
        values[:, layout.FORECAST] *= factor
        return self._codes, values

    return property(gave)


def stop_sizes(orders: list[Order], since: int) -> dict[int, int]:
    """By time, the size of the position that each stop of the combined book protects."""
    return {o.ts: abs(o.quantity) for o in orders if o.book == "combined" and o.kind == "stop" and o.ts >= since}


def test_link_labels_to_forecast_level() -> None:
    done = run(restless(800), LEAN)
    labelled = sum(label.target == "volatility" for label in done.labels)
    counts = done.system.symbols["SYN"].calibrator.snapshot().arrays["deciles"][DECILES:]
    assert counts.sum() == labelled > 500


def test_link_decision_to_gate() -> None:
    free, tight = run(restless(900), LEAN), run(restless(900), {**LEAN, "risk.max_order_fraction": 0.001})
    assert len(free.fills) > 30
    assert tight.fills == []
    reasons = [reason for record in tight.records for refusal in record.refusals for reason in refusal.reasons]
    assert len(reasons) > 100
    assert all("max_order_fraction" in reason for reason in reasons)


def test_link_gate_to_venue() -> None:
    done = restless_run()
    filled = Counter(fill.order_id for fill in done.fills)
    market = [order for order in done.orders if order.kind == "market" and order.ts < done.bars[-1].ts_event]
    assert len(market) > 300
    missing = [order for order in market if filled[order.order_id] != 1]
    stopped = {fill.ts for fill in done.fills if fill.order_id.endswith("/stop")}
    assert len(missing) <= len(stopped)
    assert any(fill.book == "combined" for fill in done.fills)


def test_link_settlement_to_books() -> None:
    done = restless_run()
    book = done.system.execution.book("combined")
    assert book.position("SYN") == sum(fill.quantity for fill in done.fills if fill.book == "combined")
    assert book.marks == len(done.steps)
    assert book.equity != book.initial_cash


def test_link_journal_to_publish() -> None:
    async def listen() -> tuple[list[str], list[int]]:
        system = begun(restless(120), LEAN)
        stream, publish = system.learning.stream_predictions("SYN"), system.learning.publish
        heard: list[str] = []
        rows: list[int] = []

        def noted(prediction: Prediction) -> None:
            rows.append(system.store.head[0])
            publish(prediction)

        async def follow() -> None:
            async for prediction in stream:
                heard.append(prediction.prediction_id)

        system.learning.publish = noted  # type: ignore[method-assign]
        task = asyncio.ensure_future(follow())
        await asyncio.sleep(0)
        while system.step():
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return heard, rows

    heard, rows = asyncio.run(listen())
    assert heard == [prediction.prediction_id for prediction in run(restless(120), LEAN).predictions]
    assert len(heard) > 60
    # Nobody hears of what the journal does not hold yet: the row of a prediction was the last one when it was published.
    assert [int(prediction_id.rpartition("/")[2]) for prediction_id in heard] == rows


def test_link_expiry_to_session() -> None:
    done = run(with_gaps(random_walk(800, seed=3), seed=3), {**LEAN, "learning.label_tolerance_bars": 2})
    assert sum(len(record.expired) for record in done.records) > 50
    for target, horizon in (("volatility", 12), ("direction", 3)):
        assert len(done.system.learning.session("SYN", target).pending) == horizon


def test_link_primary_orders_to_trade_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    # Only what the primary book ordered may wait for an outcome, and only as long as it holds a lot of it.
    entered: list[str] = []
    remember = TradeQuality.on_entry

    def spy(self: TradeQuality, features: FeatureVector, signal: Signal) -> None:
        entered.append(signal.signal_id)
        remember(self, features, signal)

    monkeypatch.setattr(TradeQuality, "on_entry", spy)
    done = run(restless(1_400), {"batch.enabled": False})
    ordered = [order.signal_id for order in done.orders if order.book == "combined" and order.kind == "market"]
    assert entered == ordered
    assert len({order.signal_id for order in done.orders}) > len(ordered) > 20
    waiting = done.system.learning.session("SYN", "trade_quality").pending
    assert len(waiting) <= len(done.system.execution.open_signals("SYN")) + 2
