"""The number of bars that a symbol needs for predictions, labels and training, and warnings when it has fewer."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from alpha_pulse.core.config import Config
from alpha_pulse.features.layout import MEDIAN_LEAST
from alpha_pulse.features.schema import MIN_BARS
from alpha_pulse.feeds.notes import some


class RequiredBars(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of bars, counted from 1.

    Parameters
    ----------
    prediction
        The first row of features, and with it the first prediction and decision.
    labels
        By target, the bar of the first label, after which models have learned.
    training
        The bar at which batch models are trained; None when they are disabled.
    """

    prediction: int
    labels: dict[str, int]
    training: int | None


def required_bars(config: Config) -> RequiredBars:
    """The bars that a configuration needs.

    >>> required_bars(Config())
    RequiredBars(prediction=50, labels={'volatility': 224, 'direction': 53}, training=2000)
    """
    learning, batch = config.learning, config.batch
    return RequiredBars(
        prediction=MIN_BARS,
        labels={
            # A label of volatility also needs the median of the values before it.
            "volatility": max(MIN_BARS, MEDIAN_LEAST + learning.volatility_horizon_bars) + learning.volatility_horizon_bars,
            "direction": MIN_BARS + learning.direction_horizon_bars,
        },
        training=batch.train_bars if batch.enabled else None,
    )


def too_few_bars(config: Config, bars: Mapping[str, int]) -> list[str]:
    """Warnings about symbols with too few bars for predictions, then about those with too few to learn a target or to train a
    model.

    >>> from alpha_pulse.core.config import BatchConfig
    >>> warnings = too_few_bars(Config(batch=BatchConfig(enabled=False)), {"A": 29, "B": 100})
    >>> warnings[0]  # doctest: +ELLIPSIS
    'A has 29 bars, but the first prediction is made at bar 50: nothing is predicted or traded there; ...'
    >>> warnings[1]  # doctest: +ELLIPSIS
    'B has 100 bars, but the first label of volatility comes at bar 224 ...: no model of it learns there'
    """
    needed, warnings = required_bars(config), []
    if few := _fewer(bars, needed.prediction):
        labels = " and ".join(f"{bar:,} ({target})" for target, bar in sorted(needed.labels.items(), key=lambda item: item[1]))
        training = "" if needed.training is None else f", and batch models are trained at bar {needed.training:,}"
        warnings.append(
            f"{few}, but the first prediction is made at bar {needed.prediction}: nothing is predicted or traded there; the "
            f"first label comes at bar {labels}{training}"
        )
    enough = {symbol: count for symbol, count in bars.items() if count >= needed.prediction}
    for target, bar in needed.labels.items():
        if few := _fewer(enough, bar):
            setting = f"{target}_horizon_bars"
            warnings.append(
                f"{few}, but the first label of {target} comes at bar {bar:,} (learning.{setting} is "
                f"{getattr(config.learning, setting):,}): no model of it learns there"
            )
    if needed.training is not None and (few := _fewer(enough, needed.training)):
        these = "this symbol" if sum(count < needed.training for count in enough.values()) == 1 else "these symbols"
        warnings.append(f"{few}, but batch.train_bars is {needed.training:,}: no batch model is trained for {these}")
    return warnings


def _fewer(bars: Mapping[str, int], needed: int) -> str | None:
    """The symbols with fewer bars than needed, as the start of a sentence."""
    short = [symbol for symbol, count in bars.items() if count < needed]
    if not short:
        return None
    verb = "has" if len(short) == 1 else "have at most"
    return f"{some(short)} {verb} {max(bars[symbol] for symbol in short):,} bars"
