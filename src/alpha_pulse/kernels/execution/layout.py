"""The layout of execution's numbers: the packed state, and the rows that kernels read and write.

N symbols, B books, C open lots, R resting orders; money in minor units, quantities in parts of a unit, times in ns since the
epoch (UTC). A symbol without bars so far has rows of zeros.

============== ======= ============ ============================================================
Array          Type    Shape        Content
============== ======= ============ ============================================================
positions      int64   [N, B, 12]   ``POSITION`` and its sums, where its open lots begin and how many there are
lots           int64   [N, B, C, 8] a ring of open lots, oldest first from ``FIRST`` on
lot_prices     float64 [N, B, C]    the reference price at which each was opened
books          int64   [B, 9]       ``CASH`` and the equity of each book
curves         float64 [B, 3]       sums of its returns, and its largest drawdown
units          int64   [N, 3]       of each symbol: ``EXPONENT``, ``LOT``, ``MIN_ORDER``
freshness      int64   [N, 53]      of each symbol's data: ``FROZEN_BARS``, ``NEWEST_TS``, ``GAP_NS``, a ring of breaks
closes         float64 [N]          of each symbol's newest bar
resting        int64   [N, R, 7]    resting orders: ``LIVE`` stops, then ``WAITING`` orders, each in their order
resting_prices float64 [N, R, 2]    their ``STOP_PRICE`` and ``FRACTION``; NaN where they have none
counts         int64   [N, 2]       how many of these are ``LIVE`` and ``WAITING``
held           int64   [N, B]       what the venue's own fills left
quotes         float64 [N, 3]       distances from the close ``TO_BID`` and ``TO_ASK`` (NaN: no quotes), ``TICK`` (NaN: none)
============== ======= ============ ============================================================

Ids are numbers, see `alpha_pulse.venues.ids`: an order, and the fill of it, is ``2 * step``, and 1 more for a stop; a
signal is ``4 * step + source``; a prediction is the step that served it, or ``NO_ID``. Numbers below that stand for strings.
"""

from __future__ import annotations

# Positions.
(POSITION, BASIS, MARKED, REALISED_GROSS, REALISED_CHARGES, COSTS, FEES, TRADED, FILLS, CLOSED, FIRST, OPEN_LOTS) = range(12)
N_POSITION = 12

# Open lots: all but the first LOT_USED parts of a fill of LOT_QUANTITY are still held.
(LOT_QUANTITY, LOT_USED, LOT_VALUE, LOT_CHARGES, LOT_TS, LOT_ORDER, LOT_SIGNAL, LOT_PREDICTION) = range(8)
N_LOT = 8

# Books, and the sums of their returns.
CASH, VALUE, GROSS, INITIAL_CASH, EQUITY, MARKS, PEAK, DAY, DAY_START = range(9)
N_BOOK = 9
RETURNS, SQUARES, MAX_DRAWDOWN = range(3)
N_CURVE = 3

# Units.
EXPONENT, LOT, MIN_ORDER = range(3)
N_UNITS = 3

# Freshness of the data; the ring holds (time of day, length) of KEPT_BREAKS breaks.
FROZEN_BARS, NEWEST_TS, GAP_NS, BREAKS, NEXT_BREAK = range(5)
BREAK_RING = 5
KEPT_BREAKS = 24
N_FRESHNESS = BREAK_RING + 2 * KEPT_BREAKS

# Resting orders.
ORDER_BOOK, ORDER_KIND, ORDER_TS, ORDER_QUANTITY, ORDER_ID, ORDER_SIGNAL, ORDER_PREDICTION = range(7)
N_ORDER = 7
MARKET, STOP = range(2)
STOP_PRICE, FRACTION = range(2)
N_ORDER_PRICES = 2
LIVE, WAITING = range(2)
TO_BID, TO_ASK, TICK = range(3)
N_QUOTES = 3

# Costs of the venue, as fractions; the latency in ns, a whole double.
FEE, HALF_SPREAD, SLIPPAGE, LATENCY_NS = range(4)
N_COSTS = 4

