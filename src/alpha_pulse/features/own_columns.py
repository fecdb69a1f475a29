"""The own features of a run, and their values for one symbol."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import FeaturesConfig
from alpha_pulse.core.errors import ConfigError, FeatureError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.user_code.names import named_object
from alpha_pulse.features.layout import CLIP
from alpha_pulse.features.newest_bars import NewestBars
from alpha_pulse.features.own import Bars, Feature, Row, Times
from alpha_pulse.features.schema import ALL_NAMES, MIN_BARS

RESERVED = ("seq", "symbol", "open_time", "known_at")
"""The other columns of the exported table of features."""
DECIMALS = 1e6
"""Served values are rounded to six decimals, see `alpha_pulse.features.indicators.served_step`."""


class OwnFeature(msgspec.Struct, frozen=True):
    """A user's feature in a run: the name of its column, its path ``module:name``, and the SHA-256 of its module."""

    name: str
    path: str
    sha256: str
    feature: Feature

    @property
    def bars_needed(self) -> int:
        """Bars of a symbol before its value is served."""
        return max(MIN_BARS, self.feature.warmup)

    @property
    def identity(self) -> str:
        """What distinguishes it in the id of the schema."""
        return f"{self.name} {self.feature.warmup} {self.sha256}"


def feature_at(path: str) -> Feature:
    """The feature of a path ``module:name``.

    Raises
    ------
    UnknownNameError
        See `alpha_pulse.core.user_code.names.named_object`.
    ConfigError
        The object is no feature.
    """
    found = named_object("own feature", path)
    if not isinstance(found, Feature):
        raise ConfigError(
            f"own feature {path!r} is of type {type(found).__name__} and states no warm-up; write @feature(warmup=...) above it"
        )
    return found


def load_own(settings: FeaturesConfig) -> tuple[OwnFeature, ...]:
    """The own features of a configuration, whose ``sources`` are entered (`alpha_pulse.engine.own_sources.pinned`).

    Raises
    ------
    UnknownNameError, ConfigError
        See `feature_at`; or two features have the same name, or one has that of a column that exists already.
    """
    own: list[OwnFeature] = []
    for path in settings.own:
        loaded = feature_at(path)
        name = path.partition(":")[2]
        if name in ALL_NAMES or name in RESERVED:
            raise ConfigError(f"own feature {path!r} has the name of another column, {name!r}; rename the function")
        if any(name == other.name for other in own):
            raise ConfigError(f"features.own has two features with the name {name!r}; rename one, as it names a column")
        own.append(OwnFeature(name, path, settings.sources[path], loaded))
    return tuple(own)


class OwnColumns:
    """The values of own features for the bars of one symbol, with the newest bars in memory.

    Parameters
    ----------
    symbol
        The symbol of the bars.
    own
        Its own features, at least one.

    Attributes
    ----------
    missing
        Which values of the newest call of `fill` are missing, bool of shape (n, own features).
    """

    def __init__(self, symbol: str, own: Sequence[OwnFeature]) -> None:
        self._symbol, self._own = symbol, own
        self._newest = NewestBars(max(each.feature.warmup for each in own) - 1)
        self.missing: NDArray[np.bool_] = np.zeros((0, len(own)), dtype=np.bool_)

    def fill(self, first: int, ts: Times, prices: Row, columns: Row) -> None:
        """Compute the values of consecutive bars.

        Parameters
        ----------
        first
            The number of the first bar among those of the symbol, from 1 on.
        ts, prices
            Ends of the bars, (n,), and prices, (n, 7), as in `alpha_pulse.features.extractor.FeatureExtractor.update_rows`.
        columns
            Filled, (n, own features): clipped to +-10 and rounded like the other features, 0 where they are missing.

        Raises
        ------
        FeatureError
            A function violates its contract; the message names the function, the symbol and the bar.
        """
        kept, bars = self._newest.kept, self._newest.extend(ts, prices)
        self.missing = np.zeros(columns.shape, dtype=np.bool_)
        for column, each in enumerate(self._own):
            start = kept + 1 - each.feature.warmup
            for row in range(len(ts)):
                value = math.nan
                if first + row >= each.bars_needed:
                    value = self._value(each, first + row, bars.part(start + row, kept + 1 + row))
                self.missing[row, column] = math.isnan(value)
                columns[row, column] = 0.0 if math.isnan(value) else served(value)

    def _value(self, each: OwnFeature, number: int, bars: Bars) -> float:
        try:
            return each.feature.newest(bars)
        except FeatureError as error:
            end = np.datetime_as_string(np.datetime64(int(bars.ts[-1]), "ns"), unit="s").replace("T", " ")
            raise FeatureError(
                f"own feature {each.path!r} failed at bar {number:,} of {self._symbol}, which ends at {end} UTC: {error}"
            ) from error

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return self._newest.snapshot()

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._newest.restore(state)


def served(value: float) -> float:
    """A value as it is served: within +-10, to six decimals; -0 becomes 0.

    >>> served(12.0), served(0.12345678)
    (10.0, 0.123457)
    """
    return float(np.rint(min(max(value, -CLIP), CLIP) * DECIMALS) / DECIMALS + 0.0)
