"""All layouts by name, one of each way in which tools write bars."""

from __future__ import annotations

from layouts.answers import ANSWERS
from layouts.brokers import BROKERS
from layouts.closes import CLOSES
from layouts.daily import DAILY
from layouts.exchanges import EXCHANGES
from layouts.exports import EXPORTS
from layouts.given import GIVEN
from layouts.layout import Layout
from layouts.vendors import VENDORS

LAYOUTS: dict[str, Layout] = {
    one.name: one for one in (*GIVEN, *EXCHANGES, *CLOSES, *BROKERS, *VENDORS, *ANSWERS, *DAILY, *EXPORTS)
}
