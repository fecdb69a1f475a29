from __future__ import annotations

import struct
import sys
import threading
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError
from alpha_pulse.journal.codec import Encoding, TableLayout, decode, encode

Tables = dict[str, NDArray[Any]]
Layouts = tuple[TableLayout, ...]

SMALLEST, LARGEST = -(2**63), 2**63 - 1
edges = st.sampled_from([SMALLEST, SMALLEST + 1, -1, 0, 1, 255, 256, 2**53, LARGEST])
integers = st.one_of(edges, st.integers(SMALLEST, LARGEST), st.integers(-300, 300))
special = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 2.2e-308, sys.float_info.max, 2.0**52])
with_decimals = st.builds(lambda whole, decimals: whole / 10**decimals, st.integers(-(10**12), 10**12), st.integers(0, 10))
doubles = st.one_of(special, with_decimals, st.floats())


def bits(array: NDArray[Any]) -> list[Any]:
    """The bits of each cell; those of every NaN are equal."""
    if array.dtype == np.float64:
        array = np.where(np.isnan(array), np.nan, array)
    cells: list[Any] = array.view(np.int64).tolist()
    return cells


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Layouts, Tables]:
    layouts, tables = [], {}
    for number in range(draw(st.integers(0, 4))):
        encoding: Encoding = draw(st.sampled_from(["integers", "decimals", "prices", "floats"]))
        shape = draw(st.tuples(st.integers(0, 5), st.integers(0, 4)))
        decimals = draw(st.integers(0, 15)) if encoding == "decimals" else 0
        columns = tuple(f"c{column}" for column in range(shape[1]))
        layout = TableLayout(f"table {number}", columns, encoding, decimals)
        if encoding == "integers":
            tables[layout.name] = draw(arrays.arrays(np.int64, shape, elements=integers))
        else:
            values = draw(st.sampled_from([doubles, with_decimals, st.sampled_from([0.0, -0.0, np.nan])]))
            tables[layout.name] = draw(arrays.arrays(np.float64, shape, elements=values))
        layouts.append(layout)
    return tuple(layouts), tables


@given(blocks())
def test_what_is_read_equals_what_was_written_bit_for_bit(block: tuple[Layouts, Tables]) -> None:
    layouts, tables = block
    read = decode(layouts, encode(layouts, tables))
    assert list(read) == [layout.name for layout in layouts]
    for name, table in tables.items():
        assert read[name].dtype == table.dtype
        assert read[name].shape == table.shape
        assert bits(read[name]) == bits(table)


def test_floats_keep_even_the_bits_of_a_nan() -> None:
    odd = np.array([[0x7FF8_0000_0000_0001], [-1], [0x7FF0_0000_0000_0000]], np.int64)
    layouts = (TableLayout("odd", ("value",), "floats"),)
    read = decode(layouts, encode(layouts, {"odd": odd.view(np.float64)}))
    assert read["odd"].view(np.int64).tolist() == odd.tolist()


def test_differences_wrap_around() -> None:
    extremes = np.array([[SMALLEST], [LARGEST], [SMALLEST], [0], [LARGEST]], np.int64)
    layouts = (TableLayout("t", ("value",), "integers"),)
    assert decode(layouts, encode(layouts, {"t": extremes}))["t"].tolist() == extremes.tolist()


def test_blocks_that_were_stored_stay_readable() -> None:
    layouts = (
        TableLayout("times", ("start", "end"), "integers"),
        TableLayout("values", ("a", "b", "c"), "prices"),
        TableLayout("none", ("a",), "floats"),
    )
    stored = (
        "996377cc28b52ffd203fcd0100040301ff11060103ffff2228580202025858b00400ff02f858f80200ff321188309a5301700201aaaa7f8035"
        "55555555555602008108dadc1d"
    )
    read = decode(layouts, bytes.fromhex(stored))
    assert read["times"].tolist() == [[300, 600], [600, 900], [900, SMALLEST]]
    assert bits(read["values"]) == bits(np.array([[27394.78, -0.0, 1 / 3], [27396.62, np.nan, np.inf]]))
    assert read["none"].shape == (0, 1)


LAYOUTS = (
    TableLayout("times", ("start", "end"), "integers"),
    TableLayout("features", tuple("abcde"), "decimals", 6),
    TableLayout("prices", ("open", "close"), "prices"),
    TableLayout("values", ("first",), "floats"),
)


def random_tables(rows: int) -> Tables:
    rng = np.random.default_rng(7)
    return {
        "times": 300 * np.arange(2 * rows, dtype=np.int64).reshape(rows, 2),
        "features": np.round(rng.normal(size=(rows, 5)), 6),
        "prices": np.round(100 + rng.normal(size=(rows, 2)).cumsum(0), 2),
        "values": rng.normal(size=(rows, 1)),
    }


def test_numbers_of_few_decimals_take_few_bytes() -> None:
    def size(encoding: Encoding, decimals: int, name: str) -> int:
        table = random_tables(1_000)[name]
        layouts = (TableLayout(name, tuple("abcde"[: table.shape[1]]), encoding, decimals),)
        return len(encode(layouts, {name: table}))

    assert size("decimals", 6, "features") < 0.5 * size("floats", 0, "features") < 0.5 * 8 * 5_000
    assert size("prices", 0, "prices") < 0.3 * size("floats", 0, "prices")
    assert size("integers", 0, "times") < 100
    assert size("decimals", 5, "features") == size("floats", 0, "features")


