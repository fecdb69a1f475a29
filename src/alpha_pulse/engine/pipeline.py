"""START HERE. The loop: nine stages in one order, for replay, paper and live alike.

The order is the argument that nothing looks ahead and nothing is lost: a slice first settles what was decided before it, then
the models learn from that, and only then is anything new decided; nothing leaves before the journal holds it.
"""

from __future__ import annotations

from dataclasses import dataclass

from alpha_pulse.adaptation import AdaptiveModelManager
from alpha_pulse.agents.agent_manager import AgentManager, Decisions
from alpha_pulse.core.clock import ReplayClock
from alpha_pulse.core.types import Bar, FeatureVector, MarketView, TradeOutcome
from alpha_pulse.engine.journal import Abstention, AdaptationRequest, DecisionRecord, Journal, StepRecord, encode, scored_trade
from alpha_pulse.engine.regime_monitor import RegimeMonitor
from alpha_pulse.engine.symbol_state import TARGETS, SymbolState
from alpha_pulse.execution.decision import SizingInput
from alpha_pulse.execution.execution_service import PRIMARY, ExecutionService
from alpha_pulse.feedback import TradingFeedbackService
from alpha_pulse.feedback.labels import Label
from alpha_pulse.kernels.base.scores import SERVED
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.online_learning_service import OnlineLearningService
from alpha_pulse.learning.session import ScoredPrediction
from alpha_pulse.serving import ModelServingService

Slice = tuple[Bar, ...]
Vectors = list[FeatureVector | None]


