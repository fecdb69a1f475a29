"""The regime of the market: calm, normal or turbulent, with its probability and its start."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.core.errors import ConfigError, NonFiniteError, StateError
from alpha_pulse.core.ranges import check_minimum, check_range
from alpha_pulse.core.stateful import State, scalar, take_all
from alpha_pulse.core.types import RegimeChange, RegimeFeature, RegimeLabel
from alpha_pulse.detectors.base import Detection
from alpha_pulse.detectors.regime_settings import (
    CAPACITY,
    DOUBTFUL,
    HAZARD,
    MIN_STAY,
    MOST_UNUSUAL,
    PRIORS,
    RECENT,
    REFERENCE,
    REFUTED,
    SUPPORT,
    WARM_UP,
    hidden_states,
    threshold,
)
from alpha_pulse.kernels.detection.detection import CHANGE, DRIFT, FLAG, SCORE, SEEN, THRESHOLD, WARNING
from alpha_pulse.kernels.regimes import bocpd, hmm, market_state
from alpha_pulse.kernels.regimes.regime import regime_block

LABELS: tuple[RegimeLabel, ...] = get_args(RegimeLabel)
MONITORED: tuple[RegimeFeature, ...] = get_args(RegimeFeature)
MAX_TIMES = 1_024
"""Blocks whose times are stored to date a change; an older change is dated at the oldest of them."""


class RegimeDetector:
    """Classifies the market as calm, normal or turbulent from the bars so far. It forecasts nothing and revises nothing.

    Bars are grouped into blocks. Each block has a volatility, a trend and a correlation (`kernels.regimes.market_state`). At
    the end of a block a hidden Markov model gives the probabilities of the three regimes (`kernels.regimes.hmm`), and a
    change-point detector for each number (`kernels.regimes.bocpd`) estimates whether and when it changed. The label moves to
    the most probable regime once the probability of the current one is at most 1 %, or 10 % when the volatility has probably
    changed within the last 4 blocks, but not within 3 blocks of its last move. A regime keeps its name when it recurs. A change
    of trend or correlation is reported too, and does not move the label. There is no label before 20 blocks.

    Measured with 24 bars to a block. Where nothing changes, .09 to .14 changes are reported in 10,000 bars of closes. Where
    volatility varies all the time, the label follows it: 6.5 changes on GARCH(1,1) with persistence .98, 14 on a slow
    stochastic volatility. Delay in bars, median and slowest tenth: volatility x 2, 48 and 74; x 3, 29 and 41; halved, 48 and
    82; a trend of .3 standard deviations a bar, 230 and 378; a correlation of .6 that changes its sign, 36 and 48. Where three
    regimes alternate, 95 % of bars have the right label (kappa .93). ``alpha-pulse simulate-detectors`` reproduces these
    figures.

    Parameters
    ----------
    symbol
        The symbol of the bars.
    block
        Bars per block, 5 or more. Use the bars of a day, so that hours of the day do not count as regimes.
    samples_per_false_alarm
        Blocks per false change point of any of the three numbers while nothing changes. Change points of volatility support
        the label and are not reported. The rate of one number is at most one in about 100 blocks, whatever is set.
    together
        Measure the correlation with the other symbols of the run; otherwise with the previous bar.
    reference
        Blocks over which the usual volatility is averaged; until there are so many, all of them.

    Raises
    ------
    ConfigError
        ``block`` or ``samples_per_false_alarm`` is out of range.

    Examples
    --------
    >>> detector, price, changes = RegimeDetector("X"), 100.0, []
    >>> for hour in range(2_400):
    ...     price *= math.exp((0.001 if hour < 1_200 else 0.003) * math.sin(hour * hour))
    ...     changes += detector.update(hour, price, price, price)
    >>> [(change.ts, change.to_label, change.change_ts) for change in changes if change.feature == "volatility"]
    [(480, 'normal', 1), (1224, 'turbulent', 1201)]

    References
    ----------
    Adams and MacKay (2007), "Bayesian online changepoint detection", https://arxiv.org/abs/0710.3742; Hamilton (1989), "A new
    approach to the economic analysis of nonstationary time series and the business cycle", https://doi.org/10.2307/1912559;
    Cappé (2011), "Online EM algorithm for hidden Markov models", https://doi.org/10.1198/jcgs.2011.09109
    """

    def __init__(
        self,
        symbol: str,
        block: int = 24,
        samples_per_false_alarm: float = 2_000.0,
        *,
        together: bool = False,
        reference: int = REFERENCE,
    ) -> None:
        check_minimum("the regime detector's block", block, 5, usual="as many bars as a day has")
        check_minimum("the regime detector's reference", reference, WARM_UP, usual="400")
        check_range("the regime detector's samples_per_false_alarm", samples_per_false_alarm, 0.0, usual="2000")
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
        self.changed = False
        """Whether the newest bar caused a change."""
        self.change_ts = 0
        """The estimated start of the newest change: the first bar of its first block, ns."""

    @property
    def label(self) -> RegimeLabel | None:
        """The regime now; None before ``WARM_UP`` blocks."""
        return LABELS[self._place] if self._place >= 0 else None

    @property
    def probabilities(self) -> dict[RegimeLabel, float]:
        """The probability of each regime, from all blocks so far."""
        first = hmm.PROBABILITIES
        return dict(zip(LABELS, self._hidden[first : first + len(LABELS)].tolist(), strict=True))

    @property
    def ratio(self) -> float:
        """Volatility of the newest whole block over its usual level; 1 before there is one."""
        return math.exp(float(self._market[market_state.VOLATILITY]))

    @property
    def trend(self) -> float:
        """Trend of the newest whole block, in standard errors."""
        return float(self._market[market_state.TREND])

    @property
    def correlation(self) -> float:
        """Correlation of the newest whole block: Fisher's transform, in standard errors; 0 with too few pairs of bars."""
        return float(self._market[market_state.CORRELATION])

    def last(self, feature: RegimeFeature) -> Detection:
        """The change-point result for one number at the newest block; samples count its blocks."""
        state = self._points[MONITORED.index(feature)]
        flag = state[FLAG] if self._market[market_state.IN_BLOCK] == 0.0 else 0.0
        return Detection(
            float(state[SCORE]) if flag == DRIFT else 0.0,
            bool(flag == WARNING),
            bool(flag == DRIFT),
            int(state[SEEN]),
            int(state[CHANGE]),
        )

    def update(self, ts: int, high: float, low: float, close: float, others: float = math.nan) -> tuple[RegimeChange, ...]:
        """Process one bar; returns the changes that it causes, usually none.

        Parameters
        ----------
        ts
            Time at which the bar is known, ns.
        high, low, close
            Prices, > 0, the close between the other two.
        others
            The mean log return of the other symbols in the same slice; NaN without any.

        Raises
        ------
        NonFiniteError
            A price is not valid; the state does not change.
        """
        status = market_state.market_step(self._market, high, low, close, others)
        self.changed = False
        if status == market_state.TAKEN:
            if self._block_ts == 0 and self._market[market_state.IN_BLOCK] > 0.0:
                self._block_ts = ts
            return ()
        if status == market_state.REFUSED:
            raise NonFiniteError(
                f"a bar for the regime detector of {self.symbol} has high {high!r}, low {low!r}, close {close!r} and others "
                f"{others!r}; expected finite prices above 0 with the close between low and high; correct the feed"
            )
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
        self.changed = bool(changes)
        return tuple(changes)

    def _has(self, number: int) -> bool:
        """Whether the newest block has a value of number ``number`` of `MONITORED`."""
        place = (None, market_state.MOVED, market_state.KNOWN)[number]
        return place is None or bool(self._market[place] != 0.0)

    def _label(self, ts: int) -> list[RegimeChange]:
        """Move the label when another regime is probable enough."""
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
        """The start of a block, ns; for a block that is no longer stored, that of the oldest one."""
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

    def _arrays(self) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
        return {"market": self._market, "hidden": self._hidden, "points": self._points, "times": self._times}

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={
                "place": self._place,
                "likely": self._likely,
                "likely_ts": self._likely_ts,
                "stayed": self._stayed,
                "block_ts": self._block_ts,
                "changes": self._changes,
                "changed": self.changed,
                "change_ts": self.change_ts,
            },
            arrays={name: array.copy() for name, array in self._arrays().items()},
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`. Raises StateError for other parameters."""
        names = ("place", "likely", "likely_ts", "stayed", "block_ts", "changes", "change_ts")
        place, likely, likely_ts, stayed, block_ts, changes, change_ts = (scalar(state, name, int) for name in names)
        changed = scalar(state, "changed", bool)
        arrays = {name: array.copy() for name, array in self._arrays().items()}
        take_all(arrays, state)
        self._refuse_other_parameters(arrays["market"], arrays["points"])
        for name, array in self._arrays().items():
            array[...] = arrays[name]
        self._place, self._stayed, self._block_ts, self._changes, self.change_ts = place, stayed, block_ts, changes, change_ts
        self._likely, self._likely_ts, self.changed = likely, likely_ts, changed

    def _refuse_other_parameters(self, market: NDArray[Any], points: NDArray[Any]) -> None:
        """Raise StateError for a state of other blocks, reference, symbols or thresholds."""
        fixed = [market_state.BLOCK, market_state.REFERENCE, market_state.TOGETHER]
        saved, own = market[fixed].tolist(), self._market[fixed].tolist()
        if saved != own or not np.array_equal(points[:, THRESHOLD], self._points[:, THRESHOLD]):
            raise StateError(
                f"a saved state of the regime detector of {self.symbol} has block {saved[0]:g}, reference {saved[1]:g}, "
                f"together {saved[2] != 0.0} and thresholds {points[:, THRESHOLD].tolist()}; expected {own[0]:g}, {own[1]:g}, "
                f"{own[2] != 0.0} and {self._points[:, THRESHOLD].tolist()}; "
                "restore with the configuration that saved it"
            )


def block_of(interval_ns: int) -> int:
    """Bars per block for bars of this length: the bars of a day, at least 5 (a week of daily bars) and at most 288.

    >>> block_of(3_600_000_000_000), block_of(300_000_000_000), block_of(86_400_000_000_000)
    (24, 288, 5)
    """
    if interval_ns <= 0:
        raise ConfigError(f"the length of bars is {interval_ns} ns; expected a length above 0")
    return min(max(round(DAY_NS / interval_ns), LEAST_BLOCK), LARGEST_BLOCK)


LEAST_BLOCK, LARGEST_BLOCK = 5, 288
