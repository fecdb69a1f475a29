"""Predictions as streams: each listener of a symbol receives what is published from then on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from alpha_pulse.core.types import Prediction

STREAM_BUFFER = 1_024
"""Predictions that may wait for a slow listener; then the oldest are dropped."""


class PredictionStreams:
    """The listeners of all symbols."""

    def __init__(self) -> None:
        self.listeners: dict[str, list[asyncio.Queue[Prediction]]] = {}
        """By symbol, where predictions are published to."""

    def publish(self, prediction: Prediction) -> None:
        """Pass a prediction to the listeners of its symbol; a full listener loses its oldest one."""
        for queue in self.listeners.get(prediction.symbol, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(prediction)

    async def stream(self, symbol: str) -> AsyncIterator[Prediction]:
        """The predictions of a symbol, as they are published."""
        queue: asyncio.Queue[Prediction] = asyncio.Queue(STREAM_BUFFER)
        listeners = self.listeners.setdefault(symbol, [])
        listeners.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            listeners.remove(queue)
