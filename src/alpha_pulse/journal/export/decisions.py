"""The tables of the agents' decisions: combined, and of each agent."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.core.types import Signal
from alpha_pulse.execution.rules import abstention_reason
from alpha_pulse.journal.export.chunks import Chunk
from alpha_pulse.journal.export.market import place_of
from alpha_pulse.journal.export.values import Values, frame_of, ids
from alpha_pulse.journal.layout import AgentInfo, is_confidence
from alpha_pulse.journal.rows import from_row

TARGET = "direction"
"""The target that agents use."""


def signals(chunk: Chunk) -> pl.DataFrame:
    """One row per decision about a symbol."""
    decided = _Decided(chunk)
    why, gain, cost = (decided.numbers(name) for name in ("abstention", "gain", "cost"))
    abstained = [
        abstention_reason(int(code), *sides) if code else None
        for code, *sides in zip(why.tolist(), gain.tolist(), cost.tolist(), strict=True)
    ]
    values: dict[str, Values] = {
        **decided.place.columns(),
        "signal_id": decided.ids("combined"),
        "prediction_id": decided.used_prediction(),
        "direction": decided.numbers("signal.combined"),
        "rule_direction": decided.numbers("signal.combined_rule"),
        "model_direction": decided.numbers("signal.model_mean"),
        "equal_rules_direction": decided.numbers("signal.equal_rules"),
        "confidence": decided.numbers("signal.confidence"),
        **{name: decided.numbers(name) for name in ("volatility", "plain_volatility", "quality")},
        "expected_gain": gain,
        "expected_cost": cost,
        "abstention_reason": pl.Series(abstained, dtype=pl.String),
    }
    return frame_of("signals", values)


def agent_signals(chunk: Chunk) -> pl.DataFrame:
    """One row per agent and decision about a symbol."""
    decided, agents = _Decided(chunk), chunk.block.layout.agents
    parts = []
    for agent in agents:
        signal_ids, prediction_ids = decided.ids_of(agent)
        values: dict[str, Values] = {
            **decided.place.columns(),
            "signal_id": signal_ids,
            "agent": agent.name,
            "prediction_id": prediction_ids,
            "direction": decided.numbers(f"agent.{agent.name}.direction"),
            "rule_direction": decided.numbers(f"agent.{agent.name}.rule"),
            "model_direction": decided.numbers(f"agent.{agent.name}.model"),
            "confidence": decided.numbers(f"agent.{agent.name}.confidence"),
            "weight": decided.numbers(f"agent.{agent.name}.weight"),
        }
        parts.append(frame_of("agent_signals", values))
    order = np.argsort(np.tile(np.arange(len(decided.rows)), len(agents)), kind="stable")
    return pl.concat(parts)[order]


class _Decided:
    """The bars of a chunk on which agents decided, and the ids of their signals."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self.rows = np.flatnonzero(chunk.column("codes", "has_features"))
        self.place = place_of(chunk, self.rows)
        served = f"{TARGET}.served"
        self._served = (
            chunk.column("codes", served)[self.rows] == 1
            if served in chunk.block.layout.places["codes"]
            else np.zeros(len(self.rows), np.bool_)
        )
        self._called: dict[tuple[int, str, str], Signal] = {}
        for row in chunk.rows.get("signals", ()):
            signal: Signal = from_row("signals", row)
            self._called[int(row[0]), signal.symbol, signal.agent] = signal  # type: ignore[arg-type]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of the decisions."""
        return self._chunk.column("probabilities" if is_confidence(name) else "numbers", name)[self.rows]

    def ids(self, source: str) -> pl.Series:
        """The ids of the signals of a source."""
        return ids(source, self.place.symbol, self.place.number)

    def ids_of(self, agent: AgentInfo) -> tuple[pl.Series, pl.Series]:
        """The ids of an agent's signals, and those of the predictions that they used."""
        model = self.numbers(f"agent.{agent.name}.model")
        used = self._served & ~np.isnan(model) if agent.predicts else np.zeros(len(model), np.bool_)
        predictions = _only(used, ids(self.place.symbol, TARGET, self.place.number))
        if not self._called:
            return self.ids(agent.name), predictions
        own, others = self.ids(agent.name).to_list(), predictions.to_list()
        place = zip(self.place.seq.tolist(), self.place.symbol, strict=True)
        for row, (seq, symbol) in enumerate(place):
            signal = self._called.get((seq, symbol, agent.name))
            if signal is not None:
                own[row], others[row] = signal.signal_id, signal.prediction_id
        return pl.Series(own, dtype=pl.String), pl.Series(others, dtype=pl.String)

    def used_prediction(self) -> pl.Series:
        """The prediction of the first agent whose model took part."""
        used = [
            _only(~np.isnan(self.numbers(f"agent.{agent.name}.model")), self.ids_of(agent)[1])
            for agent in self._chunk.block.layout.agents
        ]
        return pl.select(pl.coalesce(pl.lit(None, pl.String), *used).alias("used")).to_series()


def _only(chosen: NDArray[np.bool_], texts: pl.Series) -> pl.Series:
    """The chosen texts, null elsewhere."""
    return pl.select(pl.when(pl.Series(chosen)).then(texts).alias("text")).to_series()
