"""The outcome of a trade from plain numbers."""

import pytest

from alpha_pulse.core.errors import DataError
from alpha_pulse.core.types import Signal
from alpha_pulse.feedback.trade_outcome import trade_outcome


def test_a_trade_is_not_closed_before_it_is_opened() -> None:
    signal = Signal("s1", "trend", "BTCUSDT", 0, 0.5, None, 0.5)
    with pytest.raises(DataError, match=r"the outcome 't1' has opened_ts 9 after closed_ts 1"):
        trade_outcome(signal, "t1", quantity=2.0, open_price=100.0, close_price=103.0, net_pnl=5.5, opened_ts=9, closed_ts=1)
