"""Harms a text: bytes, cells, lines, the header, the whole."""

from __future__ import annotations

import random
from collections.abc import Callable

CELLS = (
    "",
    " ",
    "abc",
    "NaN",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e400",
    "1e18",
    "1E-3",
    "1,5",
    "1.5.2",
    "1_0",
    "0x1A",
    "TRUE",
    "N/A",
    "null",
    "None",
    "-",
    "+1",
    "1,234.5",
    "1.234,5",
    "$5",
    "12%",
    "1.5K",
    "99999999999999999999",
    "2017-13-01",
    "2017-03-08",
    "2017-03-08T05:00:00Z",
    "2017-03-12 02:30:00",
    "31.02.2017 00:00",
    "00:00:00",
    "1488931200",
    "1488931200000",
    "a;b",
    "a,b",
    '"',
    'a"b',
    "\x00",
    "\x1b[31m",
    "１２",
    "٣",
    "é",
    "=1+1",
)
NAMES = ("Open", "high", "Price", "Last", "Date", "time", "Adj Close", "x")
BYTES = "0123456789.,;:-+/\"' \t\r\n\x00eEabcxyzZT\ufeffé１"
Harm = Callable[[random.Random, str, str, int], str]
"""Takes the chance, a text, its separator and how many lines its header has."""


def byte(chance: random.Random, text: str, separator: str, skip: int) -> str:
    at = chance.randrange(len(text))
    new = chance.choice(BYTES)
    kind = chance.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + new + text[at:]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + new + text[at + 1 :]


def cell(chance: random.Random, text: str, separator: str, skip: int) -> str:
    """Another value in a cell of a row: one of `CELLS`, or another cell's."""
    lines = text.splitlines(keepends=True)
    if len(lines) <= skip:
        return text
    at = chance.randrange(skip, len(lines))
    parts = lines[at].split(separator)
    place = chance.randrange(len(parts))
    tail = parts[place][len(parts[place].rstrip("\r\n")) :]
    other = lines[chance.randrange(skip, len(lines))].rstrip("\r\n").split(separator)
    new = chance.choice(CELLS) if chance.random() < 0.7 else chance.choice(other)
    parts[place] = new + tail
    return "".join([*lines[:at], separator.join(parts), *lines[at + 1 :]])


def digits(chance: random.Random, text: str, separator: str, skip: int) -> str:
    """A digit of a row changes, is lost or doubled."""
    places = [at for at, sign in enumerate(text) if sign.isdigit() and text.count("\n", 0, at) >= skip]
    if not places:
        return text
    at = chance.choice(places)
    return text[:at] + chance.choice(["", text[at] * 2, str(chance.randrange(10))]) + text[at + 1 :]


def line(chance: random.Random, text: str, separator: str, skip: int) -> str:
    """A line is lost, doubled, moved, cut, emptied, joined to the next, or a foreign one comes in."""
    lines = text.splitlines(keepends=True)
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
    kind = chance.randrange(9)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(to, lines[at])
    elif kind == 2:
        lines[at], lines[to] = lines[to], lines[at]
    elif kind == 3:
        lines[at] = lines[at][: chance.randrange(len(lines[at]))] + "\n"
    elif kind == 4:
        lines.insert(at, "\n" if chance.random() < 0.5 else separator * lines[at].count(separator) + "\n")
    elif kind == 5:
        lines[at] = lines[at].rstrip("\r\n")
    elif kind == 6:
        lines.insert(at, lines[0])
    elif kind == 7:
        lines.insert(at, chance.choice(("# a comment\n", "Total\n", "end of file\n", '"Downloaded today"\n')))
    else:
        lines[at] = lines[at].rstrip("\r\n") + separator + chance.choice(("", "7", "x")) + "\n"
    return "".join(lines)


def header(chance: random.Random, text: str, separator: str, skip: int) -> str:
    """Names of columns are exchanged, doubled, emptied, lost or renamed."""
    lines = text.splitlines(keepends=True)
    if not skip or len(lines) < skip:
        return text
    at = chance.randrange(skip)
    names = lines[at].rstrip("\r\n").split(separator)
    one, other = chance.randrange(len(names)), chance.randrange(len(names))
    kind = chance.randrange(5)
    if kind == 0:
        names[one], names[other] = names[other], names[one]
    elif kind == 1:
        names[one] = names[other]
    elif kind == 2:
        names[one] = ""
    elif kind == 3:
        del names[one]
    else:
        names[one] = chance.choice(
            ("Open", "high", "Price", "Last", "Date", "time", "Adj Close", "x", names[one].upper(), " " + names[one])
        )
    lines[at] = separator.join(names) + "\n"
    return "".join(lines)


def whole(chance: random.Random, text: str, separator: str, skip: int) -> str:
    """The text ends early, its lines end otherwise, or it has a mark or other separators."""
    kind = chance.randrange(6)
    if kind == 0:
        return text[: chance.randrange(len(text))]
    if kind == 1:
        return text.replace("\r\n", "\n").replace("\n", chance.choice(("\r", "\r\n", "\n\n")))
    if kind == 2:
        return "\ufeff" + text
    if kind == 3:
        return text.replace(separator, chance.choice((",", ";", "\t", "|")))
    if kind == 4:
        return text + chance.choice(("\n", "\n\n \n", "\x00", "\x1a", "garbage", separator))
    return text + text


HARMS: tuple[Harm, ...] = (byte, byte, cell, cell, cell, digits, digits, line, line, header, whole)


def harmed(chance: random.Random, text: str, separator: str, skip: int) -> str:
    """The text after one harm, sometimes after two."""
    for _ in range(chance.choice((1, 1, 1, 2))):
        if text:
            text = chance.choice(HARMS)(chance, text, separator, skip)
    return text


def harmed_bytes(chance: random.Random, content: bytes) -> bytes:
    """Bytes of a file that is no text: some flip, or are lost."""
    kept = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(kept))
        if chance.random() < 0.2:
            del kept[at : at + chance.randrange(1, 9)]
        else:
            kept[at] ^= 1 << chance.randrange(8)
    return bytes(kept)
