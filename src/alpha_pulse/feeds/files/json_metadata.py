"""Metadata of a table in JSON: the symbol and the time zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from alpha_pulse.feeds.cells.column_names import plain
from alpha_pulse.feeds.cells.local_times import is_zone

_SYMBOLS = (
    "symbol", "ticker", "pair", "instrument", "instrument_name", "product_id", "digital_currency_code", "dataset_code",
)  # fmt: skip
_PAIR = ("from_symbol", "to_symbol")
"""Two currencies that form the symbol, as in Alpha Vantage."""
_ZONES = ("exchange_timezone_name", "time_zone", "timezone", "exchange_timezone")
"""Keys of the time zone; a value such as EDT, which is not a zone name, is skipped."""
_INSIDE = ("meta", "meta_data", "metadata")
_CHANNEL = re.compile(r"market\.([^.]+)\.kline\..*")
"""The channel in responses of Huobi: market.btcusdt.kline.60min."""


def table_metadata(value: Mapping[str, Any]) -> dict[str, str]:
    """The symbol and the time zone of a table, from the object that contains it, or from a metadata object there.

    >>> table_metadata({"Meta Data": {"2. From Symbol": "EUR", "3. To Symbol": "USD"}, "rows": []})
    {'symbol': 'EURUSD'}
    >>> table_metadata({"timezone": "EDT", "exchangeTimezoneName": "America/New_York"})
    {'tz': 'America/New_York'}
    """
    metadata: dict[str, str] = {}
    for part in (value, *(inner for key, inner in value.items() if plain(key) in _INSIDE and isinstance(inner, dict))):
        text = {plain(key): words.strip() for key, words in part.items() if isinstance(words, str) and words.strip()}
        pair = [text[name] for name in _PAIR if name in text]
        channel = _CHANNEL.fullmatch(text.get("ch", ""))
        symbols = [text[name] for name in _SYMBOLS if name in text] + ["".join(pair)] * (len(pair) == len(_PAIR))
        zones = [text[name] for name in _ZONES if name in text and is_zone(text[name])]
        for ours, values in (("symbol", symbols + ([channel[1]] if channel else [])), ("tz", zones)):
            if values:
                metadata.setdefault(ours, values[0])
    return metadata
