"""How tables were understood: a report on each file, and notes on what was assumed or left out, each kind once."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from alpha_pulse.feeds.cells.column_choice import column_name
from alpha_pulse.feeds.cells.rows import Rows
from alpha_pulse.feeds.market_data import FileReport, ReadOptions
from alpha_pulse.feeds.notes import PLACES, Note, some

_NAMES_AND_NUMBERS = re.compile(r"'.*'|\".*\"|[0-9][0-9,]*|\b(?:has|have|was|were|rows?|bars?|lines?)\b")


class ReadTable(msgspec.Struct, frozen=True):
    """One table's rows, whether they had to be turned round, and what a bar's time means in them.

    ``why`` says why a bar's time is taken for its close, where nothing but the times says so.
    """

    held: Rows
    turned: bool
    stamp: str
    stamp_from: str
    symbol_from: str
    why: str = ""


def table_notes(piece: ReadTable, options: ReadOptions) -> list[Note]:
    """What was assumed about a table, or left out of it."""
    where, table, choice = piece.held.table.where, piece.held.table, piece.held.choice
    notes = []
    if piece.turned:
        notes.append(Note(kind="sorted", text=f"{where}: rows descend in time; they were sorted", count=len(piece.held.rows)))
    name = choice.time_name(table)
    if piece.why:
        text = f"{where}: column '{name}' is taken for a bar's close, since {piece.why}; --stamp open or close states it"
        notes.append(Note(kind="assumed_stamp", text=text))
    if piece.stamp_from == "assumed":
        text = f"{where}: column '{name}' is taken for a bar's open, which is an assumption; --stamp open or close states it"
        notes.append(Note(kind="assumed_stamp", text=text))
    if "adj_close" in choice.places and not options.adjusted:
        name = choice.name(table, "adj_close")
        text = f"{where}: prices are raw; column '{name}' is there, and --adjusted scales all prices by it"
        notes.append(Note(kind="raw", text=text))
    if table.skipped:
        lines = "1 line" if len(table.skipped) == 1 else f"{len(table.skipped)} lines"
        text = f"{where}: {lines} above the header left out ({table.skipped[0][:60]!r})"
        notes.append(Note(kind="preamble", text=text, count=len(table.skipped)))
    return notes


def merge_alike(notes: Sequence[Note]) -> list[Note]:
    """One note for all that differ in files, names and numbers alone: it names the first file, and how many more there are.

    >>> [note.text for note in merge_alike([Note(kind="sorted", text=f"file {name}: rows descend") for name in "ABC"])]
    ['file A: rows descend; likewise in 2 more: file B and file C']
    """
    alike: dict[tuple[str, str], list[Note]] = {}
    for note in notes:
        sentence = _NAMES_AND_NUMBERS.sub("", note.text.partition(": ")[2])
        alike.setdefault((note.kind, sentence), []).append(note)
    return [_merge(each) for each in alike.values()]


def _merge(notes: Sequence[Note]) -> Note:
    first = notes[0]
    if len(notes) == 1:
        return first
    tables = [note.text.partition(": ")[0] for note in notes[1:]]
    return Note(
        kind=first.kind,
        text=f"{first.text}; likewise in {len(tables):,} more: {some(tables)}",
        count=sum(note.count for note in notes),
        places=tuple(place for note in notes for place in note.places or (note.text.partition(": ")[0],))[:PLACES],
    )


def file_reports(pieces: Sequence[ReadTable]) -> tuple[FileReport, ...]:
    """One report a file, also of one that holds several tables."""
    files: dict[str, list[ReadTable]] = {}
    for piece in pieces:
        files.setdefault(piece.held.table.path, []).append(piece)
    return tuple(_report(each) for each in files.values())


def _used_places(piece: ReadTable) -> dict[str, int]:
    """The places of the columns that were read."""
    places = piece.held.choice.places
    return {ours: place for ours, place in places.items() if ours != "adj_close" or "adj_close" in piece.held.numbers}


def _report(pieces: Sequence[ReadTable]) -> FileReport:
    first = pieces[0]
    table, choice = first.held.table, first.held.choice
    names: dict[str, list[str]] = {}
    ignored: list[str] = []
    members: dict[str, list[ReadTable]] = {}
    for piece in pieces:
        members.setdefault(piece.held.table.where, []).append(piece)
        for ours, place in _used_places(piece).items():
            names.setdefault(ours, []).append(column_name(piece.held.table, place))
    for same in members.values():
        taken = {place for piece in same for place in _used_places(piece).values()}
        unused = [place for place in range(same[0].held.table.width) if place not in taken]
        other = [_column_name_in(same, place) or str(place + 1) for place in unused]
        before = set(ignored)
        ignored += [name for name in other if name not in before]
    return FileReport(
        path=table.path,
        source=choice.source.id,
        title=choice.source.title,
        format=table.format,
        symbols=tuple(sorted({name for piece in pieces for name in piece.held.names})),
        symbol_from=first.symbol_from,
        rows=sum(len(piece.held.rows) for piece in pieces),
        header=", ".join(_column_name_in(members[table.where], place) for place in range(len(table.header))),
        stamp=first.stamp,
        stamp_from=first.stamp_from,
        tz=first.held.times.zone,
        time_unit=first.held.times.unit,
        used={ours: some(list(dict.fromkeys(each))) for ours, each in names.items()},
        ignored=tuple(ignored),
        sorted=any(piece.turned for piece in pieces),
    )


def _column_name_in(pieces: Sequence[ReadTable], place: int) -> str:
    """A column's name in the first of the tables of one text that has it, each of which holds one symbol."""
    headers = [piece.held.table.header for piece in pieces if place < len(piece.held.table.header)]
    return next((name.strip() for header in headers if (name := header[place]).strip()), "")
