"""Damages a text: bytes, cells, lines, the header, or the whole."""

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
Damage = Callable[[random.Random, str, str, int], str]
"""Takes the random generator, a text, its separator and how many lines its header has."""


def byte(rng: random.Random, text: str, separator: str, skip: int) -> str:
    at = rng.randrange(len(text))
    new = rng.choice(BYTES)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + new + text[at:]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + new + text[at + 1 :]


def cell(rng: random.Random, text: str, separator: str, skip: int) -> str:
    """Another value in a cell of a row: one of `CELLS`, or another cell's."""
    lines = text.splitlines(keepends=True)
    if len(lines) <= skip:
        return text
    at = rng.randrange(skip, len(lines))
    parts = lines[at].split(separator)
    place = rng.randrange(len(parts))
    tail = parts[place][len(parts[place].rstrip("\r\n")) :]
    other = lines[rng.randrange(skip, len(lines))].rstrip("\r\n").split(separator)
    new = rng.choice(CELLS) if rng.random() < 0.7 else rng.choice(other)
    parts[place] = new + tail
    return "".join([*lines[:at], separator.join(parts), *lines[at + 1 :]])


def digits(rng: random.Random, text: str, separator: str, skip: int) -> str:
    """A digit of a row changes, is lost or doubled."""
    places = [at for at, sign in enumerate(text) if sign.isdigit() and text.count("\n", 0, at) >= skip]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + rng.choice(["", text[at] * 2, str(rng.randrange(10))]) + text[at + 1 :]


def line(rng: random.Random, text: str, separator: str, skip: int) -> str:
    """A line is lost, doubled, moved, cut, emptied, joined to the next, or a foreign one comes in."""
    lines = text.splitlines(keepends=True)
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(9)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(to, lines[at])
    elif kind == 2:
        lines[at], lines[to] = lines[to], lines[at]
    elif kind == 3:
        lines[at] = lines[at][: rng.randrange(len(lines[at]))] + "\n"
    elif kind == 4:
        lines.insert(at, "\n" if rng.random() < 0.5 else separator * lines[at].count(separator) + "\n")
    elif kind == 5:
        lines[at] = lines[at].rstrip("\r\n")
    elif kind == 6:
        lines.insert(at, lines[0])
    elif kind == 7:
        lines.insert(at, rng.choice(("# a comment\n", "Total\n", "end of file\n", '"Downloaded today"\n')))
    else:
        lines[at] = lines[at].rstrip("\r\n") + separator + rng.choice(("", "7", "x")) + "\n"
    return "".join(lines)


def header(rng: random.Random, text: str, separator: str, skip: int) -> str:
    """Names of columns are exchanged, doubled, emptied, lost or renamed."""
    lines = text.splitlines(keepends=True)
    if not skip or len(lines) < skip:
        return text
    at = rng.randrange(skip)
    names = lines[at].rstrip("\r\n").split(separator)
    one, other = rng.randrange(len(names)), rng.randrange(len(names))
    kind = rng.randrange(5)
    if kind == 0:
        names[one], names[other] = names[other], names[one]
    elif kind == 1:
        names[one] = names[other]
    elif kind == 2:
        names[one] = ""
    elif kind == 3:
        del names[one]
    else:
        names[one] = rng.choice(
            ("Open", "high", "Price", "Last", "Date", "time", "Adj Close", "x", names[one].upper(), " " + names[one])
        )
    lines[at] = separator.join(names) + "\n"
    return "".join(lines)


def whole(rng: random.Random, text: str, separator: str, skip: int) -> str:
    """The text ends early, its lines end otherwise, or it has a mark or other separators."""
    kind = rng.randrange(6)
    if kind == 0:
        return text[: rng.randrange(len(text))]
    if kind == 1:
        return text.replace("\r\n", "\n").replace("\n", rng.choice(("\r", "\r\n", "\n\n")))
    if kind == 2:
        return "\ufeff" + text
    if kind == 3:
        return text.replace(separator, rng.choice((",", ";", "\t", "|")))
    if kind == 4:
        return text + rng.choice(("\n", "\n\n \n", "\x00", "\x1a", "garbage", separator))
    return text + text


DAMAGES: tuple[Damage, ...] = (byte, byte, cell, cell, cell, digits, digits, line, line, header, whole)


def damaged(rng: random.Random, text: str, separator: str, skip: int) -> str:
    """The text with one kind of damage, sometimes two."""
    for _ in range(rng.choice((1, 1, 1, 2))):
        if text:
            text = rng.choice(DAMAGES)(rng, text, separator, skip)
    return text


def damaged_bytes(rng: random.Random, content: bytes) -> bytes:
    """Bytes of a file that is no text: some flip, or are lost."""
    kept = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(kept))
        if rng.random() < 0.2:
            del kept[at : at + rng.randrange(1, 9)]
        else:
            kept[at] ^= 1 << rng.randrange(8)
    return bytes(kept)
