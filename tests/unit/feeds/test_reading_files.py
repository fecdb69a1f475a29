"""Files as they lie on disks: packed, in other encodings, with other separators, several at once."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.core.errors import DataError
from alpha_pulse.data import read as read_any
from alpha_pulse.feeds.files.paths import expand
from alpha_pulse.feeds.market_data import MarketData, ReadOptions
from alpha_pulse.feeds.reading import read

START = 1_704_196_800
ROWS = [(START + 3_600 * at, 10.25 + at, 11.5 + at, 9.125 + at, 10.75 + at, 1_200 + at) for at in range(6)]
HEADER = ("time", "open", "high", "low", "close", "volume")
TEXT = "\n".join(",".join(map(str, row)) for row in (HEADER, *ROWS)) + "\n"


def zipped(data: bytes, *more: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("BTCUSDT.csv", data)
        archive.writestr("__MACOSX/._BTCUSDT.csv", b"\0")
        for name in more:
            archive.writestr(name, data)
    return packed.getvalue()


def one(folder: Path, data: bytes | str, name: str = "BTCUSDT.csv", **options: object) -> MarketData:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read([path], ReadOptions(**options))  # type: ignore[arg-type]


def numbers(data: MarketData) -> list[tuple[float, ...]]:
    bars = data.bars
    assert bars.volume is not None
    columns = (bars.ts_start // 10**9, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        zstandard.compress,
        lambda data: zstandard.compress(data[:70]) + zstandard.compress(b"") + zstandard.compress(data[70:]),
        zipped,
        lambda data: gzip.compress(zipped(data)),
        lambda data: zipped(gzip.compress(data)),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.decode().encode("utf-16-be"),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\n", b"\r"),
        lambda data: data.replace(b"\n", b"\n\n"),
        lambda data: b"\n\n" + data.replace(b"\n", b"\n  \n\t\n", 1) + b"\n\n\n",
        lambda data: data.rstrip(),
        lambda data: data.replace(b"\n", b",\n"),
        lambda data: data.replace(b"\n", b",,\n"),
        lambda data: b'"' + data.replace(b"\n", b'"\n"').replace(b",", b'","').removesuffix(b'"'),
        lambda data: data.replace(b",", b" , "),
        lambda data: data.replace(b",", b"\t"),
        lambda data: data.replace(b",", b";").replace(b".", b","),
        lambda data: data.replace(b",", b"|"),
        lambda data: b"sep=;\n" + data.replace(b",", b";"),
        lambda data: b"A title\nof two lines, with a comma\n\n" + data,
        lambda data: data + b"Downloaded from a site as of today\n",
        lambda data: data.partition(b"\n")[2],
    ],
)
def test_the_same_bars_in_other_bytes(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    data = one(tmp_path, pack(TEXT.encode()))
    assert numbers(data) == [tuple(map(float, row)) for row in ROWS]
    assert data.bars.symbols == ("BTCUSDT",)
    assert data.bars.interval_ns == HOUR_NS


def test_a_zstd_file_of_several_parts_is_read_whole_or_refused(tmp_path: Path) -> None:
    rows = [f"{START + 60 * at},{10 + at % 7}.5,17,9,10,{at * at * 7919 % 9973}" for at in range(20_000)]
    text = "\n".join([",".join(HEADER), *rows]) + "\n"
    packed = zstandard.compress(text.encode())
    data = one(tmp_path, packed, "BTCUSDT.csv.zst")
    assert data.bars.volume is not None
    assert data.bars.volume.tolist() == [at * at * 7919 % 9973 for at in range(20_000)]
    for wrong in (packed[:-3], packed[:9_000], packed + packed[:7], packed + b"more"):
        with pytest.raises(DataError, match=r"BTCUSDT.csv cannot be unpacked as zstd \(.+\); give a complete file"):
            one(tmp_path, wrong)


def test_blank_lines_above_the_rows_count(tmp_path: Path) -> None:
    header, *rows = TEXT.splitlines()
    with pytest.raises(DataError, match=r"row 4: column 'high' is 'x'"):
        one(tmp_path, "\n".join([header, "", "", rows[0], rows[1].replace(",12.5,", ",x,"), *rows[2:]]))


def as_objects(**more: object) -> list[dict[str, object]]:
    return [dict(zip(HEADER, row, strict=True)) | more for row in ROWS]


@pytest.mark.parametrize(
    "value",
    [
        [list(row) for row in ROWS],
        [list(HEADER), *map(list, ROWS)],
        as_objects(),
        {"data": as_objects(), "next": None},
        {"result": {"XYZ": [list(row) for row in ROWS], "last": 7}},
        {"code": 0, "data": {"candles": [list(map(str, row)) for row in reversed(ROWS)]}},
        {name: [row[place] for row in ROWS] for place, name in enumerate(HEADER)},
        {"s": "ok", **{name[0]: [row[place] for row in ROWS] for place, name in enumerate(HEADER)}},
        {"columns": list(HEADER), "index": list(range(6)), "data": [list(row) for row in ROWS]},
        {name: {str(at): row[place] for at, row in enumerate(ROWS)} for place, name in enumerate(HEADER)},
        {str(row[0]): dict(zip(HEADER[1:], row[1:], strict=True)) for row in ROWS},
        [{"time": row[0], "volume": row[5], "mid": {"o": row[1], "h": row[2], "l": row[3], "c": row[4]}} for row in ROWS],
    ],
)
def test_the_same_bars_in_json(tmp_path: Path, value: object) -> None:
    data = one(tmp_path, json.dumps(value), "BTCUSDT.json")
    assert numbers(data) == [tuple(map(float, row)) for row in ROWS]
    assert data.bars.symbols in (("BTCUSDT",), ("XYZ",))
    lines = "\n".join(json.dumps(row) for row in (value if isinstance(value, list) else as_objects())) + "\n"
    assert numbers(one(tmp_path, lines, "BTCUSDT.jsonl")) == numbers(data)


def test_text_with_accents_is_no_hindrance(tmp_path: Path) -> None:
    german = TEXT.replace("time,open,high,low,close,volume", "Zeit,Eröffnung,Hoch,Tief,Schluss,Volumen")
    for encoding in ("utf-8", "cp1252", "utf-16"):
        assert numbers(one(tmp_path, german.encode(encoding))) == [tuple(map(float, row)) for row in ROWS]


def test_parquet_and_feather_of_any_types(tmp_path: Path) -> None:
    frame = pl.DataFrame([dict(zip(HEADER, row, strict=True)) for row in ROWS])
    wanted = [tuple(map(float, row)) for row in ROWS]
    variants = [
        frame,
        frame.with_columns(pl.col("open", "close").cast(pl.Decimal(20, 6)), pl.col("volume").cast(pl.UInt32)),
        frame.with_columns(pl.col("volume").cast(pl.String), pl.col("high").cast(pl.String).cast(pl.Categorical)),
        frame.with_columns(
            pl.from_epoch("time").dt.replace_time_zone("Asia/Tokyo").dt.convert_time_zone("UTC").dt.offset_by("9h")
        ),
        frame.with_columns(symbol=pl.lit("BTCUSDT").cast(pl.Categorical)),
        frame.with_columns(symbol=pl.lit("BTCUSDT").cast(pl.Enum(["BTCUSDT"]))),
        frame.rename({"time": "__index_level_0__"}).select(*HEADER[1:], "__index_level_0__"),
        frame.with_columns(pl.col("time").cast(pl.Float64)),
    ]
    for variant in variants:
        variant.write_parquet(tmp_path / "BTCUSDT.parquet")
        assert numbers(read([tmp_path / "BTCUSDT.parquet"])) == wanted
        variant.write_ipc(tmp_path / "BTCUSDT.feather")
        assert numbers(read([tmp_path / "BTCUSDT.feather"])) == wanted
        variant.write_ipc_stream(tmp_path / "BTCUSDT.bin")
        assert numbers(read([tmp_path / "BTCUSDT.bin"])) == wanted
        assert numbers(read_any(variant)) == wanted


def test_a_name_says_nothing_of_the_kind(tmp_path: Path) -> None:
    pl.DataFrame([dict(zip(HEADER, row, strict=True)) for row in ROWS]).write_parquet(tmp_path / "BTCUSDT.csv")
    assert len(read([tmp_path / "BTCUSDT.csv"]).bars.code) == 6
    assert len(one(tmp_path, TEXT, "BTCUSDT.parquet").bars.code) == 6


def test_files_of_one_symbol_join_and_those_of_several_combine(tmp_path: Path) -> None:
    header, *rows = TEXT.splitlines()
    for name, part in (("A-1h-2024-01", rows[:3]), ("A-1h-2024-02", rows[3:]), ("B-1h-2024-01", rows[1:])):
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *part]) + "\n", "utf-8")
    data = read(expand([tmp_path]))
    assert data.bars.symbols == ("A", "B")
    assert [int((data.bars.code == place).sum()) for place in (0, 1)] == [6, 5]
    assert [file.symbols for file in data.files] == [("A",), ("A",), ("B",)]
    assert numbers(read(expand([str(tmp_path / "A*.csv")]))) == [tuple(map(float, row)) for row in ROWS]
    turned = read([tmp_path / "A-1h-2024-02.csv", tmp_path / "A-1h-2024-01.csv"])
    assert numbers(turned) == [tuple(map(float, row)) for row in ROWS]
    assert read(expand([tmp_path]), ReadOptions(symbols=("B",))).bars.symbols == ("B",)
    with pytest.raises(DataError, match=r"these 3 files contains? no symbol 'C'"):
        read(expand([tmp_path]), ReadOptions(symbols=("C",)))


def test_a_zip_of_several_files_is_as_a_folder(tmp_path: Path) -> None:
    data = one(tmp_path, zipped(TEXT.encode(), "ETHUSDT.csv", "x/XRPUSDT.csv"), "all.zip")
    assert data.bars.symbols == ("BTCUSDT", "ETHUSDT", "XRPUSDT")
    [report] = data.files
    assert (report.symbols, report.rows, report.format) == (data.bars.symbols, 18, "zip, CSV")


def test_each_file_has_its_own_unit_of_time_but_none_has_two(tmp_path: Path) -> None:
    for month, factor, part in (("12", 1_000, ROWS[:3]), ("13", 1_000_000, ROWS[3:])):
        lines = [",".join(HEADER), *(",".join(map(str, (row[0] * factor, *row[1:]))) for row in part)]
        (tmp_path / f"A-1h-2024-{month}.csv").write_text("\n".join(lines), "utf-8")
    assert numbers(read(expand([tmp_path]))) == [tuple(map(float, row)) for row in ROWS]
    mixed = [",".join(map(str, (row[0] * (1_000 if at < 3 else 1_000_000), *row[1:]))) for at, row in enumerate(ROWS)]
    with pytest.raises(DataError, match=r"row 4: column 'time' is .* a number of ms since 1970, as in row 1"):
        one(tmp_path, "\n".join([",".join(HEADER), *mixed]))


@pytest.mark.parametrize("name", ["data.csv", "bars.csv", "my file.csv"])
def test_one_symbol_gives_its_name_to_a_file_that_names_none(tmp_path: Path, name: str) -> None:
    data = one(tmp_path, TEXT, name, symbols=("SPY",))
    assert data.bars.symbols == ("SPY",)
    assert data.files[0].symbol_from == "the option symbol"
    assert one(tmp_path, TEXT, name).bars.symbols == (name.removesuffix(".csv"),)


def test_what_is_no_file_of_bars_is_named(tmp_path: Path) -> None:
    for data, says in (
        (b"SQLite format 3\0" + bytes(100), "is an SQLite database, but CSV, JSON, Parquet or Feather"),
        (zipped(b"x", "[Content_Types].xml"), "is an Excel workbook"),
        (b"\x80\x04\x95", "pickle, which is never loaded"),
        (b"<!doctype html><html></html>", "is a web page"),
        (b"{}", "is JSON without a table of bars"),
        (b"[1, 2", "cannot be read as JSON"),
        (b"Dear reader,\nthere are no bars here.\n", "is not a table of bars: its first line is 'Dear reader,'"),
        (b"  \n\n", "is empty"),
        (gzip.compress(TEXT.encode())[:-9], "cannot be unpacked as gzip"),
        (zipped(TEXT.encode())[:80], "cannot be unpacked as zip"),
        (b"time,open,high,low,close\n", "there are no rows"),
        (
            b"time;open;high;low;close\n1704196800;1,234;1,235;1,233;1,234\n",
            "may be 1234 or 1.234, and no other number",
        ),
    ):
        with pytest.raises(DataError) as caught:
            one(tmp_path, data)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)


LONG = [f"{START + 60 * at},{10 + at % 7},{20 + at % 7},{9 + at % 7},{11 + at % 7},{at}" for at in range(20_000)]
LATE = 15_000


@pytest.mark.parametrize(
    "row",
    [
        LONG[LATE],
        "",
        "   ",
        LONG[LATE] + ",,",
        LONG[LATE] + ",7",
        LONG[LATE].replace(",", '","').join('""'),
        LONG[LATE].replace(",9,", ",x,").replace(",10,", ',",'),
        LONG[LATE] + "\n" + LONG[LATE],
        "Total",
        "\xe9",
        f"{START},1",
        LONG[LATE].replace(",", ", "),
    ],
)
def test_a_large_file_is_read_as_a_small_one_whatever_comes_late(
    tmp_path: Path, row: str, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "\n".join([",".join(HEADER), *LONG[:LATE], row, *LONG[LATE + 1 :]]).encode("cp1252") + b"\n"
    assert len(text) > 1 << 19

    def outcome(data: bytes) -> object:
        try:
            return numbers(one(tmp_path, data, duplicates="first"))
        except DataError as error:
            return str(error)

    assert outcome(text) == outcome(gzip.compress(text, 1))
    assert capfd.readouterr().err == ""


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "BTCUSDT"
    os.mkfifo(pipe)
    text = "\n".join([",".join(HEADER), *LONG]).encode()
    writer = threading.Thread(target=pipe.write_bytes, args=(text,), daemon=True)
    writer.start()
    data = read([pipe])
    writer.join()
    assert len(data.bars.code) == len(LONG)
