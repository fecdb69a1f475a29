"""One symbol in the loop: its learning pass over the rows of a block, stages 2 to 6 of the pipeline.

Nothing here depends on decisions, so a whole block is run at once; where an adaptation may begin or end, the rows stop.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.adaptation import AdaptiveModelManager
from alpha_pulse.adaptation.adaptive_model_manager import not_adapted
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import DataError
from alpha_pulse.core.stateful import State, Stateful
from alpha_pulse.core.types import AdaptationAction, FeatureVector, RegimeChange
from alpha_pulse.detectors.regime import RegimeDetector
from alpha_pulse.engine.bar_rows import BarRows
from alpha_pulse.engine.events import ALARMED, ENDED, FEATURES_, MOVED, REGIME, REQUESTED, TARGETS_, TIMED, Events
from alpha_pulse.engine.row_kernels import hand_on
from alpha_pulse.engine.target import TargetLoop
from alpha_pulse.engine.volatility_pass import VolatilityPass
from alpha_pulse.execution.volatility_calibrator import VolatilityCalibrator
from alpha_pulse.features.extractor import MIN_BARS, FeatureExtractor
from alpha_pulse.feedback.own_labels import NamedTarget, OwnLabels
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.kernels.session import layout
from alpha_pulse.learning.feature_monitor import FeatureMonitor

TARGETS = ("volatility", "direction")
"""The program's own targets; those of a user follow them."""


