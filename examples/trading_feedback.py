"""Learn from closed trades which signals make money: report each trade's outcome, ask for the probability of a profit.

Run: python examples/trading_feedback.py
"""

from __future__ import annotations

import asyncio
import random

import numpy as np

import alpha_pulse as ap


def signal_at(step: int, draw: random.Random) -> tuple[ap.FeatureVector, ap.Signal]:
    """A long signal with the features of its bar."""
    features = ap.FeatureVector("BTCUSDT", step, "own", np.array([draw.gauss(0.0, 1.0), draw.gauss(0.0, 1.0)]))
    return features, ap.Signal(f"signal/{step}", "mine", "BTCUSDT", step, direction=1.0, confidence=None, rule_part=1.0)


async def main() -> None:
    feedback = ap.TradingFeedbackService()
    draw = random.Random(1)
    for step in range(400):
        features, signal = signal_at(step, draw)
        feedback.on_entry(features, signal)
        move = features.values[0] + draw.gauss(0.0, 0.5)  # the first feature knows how the trade ends
        outcome = ap.trade_outcome(
            signal,
            f"trade/{step}",
            quantity=0.5,
            open_price=100.0,
            close_price=100.0 + move,
            net_pnl=0.5 * move - 0.05,  # costs of 0.05
            opened_ts=step,
            closed_ts=step + 1,
        )
        assert await feedback.process_trade_outcome(signal, outcome)
        assert not await feedback.process_trade_outcome(signal, outcome)  # each outcome counts once

    quality = feedback.quality("BTCUSDT")
    print(f"{quality.lots} trades, {quality.wins} with a profit")
    for level in (-1.0, 0.0, 1.0):
        features = ap.FeatureVector("BTCUSDT", 400, "own", np.array([level, 0.0]))
        probability, scale = quality.probability(features, signal), quality.scale(features, signal)
        print(f"first feature {level:+.0f}: probability of a profit {probability:.2f}, factor on the size {scale:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