@given(st.integers(0), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    data = bytearray(encode(LAYOUTS, random_tables(40)))
    data[place % len(data)] ^= change
    with pytest.raises(StateError, match=r"^the columns of its block are damaged, or [^;]+$"):
        decode(LAYOUTS, bytes(data))


def test_missing_and_added_bytes_are_noticed() -> None:
    data = encode(LAYOUTS, random_tables(40))
    for wrong in [data[:end] for end in range(len(data))] + [data + b"\0", data + data]:
        with pytest.raises(StateError, match="their checksum differs"):
            decode(LAYOUTS, wrong)


@pytest.mark.parametrize(
    "other",
    [
        LAYOUTS[:3],
        LAYOUTS[::-1],
        (*LAYOUTS, TableLayout("more", (), "floats")),
        (*LAYOUTS[:3], TableLayout("values", ("second",), "floats")),
        (*LAYOUTS[:3], TableLayout("values", ("first",), "decimals", 3)),
    ],
)
def test_another_layout_is_noticed(other: Layouts) -> None:
    with pytest.raises(StateError, match="were written with another layout"):
        decode(other, encode(LAYOUTS, random_tables(3)))


def sealed(layouts: Layouts, frame: bytes) -> bytes:
    """A frame with the checksum of ``layouts``, as only this program's own defect or an attacker writes it."""
    return struct.pack("<I", zlib.crc32(frame, zlib.crc32(msgspec.json.encode(layouts)))) + frame


def frame_of(layouts: Layouts, tables: Tables) -> bytes:
    return encode(layouts, tables)[4:]


def changed_body(change: Callable[[bytes], bytes]) -> bytes:
    body = zstandard.ZstdDecompressor().decompress(frame_of(LAYOUTS, random_tables(40)))
    return zstandard.ZstdCompressor().compress(change(body))


def with_rows(*rows: int) -> bytes:
    """A frame of four tables that states these numbers of rows, and nothing else."""
    layouts = (TableLayout("rows", ("rows",), "integers"),)
    body = zstandard.ZstdDecompressor().decompress(frame_of(layouts, {"rows": np.array(rows).reshape(-1, 1)}))
    return zstandard.ZstdCompressor().compress(body[3:])


WRONG_FRAMES = {
    "no frame": (b"", "determining content size"),
    "no zstd": (b"plain text", "determining content size"),
    "two frames": (2 * frame_of(LAYOUTS, random_tables(2)), "unused data"),
    "half a frame": (frame_of(LAYOUTS, random_tables(40))[:-9], "decompress"),
    "gigabytes": (bytes.fromhex("28b52ffde0") + struct.pack("<Q", 2**40) + b"\1\0\0", "stated size is impossible"),
    "a frame without size": (
        zstandard.ZstdCompressor(write_content_size=False).compress(b"0"),
        "the stated size is impossible",
    ),
    "an empty body": (zstandard.ZstdCompressor().compress(b""), "a table is incomplete"),
    "more bytes": (changed_body(lambda body: body + b"\0"), "1 bytes follow the last table"),
    "fewer bytes": (changed_body(lambda body: body[:-1]), "a table is incomplete"),
    "no rows": (with_rows(0, 1, 1, 1), "a table is incomplete"),
    "billions of rows": (with_rows(1, 2**40, 1, 1), "the number of rows is impossible"),
    "a width that does not exist": (
        changed_body(lambda body: body[:5] + b"\x90" + body[6:] + bytes(9)),
        "a table is incomplete",
    ),
    "negative rows": (with_rows(1, 1, -1, 1), "the number of rows is impossible"),
    "a form that does not exist": (changed_body(lambda body: body[:3] + b"\x20" + body[4:]), "a table is incomplete"),
}


@pytest.mark.parametrize("what", WRONG_FRAMES)
def test_a_wrong_frame_with_the_right_checksum_is_refused(what: str) -> None:
    frame, cause = WRONG_FRAMES[what]
    with pytest.raises(StateError, match=cause):
        decode(LAYOUTS, sealed(LAYOUTS, frame))


@given(st.binary(max_size=200))
def test_random_bodies_are_read_or_refused(body: bytes) -> None:
    try:
        tables = decode(LAYOUTS, sealed(LAYOUTS, zstandard.ZstdCompressor().compress(body)))
    except StateError:
        return
    assert list(tables) == [layout.name for layout in LAYOUTS]


@pytest.mark.parametrize(
    "table",
    [np.zeros((3, 2)), np.zeros(1), np.zeros((3, 1), np.int64), np.zeros((3, 1), np.float32), np.zeros((6, 1))[::2]],
)
def test_a_table_that_is_not_as_stated_is_refused(table: NDArray[Any]) -> None:
    layouts = (TableLayout("values", ("first",), "floats"),)
    with pytest.raises(ValueError, match=r"table values is .+; C-contiguous float64 with 1 columns is expected"):
        encode(layouts, {"values": table})


def test_impossible_decimals_and_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="table t: decimals is 16; 0 to 15 are possible"):
        encode((TableLayout("t", (), "decimals", 16),), {"t": np.zeros((1, 0))})
    wide = tuple(map(str, range(2_048)))
    with pytest.raises(ValueError, match="write blocks of fewer steps"):
        encode((TableLayout("t", wide, "integers"),), {"t": np.zeros((2**15 + 1, 2_048), np.int64)})


def test_threads_have_their_own_space() -> None:
    written: dict[int, bytes] = {}

    def work(rows: int) -> None:
        for _ in range(20):
            written[rows] = encode(LAYOUTS, random_tables(rows))

    threads = [threading.Thread(target=work, args=(rows,)) for rows in (500, 900, 1_300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for rows, data in written.items():
        assert bits(decode(LAYOUTS, data)["features"]) == bits(random_tables(rows)["features"])
