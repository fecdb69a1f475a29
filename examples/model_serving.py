"""One prediction of several members, with a calibrated confidence, and a listener that receives each as it is made.

Run: python examples/model_serving.py
"""

from __future__ import annotations

import asyncio
import random

import alpha_pulse as ap


async def main() -> None:
    serving = ap.ModelServingService()
    stream = serving.learning.stream_predictions("BTCUSDT")
    draw = random.Random(1)

    for _ in range(1_000):
        features = [draw.gauss(0.0, 1.0), draw.gauss(0.0, 1.0)]
        prediction = await serving.get_prediction(features, "BTCUSDT")
        assert prediction is not None
        label = int(features[0] + draw.gauss(0.0, 0.5) > 0.0)
        await serving.learning.update_model("BTCUSDT", ap.Example(prediction.prediction_id, label))

    assert prediction is not None
    print(f"the first prediction that the listener received: {(await anext(stream)).prediction_id}")
    print(f"newest: P(up) = {prediction.probability:.3f}, confidence {prediction.confidence:.3f}")
    for member in prediction.members:
        print(f"  {member.source:7} {member.model_id:15} probability {member.probability:.3f}, weight {member.weight:.3f}")

    serving.serving_strategy = "champion_challenger"
    prediction = await serving.get_prediction([2.0, 0.0], "BTCUSDT")
    assert prediction is not None
    print("champion:", [member.model_id for member in prediction.members if member.weight == 1.0])


if __name__ == "__main__":
    asyncio.run(main())
