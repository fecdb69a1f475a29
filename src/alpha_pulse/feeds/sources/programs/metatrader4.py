"""MetaTrader 4's export, without a header."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

METATRADER4 = Source(
    id="metatrader4",
    title="MetaTrader 4's export, without a header",
    shape=("date", "clock", "open", "high", "low", "close", "volume"),
    file_name=r"(?P<symbol>[A-Z0-9.#&]*[A-Z.#&])_?(?:M1|M5|M15|M30|H1|H4|D1|W1|MN|1|5|15|30|60|240|1440|10080|43200)",
    stamp="open",
    examples=(
        LayoutExample(
            "EURUSD60.csv",
            "2019.12.02,12:00,1.10212,1.10350,1.10200,1.10310,2207\n2019.12.02,13:00,1.10310,1.10330,1.10270,1.10290,1459\n",
            "EURUSD",
            "Europe/Athens",
        ),
    ),
)
