"""The obvious twin of the regime detector and of what it is shown of other symbols: one bar, one symbol, one dict at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.core.types import RegimeChange, RegimeFeature, RegimeLabel
from alpha_pulse.detectors.regime import LABELS, MAX_TIMES, MONITORED
from alpha_pulse.detectors.regime_settings import CAPACITY, HAZARD, PRIORS, REFERENCE, hidden_states, threshold
from alpha_pulse.kernels.detection.detection import CHANGE, DRIFT, SEEN
from alpha_pulse.kernels.regimes import bocpd, hmm, market_state
from alpha_pulse.kernels.regimes.regime import regime_block
from alpha_pulse.kernels.regimes.regime_detector import (
    DOUBTFUL,
    MIN_STAY,
    MOST_UNUSUAL,
    RECENT,
    REFUTED,
    SUPPORT,
    WARM_UP,
)


class NaiveRegimeDetector:
    """See `alpha_pulse.detectors.regime.RegimeDetector`."""

    def __init__(
        self,
        symbol: str,
        block: int = 24,
        samples_per_false_alarm: float = 2_000.0,
        *,
        together: bool = False,
        reference: int = REFERENCE,
    ) -> None:
        self.symbol = symbol
        self.block = block
        self._market = market_state.market_state(block, reference, together)
        self._hidden = hidden_states(block)
        self._points = np.stack(
            [bocpd.bocpd_state(threshold(name, samples_per_false_alarm), HAZARD, PRIORS[name], CAPACITY) for name in MONITORED]
        )
        self._times = np.zeros((len(MONITORED), MAX_TIMES), dtype=np.int64)
        self._flags = np.zeros(len(MONITORED), dtype=np.int64)
        self._place = -1
        self._likely = -1
        self._likely_ts = 0
        self._stayed = 0
        self._block_ts = 0
        self._changes = 0
        self._told = 0
        self.change_ts = 0
        """When what is now began, by estimate: the first bar of its first block, ns."""

    @property
    def label(self) -> RegimeLabel | None:
        """The current regime; None before ``WARM_UP`` blocks."""
        return LABELS[self._place] if self._place >= 0 else None

    @property
    def ratio(self) -> float:
        """Volatility of the newest whole block divided by its usual level; 1 before the first block."""
        return math.exp(float(self._market[market_state.VOLATILITY]))

    def update(self, ts: int, high: float, low: float, close: float, others: float = math.nan) -> tuple[RegimeChange, ...]:
        answer = market_state.market_step(self._market, high, low, close, others)
        self._told = 0
        if answer == market_state.TAKEN:
            if self._block_ts == 0 and self._market[market_state.IN_BLOCK] > 0.0:
                self._block_ts = ts
            return ()
        if answer == market_state.REFUSED:
            raise NonFiniteError(self.symbol)
        return self._block_ends(ts)

    def _block_ends(self, ts: int) -> tuple[RegimeChange, ...]:
        for number in range(len(MONITORED)):
            if self._has(number):
                self._times[number, int(self._points[number, SEEN]) % MAX_TIMES] = self._block_ts
        regime_block(self._market, self._hidden, self._points, MOST_UNUSUAL, self._flags)
        changes = self._label(ts)
        if self._place >= 0:
            changes += [self._point(number, ts) for number in (1, 2) if self._flags[number] == DRIFT]
        self._block_ts = 0
        self._told = len(changes)
        return tuple(changes)

    def _has(self, number: int) -> bool:
        """Whether the newest block has number ``at`` of `MONITORED`."""
        place = (None, market_state.MOVED, market_state.KNOWN)[number]
        return place is None or bool(self._market[place] != 0.0)

    def _label(self, ts: int) -> list[RegimeChange]:
        """Move the label when the other regime is sure enough."""
        seen = int(self._hidden[hmm.SEEN])
        probabilities = self._hidden[hmm.PROBABILITIES : hmm.PROBABILITIES + len(LABELS)]
        likely = int(np.argmax(probabilities))
        if likely != self._likely:
            self._likely, self._likely_ts = likely, self._block_ts
        self._stayed += 1
        if seen < WARM_UP or likely == self._place or (self._place >= 0 and self._stayed < MIN_STAY):
            return []
        volatility = self._points[0]
        supported = bocpd.bocpd_changed(volatility, RECENT + 1.0) >= SUPPORT
        if self._place >= 0 and probabilities[self._place] > (DOUBTFUL if supported else REFUTED):
            return []
        before, self._place, stayed = self.label, likely, self._stayed
        self._stayed = 0
        run = int(bocpd.bocpd_run(volatility))
        dated = supported and before is not None and 0 < run <= stayed
        since = self._time(0, int(volatility[SEEN]) - run) if dated else self._likely_ts
        return [self._change(ts, "volatility", before, float(probabilities[likely]), since)]

    def _point(self, number: int, ts: int) -> RegimeChange:
        state = self._points[number]
        return self._change(
            ts, MONITORED[number], self.label, float(state[bocpd.CHANGED]), self._time(number, int(state[CHANGE]))
        )

    def _time(self, feature: int, number: int) -> int:
        """When a block began, ns; of one that is no longer remembered, the oldest that is."""
        oldest = max(int(self._points[feature][SEEN]) - MAX_TIMES, 0)
        return int(self._times[feature, max(number, oldest) % MAX_TIMES])

    def _change(
        self, ts: int, feature: RegimeFeature, before: RegimeLabel | None, probability: float, since: int
    ) -> RegimeChange:
        self._changes += 1
        self.change_ts = since
        probabilities = self._hidden[hmm.PROBABILITIES : hmm.PROBABILITIES + len(LABELS)]
        # Nine decimals, as of every probability in the journal.
        return RegimeChange(
            change_id=f"{self.symbol}/regime/{self._changes}",
            symbol=self.symbol,
            ts=ts,
            feature=feature,
            from_label=before,
            to_label=LABELS[self._place],
            probability=round(probability, 9),
            change_ts=since,
            ratio=round(self.ratio, 6),
            probabilities=tuple(round(value, 9) for value in probabilities.tolist()),
        )

    @property
    def arrays(self) -> dict[str, Any]:
        """The whole state, by the names that the detector gives its arrays."""
        last = [self._place, self._likely, self._likely_ts, self._stayed, self._block_ts, self._changes]
        return {
            "market": self._market, "hidden": self._hidden, "points": self._points, "times": self._times,
            "counters": np.array([*last, self._told, self.change_ts, *self._flags]),
        }  # fmt: skip


class NaiveOthers:
    """The mean log return of the other symbols of a slice, in dicts."""

    def __init__(self) -> None:
        self._closes: dict[str, float] = {}

    def of(self, closes: dict[str, float]) -> dict[str, float]:
        """By symbol; empty when fewer than two symbols have a return."""
        returns = {symbol: math.log(close / self._closes[symbol]) for symbol, close in closes.items() if symbol in self._closes}
        self._closes.update(closes)
        if len(returns) < 2:
            return {}
        total = math.fsum(returns.values())
        return {symbol: (total - own) / (len(returns) - 1) for symbol, own in returns.items()}
