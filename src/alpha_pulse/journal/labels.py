"""The scored labels of a block as arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.journal.layout import EARLIER
from alpha_pulse.kernels.session.layout import SCORED_LABEL

SCORED = ("online", "batch", "base", "served", "no_change")
N_SCORES = len(SCORED) + 3


class ScoredLabels(NamedTuple):
    """The scored labels of one target, in the order of their steps.

    ``rows`` are their rows in the block; ``scores``, (n, 8), are the members' probabilities (online, batch, base, served, no
    change), the label, the last label known, and the online model's probability before calibration; ``challengers``, (n,
    challengers), are their probabilities, NaN where one was left out.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    challengers: NDArray[np.float64]


def scored_labels(block: JournalBlock, target: int) -> ScoredLabels:
    """The scored labels of the target with this number.

    A label scores the probabilities of a prediction that was served ``horizon`` bars before; where that is in an earlier block,
    the table ``earlier`` repeats them.
    """
    info = block.layout.targets[target]
    rows = np.flatnonzero(block.column("codes", f"{info.name}.status") == SCORED_LABEL)
    rows = rows[np.argsort(block.column("codes", "slice")[rows], kind="stable")]
    earlier = block.tables["earlier"]
    earlier = earlier[earlier[:, 1] == target]
    origin = np.maximum(rows - info.horizon, 0)
    columns = [block.column("probabilities", f"{info.name}.{name}")[origin] for name in SCORED]
    label = block.column("codes", f"{info.name}.label")[rows].astype(np.float64)
    last = block.column("probabilities", f"{info.name}.last_known")[origin]
    raw = block.column("numbers", f"{info.name}.raw_online")[origin]
    scores = np.column_stack([*columns, label, last, raw])
    challengers = np.empty((len(rows), len(info.challengers)))
    for place, name in enumerate(info.challengers):
        challengers[:, place] = block.column("probabilities", f"{info.name}.{name}.probability")[origin]
    if len(earlier):
        order = np.argsort(rows)
        places = order[np.searchsorted(rows[order], earlier[:, 0].astype(np.int64))]
        scores[places, : len(SCORED)] = earlier[:, 2 : 2 + len(SCORED)]
        scores[places, len(SCORED) + 1 :] = earlier[:, 2 + len(SCORED) : len(EARLIER)]
        challengers[places] = earlier[:, len(EARLIER) : len(EARLIER) + len(info.challengers)]
    return ScoredLabels(rows, scores, challengers)
