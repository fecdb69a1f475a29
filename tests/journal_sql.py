"""The steps of a store on the disk as tables of SQL, for tests that compare what is served with what the journal contains."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import msgspec

from alpha_pulse.journal.records import DecisionRecord, StepRecord
from alpha_pulse.stores.reading import StoreReader
from journal_rows import decode_decision, decode_step, stored_rows

OF_THE_STEP = ("seq", "position", "ts_event")


def _lists() -> dict[str, type[msgspec.Struct]]:
    """The structs of each list of a record."""
    fields = [field for record in (StepRecord, DecisionRecord) for field in msgspec.structs.fields(record)]
    kinds = {field.name: next(iter(get_args(field.type)), None) for field in fields}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)}


LISTS = _lists()


def query(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """What a statement gives over all steps that are in a store now.

    There is a table for each list of the records, with ``seq``, ``position`` and ``ts_event`` of the step before the fields of
    the element, where lists and structs are JSON; ``journal`` has the whole records as JSON, and ``run`` the run's name.
    """
    with StoreReader(path) as reader:
        steps = reader.step_count
    return _database(path, steps).execute(statement, values).fetchall()


@lru_cache(maxsize=2)
def _database(path: Path, _steps: int) -> sqlite3.Connection:
    """The tables in memory; ``_steps`` is only part of the key, so that they are made anew when the store has grown."""
    made = sqlite3.connect(":memory:", check_same_thread=False)
    made.execute("CREATE TABLE journal (seq INTEGER, ts_event INTEGER, payload TEXT, decision TEXT)")
    made.execute("CREATE TABLE run (run_id TEXT)")
    with StoreReader(path) as reader:
        assert reader.identity is not None
        made.execute("INSERT INTO run VALUES (?)", (reader.identity.run_id,))
    names = {table: _columns(kind) for table, kind in LISTS.items()}
    for table, columns in names.items():
        made.execute(f"CREATE TABLE {table} ({', '.join((*OF_THE_STEP, *columns))})")
    for row in stored_rows(path):
        texts = [None if text is None else text.decode() for text in (row.payload, row.decision)]
        made.execute("INSERT INTO journal VALUES (?, ?, ?, ?)", (row.seq, row.ts_event, *texts))
        records = (decode_step(row.payload), None if row.decision is None else decode_decision(row.decision))
        for table, columns in names.items():
            elements = next((getattr(record, table) for record in records if hasattr(record, table)), ())
            marks = ", ".join("?" * (len(OF_THE_STEP) + len(columns)))
            for position, element in enumerate(elements):
                values = (_value(getattr(element, column)) for column in columns)
                made.execute(f"INSERT INTO {table} VALUES ({marks})", (row.seq, position, row.ts_event, *values))
    return made


def _columns(kind: type[msgspec.Struct]) -> list[str]:
    return [name for name in kind.__struct_fields__ if name not in OF_THE_STEP]


def _value(value: object) -> object:
    return value if value is None or isinstance(value, (int, float, str)) else msgspec.json.encode(value).decode()