class SymbolState:
    """The pipeline's state of one symbol, beside the services.

    Parameters
    ----------
    index
        The symbol's place among those of the run, which are sorted.
    extractor
        Of this symbol.
    regimes
        Its regime detector.
    volatility
        Its volatility forecast, if there is one.
    config
        Of it: ``learning`` (horizons) and ``adaptation`` (which detector monitors the features).
    capacity
        Rows of a block at most.
    own_targets
        The own targets of the run.
    """

    def __init__(
        self,
        index: int,
        extractor: FeatureExtractor,
        regimes: RegimeDetector,
        volatility: VolatilityPass | None,
        config: Config,
        capacity: int,
        own_targets: Sequence[NamedTarget] = (),
    ) -> None:
        self.index = index
        self.symbol = extractor.symbol
        self.extractor = extractor
        self.regimes = regimes
        self.calibrator = VolatilityCalibrator()
        self.volatility = volatility
        self.feature_monitor = FeatureMonitor(extractor.symbol, extractor.schema.names, config.adaptation)
        self.rows = BarRows(len(extractor.schema.names), capacity)
        self.targets: dict[str, TargetLoop] = {}
        """By target, in the order of `TARGETS`, then the own ones; added when its session is open."""
        self._own_labels = OwnLabels(self.symbol, own_targets) if own_targets else None
        self._first_ts = 0
        self._changes: dict[int, list[RegimeChange]] = {}
        self._masks: NDArray[np.bool_] | None = None
        """Which features of each row are missing; None where none is."""

    def n_features(self, target: str) -> int:
        """How many leading features a target uses: the volatility levels, last in the schema, are for ``volatility`` alone."""
        schema = self.extractor.schema
        return schema.n_common if target == "direction" else len(schema.names)

    @property
    def bars(self) -> int:
        """Bars of the symbol so far."""
        return self.extractor.bars

    @property
    def compiled(self) -> bool:
        """Whether no model is called back, nor a plug-in's detector, nor an own feature or target."""
        return self.extractor.compiled and self._own_labels is None and all(target.compiled for target in self.targets.values())

    # The learning pass.

    def learn(
        self,
        block: BarBlock,
        others: np.ndarray,
        fires: np.ndarray,
        requests: Sequence[tuple[int, str, str]],
        manager: AdaptiveModelManager,
        events: Events,
    ) -> None:
        """Run the symbol's rows of a block: features, regimes, then each target.

        Parameters
        ----------
        block
            The block, of which the rows of this symbol are run.
        others
            The mean log return of the other symbols, per row of the block; NaN without any.
        fires
            Whether the timer fires, per slice.
        requests
            Adaptations that were requested, at the first slice: (number, target, drift type).
        manager
            Decides about adaptations.
        events
            Receives alarms, changes of regime, adaptations and trained models.
        """
        self._extract(block, others, fires)
        self._watch(self.rows.features.copy(), events)
        for name, target in self.targets.items():
            _TargetPass(self, name, target, block, fires, [each for each in requests if each[1] == name], manager, events).run()

    def _extract(self, block: BarBlock, others: NDArray[np.float64], fires: NDArray[np.bool_]) -> None:
        """5: bars become features, by the same code as in training."""
        rows, before = self.rows, self.bars
        rows.load(block, self.index, others, fires, before)
        if len(rows) and not self._first_ts:
            self._first_ts = int(rows.ts[0])
        bad = self.extractor.update_rows(rows.ts, rows.bars, rows.prices, rows.features)
        if bad < len(rows):
            opened, high, low, close = rows.bars[bad, :4].tolist()
            raise DataError(
                f"bar {rows.clock[bad, layout.SEQ]} of {self.symbol} has open {opened}, high {high}, low {low}, close {close}; "
                "expected prices above 0 and high at least low; correct the feed"
            )
        if self.volatility is not None:
            self.volatility.run(rows)
        self._masks = self.extractor.masks(before + 1, rows.bars)
        if self._own_labels is not None:
            for name, labels in self._own_labels.compute(before + 1, rows.ts, rows.bars).items():
                self.targets[name].take_labels(labels)

    def _watch(self, features: NDArray[np.float64], events: Events) -> None:
        """3: regime detectors see the bars, the feature monitor the features of the step before."""
        rows, n = self.rows, len(self.rows)
        self._changes = {}
        for row, change in self.regimes.update_many(rows.ts, rows.market):
            number = len(self._changes.setdefault(row, []))
            self._changes[row].append(change)
            events.add(int(rows.slices[row]), "regimes", (self.index, number), change)
        first = min(n, max(0, MIN_BARS - 1 - (self.bars - n)))
        for row, alarm in self.feature_monitor.observe_block(features, self._masks, rows.ts, first):
            place = (FEATURES_, self.index)
            events.add(int(rows.slices[row]), "alarms", place, alarm)
            events.respond(int(rows.slices[row]), (ALARMED, *place), [not_adapted(alarm)])

    def changes(self, row: int) -> list[RegimeChange]:
        """The changes of regime that a row brought."""
        return self._changes.get(row, [])

    # What a row gave.

    def vector(self, row: int) -> FeatureVector | None:
        """The features of a row, in an array that lasts: an agent may keep it. None for a symbol with too few bars."""
        if not self.rows.clock[row, layout.HAS_FEATURES]:
            return None
        mask = None if self._masks is None or not self._masks[row].any() else self._masks[row]
        return FeatureVector(
            self.symbol, int(self.rows.ts[row]), self.extractor.schema.schema_id, self.rows.features[row].copy(), mask
        )

    @property
    def masks(self) -> NDArray[np.bool_] | None:
        """Which features of each row are missing, (n, features); None where none is."""
        return self._masks

    @property
    def changes_by_slice(self) -> dict[int, list[RegimeChange]]:
        """The changes of regime of the block."""
        return {int(self.rows.slices[row]): changes for row, changes in self._changes.items()}

    def hand_on(
        self,
        rows: NDArray[np.int64],
        row_in_symbol: NDArray[np.int64],
        known: NDArray[np.int64],
        forecasts: NDArray[np.float64],
    ) -> None:
        """Fill in what decisions are made from at the symbol's rows; see `alpha_pulse.engine.row_kernels.hand_on`."""
        own, volatility, direction = self.rows, self.targets["volatility"].gave, self.targets["direction"].gave
        hand_on(
            rows, own.clock, own.prices, own.features.ctypes.data, own.features.strides[0], self._first_ts, *volatility,
            *direction, row_in_symbol, known, forecasts,
        )  # fmt: skip

    def components(self, symbol: str) -> dict[str, Stateful]:
        """Components with state, by name."""
        return {
            f"features/{symbol}": self.extractor,
            f"level/{symbol}": self.calibrator,
            **({} if self.volatility is None else {f"volatility/{symbol}": self.volatility}),
            f"monitor/{symbol}": self.feature_monitor,
            f"instrument/{symbol}": self,
            **({} if self._own_labels is None else {f"own_labels/{symbol}": self._own_labels}),
            **{f"target/{symbol}/{name}": target for name, target in self.targets.items()},
        }

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State({"first_ts": self._first_ts})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._first_ts = state.scalars["first_ts"]