# Settings of execution: limits, sizes, costs in basis points.
(
    MAX_POSITION, MAX_ORDER, MAX_DAILY_LOSS, STALE_AFTER, FROZEN_AFTER, TARGET_VOLATILITY, BAND, STOP_VOLATILITIES,
    FEE_BPS, HALF_SPREAD_BPS, SLIPPAGE_BPS,
) = range(11)  # fmt: skip
N_SETTINGS = 11

# Entry rules, one per book.
FOLLOW_COMBINED, COST_AWARE, FOLLOW_RULES, FOLLOW_ML, BUY_AND_HOLD = range(5)

# Bars: rows of int64 and of float64.
BAR_SYMBOL, BAR_TS, BAR_INTERVAL, BAR_STEP = range(4)
N_BAR = 4
OPEN, HIGH, LOW, CLOSE, BID, ASK = range(6)
N_BAR_PRICES = 6

# What a decision is made from, one row of float64 per symbol; a direction or probability of NaN is none. PREDICTED is not 0
# where a prediction of this step took part in the combined signal and that of the model.
COMBINED, RULES, ML, VOLATILITY, PLAIN_VOLATILITY, QUALITY, PROBABILITY, HORIZON, BARS_PER_YEAR, PREDICTED = range(10)
N_INPUTS = 10

# Ids.
NO_ID = -1
SIGNAL_COMBINED, SIGNAL_RULES, SIGNAL_ML, SIGNAL_OF_BOOK = range(4)

# Events: one row of int64 and one of float64 each, in the order in which they happened.
TYPE, EVENT_SYMBOL, EVENT_BOOK = range(3)
N_EVENT, N_EVENT_PRICES = 19, 4
FILL, CLOSED_LOT, REFUSED_FILL, ORDER, REFUSAL, ABSTENTION = range(1, 7)

# Of a FILL; and of a CLOSED_LOT, whose EVENT_ID is that of the closing fill.
EVENT_TS, EVENT_QUANTITY, EVENT_COST, EVENT_FEE, EVENT_ID, EVENT_SIGNAL, EVENT_PREDICTION = range(3, 10)
PRICE, REFERENCE = range(2)
CLOSED_CHARGES, CLOSED_GROSS = EVENT_COST, EVENT_FEE
CLOSED_OPENED_TS, CLOSED_OPEN_ID, CLOSED_RANK, CLOSED_PUT_IN = range(10, 14)
OPEN_REFERENCE, CLOSE_REFERENCE, CLOSED_RETURN = range(3)

# Of a REFUSED_FILL: EVENT_ID and EVENT_SIGNAL of the order, the equity in EVENT_COST; price and fraction.
REFUSED_EQUITY = EVENT_COST
REFUSED_PRICE, REFUSED_FRACTION = range(2)

# Of an ORDER: EVENT_QUANTITY, its kind in EVENT_COST; stop price and fraction.
EVENT_KIND = EVENT_COST

# Of a REFUSAL: the request, the numbers of its limits, and a bit per reason.
(
    ASKED_QUANTITY, ASKED_AFTER, ASKED_HELD, ASKED_EQUITY, ASKED_DAY_START, ASKED_AGE, ASKED_INTERVAL, ASKED_FROZEN,
    ASKED_OTHERS, REASONS, WORTH, MOST_WORTH, ORDER_WORTH, MOST_ORDER_WORTH, LOSS, MOST_LOSS,
) = range(3, 19)  # fmt: skip
ASKED_PRICE, ASKED_AFTER_SIZE, ASKED_SIZE = range(3)
NOT_FINITE, NOT_POSITIVE, TOO_LARGE, POSITION_LIMIT, ORDER_LIMIT, LOSS_LIMIT, STALE, FROZEN = (2**bit for bit in range(8))

# Of an ABSTENTION: the reason in EVENT_TS; gain and cost as fractions.
WHY = EVENT_TS
FOLLOWED, NO_PROBABILITY, GAIN_BELOW_COST, UNSIZED = range(4)
GAIN, COST = range(2)

# The counter of events is an int64 array of one element.

# What a kernel answers.
DONE, LOTS_FULL, EVENTS_FULL, NO_VOLATILITY, ORDERS_FULL, OVERFLOW = range(6)
