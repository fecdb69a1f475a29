"""One trial: a file of some layout is damaged and read, and the result is checked."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import msgspec

from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.feeds.reading import MarketData, ReadOptions, read
from layouts.all import LAYOUTS
from layouts.damage import damaged, damaged_bytes
from layouts.layout import Layout, Tables
from layouts.numbers import number
from layouts.oracle import Bar, list_bars, reading, wrong_file_refusal, wrong_refusal
from layouts.schema import Schema, cells, schema_of_layout, text_of

ROWS = 9
_QUOTED_ODDLY = re.compile(r"[^,;\t|\r\n]\"[^,;\t|\r\n]")
"""A quote within a cell, which one reader takes otherwise than another."""


class Base(msgspec.Struct, frozen=True):
    """An undamaged file, its bars, and its schema where it is delimited text."""

    layout: Layout
    tables: Tables
    content: bytes
    schema: Schema | None
    text: str
    footer: tuple[str, ...]


@cache
def bases() -> tuple[Base, ...]:
    """A short file of each layout that loads."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = (_base(layout, folder) for layout in LAYOUTS.values())
        return tuple(base for base in made if not isinstance(outcome(base, folder / base.layout.file), str))


def _base(layout: Layout, folder: Path) -> Base:
    path = folder / layout.file
    layout.write(_first(layout.tables()), path)
    tables = _first(layout.tables("UTC" if layout.dated else None))
    content = path.read_bytes()
    schema = schema_of_layout(layout, tables, path)
    text = text_of(content, layout.file) if schema else ""
    footer = tuple(cells(text, schema.separator)[-1]) if schema and schema.last else ()
    return Base(layout, tables, content, schema, text, footer)


def _first(tables: Tables) -> Tables:
    return [msgspec.structs.replace(table, rows=table.rows[:ROWS]) for table in tables]


class TrialResult(msgspec.Struct, frozen=True):
    """``complaint`` is None where nothing is wrong; ``outcome`` says what the reader did."""

    seed: int
    layout: str
    outcome: str
    complaint: str | None = None
    sentence: str = ""


def trial(seed: int, folder: Path) -> TrialResult:
    """Damage a file at random from ``seed``, read it, and check the result."""
    rng = random.Random(seed)
    base = rng.choice(bases())
    if base.schema is None:
        return _other(seed, rng, base, folder)
    text = damaged(rng, base.text, base.schema.separator, base.schema.skip)
    path = folder / base.layout.file
    packed = path.suffix in (".gz", ".zip")
    if packed and rng.random() < 0.3:
        path.write_bytes(damaged_bytes(rng, base.content))
        return _check_packed(seed, base, outcome(base, path))
    path.write_bytes(pack(text, path))
    return _check_text(seed, base, base.schema, text, outcome(base, path))


def pack(text: str, path: Path) -> bytes:
    content = text.encode()
    if path.suffix == ".gz":
        return gzip.compress(content, 1)
    if path.suffix == ".zip":
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr(f"{path.stem}.csv", content)
        return made.getvalue()
    return content


def outcome(base: Base, path: Path) -> MarketData | str:
    """What was read, or the sentence of the refusal; anything else is raised."""
    options = ReadOptions(interval=show_interval(base.tables[0].interval), **base.layout.options())
    try:
        return read([path], options)
    except (DataError, ConfigError) as error:
        return str(error)


def _check_text(seed: int, base: Base, schema: Schema, text: str, found: MarketData | str) -> TrialResult:
    name = base.layout.name
    before, after = (cells(whole, schema.separator)[: schema.skip] for whole in (base.text, text.removeprefix("\ufeff")))
    symbol = (base.layout.read_as or base.layout.symbols)[0]
    if text.count(schema.separator) < base.text.count(schema.separator) // 4:
        others = sorted((sign for sign in ";,\t|" if sign in text), key=text.count, reverse=True)
        schema = msgspec.structs.replace(schema, separator=others[0]) if others else schema
        after = cells(text.removeprefix("\ufeff"), schema.separator)[: schema.skip]
    if _QUOTED_ODDLY.search(text) or text.count('"') % 2 or before != after or "\r" in text.replace("\r\n", ""):
        return _check_other_format(seed, base, schema, text, found)
    if isinstance(found, str) and ", row " not in found:
        return TrialResult(seed, name, "refused", wrong_file_refusal(schema, before, base.text, text, found), found)
    true = reading(schema, text.removeprefix("\ufeff"), base.tables[0].interval, symbol, base.footer)
    if isinstance(found, str):
        body = cells(text.removeprefix("\ufeff"), schema.separator)[schema.skip :]
        return TrialResult(seed, name, "refused", wrong_refusal(schema, true, found, body), found)
    bars = sorted(list_bars(found.bars))
    if base.layout.volume is None or "volume" not in schema.columns:
        bars = _without_volume(bars)
    if found.bars.volume is None and any(
        note.kind == "no_volume" for note in found.notes
    ):  # a volume that lacks a number somewhere is not used
        true.bars[:] = _without_volume(true.bars)
    wanted = sorted(true.bars)
    complaint = None
    told = any(note.kind == "preamble" for note in found.notes)  # a first line that is no row was left out
    if bars != wanted:
        certain = [bar for at, bar in enumerate(true.bars) if at not in true.doubtful and not (told and at == 0)]
        # of bars stamped by their close, an open follows from the close before: one damaged time moves another
        cut = schema.shift and _times_of(schema, text) != _times_of(schema, base.text)
        if cut:
            bars, wanted = sorted((*bar[:1], 0, *bar[2:]) for bar in bars), sorted((*bar[:1], 0, *bar[2:]) for bar in wanted)
            certain = [(*bar[:1], 0, *bar[2:]) for bar in certain]
        missing, more = set(certain) - set(bars), set(bars) - set(wanted)
        if missing or more or len(bars) > len(wanted):
            complaint = f"missing {sorted(missing)[:2]}, and not in the file {sorted(more)[:2]}; {true.faults}"
    dropped = any(note.kind in ("no_price", "no_volume") for note in found.notes)
    kinds = () if dropped else ("number", "range", "time range", "symbol", "shape", "duplicate")
    serious = [fault for fault in true.faults if fault.kind in kinds and not (told and fault.row == 1)]
    if complaint is None and serious:
        complaint = f"loaded although {serious[:2]}"
    return TrialResult(seed, name, "loaded", complaint)


