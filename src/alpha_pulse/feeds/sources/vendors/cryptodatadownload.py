"""CryptoDataDownload."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

CRYPTODATADOWNLOAD = Source(
    id="cryptodatadownload",
    title="CryptoDataDownload",
    header=("date", "symbol", "open", "high", "low", "close"),
    file_name=r"[A-Z0-9]+_(?P<symbol>[A-Z0-9]+)_(?:[0-9]{4}_)?(?:minute|[0-9]+[mh]|[0-9]?h|d|daily)",
    above="cryptodatadownload",
    stamp="open",
    tz="UTC",
    examples=(
        LayoutExample(
            "Binance_BTCUSDT_1h.csv",
            "https://www.CryptoDataDownload.com\n"
            "Unix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USDT,tradecount\n"
            "1575291600000,2019-12-02 13:00:00,BTCUSDT,7308.88,7327.09,7283.0,7307.13,1459.186658,10662466.6,1234\n"
            "1575288000000,2019-12-02 12:00:00,BTCUSDT,7297.91,7330.0,7236.56,7309.54,2207.804367,16138034.3,1234\n",
            "BTCUSDT",
        ),
    ),
)
