"""The names of the features, in order, and the version of their definition."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

DEFINITION = 1
"""Version of the formulas, spans, clips and roundings. Raise it with each change, so that rows of two versions never mix."""
MIN_BARS = 50
"""Bars of a symbol before the first feature vector. The shorter mean of every ratio (48, 50) is then about full."""

RETURNS = (1, 3, 6, 12, 24, 48, 96, 288)
_COMMON = (
    *(f"ret_{span}" for span in RETURNS),
    "ema_dist_10",
    "ema_dist_50",
    "ema_dist_200",
    "rsi_14",
    "rsi_50",
    "bollinger_20",
    "atr_ratio_14_100",
    "vol_ratio_12_288",
    "vol_ratio_48_1000",
    "abs_ret",
    "range_ratio_100",
    "range_pos_24",
    "range_pos_96",
    "close_location",
    "body",
    "flow_10",
    "hour_sin_1",
    "hour_cos_1",
    "hour_sin_2",
    "hour_cos_2",
    "week_sin",
    "week_cos",
)
_VOLUME = ("volume_z", "volume_ratio_5_100", "signed_volume")
_QUOTES = ("spread_ratio_500",)
_LEVELS = ("vol_level_half", "vol_level_1", "vol_level_4")
ALL_NAMES = (*_COMMON, *_VOLUME, *_QUOTES, *_LEVELS)
"""The names of the program's own features, whether a feed has them or not."""


class FeatureSchema(msgspec.Struct, frozen=True):
    """Which features a symbol has.

    Parameters
    ----------
    schema_id
        Version of the definition, and a hash of names, volatility horizon and own features. Equal ids mean equal columns.
    names
        One name per column of ``FeatureVector.values``.
    n_common
        Every target uses ``values[:n_common]``; only ``volatility`` uses the columns after it.
    """

    schema_id: str
    names: tuple[str, ...]
    n_common: int


def schema_for(
    has_volume: bool, has_quotes: bool, volatility_horizon: int = 12, own: Sequence[tuple[str, str]] = ()
) -> FeatureSchema:
    """The schema for the columns of a feed.

    Parameters
    ----------
    has_volume, has_quotes
        Whether the feed has these columns.
    volatility_horizon
        In bars.
    own
        Name and identity of each own feature; they follow the features that all targets use.

    >>> schema = schema_for(has_volume=True, has_quotes=False)
    >>> len(schema.names), schema.n_common, schema.names[schema.n_common - 1]
    (36, 33, 'signed_volume')
    """
    own_names = tuple(name for name, _ in own)
    common = _COMMON + (_VOLUME if has_volume else ()) + (_QUOTES if has_quotes else ()) + own_names
    names = common + _LEVELS
    text = "\n".join((str(DEFINITION), str(volatility_horizon), *names, *(identity for _, identity in own)))
    name = f"bars-{DEFINITION}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return FeatureSchema(schema_id=name, names=names, n_common=len(common))


def bars_needed(names: tuple[str, ...], volatility_horizon: int) -> tuple[int, ...]:
    """For each name, the bars of a symbol before its value is served. Before that it is 0 and masked.

    A feature over a fixed window is served once the window is full. One of exponential means is served from ``MIN_BARS`` on:
    before its span is full, such a mean is a plain mean.

    >>> bars_needed(("ret_288", "range_pos_96", "rsi_14", "vol_level_1"), 12)
    (289, 96, 50, 212)
    """
    needed = []
    for name in names:
        if name.startswith("ret_"):
            needed.append(max(MIN_BARS, int(name.removeprefix("ret_")) + 1))
        elif name.startswith("range_pos_"):
            needed.append(max(MIN_BARS, int(name.removeprefix("range_pos_"))))
        elif name.startswith("vol_level_"):
            needed.append(max(MIN_BARS, volatility_horizon + 200))
        else:
            needed.append(MIN_BARS)
    return tuple(needed)
