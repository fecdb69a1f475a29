"""Random bars written in a random way read back equal, or are refused with a sentence that is true."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.feeds.reading import MarketData, ReadOptions, read
from layouts.ambiguity import why_refused
from layouts.compare_bars import assert_same_bars
from layouts.random_files import frame, write_json, write_text
from layouts.random_styles import Style, styles
from layouts.random_tables import tables

MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@MANY
@given(st.data())
def test_delimited_text(data: st.DataObject) -> None:
    stacked = data.draw(st.booleans(), label="stacked")
    named = stacked or data.draw(st.booleans(), label="named")
    symbols = ("ABC", "XYZ") if stacked else ("ABC",)
    bars = data.draw(tables(symbols), label="bars")
    style = data.draw(styles(bars[0].interval, stacked, named), label="style")
    assume(style.thousands != "." or any("." in price for row in bars[0].rows for price in row.prices))  # 1.234 is a decimal
    stated = data.draw(st.booleans(), label="interval stated")
    options = ReadOptions(
        tz=style.zone if style.needs_tz else None,
        interval=show_interval(bars[0].interval) if stated else None,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = write_text(bars, style, Path(folder), "ABC")
        try:
            found: MarketData | str = read([path], options)
        except DataError as error:
            found = str(error)
    if isinstance(found, str):
        assert why_refused(found, bars, style, stated), found
        return
    assert_same_bars(found.bars, bars, symbols, float if "volume" in style.columns else None)


PLAIN = Style(
    columns=("time", "open", "high", "low", "close", "volume"),
    names=("Date", "Open", "High", "Low", "Close", "Volume"),
    clock="ms",
    zone="UTC",
)


@given(st.data())
def test_parquet_and_feather(data: st.DataObject) -> None:
    bars = data.draw(tables(), label="bars")
    time = data.draw(st.sampled_from(("int", "datetime", "zoned", "text")), label="time")
    kind = data.draw(st.sampled_from(("parquet", "feather", "arrow")), label="kind")
    table = frame(bars, PLAIN, time)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"ABC.{kind}"
        table.write_parquet(path) if kind == "parquet" else table.write_ipc(path)
        found = read([path], ReadOptions(tz="UTC" if time == "datetime" else None, interval=show_interval(bars[0].interval)))
    assert_same_bars(found.bars, bars, ("ABC",))


@given(st.data())
def test_json(data: st.DataObject) -> None:
    stacked = data.draw(st.booleans(), label="stacked")
    symbols = ("ABC", "XYZ") if stacked else ("ABC",)
    bars = data.draw(tables(symbols), label="bars")
    shape = data.draw(st.sampled_from(("rows", "columns", "lines", *(() if stacked else ("lists",)))), label="shape")
    columns = (*PLAIN.columns, "symbol") if stacked else PLAIN.columns
    style = Style(columns=columns, names=(), clock="ms", zone="UTC")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("ABC.jsonl" if shape == "lines" else "ABC.json")
        write_json(bars, style, path, shape)
        found = read([path], ReadOptions(interval=show_interval(bars[0].interval)))
    assert_same_bars(found.bars, bars, symbols)
