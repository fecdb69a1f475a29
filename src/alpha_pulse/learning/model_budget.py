"""The models of sessions, and what they may need of a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from alpha_pulse.core.errors import AlphaPulseError, ConfigError
from alpha_pulse.core.plugins import load
from alpha_pulse.core.user_code.calls import raised
from alpha_pulse.models import ONLINE
from alpha_pulse.models.base import OnlineModel

COPIES = 3
"""Copies of a session's model in a checkpoint, at most: itself, its last good state, and in a trial its control."""
MAX_STATE_BYTES = 900_000_000
"""Limit for all models in a checkpoint, which is one value of the store: SQLite stores values of up to 10**9 bytes."""


class ModelBudget:
    """Builds models with one seed, as long as those of all sessions fit into a checkpoint together."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._state_bytes: dict[tuple[str, str], int] = {}

    def maker(
        self, model_type: str, n_features: int, horizon: int, parameters: Mapping[str, Any] = MappingProxyType({})
    ) -> Callable[[], OnlineModel]:
        """A function that builds the models of a session, after a check that they fit into a checkpoint with all others.

        ``parameters`` are passed to the model by name.

        Raises
        ------
        ConfigError
            They do not fit, or the class cannot be called with ``n_features``, ``horizon`` and ``seed``.
        UnknownNameError
            There is no such model.
        """
        make = load("models", ONLINE, model_type)

        def make_model() -> OnlineModel:
            try:
                model: OnlineModel = make(n_features=n_features, horizon=horizon, seed=self._seed, **parameters)
            except AlphaPulseError:
                raise
            except Exception as error:  # what a user's code raises is not known
                raise ConfigError(
                    f"model {model_type!r}: its __init__ {raised(error)}; expected one that takes "
                    f"{', '.join(('n_features', 'horizon', 'seed', *parameters))}"
                ) from error
            return model

        needed = COPIES * make_model().memory_bytes
        others = sum(self._state_bytes.values())
        if others + needed > MAX_STATE_BYTES:
            raise ConfigError(
                f"a session of {model_type} with {n_features} features may need {needed / 1e6:,.0f} MB of a checkpoint beside "
                f"{others / 1e6:,.0f} MB of {len(self._state_bytes)} other sessions, but a checkpoint can contain "
                f"{MAX_STATE_BYTES / 1e6:,.0f} MB; choose a smaller model, fewer features or fewer symbols"
            )
        return make_model

    def add(self, key: tuple[str, str], model: OnlineModel) -> None:
        """Count the models of a session (symbol, target)."""
        self._state_bytes[key] = COPIES * model.memory_bytes

    def remove(self, key: tuple[str, str]) -> None:
        """The session has ended."""
        del self._state_bytes[key]
