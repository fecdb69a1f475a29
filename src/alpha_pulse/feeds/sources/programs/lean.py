"""QuantConnect LEAN's archives; prices of stocks are whole numbers in units of 1e-4."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

LEAN = Source(
    id="lean",
    title="QuantConnect LEAN's bars",
    shape=("minute", "open", "high", "low", "close", "volume"),
    file_name=r"(?:[0-9]{8}_)?(?P<symbol>[a-z0-9.]+?)(?:_(?:tick|second|minute|hour|daily))?(?:_(?:trade|quote))?",
    format="zip",
    stamp="open",
    price_scale=10_000,
    examples=(
        LayoutExample(
            "qqq.zip",
            "20150317 00:00,1064100,1070400,1061600,1068700,18705018\n"
            "20150318 00:00,1065700,1084100,1060300,1079200,37558204\n",
            "qqq",
        ),
    ),
)
