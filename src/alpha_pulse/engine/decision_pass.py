"""The decision pass of a block: the Python side of `alpha_pulse.kernels.decisions.slice_pass`, stages 1, 7 and 8.

It stops at the slices where something that only Python does is due: a symbol begins, trades are learned from, an agent written
in Python decides, or features are stored with an entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.adaptation.agent_requests import agent_requests
from alpha_pulse.agents.agent_manager import AgentManager, Decisions
from alpha_pulse.agents.decisions import make_decisions
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import AgentError, NonFiniteError
from alpha_pulse.core.types import FeatureVector, MarketView, Signal, Units
from alpha_pulse.engine.row_kernels import load_slices
from alpha_pulse.engine.symbol_state import SymbolState
from alpha_pulse.execution.decision import ExecutionResult, SizingInput
from alpha_pulse.execution.execution_service import ExecutionService
from alpha_pulse.feedback import TradingFeedbackService
from alpha_pulse.feedback.trade_quality import TARGET
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.kernels.agents import decision as agent_layout
from alpha_pulse.kernels.agents.trade_quality import EXTRA_FEATURES
from alpha_pulse.kernels.base.addresses import ArrayTable, predict_address, rule_address
from alpha_pulse.kernels.decisions import layout
from alpha_pulse.kernels.decisions.slice_pass import run
from alpha_pulse.kernels.execution import layout as execution_layout
from alpha_pulse.kernels.execution.decisions import EVENTS_PER_BOOK
from alpha_pulse.models.base import CompiledModel, OnlineModel

FIRST_EVENTS = 256
REPLACING = {layout.NEW_SYMBOL, layout.LOTS_FULL, layout.EVENTS_FULL, layout.RESTING_FULL}
"""The reasons to stop after which arrays have been replaced by larger ones."""
Rows = list[tuple[list[int], list[float]]]


class DecisionPass:
    """Runs the slices of a block: orders trade, agents decide, books are sized, orders pass the gate and rest at the venue.

    Parameters
    ----------
    config
        Of it: ``agents`` and ``learning`` (the horizon of ``direction``).
    symbols
        By name, in the order of their numbers.
    agents, execution, feedback
        The services whose packed state it runs on.
    """

    def __init__(
        self,
        config: Config,
        symbols: Mapping[str, SymbolState],
        agents: AgentManager,
        execution: ExecutionService,
        feedback: TradingFeedbackService,
    ) -> None:
        self._symbols = tuple(symbols.values())
        self._agents, self._execution, self._feedback = agents, execution, feedback
        self._horizon = config.learning.direction_horizon_bars
        self._threshold = config.agents.ml_confidence_threshold
        n, width = len(agents.names), self._symbols[0].rows.features.shape[1]
        self._cursor = np.zeros(layout.CURSOR, dtype=np.int64)
        self._counter = np.zeros(1, dtype=np.int64)
        self._quality = np.zeros((len(symbols), layout.QUALITY), dtype=np.int64)
        self._qualities = tuple(feedback.quality(symbol) for symbol in symbols)
        self._quality_models: list[OnlineModel | None] = [None] * len(symbols)
        self._given = np.full((n, agent_layout.GIVEN), math.nan)
        self.events = np.zeros((FIRST_EVENTS, execution_layout.N_EVENT), dtype=np.int64)
        self.event_prices = np.zeros((FIRST_EVENTS, execution_layout.N_EVENT_PRICES))
        self._table = ArrayTable(
            layout.TABLE,
            {
                "cursor": self._cursor, "counter": self._counter, "quality": self._quality,
                "given": self._given, "quality_row": np.zeros(width + EXTRA_FEATURES), "quality_outputs": np.zeros(64),
                "pending": np.zeros(len(execution.book_names), dtype=np.int64), "agent_settings": agents.settings,
                **self._rules_of(agents),
            },
        )  # fmt: skip
        self._make_rows(0, 0)
        self._block = BarBlock.of((), tuple(symbols))
        self._last = -1
        self.requests: list[tuple[str, str]] = []
        """The adaptations that agents requested at the last slice that was decided: (session id, drift type)."""
        self._called: dict[int, list[Signal | None]] = {}
        self._opened: dict[int, list[Units]] = {}
        self._results: dict[int, ExecutionResult] = {}

    def _rules_of(self, agents: AgentManager) -> dict[str, NDArray[np.int64]]:
        forms = [form for _, form in agents.forms]
        rules = np.zeros((len(forms), layout.AGENT_RULES), dtype=np.int64)
        places = np.zeros((len(forms), max([1, *(len(form.places) for form in forms if form is not None)])), dtype=np.int64)
        for number, form in enumerate(forms):
            if form is not None:
                rules[number] = rule_address(form.rule), len(form.places), self._threshold is None
                places[number, : len(form.places)] = form.places
                self._given[number, agent_layout.THRESHOLD] = math.nan if self._threshold is None else self._threshold
        return {"agent_rules": rules, "agent_places": places}

    def _make_rows(self, rows: int, slices: int) -> None:
        """Make the arrays of a block, for so many rows and slices at most."""
        self._bars = np.zeros((rows, execution_layout.N_BAR), dtype=np.int64)
        self._prices = np.zeros((rows, execution_layout.N_BAR_PRICES))
        self.known = np.zeros((rows, layout.KNOWN), dtype=np.int64)
        self._forecasts = np.zeros((rows, layout.FORECASTS))
        self.row_in_symbol = np.zeros(rows, dtype=np.int64)
        """Of each row, its number among those of its symbol."""
        self.signals = np.zeros((rows, agent_layout.HEAD + agent_layout.COLUMNS * len(self._agents.names)))
        self.inputs = np.zeros((rows, execution_layout.N_INPUTS))
        self.marks = np.zeros((slices, layout.MARKS), dtype=np.int64)
        self.equity = np.zeros((slices, len(self._execution.book_names)), dtype=np.int64)
        for name, array in (
            ("bars", self._bars), ("prices", self._prices), ("known", self.known), ("forecasts", self._forecasts),
            ("signals", self.signals), ("inputs", self.inputs), ("marks", self.marks), ("equity", self.equity),
        ):  # fmt: skip
            self._table.put(name, array)

    # Running a block.

    def load(self, block: BarBlock, planned: NDArray[np.int64]) -> None:
        """Take a block, with its learning pass done; ``planned`` are the slices at which ``learn`` is called in any case."""
        self._counter[0] = 0
        self._cursor[:] = 0, layout.OPEN, 0, 0, len(self._execution.units)
        self._block, self.planned = block, planned
        self._last, self.requests = len(block) - 1, []
        if len(block.code) > len(self.row_in_symbol) or len(block) > len(self.marks):
            self._make_rows(max(len(block.code), len(self.row_in_symbol)), max(len(block), len(self.marks)))
        load_slices(
            block.code, block.ts_event, block.interval_ns, block.slice_of_row, block.seq, block.prices,
            self._bars, self._prices, self.signals, self.inputs, self._horizon,
        )  # fmt: skip
        for state, rows in zip(self._symbols, block.rows_of, strict=True):
            state.hand_on(rows, self.row_in_symbol, self.known, self._forecasts)
        if self._called or self._opened or self._results:
            self._called, self._opened, self._results = {}, {}, {}
        self._table.put("starts", block.starts)
        self._table.put("planned", planned)
        self._connect()
        self._connect_models()

    def run(self, last_phase: int, learn: Callable[[int], None]) -> None:
        """Go on to ``last_phase`` of the last slice: that of the block, or the first one at which agents request adaptations.

        Parameters
        ----------
        last_phase
            DECIDE, or RELEASE, of `alpha_pulse.kernels.decisions.layout`.
        learn
            Called with a slice that closed trades of the primary book, or is planned.

        Raises
        ------
        AgentError
            An agent breaks its contract; the message names the bar.
        NonFiniteError
            A forecast is not finite.
        """
        while (reason := run(self._table.words, self._last, last_phase)) != layout.DONE:
            self._act(reason, learn)
            if reason in REPLACING:
                self._connect()

    @property
    def may_request(self) -> bool:
        """Whether an agent can request adaptations."""
        return bool(self._agents.requesters)

    @property
    def slices(self) -> int:
        """How many slices of the block `run` goes on to."""
        return self._last + 1

    def slices_done(self, block: BarBlock) -> int:
        """How many slices of ``block`` are behind it, their orders released; 0 for a block that was not loaded."""
        return int(self._cursor[layout.SLICE]) if self._block is block else 0

    def _connect(self) -> None:
        """Enter the arrays that are replaced now and then."""
        for name, array in self._execution.arrays.items():
            self._table.put(name, array)
        for name, array in self._agents.arrays.items():
            if name != "scale":
                self._table.put(f"agent_{name}", array)
        self._table.put("events", self.events)
        self._table.put("event_prices", self.event_prices)

    def _connect_models(self) -> None:
        """Enter the trade-quality models, which an adaptation may replace."""
        for number, quality in enumerate(self._qualities):
            model = quality.model
            if model is not self._quality_models[number]:
                assert isinstance(model, CompiledModel)
                self._quality_models[number] = model
                self._quality[number] = (
                    model.kernel_state.ctypes.data, len(model.kernel_state), predict_address(model.predict_kernel),
                    quality.arrays["record"].ctypes.data,
                )  # fmt: skip

    def _act(self, reason: int, learn: Callable[[int], None]) -> None:
        index = int(self._cursor[layout.SLICE])
        if reason == layout.NEW_SYMBOL:
            self._opened[index] = self._execution.open_symbols(self._block.slice(index))
            self._cursor[layout.OPENED] = len(self._execution.units)
        elif reason == layout.LOTS_FULL:
            self._execution.double_lots()
        elif reason == layout.EVENTS_FULL:
            self._make_room(2 * len(self.events) + EVENTS_PER_BOOK * len(self._execution.book_names))
        elif reason == layout.RESTING_FULL:
            self._execution.make_room_at_venue()
        elif reason == layout.OUTCOMES:
            learn(index)
            self._connect_models()
        elif reason == layout.ENTERED:
            self._enter(index)
        elif reason in (layout.CALL_AGENTS, layout.BAD_AGENT):
            row = int(self._cursor[layout.ROW])
            try:
                if reason == layout.CALL_AGENTS:
                    self._call_agents(row)
                else:
                    self.decisions(row)  # which says what is wrong
            except AgentError as error:
                raise AgentError(f"{error} (at {self._place(row)})") from error
        elif reason == layout.NOT_FINITE:
            self.sizing(int(self._cursor[layout.ROW]))  # which says what is wrong
        else:
            raise NonFiniteError("the forecast volatility is 0.0; sizing needs one above 0")

    def _make_room(self, events: int) -> None:
        count = len(self.events)
        self.events = np.concatenate([self.events, np.zeros((events - count, execution_layout.N_EVENT), dtype=np.int64)])
        self.event_prices = np.concatenate([self.event_prices, np.zeros((events - count, execution_layout.N_EVENT_PRICES))])

    def _enter(self, index: int) -> None:
        """Store the features of the signals that became orders of the primary book."""
        first, last = self.marks[index, layout.TRADED], self.marks[index, layout.DECIDED]
        events = self.events[first:last]
        orders = (events[:, execution_layout.TYPE] == execution_layout.ORDER) & (
            events[:, execution_layout.EVENT_BOOK] == layout.PRIMARY
        )
        for code in dict.fromkeys(events[orders, execution_layout.EVENT_SYMBOL].tolist()):
            row = self._row_of(index, code)
            vector, decisions = self.vector(row), self.decisions(row)
            assert vector is not None
            self._feedback.on_entry(vector, decisions.combined)

    def _row_of(self, index: int, code: int) -> int:
        first, last = self._block.starts[index : index + 2].tolist()
        place = int(self._block.code[first:last].searchsorted(code))
        return int(first) + place

    def _call_agents(self, row: int) -> None:
        """Let the agents without a kernel decide on a row."""
        state, vector = self._state(row), self.vector(row)
        assert vector is not None
        for target in state.targets.values():
            target.serve(int(self.row_in_symbol[row]))
        view = MarketView(self._block.bar(row), vector)
        self._called[row] = [
            None if form is not None else self._agents.call(number, view, self.signals[row])
            for number, (_, form) in enumerate(self._agents.forms)
        ]
        self._cursor[layout.AGENTS_DONE] = 1
        if found := agent_requests(self._agents.requesters, view, (*state.targets, TARGET)):
            self.requests += found
            self._last = int(self._cursor[layout.SLICE])

    # What a row and a slice gave.

    def _state(self, row: int) -> SymbolState:
        return self._symbols[int(self._block.code[row])]

    def _place(self, row: int) -> str:
        return self._state(row).rows.place(int(self.row_in_symbol[row]), self._block.bar(row).symbol)

    def vector(self, row: int) -> FeatureVector | None:
        """The features of a row; None for a symbol with too few bars."""
        return self._state(row).vector(int(self.row_in_symbol[row]))

    def decisions(self, row: int) -> Decisions:
        """The agents' Signals for a row."""
        bar, known = self._block.bar(row), not math.isnan(self._forecasts[row, layout.PROBABILITY])
        prediction_id = f"{bar.symbol}/direction/{bar.seq}" if known else None
        ids = [
            prediction_id if form is not None and isinstance(agent, MLAwareAgent) else None
            for agent, form in self._agents.forms
        ]
        called = self._called.get(row, [None] * len(ids))
        return make_decisions(self.signals[row].tolist(), self._agents.names, bar, called, ids)

    def sizing(self, row: int) -> SizingInput:
        """What the books were sized by at a row."""
        bar, inputs = self._block.bar(row), self.inputs[row].tolist()
        decided = self.decisions(row)
        probability = inputs[execution_layout.PROBABILITY]
        return SizingInput(
            bar, bar.seq, decided.combined, decided.rules, decided.ml, inputs[execution_layout.VOLATILITY],
            inputs[execution_layout.PLAIN_VOLATILITY], inputs[execution_layout.QUALITY],
            None if math.isnan(probability) else probability, self._horizon, inputs[execution_layout.BARS_PER_YEAR],
        )  # fmt: skip

    def _rows(self, first: int, last: int) -> Rows:
        return list(zip(self.events[first:last].tolist(), self.event_prices[first:last].tolist(), strict=True))

    def result(self, index: int) -> ExecutionResult:
        """The trades of a slice."""
        if index not in self._results:
            first, last, _ = self.marks[index].tolist()
            self._results[index] = self._execution.result_of(self._rows(first, last), self._opened.get(index, ()))
        return self._results[index]

    # What the journal records.

    def opened(self, slices: int) -> list[tuple[int, list[Units]]]:
        """The units of the symbols whose first bar came, by slice, of the first ``slices``."""
        return sorted(item for item in self._opened.items() if item[0] < slices)

    def called_signals(self, slices: int) -> list[tuple[int, Signal]]:
        """The Signals of the agents written in Python, by slice, of the first ``slices``."""
        end, slice_of = self._block.starts[slices], self._block.slice_of_row
        called = [(int(slice_of[row]), self._called[row]) for row in sorted(self._called) if row < end]
        return [(index, signal) for index, signals in called for signal in signals if signal is not None]

    def used_prediction(self, index: int, code: int) -> str | None:
        """The id of the prediction that took part in the decision of a slice about a symbol."""
        row = self._row_of(index, code)
        if row in self._called:
            return self.decisions(row).combined.prediction_id
        if math.isnan(self.signals[row, agent_layout.MODEL_MEAN]):
            return None
        return f"{self._block.symbols[code]}/direction/{self._block.seq + index}"
