"""Open a stored run, and list those of the user."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.library.places import find_run, run_id_of, stored_files
from alpha_pulse.library.run import Run
from alpha_pulse.library.states import facts_of
from alpha_pulse.stores.reading import StoreReader

_SCHEMA = {
    "run_id": pl.String(),
    "symbols": pl.String(),
    "interval": pl.String(),
    "started": pl.Datetime("us", "UTC"),
    "steps": pl.Int64(),
    "bars": pl.Int64(),
    "net_pnl_cash": pl.Float64(),
    "state": pl.String(),
    "store": pl.String(),
    "problem": pl.String(),
}


def open_run(run: str | PathLike[str]) -> Run:
    """Open a stored run, which may be in progress.

    Parameters
    ----------
    run
        The id of a run in the user's data folder, a part of it that no other id has, ``latest`` for the run that was started
        last, or the path of its store.

    Raises
    ------
    ConfigError
        There is no run of that id.
    StoreError, StateError
        The store does not exist, was written by another version, or is damaged.

    >>> open_run("no such run")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: run 'no such run' is neither a file nor the id of a run in ...
    """
    return Run(find_run(str(run)))


def runs() -> pl.DataFrame:
    """The stored runs in the user's data folder, the newest first. Runs that were given a store of their own are not listed.

    Columns: ``run_id``, ``symbols``, ``interval`` of a bar, ``started`` (UTC; null for a run with another kind of id),
    ``steps``, ``bars`` and ``net_pnl_cash`` of the combined book (both null until it is finished), ``state`` (``finished``,
    ``running``, ``stopped`` or ``unreadable``), ``store`` and ``problem`` (why a store cannot be read; null else).

    >>> runs().columns[:3]
    ['run_id', 'symbols', 'interval']
    """
    return pl.DataFrame([_row(path) for path in stored_files()], schema=_SCHEMA, orient="row")


def _row(path: Path) -> dict[str, Any]:
    try:
        with StoreReader(path) as reader:
            run_id_of(reader)
            facts = facts_of(reader, str(path))
            return {**msgspec.structs.asdict(facts), "symbols": ", ".join(facts.symbols), "problem": None}
    except AlphaPulseError as error:
        return {"run_id": path.parent.name, "state": "unreadable", "store": str(path), "problem": str(error)}
