"""P&L of the models: the combined book minus the book that follows only the rules, per step, with intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.metrics.intervals import mean_interval
from alpha_pulse.reporting.success_types import MlPnl

RULES = "rules_only"
SIGNS = {PRIMARY: 1, RULES: -1}
Floats = NDArray[np.float64]


class MlEarnings:
    """Computes the contribution of each slice to the difference, net and before fees and costs, in minor units.

    >>> from alpha_pulse.core.types import Fill
    >>> from alpha_pulse.feeds.base import FeedInfo
    >>> from alpha_pulse.journal.layout import make_layout
    >>> from alpha_pulse.journal.rows import to_row
    >>> layout = make_layout(("X",), FeedInfo(60, False, False), (), "s", (), ("combined", "rules_only"), ())
    >>> equity = np.array([[60, 0, 10_020, 10_000], [120, 1, 10_000, 10_000]])
    >>> fill = Fill("f", "o", "combined", "X", 1, 1_000_000, 10.0, 10.0, cost=3, fee=1, signal_id="s")
    >>> block = JournalBlock(layout, 0, 2, 60, 120, {"slices": equity}, {"fills": [to_row(1, 0, "fills", fill)]})
    >>> MlEarnings().block(block).tolist()
    [[20.0, 20.0], [-20.0, -16.0]]
    """

    def __init__(self) -> None:
        self._ahead = 0

    def block(self, block: JournalBlock) -> Floats:
        """Process the slices of a block; returns (slices, 2), or no row if one of the two books is missing."""
        if not {PRIMARY, RULES} <= set(block.layout.books):
            return np.zeros((0, 2))
        ahead = block.column("slices", f"equity.{PRIMARY}") - block.column("slices", f"equity.{RULES}")
        net = np.diff(ahead, prepend=self._ahead)
        self._ahead = int(ahead[-1])
        charges = np.zeros(len(net), dtype=np.int64)
        for seq, fill in block.structs("fills"):
            charges[seq - block.first_seq] += SIGNS.get(fill.book, 0) * (fill.cost + fill.fee)
        return np.column_stack([net, net + charges]).astype(np.float64)


def ml_pnl(steps: Floats, seed: int, cash: Callable[[float], float]) -> MlPnl | None:
    """The totals of ``steps``, float64 of shape (n, 2) as `MlEarnings.block` gives them, in cash; None without an interval."""
    numbers: list[float] = []
    for column in range(steps.shape[1]):
        interval = mean_interval(steps[:, column], seed)
        if interval is None:
            return None
        total = float(steps[:, column].sum())
        numbers += [cash(value) for value in (total, len(steps) * interval.low, len(steps) * interval.high)]
    return MlPnl(*numbers)
