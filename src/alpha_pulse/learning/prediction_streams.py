"""Predictions as streams: each listener of a symbol receives what is published from then on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from weakref import WeakSet

from alpha_pulse.core.types import Prediction

STREAM_BUFFER = 1_024
"""Predictions that may wait for a slow listener; then the oldest are dropped."""


class PredictionStream(AsyncIterator[Prediction]):
    """The predictions of one symbol since the stream was made, for one listener. It ends when it is closed.

    >>> streams = PredictionStreams()
    >>> async def newest():
    ...     stream = streams.stream("X")
    ...     streams.publish(Prediction("p1", "X", 0, "direction", 3, probability=0.5, confidence=None))
    ...     return (await anext(stream)).prediction_id
    >>> asyncio.run(newest())
    'p1'
    """

    def __init__(self, listeners: WeakSet[PredictionStream]) -> None:
        self._waiting: asyncio.Queue[Prediction] = asyncio.Queue(STREAM_BUFFER)
        self._listeners = listeners
        listeners.add(self)

    def put(self, prediction: Prediction) -> None:
        """Let a prediction wait for the listener; a full stream loses its oldest one."""
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(prediction)

    async def __anext__(self) -> Prediction:
        """The next prediction, once there is one."""
        if self not in self._listeners:
            raise StopAsyncIteration
        return await self._waiting.get()

    async def aclose(self) -> None:
        """Receive nothing more; a stream that nobody holds any more is closed too."""
        self._listeners.discard(self)


class PredictionStreams:
    """The listeners of all symbols."""

    def __init__(self) -> None:
        self.listeners: dict[str, WeakSet[PredictionStream]] = {}
        """By symbol, where predictions are published to."""

    def publish(self, prediction: Prediction) -> None:
        """Pass a prediction to the listeners of its symbol."""
        for stream in self.listeners.get(prediction.symbol, ()):
            stream.put(prediction)

    def stream(self, symbol: str) -> PredictionStream:
        """The predictions of a symbol that are published from now on."""
        return PredictionStream(self.listeners.setdefault(symbol, WeakSet()))
