"""What a stored run is about, and how far it is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.journal.export.frames import Source
from alpha_pulse.journal.layout import read_layout
from alpha_pulse.library.places import started
from alpha_pulse.stores.head import InUseError, locked_for_reading
from alpha_pulse.stores.reading import StoreReader

State = Literal["finished", "running", "stopped"]


class RunFacts(msgspec.Struct, frozen=True):
    """The facts that a list of runs shows. ``symbols`` is empty and ``interval`` None before the first bar.

    ``started`` (UTC) is None where the id of the run does not contain it. ``bars`` and ``net_pnl_cash`` (of the combined book)
    are None until the run is finished.
    """

    run_id: str
    symbols: tuple[str, ...]
    interval: str | None
    started: datetime | None
    steps: int
    bars: int | None
    net_pnl_cash: float | None
    state: State
    store: str


class _Counts(msgspec.Struct):
    """The fields of a result that a list of runs shows; the other ones are not decoded."""

    bars: int
    net_pnl: float


def facts_of(source: Source, store: str) -> RunFacts:
    """The facts of a run. Raises StateError for a damaged store.

    Parameters
    ----------
    source
        A store that contains a run, or a snapshot of one.
    store
        Its path, or ``memory://``.
    """
    identity, result = source.identity, source.result()
    first = next(iter(source.blocks()), None)
    layout = None if first is None else read_layout(first.layout)
    steps = source.step_count if isinstance(source, StoreReader) else sum(block.steps for block in source.blocks())
    run_id = "" if identity is None else identity.run_id
    counts = None if result is None else msgspec.json.decode(result, type=_Counts)
    return RunFacts(
        run_id=run_id,
        symbols=() if layout is None else tuple(layout.symbols),
        interval=None if layout is None else show_interval(layout.feed.interval_ns),
        started=started(run_id),
        steps=steps,
        bars=None if counts is None else counts.bars,
        net_pnl_cash=None if counts is None else counts.net_pnl,
        state="finished" if result is not None else "running" if _in_use(store) else "stopped",
        store=store,
    )


def _in_use(store: str) -> bool:
    """Whether a program has the store open for writing."""
    try:
        with locked_for_reading(Path(store)):
            return False
    except InUseError:
        return True
