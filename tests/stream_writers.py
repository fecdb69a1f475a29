"""Writes labelled tables as text in random styles, independently of the product: what a user's tool might have written."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

import numpy as np

LETTERS = list("abcXYZ 09_-.'\"%{}\\,;?é中")
PLAIN = list("abcXYZ_-é中")


class Table(NamedTuple):
    """Rows of features, and the class of each."""

    features: list[list[float]]
    names: list[str]
    """Of the features."""
    classes: list[str]
    labels: list[str]


def random_table(rng: np.random.Generator, letters: list[str]) -> Table:
    d, n = int(rng.integers(1, 5)), int(rng.integers(2, 12))
    features = [[_number(rng) for _ in range(d)] for _ in range(n)]
    names = [f"x{_word(rng, PLAIN)}{place}" for place in range(d)]
    classes: list[str] = []
    while len(classes) < int(rng.integers(2, 5)):
        word = _word(rng, letters).strip()
        if word and word not in classes and not _odd(word):
            classes.append(word)
    labels = [*classes, *rng.choice(classes, n).tolist()][:n] if n >= len(classes) else rng.choice(classes[:2], n).tolist()
    if len(set(labels)) < 2:
        labels[:2] = classes[:2]
    return Table(features, names, classes, labels)


def _odd(word: str) -> bool:
    """A number, or what is taken for a missing value."""
    try:
        float(word)
    except ValueError:
        return word.lower() in ("?", "na", "none", "null", "-nan", "n/a")
    return True


def _word(rng: np.random.Generator, letters: list[str]) -> str:
    return "".join(rng.choice(letters, int(rng.integers(1, 6))).tolist())


def _number(rng: np.random.Generator) -> float:
    kinds = [rng.normal(), rng.normal() * 10.0 ** rng.integers(-30, 30), float(rng.integers(-5, 5)), 0.0]
    return float(kinds[rng.integers(4)])


def _chance(rng: np.random.Generator, share: float = 0.5) -> bool:
    return bool(rng.random() < share)


def _encoded(rng: np.random.Generator, text: str) -> bytes:
    text = text.replace("\n", str(rng.choice(["\n", "\n", "\r\n", "\r"])))
    return text.encode(str(rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16"])))


def as_csv(rng: np.random.Generator, table: Table, *, header: bool) -> bytes:
    """The table as CSV, the class last."""
    separator = str(rng.choice([",", ";", "\t", "|"]))
    point = "," if separator != "," and _chance(rng, 0.3) else "."
    out = io.StringIO()
    dialect = csv.unix_dialect if _chance(rng) else csv.excel  # all cells quoted, or those that need it
    writer = csv.writer(out, dialect, delimiter=separator, lineterminator="\n")
    if header:
        writer.writerow([*table.names, "class"])
    for row, label in zip(table.features, table.labels, strict=True):
        if _chance(rng, 0.1):
            out.write("\n")
        writer.writerow([*[f"{value:.17g}".replace(".", point) for value in row], label])
    text = out.getvalue()
    return _encoded(rng, text if _chance(rng) else text.removesuffix("\n"))


def as_arff(rng: np.random.Generator, table: Table) -> bytes:
    """The table as ARFF, the class last."""
    lines = [_case(rng, "@relation") + " r", "% a comment, with 'marks"]
    for name in table.names:
        kind = _case(rng, str(rng.choice(["numeric", "real", "integer"])))
        lines.append(f"{_case(rng, '@attribute')}{_blank(rng)}{_quoted(rng, name)}{_blank(rng)}{kind}{_comment(rng)}")
    listed = ("," + _blank(rng) if _chance(rng) else ",").join(_quoted(rng, word) for word in table.classes)
    lines += [f"@attribute class {{{listed}}}{_comment(rng)}", "", _case(rng, "@data") + _comment(rng)]
    sparse, trailing = _chance(rng, 0.2), _chance(rng, 0.2)
    for row, label in zip(table.features, table.labels, strict=True):
        if _chance(rng, 0.1):
            lines.append(str(rng.choice(["", "  ", "% a comment", "  % '"])))
        cells = [*[repr(value) for value in row], _quoted(rng, label)]
        if sparse:
            kept = [
                f"{place} {cell}" for place, cell in enumerate(cells) if cell not in ("0.0", "0") and cell != table.classes[0]
            ]
            lines.append("{" + ", ".join(kept) + "}" + _comment(rng))
        else:
            pad = " " * int(rng.integers(0, 3))
            lines.append(pad + f"{pad},{pad}".join(cells) + ("," if trailing else "") + _comment(rng))
    return _encoded(rng, "\n".join(lines) + "\n" * int(rng.integers(0, 3)))


def _case(rng: np.random.Generator, word: str) -> str:
    return [word, word.upper(), word.title()][rng.integers(3)]


def _blank(rng: np.random.Generator) -> str:
    return str(rng.choice([" ", "\t", "   "]))


def _comment(rng: np.random.Generator) -> str:
    return " % {no, yes}, 'a" if _chance(rng, 0.2) else ""


def _quoted(rng: np.random.Generator, word: str) -> str:
    if _chance(rng) and all(letter.isalnum() or letter in "_-" for letter in word):
        return word
    mark = str(rng.choice(["'", '"']))
    return mark + word.replace("\\", "\\\\").replace(mark, "\\" + mark) + mark
