"""The own targets of a run, and their labels for one symbol."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import TargetsConfig
from alpha_pulse.core.errors import ConfigError, FeatureError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.user_code.names import named_object
from alpha_pulse.features.newest_bars import NewestBars
from alpha_pulse.features.own import Bars, Row, Times
from alpha_pulse.feedback.own_target import OwnTarget
from alpha_pulse.kernels.session.layout import NO_LABEL

RESERVED = ("volatility", "direction", "trade_quality", "features")
"""The names of the program's own targets, and of what is monitored like one."""


class NamedTarget(msgspec.Struct, frozen=True):
    """A user's target in a run: its name, and its path ``module:name``."""

    name: str
    path: str
    target: OwnTarget


def load_targets(settings: TargetsConfig) -> tuple[NamedTarget, ...]:
    """The own targets of a configuration.

    Raises
    ------
    UnknownNameError
        See `alpha_pulse.core.user_code.names.named_object`.
    ConfigError
        An object is no target, or two have the same name, or one has that of a target of the program.
    """
    own: list[NamedTarget] = []
    for path in settings.own:
        found, name = named_object("own target", path), path.partition(":")[2]
        if not isinstance(found, OwnTarget):
            raise ConfigError(
                f"own target {path!r} is of type {type(found).__name__} and states no horizon; "
                "write @target(horizon=...) above the function"
            )
        if name in RESERVED or any(name == other.name for other in own):
            raise ConfigError(f"own target {path!r} has the name of another target, {name!r}; rename it")
        own.append(NamedTarget(name, path, found))
    return tuple(own)


class OwnLabels:
    """The labels of own targets for the bars of one symbol, with the newest bars in memory.

    Parameters
    ----------
    symbol
        The symbol of the bars.
    own
        Its own targets, at least one.
    """

    def __init__(self, symbol: str, own: Sequence[NamedTarget]) -> None:
        self._symbol, self._own = symbol, own
        self._newest = NewestBars(max(each.target.warmup + each.target.horizon for each in own) - 1)

    def compute(self, first: int, ts: Times, prices: Row) -> dict[str, NDArray[np.int64]]:
        """The labels that become known with consecutive bars.

        Parameters
        ----------
        first
            The number of the first bar among those of the symbol, from 1 on.
        ts, prices
            Ends of the bars, (n,), and prices, (n, 7), in the order of `alpha_pulse.features.own.Bars`.

        Returns
        -------
        dict
            By name of the target, for each bar the label of the prediction ``horizon`` bars before, int64 of shape (n,): 1, 0,
            or ``NO_LABEL`` for a tie.

        Raises
        ------
        FeatureError
            A function violates its contract; the message names the function, the symbol and the bar of the prediction.
        """
        kept, bars = self._newest.kept, self._newest.extend(ts, prices)
        labels = {}
        for each in self._own:
            labels[each.name] = found = np.full(len(ts), NO_LABEL, dtype=np.int64)
            needed = each.target.warmup + each.target.horizon
            for row in range(max(0, needed - first), len(ts)):
                label = self._label(each, first + row, bars.part(kept + 1 + row - needed, kept + 1 + row))
                found[row] = NO_LABEL if label is None else label
        return labels

    def _label(self, each: NamedTarget, number: int, bars: Bars) -> int | None:
        warmup, horizon = each.target.warmup, each.target.horizon
        try:
            return each.target.label(bars.part(0, warmup), bars.part(warmup, warmup + horizon))
        except FeatureError as error:
            raise FeatureError(
                f"own target {each.path!r} failed for the prediction at bar {number - horizon:,} of {self._symbol}: {error}"
            ) from error

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return self._newest.snapshot()

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._newest.restore(state)
