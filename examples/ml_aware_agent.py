"""A rule that lets a confident model have its say: 0.6 rules + 0.4 model, once the model has shown what it knows.

Run: python examples/ml_aware_agent.py
"""

from __future__ import annotations

import asyncio
import random

import numpy as np

import alpha_pulse as ap

HOUR_NS = 3_600_000_000_000


class FollowTheMove(ap.RuleAgent):
    """Long after a rise, short after a fall."""

    features = ("ret_1",)

    def rule(self, held: float, ret_1: float) -> float:
        return 1.0 if ret_1 > 0.0 else -1.0


async def main() -> None:
    agent = ap.MLAwareAgent(FollowTheMove(("ret_1", "flow")))
    draw = random.Random(1)
    for step in range(1, 1_201):
        values = np.array([draw.gauss(0.0, 1.0), draw.gauss(0.0, 1.0)])
        bar = ap.Bar("BTCUSDT", step * HOUR_NS, HOUR_NS, 100.0, 101.0, 99.0, 100.0, seq=step)
        signal = await agent.analyze(ap.MarketView(bar, ap.FeatureVector("BTCUSDT", bar.ts_event, "own", values)))
        if step == 100 or step > 1_196:
            model = "no part yet" if signal.ml_part is None else f"{signal.ml_part:+.2f}"
            print(f"bar {step}: rules {signal.rule_part:+.2f}, model {model}, together {signal.direction:+.2f}")
        prediction = agent.predictor.newest("BTCUSDT", "direction")
        label = int(values[1] > 0.0)  # the next move follows the flow, which the rule does not look at
        await agent.predictor.learning.update_model("BTCUSDT", ap.Example(prediction.prediction_id, label, bar.ts_event))


if __name__ == "__main__":
    asyncio.run(main())