class _TargetPass:
    """One target over the rows of a block: which rows need attention, and what is done there (stages 3 and 4)."""

    def __init__(
        self,
        symbol: SymbolState,
        name: str,
        target: TargetLoop,
        block: BarBlock,
        fires: np.ndarray,
        requests: Sequence[tuple[int, str, str]],
        manager: AdaptiveModelManager,
        events: Events,
    ) -> None:
        self._symbol, self._target, self._block, self._manager, self._events = symbol, target, block, manager, events
        self._rank = list(symbol.targets).index(name)
        self._fires, self._requests = fires, requests
        self._counted = 0
        self._pauses: list[int] = []
        """Slices without a bar of the symbol at which the timer fires or a request waits."""

    def run(self) -> None:
        """All rows of the block, and what happens between them."""
        rows = self._symbol.rows
        n, slices = len(rows), rows.slices
        clock = rows.clock
        clock[:, layout.ATTENDED] = 0
        for row in self._symbol._changes:
            clock[row, layout.ATTENDED] = 1
        if n and self._requests and slices[0] == 0:
            clock[0, layout.ATTENDED] = 1
        self._pauses = [] if n == len(self._block) else self._absences(slices)
        limits = self._target.limits
        limits[layout.LOSS_THRESHOLD] = self._manager.loss_threshold
        limits[layout.ACCURACY_THRESHOLD] = self._manager.accuracy_threshold
        self._target.run(self._attend, [rows.row_of(each) for each in self._pauses], self._pause)
        self._count(n - 1)

    def _absences(self, slices: NDArray[np.int64]) -> list[int]:
        """The slices that need attention and are not among those with a bar of the symbol."""
        waiting = self._fires.copy()
        waiting[0] |= bool(self._requests)
        waiting[slices] = False
        absences: list[int] = np.flatnonzero(waiting).tolist()
        return absences

    def _count(self, row: int) -> None:
        """Tell the manager of the labels up to a row."""
        if row >= self._counted:
            errors, times = self._target.scored_rows(self._counted, row)
            self._manager.count_labels(self._target.session, errors, times)
            self._counted = row + 1

    def _pause(self, place: int) -> None:
        """A slice without a bar of the symbol, at which its session is requested to adapt, or checked by the timer."""
        slice_ = self._pauses[place]
        ts = int(self._block.times[slice_])
        self._count(self._symbol.rows.row_of(slice_) - 1)
        if slice_ == 0:
            self._request(ts)
        if self._fires[slice_]:
            self._act(slice_, (TIMED, self._symbol.index, self._rank), self._manager.check(self._target.session, ts))

    def _attend(self, row: int) -> None:
        """Between learning and serving of a row: alarms, the end of a trial, requests, regimes, the timer."""
        rows, manager, session = self._symbol.rows, self._manager, self._target.session
        slice_, ts = int(rows.slices[row]), int(rows.ts[row])
        who = (TARGETS_, self._symbol.index, self._rank)
        self._count(row)
        for number, action in enumerate(self._target.moves(row)):
            self._events.add(slice_, "adaptations", (MOVED, *who, number), action)
        alarms = self._target.alarms(row)
        self._act(slice_, (ENDED, *who), manager.end_trial_if_due(session, ts))
        if slice_ == 0:
            self._request(ts)
        for number, alarm in enumerate(alarms):
            self._events.add(slice_, "alarms", (*who, number), alarm)
            self._act(slice_, (ALARMED, *who, number), manager.on_alarm(alarm))
        for number, change in enumerate(self._symbol.changes(row)):
            self._act(slice_, (REGIME, self._symbol.index, number, self._rank), manager.on_regime(session, change))
        if self._fires[slice_]:
            self._act(slice_, (TIMED, self._symbol.index, self._rank), manager.check(session, ts))

    def _request(self, ts: int) -> None:
        for number, _, drift_type in self._requests:
            action = self._manager.on_request(self._target.session, drift_type, ts)
            self._act(0, (REQUESTED, number), action)
        self._requests = []

    def _act(self, slice_: int, place: tuple[int, ...], action: AdaptationAction | None) -> None:
        self._events.add(slice_, "adaptations", place, action)
        self._events.respond(slice_, place, self._manager.take_responses(self._target.session))
