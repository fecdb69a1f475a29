"""NSE India's price history."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import LayoutExample, Source

NSE = Source(
    id="nse",
    title="NSE India's price history",
    header=("date", "series", "open", "high", "low", "prev_close", "ltp", "close", "vwap"),
    file_name=r"(?:Quote-Equity-)?(?P<symbol>.+?)-[A-Z]{2}-\d{2}-\d{2}-\d{4}-to-\d{2}-\d{2}-\d{4}",
    stamp="open",
    examples=(
        LayoutExample(
            "Quote-Equity-INFY-EQ-01-12-2017-to-08-06-2018.csv",
            '"Date ","series ","OPEN ","HIGH ","LOW ","PREV. CLOSE ","ltp ","close ","vwap ","52W H ","52W L ","VOLUME "'
            ',"VALUE "\n'
            '"04-Dec-2017","EQ","2,657.18","2,665.18","2,639.03","2,642.21","2,639.43","2,639.43","2,650.00","9,999.00","1.00",'
            '"4,02,315","1,00,000.00"\n'
            '"01-Dec-2017","EQ","2,645.10","2,650.62","2,605.52","2,626.24","2,642.21","2,642.21","2,630.00","9,999.00","1.00",'
            '"3,94,232","1,00,000.00"\n',
            "INFY",
        ),
    ),
)
