"""The plain tables have the fields of the records that they are for."""

import itertools
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from alpha_pulse.core.types import Fill, Lot, Order
from alpha_pulse.journal.rows import STRUCTS, from_row, to_row
from alpha_pulse.journal.trades import TRADES
from alpha_pulse.stores.schema import METADATA
from alpha_pulse.stores.tables import LATER, TABLES


def options(annotation: Any) -> list[Any]:
    """The types that a field may have, without None."""
    kinds = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return [kind for kind in kinds if kind is not NoneType]


def column_type(annotation: Any) -> tuple[str, bool]:
    """The type of the column for a field, and whether it may be null."""
    kinds = options(annotation)
    return {int: "INTEGER", float: "REAL"}.get(kinds[0], "TEXT") if len(kinds) == 1 else "TEXT", NoneType in get_args(
        annotation
    )


def test_there_is_a_table_for_each_kind_of_record() -> None:
    assert set(TABLES) == set(STRUCTS)


@pytest.mark.parametrize("name", sorted(set(TABLES) - set(TRADES)))
def test_a_table_has_the_fields_of_its_record(name: str) -> None:
    hints = get_type_hints(STRUCTS[name])
    expected = [(field, *column_type(hints[field])) for field in STRUCTS[name].__struct_fields__]
    assert [(column.name, column.type, column.nullable) for column in TABLES[name]] == expected


@pytest.mark.parametrize("name", sorted(TRADES))
def test_a_table_of_trades_gives_its_records_back(name: str) -> None:
    for order, signal, prediction in itertools.product(
        ("ml/X/7", "ml/X/7/stop", "elsewhere"), ("combined/X/7", "ml/X/7", "ml", "own"), (None, "X/direction/7", "own")
    ):
        fill = Fill(f"{order}/f", order, "ml", "X", 5, -3, 1.5, 1.25, 2, 1, signal, prediction)
        kind: Any = "stop" if order.endswith("stop") else "market"
        record = {
            "fills": fill,
            "lots": Lot(f"{order}/f/1", "ml", "X", 3, 4, 5, 1.0, 1.25, 9, 2, 7, f"{order}/f", f"{order}/f", signal, prediction),
            "orders": Order(order, "ml", "X", 5, kind, 3, signal, prediction, 1.5 if kind == "stop" else None),
        }[name]
        row = to_row(8, 2, name, record)
        assert len(row) == 2 + len(TABLES[name])
        assert from_row(name, row) == record


@pytest.mark.parametrize("name", sorted(set(TABLES) - set(TRADES)))
def test_each_column_says_what_it_means(name: str) -> None:
    hints = get_type_hints(STRUCTS[name])
    for column in TABLES[name]:
        assert column.meaning
        # It becomes a comment in SQL, which ends with its line.
        assert "\n" not in column.meaning
        choices = [choice for kind in options(hints[column.name]) if get_origin(kind) is Literal for choice in get_args(kind)]
        assert [choice for choice in choices if choice not in column.meaning + LATER.get((name, column.name), "")] == []


def test_no_name_is_used_twice() -> None:
    assert not set(TABLES) & set(METADATA.tables)
    assert list(TABLES) == sorted(TABLES)
    for columns in TABLES.values():
        assert len({"seq", "position", *(column.name for column in columns)}) == 2 + len(columns)
