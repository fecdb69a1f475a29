"""Stands for the gateway of a run while its engine is compiled: requests are answered before there is an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from alpha_pulse.core.errors import NotReadyError, StartingError
from alpha_pulse.core.version import __version__
from alpha_pulse.gateway.messages import Compiling, Control
from alpha_pulse.gateway.protocol import Gateway


class StartingGateway:
    """Implements `alpha_pulse.gateway.protocol.Gateway`: what needs the engine raises an error until `begin`.

    From then on, everything is done by the gateway of the engine.

    Parameters
    ----------
    symbols
        Of the feed.
    bars_per_second
        The speed of the run.
    seq
        The newest step of the journal; -1 before the first one.
    kernels
        About how many kernels will be compiled.

    Attributes
    ----------
    problem
        Why there will be no engine; None while there is no failure.
    """

    version = __version__

    def __init__(self, symbols: tuple[str, ...], bars_per_second: float, seq: int, kernels: int) -> None:
        self.symbols = symbols
        self.problem: str | None = None
        self._control = Control("warming", bars_per_second, seq)
        self._compiling = Compiling(0, kernels)
        self._engine: Gateway | None = None
        self._decided = asyncio.Event()
        self._listeners: dict[Callable[[], object], Callable[[], None]] = {}

    # The start.

    def count(self, compiled: int) -> None:
        """Note the number of kernels compiled so far."""
        self._compiling = Compiling(compiled, max(compiled, self._compiling.kernels))

    def begin(self, engine: Gateway) -> None:
        """Pass everything on to ``engine`` from now on."""
        self._engine = engine
        for listener in self._listeners:
            self._listeners[listener] = engine.listen(listener)
        self._decide()

    def fail(self, problem: str) -> None:
        """There will be no engine; ``problem`` is a sentence."""
        self.problem = problem
        self._control = Control("failed", self._control.bars_per_second, self._control.seq)
        self._decide()

    def _decide(self) -> None:
        self._decided.set()
        for listener in tuple(self._listeners):
            listener()

    # What needs no engine.

    @property
    def compiling(self) -> Compiling | None:
        """How many kernels are compiled; None once it is decided whether there will be an engine."""
        return None if self._decided.is_set() else self._compiling

    async def ready(self) -> None:
        """Return when the run has started, or the engine could not be compiled."""
        await self._decided.wait()
        if self._engine is not None:
            await self._engine.ready()

    def control(self) -> Control:
        """How the run stands."""
        return self._control if self._engine is None else self._engine.control()

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """See `alpha_pulse.gateway.protocol.Gateway.listen`."""
        self._listeners[listener] = (lambda: None) if self._engine is None else self._engine.listen(listener)

        def end() -> None:
            self._listeners.pop(listener, lambda: None)()

        return end

    # What needs it.

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._engine is not None:
            return getattr(self._engine, name)
        if self.problem is not None:
            raise NotReadyError(f"the engine has not started: {self.problem}")
        raise StartingError(
            f"the engine is being compiled for this machine ({self._compiling.compiled} of about {self._compiling.kernels} "
            "kernels); try again in a few seconds"
        )
