from __future__ import annotations

import itertools

import pytest

from alpha_pulse.features.schema import MIN_BARS, bars_needed, schema_for

COMMON = (
    "ret_1 ret_3 ret_6 ret_12 ret_24 ret_48 ret_96 ret_288 ema_dist_10 ema_dist_50 ema_dist_200 rsi_14 rsi_50 bollinger_20 "
    "atr_ratio_14_100 vol_ratio_12_288 vol_ratio_48_1000 abs_ret range_ratio_100 range_pos_24 range_pos_96 close_location body "
    "flow_10 hour_sin_1 hour_cos_1 hour_sin_2 hour_cos_2 week_sin week_cos"
)
LEVELS = ["vol_level_half", "vol_level_1", "vol_level_4"]


@pytest.mark.parametrize("volume", [False, True])
@pytest.mark.parametrize("quotes", [False, True])
def test_names_and_their_order(volume: bool, quotes: bool) -> None:
    schema = schema_for(volume, quotes)
    optional = ["volume_z", "volume_ratio_5_100", "signed_volume"] * volume + ["spread_ratio_500"] * quotes
    assert list(schema.names) == COMMON.split() + optional + LEVELS
    assert list(schema.names[schema.n_common :]) == LEVELS


def test_another_schema_has_another_id_and_the_same_one_the_same() -> None:
    ids = {schema_for(v, q, h).schema_id for v, q, h in itertools.product((False, True), (False, True), (6, 12))}
    assert len(ids) == 8
    assert schema_for(True, False).schema_id == schema_for(True, False, 12).schema_id


def test_the_id_of_a_definition_is_pinned() -> None:
    """When this fails because a formula or name was changed: raise DEFINITION, then pin the new id."""
    assert schema_for(True, False).schema_id == "bars-1-497890ce99ce"


def test_nothing_is_served_before_the_first_vector() -> None:
    assert min(bars_needed(schema_for(True, True).names, 1)) == MIN_BARS
