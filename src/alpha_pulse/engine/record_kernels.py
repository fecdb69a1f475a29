"""What the passes of a block gave, copied into the columns of the journal (see `alpha_pulse.journal.layout`).

The arrays of the passes contain older numbers where a row gave nothing. Here such places become 0 or NaN, so that equal runs
have equal columns.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.scores import LAST_KNOWN, NO_CHANGE, SERVED
from alpha_pulse.kernels.execution import layout as execution
from alpha_pulse.kernels.mixing.ensemble import ADAPTED, CONFIDENT, CONTROL, N_MIXED, RAW_BATCH, RAW_ONLINE, SERVING_WEIGHTS
from alpha_pulse.kernels.session import layout

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_AGE = -1
"""``label_age_ns`` where the online model has no label yet."""


@kernel
def record_bars(
    rows: Ints, block_slices: Ints, interval_ns: Ints, block_prices: Floats, symbol: int, clock: Ints, features: Floats,
    first: int, codes: Ints, out_prices: Floats, out_features: Floats, places: Ints,
) -> None:  # fmt: skip
    """Record the bars of one symbol, the ``rows`` of a block, and their features; NaN where it has too few bars.

    Parameters
    ----------
    block_slices, interval_ns, block_prices
        Of all rows of the block.
    symbol, clock, features
        The symbol's number; of its rows, see `alpha_pulse.engine.bar_rows.BarRows`.
    first
        Its first row in the columns.
    codes, out_prices, out_features, places
        Filled; ``places`` has for each row of the block its row in the columns.
    """
    for row in range(rows.shape[0]):
        source, out = rows[row], first + row
        places[source] = out
        known = clock[row, layout.HAS_FEATURES]
        codes[out, 0], codes[out, 1] = block_slices[source], symbol
        codes[out, 2], codes[out, 3] = interval_ns[source], known
        for k in range(out_prices.shape[1]):
            out_prices[out, k] = block_prices[source, k]
        for k in range(out_features.shape[1]):
            out_features[out, k] = features[row, k] if known == 1 else math.nan


@kernel
def _same(first: float, second: float) -> bool:
    return first == second or (math.isnan(first) and math.isnan(second))


@kernel
def _is_earlier(codes: Ints, values: Floats, row: int, origin: int) -> bool:
    """Whether the probabilities that a label scored are not those that row ``origin`` of the block served."""
    if origin < 0 or codes[origin, layout.WAS_SERVED] == 0:
        return True
    for place in (0, 1, 2, SERVED, NO_CHANGE, LAST_KNOWN, RAW_ONLINE):
        if not _same(values[row, layout.SCORED_ROW + place], values[origin, layout.SERVED_ROW + place]):
            return True
    return False


@kernel
def record_target(
    codes: Ints, values: Floats, clock: Ints, ts: Ints, of_direction: bool, horizon: int, target: int, first: int,
    out_codes: Ints, code: int, probabilities: Floats, probability: int, numbers: Floats, number: int, earlier: Floats,
    count: int,
) -> int:  # fmt: skip
    """Record the rows of one (symbol, target); returns how many rows ``earlier`` then has.

    Parameters
    ----------
    codes, values, clock, ts
        Of the rows, see `alpha_pulse.kernels.session.layout`; ``ts`` has one element per row.
    of_direction, horizon, target
        Whether labels have a weight and the return from the next open; bars until the label; the target's number.
    first
        The symbol's first row in the columns.
    out_codes, probabilities, numbers
        Filled from the columns ``code``, ``probability`` and ``number`` on.
    earlier, count
        Rows are added from ``count`` on.
    """
    for row in range(ts.shape[0]):
        out, status = first + row, codes[row, layout.STATUS]
        learned = status == layout.WEIGHTLESS or status == layout.SCORED_LABEL
        labelled = learned or status == layout.TIE
        compared = status == layout.SCORED_LABEL and codes[row, layout.COMPARED] == 1
        served = codes[row, layout.WAS_SERVED] == 1
        label_ts = codes[row, layout.LABEL_TS_AT_SERVING]
        out_codes[out, code] = status
        out_codes[out, code + 1] = codes[row, layout.LABEL_VALUE] if learned else 0
        out_codes[out, code + 2] = clock[row, layout.SEQ] - codes[row, layout.LABEL_STEP] if status != layout.NOTHING else 0
        out_codes[out, code + 3] = 1 if compared else 0
        out_codes[out, code + 4] = 1 if served else 0
        out_codes[out, code + 5] = codes[row, layout.USED_AT_SERVING] if served else 0
        out_codes[out, code + 6] = ts[row] - label_ts if served and label_ts != 0 else NO_AGE
        at = layout.SERVED_ROW
        for place in range(4):
            probabilities[out, probability + place] = values[row, at + place] if served else math.nan
        probabilities[out, probability + 4] = values[row, at + NO_CHANGE] if served else math.nan
        probabilities[out, probability + 5] = values[row, at + LAST_KNOWN] if served else math.nan
        sure = served and not math.isnan(values[row, layout.THRESHOLD_AT_SERVING])
        probabilities[out, probability + 6] = values[row, at + CONFIDENT] if sure else math.nan
        for place in range(N_MIXED):
            probabilities[out, probability + 7 + place] = values[row, at + SERVING_WEIGHTS + place] if served else math.nan
        numbers[out, number] = values[row, at + RAW_ONLINE] if served else math.nan
        numbers[out, number + 1] = values[row, at + RAW_BATCH] if served else math.nan
        numbers[out, number + 2] = values[row, at + ADAPTED] if served else math.nan
        numbers[out, number + 3] = values[row, at + CONTROL] if served else math.nan
        numbers[out, number + 4] = values[row, layout.VALUE] if labelled else math.nan
        numbers[out, number + 5] = values[row, layout.NEXT_OPEN_RETURN] if labelled and of_direction else math.nan
        numbers[out, number + 6] = values[row, layout.WEIGHT] if labelled and of_direction else math.nan
        numbers[out, number + 7] = values[row, layout.ADAPTED_WAS] if compared else math.nan
        numbers[out, number + 8] = values[row, layout.CONTROL_WAS] if compared else math.nan
        if status == layout.SCORED_LABEL and _is_earlier(codes, values, row, row - horizon):
            earlier[count, 0], earlier[count, 1] = out, target
            for place in range(4):
                earlier[count, 2 + place] = values[row, layout.SCORED_ROW + place]
            earlier[count, 6] = values[row, layout.SCORED_ROW + NO_CHANGE]
            earlier[count, 7] = values[row, layout.SCORED_ROW + LAST_KNOWN]
            earlier[count, 8] = values[row, layout.SCORED_ROW + RAW_ONLINE]
            count += 1
    return count


@kernel
def record_decisions(
    places: Ints, known: Ints, signals: Floats, inputs: Floats, columns: Ints, probabilities: Floats, numbers: Floats,
    number: int,
) -> None:  # fmt: skip
    """Record the decision of each row of a block.

    Parameters
    ----------
    places
        Of each row of the block, its row in the columns.
    known, signals, inputs
        See `alpha_pulse.kernels.decisions.layout`, `.agents.decision` and `.execution.layout`; the first column of ``known``
        states whether the row has features.
    columns
        Of each column of ``signals``: 1 where it belongs to ``probabilities``, 0 where to ``numbers``; and its place there.
    probabilities, numbers
        Filled; ``numbers`` from the column ``number`` on with what positions are sized by.
    """
    for row in range(places.shape[0]):
        out, decided = places[row], known[row, 0] == 1
        for k in range(signals.shape[1]):
            value = signals[row, k] if decided else math.nan
            if columns[k, 0] == 1:
                probabilities[out, columns[k, 1]] = value
            else:
                numbers[out, columns[k, 1]] = value
        at = number
        numbers[out, at] = inputs[row, execution.VOLATILITY] if decided else math.nan
        numbers[out, at + 1] = inputs[row, execution.PLAIN_VOLATILITY] if decided else math.nan
        numbers[out, at + 2] = inputs[row, execution.QUALITY] if decided else math.nan
        numbers[out, at + 3] = 0.0
        numbers[out, at + 4] = numbers[out, at + 5] = math.nan


@kernel
def record_abstentions(
    marks: Ints, starts: Ints, code: Ints, places: Ints, events: Ints, prices: Floats, numbers: Floats, number: int
) -> None:
    """Record why the cost-aware rule did not trade, from the column ``number`` on.

    Parameters
    ----------
    marks
        Of each slice: its first event, its first event after trading, and the event after its last one.
    starts, code, places
        The first row of each slice; of each row its symbol, and its row in the columns.
    events, prices
        Of the block, see `alpha_pulse.kernels.execution.layout`.
    """
    for index in range(starts.shape[0] - 1):
        row = starts[index]
        for event in range(marks[index, 1], marks[index, 2]):
            if events[event, execution.TYPE] == execution.ABSTENTION:
                while code[row] != events[event, execution.EVENT_SYMBOL]:
                    row += 1
                out = places[row]
                numbers[out, number] = events[event, execution.WHY]
                numbers[out, number + 1] = prices[event, execution.GAIN]
                numbers[out, number + 2] = prices[event, execution.COST]