def _without_volume(bars: Sequence[Bar]) -> list[Bar]:
    return [(*bar[:6], None) for bar in bars]


def _check_other_format(seed: int, base: Base, schema: Schema, text: str, found: MarketData | str) -> TrialResult:
    """Where a header is damaged or quotes are open: each price that was read must be in some cell of the text."""
    if isinstance(found, str):
        header = cells(base.text, schema.separator)[: schema.skip]
        unsure = ", row " in found or text.count('"') % 2 or _QUOTED_ODDLY.search(text)
        complaint = None if unsure else wrong_file_refusal(schema, header, base.text, text.removeprefix("\ufeff"), found)
        return TrialResult(seed, base.layout.name, "refused (header, quotes)", complaint, found)
    loaded = {price for bar in list_bars(found.bars) for price in bar[2:6]}
    strange = loaded - set(_numbers_of(text, schema))
    complaint = f"prices that stand nowhere: {sorted(strange)[:3]}" if strange else None
    return TrialResult(seed, base.layout.name, "loaded (header, quotes)", complaint)


def _times_of(schema: Schema, text: str) -> list[str]:
    """The cells of the rows' times."""
    rows = cells(text.removeprefix("\ufeff"), schema.separator)[schema.skip :]
    return [schema.time(row) for row in rows if len(row) > max(schema.times)]


def _numbers_of(text: str, schema: Schema) -> Iterator[float]:
    """The numbers of a text's cells, whatever separates them."""
    pieces = (re.split(r"[,;\t|\r\n\"]", text), re.split(r"[;\t|\r\n\"]", text), *cells(text, schema.separator))
    for piece in pieces:
        for cell in piece:
            value = number(cell, schema.decimal, schema.thousands)
            if value is not None:
                yield from (value, value / schema.scale)


def _check_packed(seed: int, base: Base, found: MarketData | str) -> TrialResult:
    """A sum over the content stands in the file: what loads is whole."""
    if isinstance(found, str):
        return TrialResult(seed, base.layout.name, "refused (packed)", None, found)
    wanted = {row.start for table in base.tables for row in table.rows}
    complaint = None if set(found.bars.ts_start.tolist()) == wanted else "a damaged archive loaded"
    return TrialResult(seed, base.layout.name, "loaded (packed)", complaint)


def _other(seed: int, rng: random.Random, base: Base, folder: Path) -> TrialResult:
    path = folder / base.layout.file
    if base.content[:1] not in (b"{", b"["):
        path.write_bytes(damaged_bytes(rng, base.content))
        found = outcome(base, path)
        return TrialResult(seed, base.layout.name, "refused (binary)" if isinstance(found, str) else "loaded (binary)", None)
    text = damaged(rng, base.content.decode(), ",", 0)
    path.write_text(text, encoding="utf-8")
    found = outcome(base, path)
    if isinstance(found, str):
        return TrialResult(seed, base.layout.name, "refused (JSON)", None, found)
    loaded = {price for bar in list_bars(found.bars) for price in bar[2:6]}
    strange = loaded - _leaves(text)
    return TrialResult(
        seed, base.layout.name, "loaded (JSON)", f"prices that stand nowhere: {sorted(strange)[:3]}" if strange else None
    )


def _leaves(text: str) -> set[float]:
    """Every number in a JSON text, or in its lines."""
    found: set[float] = set()

    def walk(part: object) -> None:
        if isinstance(part, dict):
            part = list(part.values())
        if isinstance(part, list):
            for inner in part:
                walk(inner)
        elif isinstance(part, (int, float, str)):
            try:
                found.add(float(part))
            except ValueError:
                return

    for piece in (text.removeprefix("\ufeff"), *text.splitlines()):
        try:
            walk(json.loads(piece))
        except ValueError:
            continue
    return found


def count_outcomes(results: list[TrialResult]) -> dict[str, int]:
    """How often each outcome occurred."""
    return dict(Counter(result.outcome for result in results).most_common())
