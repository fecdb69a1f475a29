"""Sessions that learn from your own examples: predict, bring the label, watch drift, adapt. No market data, no store.

Run: python examples/online_learning.py
"""

from __future__ import annotations

import asyncio
import random

import alpha_pulse as ap


async def main() -> None:
    learning = ap.OnlineLearningService()
    session_id = await learning.start_session("BTCUSDT", "logistic", {"n_features": 2})
    draw = random.Random(1)

    print("predict, then learn each label when it is known; the market turns after 1,000 examples")
    for step in range(1_800):
        features = [draw.gauss(0.0, 1.0), draw.gauss(0.0, 1.0)]
        label = int(features[0] > 0.0) if step < 1_000 else int(features[0] < 0.0)
        await learning.predict(session_id, features, prediction_id=f"p{step}", ts=step)
        await learning.update_model("BTCUSDT", ap.Example(f"p{step}", label, label_ts=step + 1))
        alarm = (await learning.get_drift_summary())[session_id]["last_alarm"]
        if alarm is not None and not await learning.get_adaptations(session_id):
            print(f"example {step}: {alarm['detector']} found a change of the errors, dated {alarm['change_ts']}")
            (answer,) = await learning.trigger_adaptation("BTCUSDT", "regime")
            print(f"example {step}: an adaptation has {answer.status}, as a trial against an unchanged copy")

    (action,) = await learning.get_adaptations(session_id)
    print(f"after {action.effect_samples} labels: {action.kind} {action.status}, {action.effect:.2f} nats per label saved")

    rows = [[draw.gauss(0.0, 1.0), draw.gauss(0.0, 1.0)] for _ in range(500)]
    served = await learning.process_batch(session_id, [(row, int(row[0] < 0.0)) for row in rows])
    print(f"{len(served)} more examples in one call; P(up) for [1, 0]: {await learning.predict(session_id, [1.0, 0.0]):.2f}")

    scores = (await learning.get_session_metrics(session_id)).window["online"]
    print(f"accuracy in the window of {scores.samples} labels: {scores.accuracy:.2f}")
    await learning.stop_session(session_id)


if __name__ == "__main__":
    asyncio.run(main())
