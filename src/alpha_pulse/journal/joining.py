"""Joins consecutive blocks of slices, for readers for which one large block costs less than many small ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from alpha_pulse.journal.block import JournalBlock


def joined(blocks: Sequence[JournalBlock]) -> JournalBlock:
    """Blocks of slices as one. Where steps with commands were between them, its numbers of steps are not those of its slices.

    The table ``earlier`` keeps its rows, also those of labels whose prediction is in the joined block.

    Parameters
    ----------
    blocks
        At least one, of one layout, in order.
    """
    first, last = blocks[0], blocks[-1]
    if first is last:
        return first
    tables = {name: np.concatenate([block.tables[name] for block in blocks]) for name in first.tables}
    places = first.layout.places
    codes, earlier, row = tables["codes"], tables["earlier"], places["earlier"]["row"]
    counts = [len(block.tables["codes"]) for block in blocks]
    slices = [len(block.tables["slices"]) for block in blocks]
    codes[:, places["codes"]["slice"]] += np.repeat(np.cumsum([0, *slices[:-1]]), counts)
    earlier[:, row] += np.repeat(np.cumsum([0, *counts[:-1]]), [len(block.tables["earlier"]) for block in blocks])
    if len(first.layout.symbols) > 1:
        order = np.argsort(codes[:, places["codes"]["symbol"]], kind="stable")
        for name in tables.keys() - {"slices", "earlier"}:
            tables[name] = tables[name][order]
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        earlier[:, row] = place[earlier[:, row].astype(np.int64)]
    rows = {
        table: list(chain.from_iterable(block.rows.get(table, ()) for block in blocks))
        for table in sorted({table for block in blocks for table in block.rows})
    }
    steps = last.first_seq + last.steps - first.first_seq
    return JournalBlock(first.layout, first.first_seq, steps, first.first_ts, last.last_ts, tables, rows)
