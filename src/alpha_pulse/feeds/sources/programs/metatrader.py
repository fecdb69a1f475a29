"""MetaTrader 5's export."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

METATRADER = Source(
    id="metatrader",
    title="MetaTrader 5's export",
    header=("date", "open", "high", "low", "close", "tickvol", "vol"),
    file_name=r"(?P<symbol>[A-Z0-9.#&]+?)_?(?:M1|M2|M3|M5|M10|M15|M20|M30|H1|H2|H3|H4|H6|H8|H12|D1|Daily|W1|Weekly|MN1?|Monthly)(?:_[0-9]+_[0-9]+)?",
    stamp="open",
    examples=(
        LayoutExample(
            "BTCUSD_H1.csv",
            "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
            "2019.12.02\t12:00:00\t7297.91\t7330.0\t7236.56\t7309.54\t2207\t0\t12\n"
            "2019.12.02\t13:00:00\t7308.88\t7327.09\t7283.0\t7307.13\t1459\t0\t12\n",
            "BTCUSD",
            "Europe/Athens",
        ),
    ),
)
