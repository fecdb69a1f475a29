"""All layouts by name, one of each way in which tools write bars."""

from __future__ import annotations

from layouts.brokers import BROKERS
from layouts.closes import CLOSES
from layouts.common_tools import COMMON_TOOLS
from layouts.daily import DAILY
from layouts.exchanges import EXCHANGES
from layouts.exports import EXPORTS
from layouts.layout import Layout
from layouts.vendors import VENDORS
from layouts.web_responses import WEB_RESPONSES

LAYOUTS: dict[str, Layout] = {
    one.name: one for one in (*COMMON_TOOLS, *EXCHANGES, *CLOSES, *BROKERS, *VENDORS, *WEB_RESPONSES, *DAILY, *EXPORTS)
}
