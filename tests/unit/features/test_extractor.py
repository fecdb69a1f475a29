from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError, StateError
from alpha_pulse.core.stateful import Stateful, pack, unpack
from alpha_pulse.core.types import Bar, FeatureVector
from alpha_pulse.features.extractor import MIN_BARS, FeatureExtractor
from market_bars import market_bars


def extractor(volume: bool = True, quotes: bool = True, horizon: int = 12) -> FeatureExtractor:
    return FeatureExtractor("X", has_volume=volume, has_quotes=quotes, volatility_horizon=horizon)


def missing(made: FeatureExtractor, vector: FeatureVector | None) -> set[str]:
    assert vector is not None
    if vector.mask is None:
        return set()
    assert not vector.values[vector.mask].any()
    return {name for name, gone in zip(made.schema.names, vector.mask, strict=True) if gone}


def test_windows_that_are_not_full_are_masked_and_0() -> None:
    made = extractor()
    vectors = [made.update(bar) for bar in market_bars(300, seed=1)]
    assert vectors[: MIN_BARS - 1] == [None] * (MIN_BARS - 1)
    levels = {"vol_level_half", "vol_level_1", "vol_level_4"}
    assert missing(made, vectors[MIN_BARS - 1]) == {"ret_96", "ret_288", "range_pos_96"} | levels
    assert missing(made, vectors[94]) == {"ret_96", "ret_288", "range_pos_96"} | levels
    assert missing(made, vectors[95]) == {"ret_96", "ret_288"} | levels
    assert missing(made, vectors[96]) == {"ret_288"} | levels
    assert missing(made, vectors[210]) == {"ret_288"} | levels
    assert missing(made, vectors[211]) == {"ret_288"}
    assert missing(made, vectors[287]) == {"ret_288"}
    full = vectors[288]
    assert full is not None
    assert full.mask is None
    assert full.values.all()


def test_a_vector_names_symbol_instant_and_schema() -> None:
    made = extractor()
    bars = market_bars(MIN_BARS, seed=1)
    vector = [made.update(bar) for bar in bars][-1]
    assert vector is not None
    assert (vector.symbol, vector.ts, vector.schema_id) == ("X", bars[-1].ts_event, made.schema.schema_id)
    assert vector.values.shape == (len(made.schema.names),)
    assert made.bars == MIN_BARS


def test_a_vector_belongs_to_its_caller() -> None:
    made = extractor()
    vectors = [made.update(bar) for bar in market_bars(60, seed=1)]
    one, other = vectors[-2:]
    assert one is not None
    assert other is not None
    kept = other.values.copy()
    one.values[:] = 9.0
    assert other.values.tolist() == kept.tolist()


def test_values_survive_json_exactly_and_are_short() -> None:
    made = extractor()
    for bar in market_bars(400, seed=8):
        vector = made.update(bar)
        if vector is None:
            continue
        text = msgspec.json.encode(vector.values.tolist())
        assert np.array(msgspec.json.decode(text)).tobytes() == vector.values.tobytes()
        assert len(text) < 11 * vector.values.size
        assert b"-0.0," not in text


def test_a_bar_without_volume_or_quotes_leaves_their_features_out_and_their_means_alone() -> None:
    bars = market_bars(400, seed=6)
    whole, holed = extractor(), extractor()
    for bar in bars[:300]:
        whole.update(bar)
        holed.update(bar)
    for field, names in (
        ({"volume": None}, {"volume_z", "volume_ratio_5_100", "signed_volume"}),
        ({"bid": None}, {"spread_ratio_500"}),
        ({"ask": None}, {"spread_ratio_500"}),
    ):
        assert missing(holed, holed.update(msgspec.structs.replace(bars[300], **field))) == names
    assert missing(holed, holed.update(bars[301])) == set()


def test_columns_that_the_feed_does_not_have_are_not_looked_at() -> None:
    made, twin = extractor(False, False), extractor(False, False)
    for bar in market_bars(320, seed=6):
        one = made.update(bar)
        other = twin.update(msgspec.structs.replace(bar, volume=None, bid=None, ask=None))
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.values.tobytes() == other.values.tobytes()


def test_volatility_figures_start_at_0_and_become_known() -> None:
    made = extractor()
    bars = market_bars(230, seed=3)
    known: list[tuple[bool, bool, bool]] = []
    for bar in bars:
        made.update(bar)
        known.append((made.bar_volatility > 0.0, made.realised > 0.0, made.trailing_median > 0.0))
    assert [flags.index(True) for flags in zip(*known, strict=True)] == [1, 12, 211]
    closes = np.log([bar.close for bar in bars[-13:]])
    assert made.realised == pytest.approx(float(np.sqrt(np.sum(np.diff(closes) ** 2))), rel=1e-12)


