"""Random tables in random styles read back equal; damaged files are read as they stand, or refused in one true sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.evaluation.streams.named import open_stream
from stream_writers import LETTERS, PLAIN, Table, as_arff, as_csv, random_table

INSERTED = [
    ",",
    ";",
    "\t",
    '"',
    "'",
    "\\",
    "{",
    "}",
    "%",
    "?",
    "\n",
    "\r",
    " ",
    "@",
    "1",
    "e",
    "-",
    "\0",
    "\ufeff",
    "é",
    "@data\n",
]


def same(stream: Stream, table: Table, classes: list[str]) -> None:
    assert np.array_equal(stream.features, np.array(table.features))
    assert list(stream.classes) == classes
    assert [stream.classes[label] for label in stream.labels] == table.labels


def read(path: Path, raw: bytes) -> Stream:
    path.write_bytes(raw)
    return open_stream(str(path))


def read_or_refused(path: Path, raw: bytes) -> Stream | str:
    """The stream, or the sentence that refuses it."""
    try:
        return read(path, raw)
    except AlphaPulseError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(4))
def test_arff_reads_back_equal(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(100):
        table = random_table(rng, LETTERS)
        stream = read(tmp_path / "s.arff", as_arff(rng, table))
        same(stream, table, table.classes[::-1] if len(table.classes) == 2 else table.classes)


@pytest.mark.parametrize("seed", range(4))
def test_csv_reads_back_equal(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    unsure = 0
    for _ in range(100):
        header = bool(rng.random() < 0.6)
        table = random_table(rng, LETTERS if header else PLAIN)
        raw = as_csv(rng, table, header=header)
        found = read_or_refused(tmp_path / "s.csv", raw)
        if isinstance(found, Stream):
            same(found, table, sorted(set(table.labels)))
        else:
            assert not header, found
            assert "the first row (" in found
            unsure += 1
    assert unsure < 10


def damaged(rng: np.random.Generator, raw: bytes) -> bytes:
    """One or two changes: something inserted, deleted, repeated, or the end cut."""
    for _ in range(int(rng.integers(1, 3))):
        at, end = sorted(rng.integers(0, len(raw) + 1, 2).tolist())
        middle = [
            str(rng.choice(INSERTED)).encode() + raw[at:end],
            raw[at + 1 : end],
            b"",
            2 * raw[at:end],
            bytes(rng.integers(0, 256, 1).tolist()) + raw[at + 1 : end],
        ][rng.integers(5)]
        raw = raw[:at] + middle + (raw[end:] if rng.random() < 0.95 else b"")
    return raw


def read_damaged(folder: Path, seed: int, count: int) -> tuple[int, int]:
    """How many of ``count`` damaged files were read and refused."""
    rng = np.random.default_rng(seed)
    found = 0
    for at in range(count):
        table = random_table(rng, LETTERS)
        raw = damaged(rng, as_arff(rng, table) if at % 2 else as_csv(rng, table, header=bool(at % 4)))
        stream = read_or_refused(folder / "s.txt", raw)
        if isinstance(stream, Stream):
            found += 1
            assert len(stream.labels) <= raw.count(b"\n") + raw.count(b"\r") + 1
            assert np.isfinite(stream.features).all()
        else:
            assert stream.startswith(f"file {folder / 's.txt'}"), stream
            assert "\n" not in stream, stream
            assert len(stream) < 1_000, stream
    return found, count - found


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    read_there, refused = read_damaged(tmp_path, 1, 400)
    assert read_there > 50
    assert refused > 50


def test_damaged_parquet_is_read_or_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    pl.DataFrame({"a": rng.random(50), "y": rng.choice(["x", "y"], 50)}).write_parquet(tmp_path / "s.parquet")
    raw, refused = (tmp_path / "s.parquet").read_bytes(), 0
    for _ in range(300):
        changed = bytearray(raw)
        for place in rng.integers(0, len(raw), 3):
            changed[place] = rng.integers(0, 256)
        refused += isinstance(read_or_refused(tmp_path / "s.parquet", bytes(changed)), str)
    assert refused > 100


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_damaged_files_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    read_damaged(tmp_path, seed, 10_000)