@dataclass(eq=False)
class Pipeline:
    """Market data in, orders out, every outcome back. One call of `on_slice` per instant of market time."""

    clock: ReplayClock
    instruments: dict[str, SymbolState]
    learning: OnlineLearningService
    serving: ModelServingService
    agents: AgentManager
    execution: ExecutionService
    feedback: TradingFeedbackService
    adaptation: AdaptiveModelManager
    market: RegimeMonitor
    journal: Journal

    def on_slice(self, slice_: Slice) -> StepRecord:
        """Take in all events that share one ``ts_event``; what was committed."""
        ts = slice_[0].ts_event
        self.clock.advance_to(ts)
        record, decision = StepRecord(bars=slice_), DecisionRecord(ts, [], [])
        labels, outcomes = self.resolve(slice_, record)
        scored = self.learn(labels, outcomes, record)
        self.detect(scored, record)
        self.adapt(scored, ts, record)
        features = self.extract(slice_, record)
        self.serve(slice_, features, record)
        decisions = self.decide(slice_, features, decision)
        self.gate(slice_, features, decisions, record, decision)
        self.record(record, decision)
        return record

    def on_commands(self, commands: list[Command]) -> StepRecord:
        """Take in what callers ask for: a row of its own in the one order, without a decision."""
        record, ts = StepRecord(commands=commands), self.clock.now_ns()
        for command in commands:
            for service in (self.learning, self.serving, self.feedback, self.adaptation):
                service.apply_command(command, ts)
        self.record(record, DecisionRecord(ts, [], []))
        return record

    def resolve(self, slice_: Slice, record: StepRecord) -> tuple[list[Label], list[TradeOutcome]]:
        """1: resting orders meet the new bars; labels that are now due are joined to the predictions that made them."""
        ts, labels = slice_[0].ts_event, list[Label]()
        outcomes = self.feedback.external_outcomes(ts)
        outcomes.extend(record.add_execution(self.execution.process_bars(slice_)))
        for bar in slice_:
            due, expired = self.feedback.resolve_labels(bar)
            labels.extend(due)
            for late in expired:
                self.learning.session(late.symbol, late.target).drop(late.prediction_id)
                record.expired.append(late)
        record.equity = self.execution.mark(ts)
        return labels, outcomes

    def learn(self, labels: list[Label], outcomes: list[TradeOutcome], record: StepRecord) -> list[ScoredPrediction]:
        """2: what was served is scored with the probability stored when it was served, then learnt."""
        scored: list[ScoredPrediction] = []
        record.labels = labels
        for label in labels:
            if (settled := self.learning.learn(label.symbol, label.target, label)) is not None:
                scored.append(settled)
                label.scores.extend(settled.scores)
                label.trial.extend(settled.trial)
                self.serving.update(settled)
                if label.target == "volatility":
                    self.instruments[label.symbol].level.update(settled.values[SERVED], label.value)
        for outcome in outcomes:
            if (quality := self.feedback.apply_outcome(outcome)) is not None:
                scored.append(quality)
                record.scored_trades.append(scored_trade(outcome, quality))
        for symbol in {outcome.lot.symbol for outcome in outcomes}:
            self.feedback.quality(symbol).keep_only(self.execution.open_signals(symbol))
        return scored

    def detect(self, scored: list[ScoredPrediction], record: StepRecord) -> None:
        """3: drift detectors see the scores and the features of the step before; the regime detector sees the market."""
        for settled in scored:
            record.alarms.extend(self.learning.detect(settled))
        for bar in record.bars:
            record.alarms.extend(self.instruments[bar.symbol].detect(bar.ts_event))
        record.regimes = self.market.observe(record.bars)

    def adapt(self, scored: list[ScoredPrediction], ts: int, record: StepRecord) -> None:
        """4: trials are judged; requests, alarms, regimes and the timer may start new ones; due batch members are trained."""
        manager = self.adaptation
        for settled in scored:
            if (closed := manager.on_label(settled)) is not None:
                record.adaptations.append(closed)
        if requests := self.learning.take_requests():
            record.requests.extend(AdaptationRequest(*request) for request in requests)
            record.adaptations.extend(manager.on_requests(requests, ts))
        for alarm in record.alarms:
            if (action := manager.on_alarm(alarm)) is not None:
                record.adaptations.append(action)
        record.adaptations.extend(manager.on_regimes(record.regimes))
        record.adaptations.extend(manager.on_timer(ts))
        record.alarm_responses = manager.take_responses()
        for bar in record.bars:
            record.models.extend(self.serving.train_if_due(bar.symbol, self.feedback.bars(bar.symbol), ts))

    def extract(self, slice_: Slice, record: StepRecord) -> Vectors:
        """5: bars become features, by the code that training uses too."""
        vectors = [self.instruments[bar.symbol].extract(bar) for bar in slice_]
        for vector in vectors:
            if vector is not None:
                record.features[vector.symbol] = vector.values.tolist()
                if vector.mask is not None:
                    record.masked[vector.symbol] = vector.mask.nonzero()[0].tolist()
        return vectors

    def serve(self, slice_: Slice, features: Vectors, record: StepRecord) -> None:
        """6: one prediction per symbol and target; each is entered in the ledger, traded or not."""
        for bar, vector in zip(slice_, features, strict=True):
            if vector is None:
                continue
            for target, reference in self.instruments[bar.symbol].references(bar):
                prediction = self.serving.serve(f"{bar.symbol}/{target}/{bar.seq}", target, vector)
                self.feedback.add_prediction(prediction, reference)
                record.predictions.append(prediction)

    def decide(self, slice_: Slice, features: Vectors, decision: DecisionRecord) -> list[Decisions | None]:
        """7: agents weigh rules and the shared prediction; the manager makes one signal of theirs."""
        found: list[Decisions | None] = []
        for bar, vector in zip(slice_, features, strict=True):
            if vector is None:
                found.append(None)
                continue
            decisions = self.agents.decide(MarketView(bar, vector))
            decision.signals.append(decisions.combined)
            found.append(decisions)
        return found

    def gate(
        self, slice_: Slice, features: Vectors, decisions: list[Decisions | None], record: StepRecord, decision: DecisionRecord
    ) -> None:
        """8: signals are sized by the volatility forecast and pass the risk gate, or are refused with reasons."""
        for bar, vector, decided in zip(slice_, features, decisions, strict=True):
            if vector is None or decided is None:
                continue
            wish = self._wish(bar, vector, decided)
            record.volatilities[bar.symbol] = wish.volatility
            made = self.execution.decide(wish, self.clock.now_ns())
            if made.orders:
                decision.orders.extend(made.orders)
                if any(order.book == PRIMARY for order in made.orders):
                    self.feedback.on_entry(vector, decided.combined)
            record.refusals.extend(made.refusals)
            if made.abstained is not None:
                record.abstentions.append(Abstention(bar.symbol, made.abstained))

    def _wish(self, bar: Bar, vector: FeatureVector, decided: Decisions) -> SizingInput:
        instrument = self.instruments[bar.symbol]
        volatility, direction = (self.serving.served_at(bar.symbol, target, bar.ts_event) for target in TARGETS)
        return SizingInput(
            bar, bar.seq, decided.combined, decided.rules, decided.ml,
            instrument.forecast_volatility(None if volatility is None else volatility.probability),
            instrument.plain_volatility, self.feedback.quality_scale(vector, decided.combined),
            None if direction is None else direction.probability, instrument.direction_horizon, instrument.bars_per_year,
        )  # fmt: skip

    def record(self, record: StepRecord, decision: DecisionRecord) -> None:
        """9: one row holds all of the above; only then do orders reach the venue and predictions their listeners."""
        line = encode(decision) if decision.signals or decision.orders else None
        self.journal.append(decision.ts, encode(record), line)
        self.execution.release(decision.orders)
        for prediction in record.predictions:
            self.learning.publish(prediction)
