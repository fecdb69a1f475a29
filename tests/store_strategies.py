"""Blocks at random, of every table and with every value that a store accepts."""

from typing import Any

from hypothesis import strategies as st

from alpha_pulse.stores.base import Block, Rows, Value
from alpha_pulse.stores.tables import TABLES, Column

INT64 = st.integers(-(2**63), 2**63 - 1)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "INTEGER": INT64,
    "REAL": st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0),
    "TEXT": st.text(max_size=20),
}


def values(column: Column) -> st.SearchStrategy[Value]:
    """The values of a column."""
    strategy = _VALUES[column.type]
    return st.none() | strategy if column.nullable else strategy


@st.composite
def rows_of(draw: st.DrawFn, first: int, last: int) -> Rows:
    """Rows of some tables, in steps ``first`` to ``last``."""
    found: Rows = {}
    for table in sorted(draw(st.sets(st.sampled_from(sorted(TABLES)), max_size=3))):
        keys = draw(st.sets(st.tuples(st.integers(first, last), st.integers(0, 3)), min_size=1, max_size=4))
        found[table] = [(*key, *(draw(values(column)) for column in TABLES[table])) for key in sorted(keys)]
    return found


@st.composite
def blocks(draw: st.DrawFn, first: int = 0) -> Block:
    """A block that begins with step ``first``."""
    steps = draw(st.integers(1, 5))
    first_ts, last_ts = sorted((draw(INT64), draw(INT64)))
    layout = draw(st.sampled_from(["{}", '{"symbols":["EURUSD"]}', '{"symbols":["Ä"]}']))
    rows = draw(rows_of(first, first + steps - 1))
    return Block(first + steps - 1, steps, first_ts, last_ts, layout, draw(st.binary(max_size=60)), rows)
