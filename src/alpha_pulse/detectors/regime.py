"""The regime of the market: calm, normal or turbulent, with its probability and its start."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.core.errors import ConfigError, NonFiniteError, StateError
from alpha_pulse.core.ranges import check_minimum, check_range
from alpha_pulse.core.stateful import State, take_all
from alpha_pulse.core.types import RegimeChange, RegimeFeature, RegimeLabel
from alpha_pulse.detectors.base import Detection
from alpha_pulse.detectors.regime_settings import CAPACITY, HAZARD, PRIORS, REFERENCE, hidden_states, threshold
from alpha_pulse.kernels.detection.detection import CHANGE, DRIFT, FLAG, SCORE, SEEN, THRESHOLD, WARNING
from alpha_pulse.kernels.regimes import bocpd, hmm, market_state
from alpha_pulse.kernels.regimes import regime_detector as layout
from alpha_pulse.kernels.regimes.regime_detector import WARM_UP, regime_bar, regime_end, regime_rows

LABELS: tuple[RegimeLabel, ...] = get_args(RegimeLabel)
MONITORED: tuple[RegimeFeature, ...] = get_args(RegimeFeature)
MAX_TIMES = 1_024
"""Blocks whose times are stored to date a change; an older change is dated at the oldest of them."""


class RegimeDetector:
    """Classifies the market as calm, normal or turbulent from the bars so far. It does not forecast, and does not revise
    earlier labels.

    Bars are grouped into blocks. Each block has a volatility, a trend and a correlation (`kernels.regimes.market_state`). At
    the end of a block a hidden Markov model gives the probabilities of the three regimes (`kernels.regimes.hmm`), and a
    change-point detector for each number (`kernels.regimes.bocpd`) estimates whether and when it changed. The label moves to
    the most probable regime once the probability of the current one is at most 1 %, or 10 % when the volatility has probably
    changed within the last 4 blocks, but not within 3 blocks of its last move. A regime keeps its name when it recurs. A change
    of trend or correlation is also reported, but does not change the label. There is no label before 20 blocks.

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
        Blocks over which the usual volatility is averaged; with fewer blocks, all of them.

    Attributes
    ----------
    arrays
        The state, by name, with the layout of `alpha_pulse.kernels.regimes.regime_detector`.

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
        counters = np.zeros(layout.COUNTERS, dtype=np.int64)
        counters[[layout.LABEL, layout.LIKELY]] = -1
        points = [
            bocpd.bocpd_state(threshold(name, samples_per_false_alarm), HAZARD, PRIORS[name], CAPACITY) for name in MONITORED
        ]
        self._use(
            {
                "market": market_state.market_state(block, reference, together),
                "hidden": hidden_states(block),
                "points": np.stack(points),
                "times": np.zeros((len(MONITORED), MAX_TIMES), dtype=np.int64),
                "counters": counters,
            }
        )
        self._events = np.zeros((layout.MOST_CHANGES, layout.EVENT), dtype=np.int64)
        self._numbers = np.zeros((layout.MOST_CHANGES, layout.NUMBERS))

    def _use(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.arrays = arrays
        self._market, self._hidden, self._points, self._times, self._counters = arrays.values()

    def place_in(self, room: Mapping[str, NDArray[Any]]) -> None:
        """Move the state into arrays of the caller, which have the names, shapes and types of `arrays`."""
        for name, array in self.arrays.items():
            room[name][...] = array
        self._use({name: room[name] for name in self.arrays})

    @property
    def changed(self) -> bool:
        """Whether the newest bar caused a change."""
        return bool(self._counters[layout.CHANGED_NOW] > 0)

    @property
    def change_ts(self) -> int:
        """The estimated start of the newest change: the first bar of its first block, ns."""
        return int(self._counters[layout.CHANGE_TS])

    @property
    def label(self) -> RegimeLabel | None:
        """The current regime; None before ``WARM_UP`` blocks."""
        return _label(int(self._counters[layout.LABEL]))

    @property
    def probabilities(self) -> dict[RegimeLabel, float]:
        """The probability of each regime, from all blocks so far."""
        first = hmm.PROBABILITIES
        return dict(zip(LABELS, self._hidden[first : first + len(LABELS)].tolist(), strict=True))

    @property
    def ratio(self) -> float:
        """Volatility of the newest whole block divided by its usual level; 1 before the first block."""
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
        status = regime_bar(self._market, self._counters, ts, high, low, close, others)
        if status == market_state.TAKEN:
            return ()
        if status == market_state.REFUSED:
            raise self._refusal(high, low, close, others)
        regime_end(
            self._market, self._hidden, self._points, self._times, self._counters, self._events, self._numbers
        )  # fmt: skip
        return self._changes(ts)

    def update_many(self, ts: NDArray[np.int64], bars: NDArray[np.float64]) -> list[tuple[int, RegimeChange]]:
        """Process bars one by one; returns the changes, each with the row of its bar. Bit-equal to the calls of `update`.

        Parameters
        ----------
        ts
            Times at which the bars are known, ns, (n,).
        bars
            High, low, close and others of each bar, (n, 4).

        Raises
        ------
        NonFiniteError
            A price is not valid; the bars before it are processed.
        DataError
            The arrays have other shapes or types.
        """
        check_array(f"the bars for the regime detector of {self.symbol}", bars, (None, 4))
        check_array(f"the times for the regime detector of {self.symbol}", ts, (len(bars),), np.int64)
        changes, row = list[tuple[int, RegimeChange]](), 0
        while row < len(bars):
            last = regime_rows(
                self._market,
                self._hidden,
                self._points,
                self._times,
                self._counters,
                ts,
                bars,
                row,
                self._events,
                self._numbers,
            )
            if last < 0:
                raise self._refusal(*bars[~last].tolist())
            if last < len(bars):
                changes += [(last, change) for change in self._changes(int(ts[last]))]
            row = last + 1
        return changes

    def _refusal(self, high: float, low: float, close: float, others: float) -> NonFiniteError:
        return NonFiniteError(
            f"a bar for the regime detector of {self.symbol} has high {high!r}, low {low!r}, close {close!r} and others "
            f"{others!r}; expected finite prices above 0 with the close between low and high; correct the feed"
        )

    def _changes(self, ts: int) -> tuple[RegimeChange, ...]:
        """The changes at the newest bar, from the event rows."""
        count = int(self._counters[layout.CHANGED_NOW])
        first = int(self._counters[layout.CHANGES]) - count + 1
        return tuple(self._change(ts, first + row, row) for row in range(count))

    def _change(self, ts: int, number: int, row: int) -> RegimeChange:
        feature, before, after, since = self._events[row].tolist()
        probability, volatility, *probabilities = self._numbers[row].tolist()
        # Nine decimals, as of every probability in the journal.
        return RegimeChange(
            change_id=f"{self.symbol}/regime/{number}",
            symbol=self.symbol,
            ts=ts,
            feature=MONITORED[feature],
            from_label=_label(before),
            to_label=LABELS[after],
            probability=round(probability, 9),
            change_ts=since,
            ratio=round(math.exp(volatility), 6),
            probabilities=tuple(round(value, 9) for value in probabilities),
        )

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(arrays={name: array.copy() for name, array in self.arrays.items()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`. Raises StateError for other parameters."""
        arrays = {name: array.copy() for name, array in self.arrays.items()}
        take_all(arrays, state)
        self._refuse_other_parameters(arrays["market"], arrays["points"])
        for name, array in self.arrays.items():
            array[...] = arrays[name]

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


def _label(index: int) -> RegimeLabel | None:
    return LABELS[index] if index >= 0 else None


def block_of(interval_ns: int) -> int:
    """Bars per block for bars of this length: the bars of a day, at least 5 (a week of daily bars) and at most 288.

    >>> block_of(3_600_000_000_000), block_of(300_000_000_000), block_of(86_400_000_000_000)
    (24, 288, 5)
    """
    if interval_ns <= 0:
        raise ConfigError(f"the length of bars is {interval_ns} ns; expected a length above 0")
    return min(max(round(DAY_NS / interval_ns), LEAST_BLOCK), LARGEST_BLOCK)


LEAST_BLOCK, LARGEST_BLOCK = 5, 288
