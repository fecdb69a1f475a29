"""What the learning pass changes: kept at the start of a block, so that the pass can be repeated over fewer slices."""

from __future__ import annotations

from collections.abc import Mapping

from alpha_pulse.adaptation import AdaptiveModelManager
from alpha_pulse.core.stateful import State, Stateful
from alpha_pulse.engine.regime_monitor import RegimeMonitor
from alpha_pulse.engine.symbol_state import SymbolState
from alpha_pulse.learning.online_learning_service import OnlineLearningService
from alpha_pulse.serving import ModelServingService


class LearningState:
    """The components that the learning pass changes, and their states when they were last kept.

    They are those of a checkpoint, without the ones that the decision pass changes (venue, books, agents, trade quality) and
    those that commands change (sessions of callers).

    Parameters
    ----------
    symbols
        By name, with their targets.
    learning, serving, adaptation, regimes
        The services.
    """

    def __init__(
        self,
        symbols: Mapping[str, SymbolState],
        learning: OnlineLearningService,
        serving: ModelServingService,
        adaptation: AdaptiveModelManager,
        regimes: RegimeMonitor,
    ) -> None:
        by_name = {**learning.components(), **adaptation.components()}
        self._components: list[Stateful] = [adaptation, *serving.components().values(), *regimes.components().values()]
        for symbol, state in symbols.items():
            self._components += state.components(symbol).values()
            self._components += [
                by_name[f"{kind}/{symbol}/{target}"] for target in state.targets for kind in ("session", "drift", "adaptation")
            ]
        self._kept: list[State] = []

    def keep(self) -> None:
        """Keep a copy of the state."""
        self._kept = [component.snapshot() for component in self._components]

    def restore(self) -> None:
        """Restore the state that was kept last."""
        for component, state in zip(self._components, self._kept, strict=True):
            component.restore(state)
