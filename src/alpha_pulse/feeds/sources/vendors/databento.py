"""Databento's OHLCV."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

DATABENTO = Source(
    id="databento",
    title="Databento's OHLCV",
    header=("ts_event", "rtype", "publisher_id", "instrument_id", "open", "high", "low", "close", "volume"),
    price_scale=1_000_000_000,
    stamp="open",
    examples=(
        LayoutExample(
            "glbx-mdp3-20240102.ohlcv-1h.csv",
            "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
            "1704196800000000000,34,1,4916,4820250000000,4822500000000,4819000000000,4821750000000,1234,ESH4\n"
            "1704200400000000000,34,1,4916,4821750000000,4823000000000,4820000000000,4820500000000,1500,ESH4\n",
            "ESH4",
        ),
    ),
)
