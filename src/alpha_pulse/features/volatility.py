"""The wide volatility features of one symbol, see `alpha_pulse.kernels.volatility.wide`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, StateError
from alpha_pulse.core.stateful import State, take_all
from alpha_pulse.core.types import Bar
from alpha_pulse.features.market_calendar import calendar_for, describe
from alpha_pulse.kernels.volatility import wide as kernels
from alpha_pulse.kernels.volatility.calendar import DAY_BARS, WEEK_DAYS

Rows = NDArray[np.float64]
Times = NDArray[np.int64]

VERSION = 1
"""Of the definition of the columns. Raise it with each change."""


def column_names(horizons: Sequence[int]) -> tuple[str, ...]:
    """The names of the columns of a row.

    >>> column_names([12])[0], column_names([12])[-1], len(column_names([12]))
    ('vol_3', 'season_next_12', 45)
    """
    spans = (*(f"{span:.0f}" for span in kernels.SHORT), "day", "5_days", "22_days", f"{kernels.LONG:.0f}")
    ranges, flat = ("1", "6", "12", "48", "day"), ("12", "48", "day", "5_days", "22_days")
    volumes = ("1", "12", "48", "day")
    return (
        *(f"vol_{span}" for span in spans), *(f"vol_flat_{span}" for span in spans),
        *(f"range_{span}" for span in ranges), *(f"range_flat_{span}" for span in flat), "vol_ewma", "vol_flat_ewma",
        *(f"volume_{span}" for span in volumes), *(f"volume_flat_{span}" for span in volumes),
        *(f"trend_{span:.0f}" for span in kernels.TRENDS), "season", "slot",
        *(f"season_next_{horizon}" for horizon in horizons),
    )  # fmt: skip


class VolatilityFeatures:
    """The wide features of the bars of one symbol, causally and in bounded memory; all horizons share them.

    Parameters
    ----------
    interval_ns
        Length of a bar, ns.
    horizons
        For which numbers of next bars the seasonal factor is computed: ascending, 1 to 7 numbers of at least 1.
    zone
        The time zone of the calendar, see `alpha_pulse.features.market_calendar.calendar_for`.

    Raises
    ------
    ConfigError
        Horizons or time zone are not valid.

    >>> features = VolatilityFeatures(3_600_000_000_000, [12])
    >>> bar = Bar("SPY", 3_600_000_000_000, 3_600_000_000_000, 100.0, 101.0, 99.0, 100.5, volume=7.0, seq=0)
    >>> row = features.update(bar)
    >>> dict(zip(features.names, row.round(4).tolist()))["vol_12"], features.bars_per_week
    (-5.3008, 168)
    """

    def __init__(self, interval_ns: int, horizons: Sequence[int], zone: str | None = None) -> None:
        if not 1 <= len(horizons) <= kernels.MOST_HORIZONS or min(horizons) < 1 or sorted(set(horizons)) != list(horizons):
            raise ConfigError(
                f"horizons are {list(horizons)}; expected 1 to {kernels.MOST_HORIZONS} different numbers of bars, ascending, "
                "at least 1"
            )
        self.horizons = tuple(horizons)
        self.names = column_names(horizons)
        self._zone = zone
        self._layout = {"version": VERSION, "interval_ns": interval_ns, "horizons": list(horizons), "zone": zone}
        self.state: Rows = np.zeros(kernels.SIZE)
        """The packed state that the kernels change; the same array as long as the object exists."""
        self.calendar_state: Times = calendar_for(interval_ns, zone)
        """The packed calendar that the kernels change; the same array as long as the object exists."""
        kernels.start(self.state, np.array(horizons, dtype=np.float64))

    @property
    def calendar(self) -> str:
        """The calendar in words, as it was configured or inferred."""
        return describe(self.calendar_state, self._zone)

    @property
    def bars_per_week(self) -> int:
        """Bars in a usual week, from the first week of bars; until then as if the market never closed."""
        return int(self.calendar_state[DAY_BARS] * self.calendar_state[WEEK_DAYS])

    def update(self, bar: Bar) -> Rows:
        """Process the next bar (prices above 0, high at least low); returns its row, which belongs to the caller."""
        row = np.empty(len(self.names))
        volume = -1.0 if bar.volume is None else bar.volume
        kernels.wide_step(self.state, self.calendar_state, bar.ts_event, bar.open, bar.high, bar.low, bar.close, volume, row)
        return row

    def update_rows(self, ts: Times, bars: Rows) -> Rows:
        """Process bars one by one, in one call; the same rows, bit for bit.

        Parameters
        ----------
        ts
            Ends of the bars, ns since the epoch, UTC, (n,).
        bars
            Open, high, low, close, volume (NaN where missing), and possibly more columns, (n, 5 or more).
        """
        rows = np.empty((len(ts), len(self.names)))
        kernels.wide_rows(self.state, self.calendar_state, ts, bars, rows)
        return rows

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={"layout": self._layout}, arrays={"state": self.state.copy(), "calendar": self.calendar_state.copy()}
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        if (saved := state.scalars.get("layout")) != self._layout:
            raise StateError(
                f"saved volatility features have {saved}, but {self._layout} is needed; restore with the configuration that "
                "saved them"
            )
        take_all({"state": self.state, "calendar": self.calendar_state}, state)
