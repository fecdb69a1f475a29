"""CoinMarketCap's historical data, whose column name contains numbers of currencies."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

COINMARKETCAP = Source(
    id="coinmarketcap",
    title="CoinMarketCap's historical data",
    header=("time_open", "time_close", "time_high", "time_low", "open", "high", "low", "close", "market_cap"),
    file_name=r"(?P<symbol>.+?)_[0-9.]+-[0-9.]+_historical_data_coinmarketcap",
    unused=("name",),
    stamp="open",
    examples=(
        LayoutExample(
            "Bitcoin_2.1.2024-3.1.2024_historical_data_coinmarketcap.csv",
            "timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;timestamp\n"
            '"2024-01-03T00:00:00.000Z";"2024-01-03T23:59:59.999Z";"2024-01-03T01:19:00.000Z";"2024-01-03T12:08:00.000Z";"2781";'
            '44961.6;45503.2;40813.5;42848.2;46342323117.5;839252222222.9;"2024-01-03T23:59:59.999Z"\n'
            '"2024-01-02T00:00:00.000Z";"2024-01-02T23:59:59.999Z";"2024-01-02T13:22:00.000Z";"2024-01-02T00:04:00.000Z";"2781";'
            '44187.1;45899.7;44176.9;44957.9;39335274536.1;880568686986.1;"2024-01-02T23:59:59.999Z"\n',
            "Bitcoin",
        ),
    ),
)
