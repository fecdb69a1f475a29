"""Finam's export."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

FINAM = Source(
    id="finam",
    title="Finam's export",
    header=("ticker", "per", "date", "time", "open", "high", "low", "close", "vol"),
    lacks=("openint",),
    examples=(
        LayoutExample(
            "SBER_240102_240103.txt",
            "<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n"
            "SBER;60;20240103;100000;271.90;272.51;271.50;272.30;1203340\n"
            "SBER;60;20240103;110000;272.30;272.80;272.00;272.55;903340\n",
            "SBER",
            "Europe/Moscow",
        ),
    ),
)
