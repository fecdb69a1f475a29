"""Models that adapt by themselves: an alarm begins a trial against an unchanged copy, which decides whether it is kept.

Run: python examples/adaptive_models.py
"""

from __future__ import annotations

import asyncio
import random

import alpha_pulse as ap


async def main() -> None:
    manager = ap.AdaptiveModelManager()
    session_id = await manager.learning.start_session("BTCUSDT", "logistic", {"n_features": 1})
    draw = random.Random(1)
    rows = [[draw.gauss(0.0, 1.0)] for _ in range(4_000)]
    turns = 2_000
    examples = [(row, int(row[0] > 0.0) if i < turns else int(row[0] < 0.0)) for i, row in enumerate(rows)]

    await manager.learning.process_batch(session_id, examples[: turns + 50])
    print("50 examples after the turn, drifted:", manager.check_drift("BTCUSDT"))
    await manager.learning.process_batch(session_id, examples[turns + 50 :])

    for action in await manager.learning.get_adaptations(session_id):
        print(f"{action.kind}: {action.reason}")
        print(f"  {action.status} after {action.effect_samples} labels; {action.effect:.2f} nats per label saved")
    health = manager.get_model_metrics("BTCUSDT")["direction"]
    print(f"accuracy of the newest {health.samples} labels: {health.window_accuracy:.2f}")

    await manager.monitor_and_adapt()  # looks for a slow decay, which raises no alarm
    (answer,) = manager.adapt_model("BTCUSDT")
    print(f"a request: {answer.status} {answer.reason}")


if __name__ == "__main__":
    asyncio.run(main())
