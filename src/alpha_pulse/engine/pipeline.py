"""START HERE. The loop: nine stages in one order, the same for replay, paper and live trading.

The order prevents look-ahead: a slice first resolves earlier decisions, then the models learn from that, and only then a new
decision is made. No order or prediction leaves before the journal contains it.

How a label reaches a model: `learn` computes it from the bar and gives it to the session that made the prediction.
How an order is refused: `gate` (limits, stale data) or, at the price of its fill, `trade`. Both journal the reasons.
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
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.online_learning_service import OnlineLearningService
from alpha_pulse.learning.session import ScoredPrediction
from alpha_pulse.serving import ModelServingService

Slice = tuple[Bar, ...]
Vectors = list[FeatureVector | None]


@dataclass(eq=False)
class Pipeline:
    """Market data in, orders out, every outcome back. `on_slice` is called once per instant of market time."""

    clock: ReplayClock
    symbols: dict[str, SymbolState]
    learning: OnlineLearningService
    serving: ModelServingService
    agents: AgentManager
    execution: ExecutionService
    feedback: TradingFeedbackService
    adaptation: AdaptiveModelManager
    regimes: RegimeMonitor
    journal: Journal

    def on_slice(self, slice_: Slice) -> StepRecord:
        """Process all bars that share one ``ts_event``; returns the committed row."""
        ts = slice_[0].ts_event
        self.clock.advance_to(ts)
        step, decision = StepRecord(bars=slice_), DecisionRecord(ts, [], [])
        outcomes = self.trade(slice_, step)
        scored = self.learn(slice_, outcomes, step)
        self.detect(scored, step)
        self.adapt(scored, ts, step)
        features = self.extract(slice_, step)
        self.serve(slice_, features, step)
        decisions = self.decide(slice_, features, decision)
        self.gate(slice_, features, decisions, step, decision)
        self.record(step, decision)
        return step

    def on_commands(self, commands: list[Command]) -> StepRecord:
        """Apply users' commands as a row of their own, without a decision; returns the committed row."""
        step, ts = StepRecord(commands=commands), self.clock.now_ns()
        for command in commands:
            for service in (self.learning, self.serving, self.feedback, self.adaptation):
                service.apply_command(command, ts)
        self.record(step, DecisionRecord(ts, [], []))
        return step

    def trade(self, slice_: Slice, step: StepRecord) -> list[TradeOutcome]:
        """1: waiting orders trade on the new bars; returns the outcomes of the lots that were closed."""
        ts = slice_[0].ts_event
        outcomes = self.feedback.external_outcomes(ts)
        outcomes.extend(step.add_execution(self.execution.process_bars(slice_)))
        step.equity = self.execution.mark(ts)
        return outcomes

    def learn(self, slice_: Slice, outcomes: list[TradeOutcome], step: StepRecord) -> list[ScoredPrediction]:
        """2: each bar labels the predictions that are due; each is scored as it was served, then its model learns the label.

        A prediction whose bar comes too late expires: it gets no label. Closed lots reach the trade-quality model and the
        agents' weights in the same way. Returns what was scored.
        """
        scored: list[ScoredPrediction] = []
        for bar in slice_:
            for resolved in self.symbols[bar.symbol].resolve(bar, *self.feedback.add_bar(bar)):
                if resolved.expired is not None:
                    step.expired.append(resolved.expired)
                if resolved.label is not None:
                    step.labels.append(resolved.label)
                if resolved.scored is not None:
                    scored.append(resolved.scored)
        for outcome in outcomes:
            if (quality := self.feedback.apply_outcome(outcome)) is not None:
                scored.append(quality)
                step.scored_trades.append(scored_trade(outcome, quality))
        for symbol in {outcome.lot.symbol for outcome in outcomes}:
            self.feedback.quality(symbol).keep_only(self.execution.open_signals(symbol))
        return scored

    def detect(self, scored: list[ScoredPrediction], step: StepRecord) -> None:
        """3: drift detectors see the scores and the features of the step before; regime detectors see the bars."""
        for prediction in scored:
            step.alarms.extend(self.learning.detect(prediction))
        for bar in step.bars:
            step.alarms.extend(self.symbols[bar.symbol].detect(bar.ts_event))
        step.regimes = self.regimes.observe(step.bars)

    def adapt(self, scored: list[ScoredPrediction], ts: int, step: StepRecord) -> None:
        """4: trials end; requests, alarms, regimes and the timer may begin new ones; batch members that are due are trained."""
        manager = self.adaptation
        for prediction in scored:
            if (ended := manager.on_label(prediction)) is not None:
                step.adaptations.append(ended)
        if requests := self.learning.take_requests():
            step.requests.extend(AdaptationRequest(*request) for request in requests)
            step.adaptations.extend(manager.on_requests(requests, ts))
        for alarm in step.alarms:
            if (action := manager.on_alarm(alarm)) is not None:
                step.adaptations.append(action)
        step.adaptations.extend(manager.on_regimes(step.regimes))
        step.adaptations.extend(manager.on_timer(ts))
        step.alarm_responses = manager.take_responses()
        for bar in step.bars:
            step.models.extend(self.serving.train_if_due(bar.symbol, self.feedback.bars(bar.symbol), ts))

    def extract(self, slice_: Slice, step: StepRecord) -> Vectors:
        """5: bars become features, by the same code as in training; None for a symbol with too few bars."""
        vectors = [self.symbols[bar.symbol].extract(bar) for bar in slice_]
        step.add_features(vectors)
        return vectors

    def serve(self, slice_: Slice, features: Vectors, step: StepRecord) -> None:
        """6: one prediction per symbol and target; each waits for its label, whether it is traded or not."""
        for bar, vector in zip(slice_, features, strict=True):
            if vector is None:
                continue
            step.predictions.extend(self.symbols[bar.symbol].serve())

    def decide(self, slice_: Slice, features: Vectors, decision: DecisionRecord) -> list[Decisions | None]:
        """7: each agent combines its rules with the shared prediction; the manager combines the agents into one signal."""
        decisions: list[Decisions | None] = []
        for bar, vector in zip(slice_, features, strict=True):
            decided = None if vector is None else self.agents.decide(MarketView(bar, vector))
            decisions.append(decided)
            if decided is not None:
                decision.signals.append(decided.combined)
        return decisions

    def gate(
        self, slice_: Slice, features: Vectors, decisions: list[Decisions | None], step: StepRecord, decision: DecisionRecord
    ) -> None:
        """8: each book sizes the signal; the risk gate passes the order or refuses it, and the reasons are journaled."""
        for bar, vector, decided in zip(slice_, features, decisions, strict=True):
            if vector is None or decided is None:
                continue
            sizing = self._sizing_input(bar, vector, decided)
            step.volatilities[bar.symbol] = sizing.volatility
            result = self.execution.decide(sizing, self.clock.now_ns())
            decision.orders.extend(result.orders)
            if any(order.book == PRIMARY for order in result.orders):
                self.feedback.on_entry(vector, decided.combined)
            step.refusals.extend(result.refusals)
            if result.abstained is not None:
                step.abstentions.append(Abstention(bar.symbol, result.abstained))

    def _sizing_input(self, bar: Bar, vector: FeatureVector, decided: Decisions) -> SizingInput:
        state = self.symbols[bar.symbol]
        volatility, direction = (self.serving.served_at(bar.symbol, target, bar.ts_event) for target in TARGETS)
        return SizingInput(
            bar, bar.seq, decided.combined, decided.rules, decided.ml,
            state.forecast_volatility(None if volatility is None else volatility.probability),
            state.plain_volatility, self.feedback.quality_scale(vector, decided.combined),
            None if direction is None else direction.probability, state.direction_horizon, state.bars_per_year,
        )  # fmt: skip

    def record(self, step: StepRecord, decision: DecisionRecord) -> None:
        """9: one journal row contains all of the above; only then do orders reach the venue and predictions their listeners."""
        line = encode(decision) if decision.signals or decision.orders else None
        self.journal.append(decision.ts, encode(step), line)
        self.execution.release(decision.orders)
        for prediction in step.predictions:
            self.learning.publish(prediction)
