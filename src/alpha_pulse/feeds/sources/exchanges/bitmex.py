"""BitMEX's buckets of trades, stamped by the close."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

BITMEX = Source(
    id="bitmex",
    title="BitMEX's buckets of trades, stamped by the close",
    header=("timestamp", "open", "high", "low", "close", "trades", "volume", "vwap", "last_size", "turnover"),
    stamp="close",
    examples=(
        LayoutExample(
            "buckets.json",
            '[{"timestamp":"2019-12-02T13:00:00.000Z","symbol":"XBTUSD","open":7297.5,"high":7330,"low":7236.5,"close":7309.5,'
            '"trades":12,"volume":2207,"vwap":7300.1,"lastSize":1,"turnover":5,"homeNotional":1.0,"foreignNotional":1.0},'
            '{"timestamp":"2019-12-02T14:00:00.000Z","symbol":"XBTUSD","open":7309.5,"high":7327,"low":7283,"close":7307,'
            '"trades":9,"volume":1459,"vwap":7300.1,"lastSize":1,"turnover":5,"homeNotional":1.0,"foreignNotional":1.0}]',
            "XBTUSD",
        ),
    ),
)