@settings(max_examples=15, deadline=None)
@given(cut=st.integers(0, 449), volume=st.booleans(), quotes=st.booleans(), horizon=st.sampled_from([1, 12, 33]))
def test_a_restored_twin_goes_on_bit_for_bit(cut: int, volume: bool, quotes: bool, horizon: int) -> None:
    bars = market_bars(450, seed=7)
    one, twin = extractor(volume, quotes, horizon), extractor(volume, quotes, horizon)
    for bar in bars[:cut]:
        one.update(bar)
    saved = one.snapshot()
    blob = pack({"features": saved})
    twin.restore(unpack(blob)[0]["features"])
    for bar in bars[cut:]:
        a, b = one.update(bar), twin.update(bar)
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            assert a.values.tobytes() == b.values.tobytes()
            assert (a.mask is None) == (b.mask is None)
    assert twin.bars == one.bars
    assert pack({"features": twin.snapshot()}) == pack({"features": one.snapshot()})
    assert pack({"features": saved}) == blob, "a snapshot must not change with later bars"


def columns(bars: list[Bar]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    numbers = [(bar.open, bar.high, bar.low, bar.close, bar.volume, bar.bid, bar.ask) for bar in bars]
    return np.array([bar.ts_event for bar in bars]), np.array(numbers, dtype=np.float64).reshape(-1, 7)


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 200), min_size=1, max_size=5),
    holes=st.lists(st.sets(st.sampled_from(["volume", "bid", "ask"])), min_size=1, max_size=40),
    volume=st.booleans(),
    quotes=st.booleans(),
    horizon=st.sampled_from([1, 12, 33]),
)
def test_rows_in_blocks_give_what_bars_give_one_by_one(
    sizes: list[int], holes: list[set[str]], volume: bool, quotes: bool, horizon: int
) -> None:
    """Values, masks, volatilities and state, bit for bit. Bars lack a volume or a quote now and then."""
    bars = [
        msgspec.structs.replace(bar, **dict.fromkeys(holes[number % len(holes)])) if number % 3 == 0 else bar
        for number, bar in enumerate(market_bars(430, seed=4))
    ]
    rows, single = extractor(volume, quotes, horizon), extractor(volume, quotes, horizon)
    for size in itertools.cycle(sizes):
        first = rows.bars
        if first == len(bars):
            break
        block = bars[first : first + size]
        ts, prices = columns(block)
        levels, values = np.empty((len(block), 3)), np.empty((len(block), len(rows.schema.names)))
        assert rows.update_rows(ts, prices, levels, values) == len(block)
        masks = rows.masks(first + 1, prices)
        for row, bar in enumerate(block):
            vector = single.update(bar)
            median = single.trailing_median
            plain = median / math.sqrt(horizon) if median > 0.0 else single.bar_volatility
            assert levels[row].tolist() == [single.realised, median, plain]
            if vector is None:
                continue
            assert values[row].tobytes() == vector.values.tobytes()
            mask = np.zeros(len(vector.values), dtype=np.bool_) if vector.mask is None else vector.mask
            assert ([False] * mask.size if masks is None else masks[row].tolist()) == mask.tolist()
        assert pack({"x": rows.snapshot()}) == pack({"x": single.snapshot()})


def test_rows_stop_at_one_that_cannot_be_a_bar_with_those_before_it_taken() -> None:
    bars = market_bars(5, seed=1)
    made, twin = extractor(), extractor()
    ts, prices = columns(bars)
    prices[3, 1] = prices[3, 2] * 0.5
    assert made.update_rows(ts, prices, np.empty((5, 3)), np.empty((5, len(made.schema.names)))) == 3
    for bar in bars[:3]:
        twin.update(bar)
    assert pack({"x": made.snapshot()}) == pack({"x": twin.snapshot()})


def test_a_state_of_another_configuration_is_refused() -> None:
    made = extractor()
    assert isinstance(made, Stateful)
    for other in (extractor(volume=False), extractor(horizon=13)):
        with pytest.raises(StateError, match="schema"):
            made.restore(other.snapshot())
    stranger = FeatureExtractor("Y", has_volume=True, has_quotes=True)
    with pytest.raises(StateError, match="'Y'"):
        made.restore(stranger.snapshot())


def test_a_bar_that_cannot_be_one_is_refused_and_leaves_no_trace() -> None:
    made = extractor()
    good = market_bars(3, seed=1)
    made.update(good[0])
    before = pack({"x": made.snapshot()})
    with pytest.raises(DataError, match="high at least low"):
        made.update(Bar("X", 5, 1, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1))
    with pytest.raises(DataError, match="above 0"):
        made.update(Bar("X", 5, 1, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1))
    assert pack({"x": made.snapshot()}) == before
    assert made.bars == 1


def test_a_horizon_below_1_is_refused() -> None:
    with pytest.raises(DataError, match="at least 1"):
        extractor(horizon=0)
