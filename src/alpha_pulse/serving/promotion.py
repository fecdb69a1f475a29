"""The champion of one (symbol, target) and its challengers: who may challenge, who serves, and on what evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, ConflictError, StateError
from alpha_pulse.core.stateful import State, scalar
from alpha_pulse.kernels.detection import eprocess
from alpha_pulse.kernels.mixing import promotion, shadow_return
from alpha_pulse.models.base import Row
from alpha_pulse.serving.registry.entries import ModelState

STAGES: Sequence[ModelState] = ("candidate", "shadow", "canary", "champion", "retired")
"""By the codes of `alpha_pulse.kernels.mixing.promotion`."""
Event = Literal["nothing", "canary_started", "canary_stopped", "promoted", "rolled_back"]
EVENTS: Sequence[Event] = ("nothing", "canary_started", "canary_stopped", "promoted", "rolled_back")


class Evidence(msgspec.Struct, frozen=True):
    """A comparison with the champion, or of the champion with its canary, after ``samples`` labels.

    ``mean_difference`` is the mean by which the squared error of the one that challenges is smaller: positive if it is better,
    None without labels. Its expectation lies between ``low`` and ``high`` at all times at once, with 95 %. ``p_value`` may be
    read after every label; at ``level`` or less it decides. ``comparison`` counts the comparisons that have started, from 1.
    """

    comparison: int
    samples: int
    mean_difference: float | None
    low: float
    high: float
    p_value: float
    level: float


class ShadowReturn(msgspec.Struct, frozen=True):
    """The return of a member that trades its own predictions, as a fraction of the capital, over ``labels`` labels."""

    labels: int
    gross: float
    turnover: float
    net: float


class PromotionSettings(NamedTuple):
    """Settings of `Promotion`; see `alpha_pulse.kernels.mixing.promotion.start`."""

    alpha: float = 0.05
    minimum: int = 500
    canary_share: float = 0.1
    canary_labels: int = 50


class Promotion:
    """The state of `alpha_pulse.kernels.mixing.promotion` and of `alpha_pulse.kernels.mixing.shadow_return` for n members.

    Parameters
    ----------
    n
        Members, numbered from 0. All but the champion begin as candidates.
    horizon
        Steps over which labels overlap, h.
    champion
        The member that serves first.
    settings
        When a challenger is promoted.
    spent
        Comparisons that started before, whose levels are spent.

    Raises
    ------
    ConfigError
        A setting is out of range.

    Examples
    --------
    >>> served = Promotion(2, horizon=1, champion=0, settings=PromotionSettings())
    >>> served.challenge(1)
    >>> served.champion, served.stage(1), served.stage(0)
    (0, 'shadow', 'champion')
    """

    def __init__(self, n: int, horizon: int, champion: int, settings: PromotionSettings, spent: int = 0) -> None:
        for name, value, fits in (
            ("alpha", settings.alpha, 0.0 < settings.alpha < 1.0),
            ("canary_share", settings.canary_share, 0.0 < settings.canary_share <= 1.0),
        ):
            if not fits:
                raise ConfigError(f"{name} of a promotion is {value!r}; expected a number between 0 and 1")
        self._horizon = horizon
        self._state: Row = np.zeros(promotion.size(n, horizon))
        promotion.start(self._state, horizon, champion, *settings)
        self._state[promotion.COMPARISONS] = spent
        self._returns: Row = np.zeros((n, shadow_return.size(horizon)))

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The packed states, which kernels change in place: of the promotion, and the shadow returns, a row per member.

        `admit` and `restore` replace them.
        """
        return {"promotion": self._state, "shadow_returns": self._returns}

    def __len__(self) -> int:
        return int(self._state[promotion.MEMBERS])

    @property
    def champion(self) -> int:
        """The member that serves."""
        return int(self._state[promotion.CHAMPION])

    @property
    def canary(self) -> int | None:
        """The member that serves a share of the steps."""
        return self._member(promotion.CANARY)

    @property
    def former(self) -> int | None:
        """The champion before, which a rollback makes the champion again."""
        return self._member(promotion.FORMER)

    @property
    def comparisons(self) -> int:
        """How many comparisons have started."""
        return int(self._state[promotion.COMPARISONS])

    @property
    def spent(self) -> int:
        """`comparisons`, or 0 if none has seen a label and no one was promoted, so that no level is spent."""
        seen = self.moved[0] is not None or any(
            promotion.comparison(self._state, k)[eprocess.SEEN] > 0.0 for k in range(len(self))
        )
        return self.comparisons if seen else 0

    @property
    def moved(self) -> tuple[int | None, int | None]:
        """The member that the last event was about, and the champion before that event."""
        return self._member(promotion.MOVED), self._member(promotion.FROM)

    def _member(self, place: int) -> int | None:
        member = int(self._state[place])
        return None if member == promotion.NOBODY else member

    @property
    def frozen(self) -> bool:
        """Whether nothing is decided, and no one is promoted or rolled back, until it is set to False."""
        return bool(self._state[promotion.FROZEN] == 1.0)

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        self._state[promotion.FROZEN] = float(frozen)

    def stage(self, k: int) -> ModelState:
        """The state of a member."""
        return STAGES[int(self._state[promotion.block(self._state, k) + promotion.STAGE])]

    def admit(self) -> int:
        """Let a member join, as a candidate; returns its number."""
        grown = np.zeros(promotion.size(len(self) + 1, self._horizon))
        promotion.admit(self._state, grown)
        self._returns = np.vstack([self._returns, np.zeros((1, self._returns.shape[1]))])
        self._state = grown
        return len(self) - 1

    def challenge(self, k: int) -> None:
        """Start a candidate, or a retired member, as a challenger. Raises ConflictError for any other."""
        if self.stage(k) not in ("candidate", "retired"):
            raise ConflictError(f"member {k} is {self.stage(k)}; only a candidate or a retired member can become a challenger")
        promotion.challenge(self._state, k)

    def retire(self, k: int) -> None:
        """Stop a challenger. Raises ConflictError for the champion."""
        if k == self.champion:
            raise ConflictError(f"member {k} is the champion; promote another before it can be retired")
        promotion.retire(self._state, k)

    def promote(self, k: int) -> None:
        """Make a member the champion, without evidence. Raises ConflictError if it is, or if the state is frozen."""
        self._check_not_frozen()
        if k == self.champion:
            raise ConflictError(f"member {k} is the champion already")
        promotion.promote(self._state, k)

    def roll_back(self) -> None:
        """Make the former champion the champion again. Raises ConflictError without one, or if the state is frozen."""
        self._check_not_frozen()
        if self.former is None:
            raise ConflictError("there is no former champion to which it could be rolled back; promote a member")
        promotion.roll_back(self._state)

    def _check_not_frozen(self) -> None:
        if self.frozen:
            raise ConflictError(f"member {self.champion} is the champion and is frozen; unfreeze it first")

    def evidence(self, k: int) -> Evidence | None:
        """The comparison of a challenger as it stands; None for a member that is not compared."""
        if self.stage(k) not in ("shadow", "canary"):
            return None
        numbers = np.zeros(promotion.EVIDENCE)
        promotion.evidence(self._state, k, numbers)
        return _evidence(numbers)

    def decided(self, k: int) -> Evidence | None:
        """The comparison that last decided about a member, as it was then; None before."""
        at = promotion.block(self._state, k) + promotion.DECIDED
        numbers = self._state[at : at + promotion.EVIDENCE]
        return None if math.isnan(numbers[promotion.SAMPLES]) else _evidence(numbers)

    def shadow_return(self, k: int, cost: float) -> ShadowReturn:
        """What a member would have earned; ``cost`` per unit of turnover, as a fraction."""
        row = self._returns[k]
        gross, turnover = float(row[shadow_return.GROSS]), float(row[shadow_return.TURNOVER])
        return ShadowReturn(int(row[shadow_return.LABELS]), gross, turnover, shadow_return.net(row, cost))

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State({"horizon": self._horizon}, {name: array.copy() for name, array in self.arrays.items()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`; the number of members becomes that of ``state``."""
        horizon = scalar(state, "horizon", int)
        if horizon != self._horizon:
            raise StateError(f"a promotion was saved with the horizon {horizon}; expected {self._horizon}")
        packed, returns = state.arrays.get("promotion"), state.arrays.get("shadow_returns")
        if packed is None or returns is None or returns.ndim != 2 or packed.dtype != np.float64 or returns.dtype != np.float64:
            raise StateError("a promotion was saved without one of the arrays promotion and shadow_returns of float64")
        n = len(returns)
        if packed.shape != (promotion.size(n, horizon),) or returns.shape != (n, shadow_return.size(horizon)):
            raise StateError(f"a promotion was saved with arrays of shapes {packed.shape} and {returns.shape}, which differ")
        self._state, self._returns = packed.copy(), returns.copy()


def _evidence(numbers: Row) -> Evidence:
    difference = float(numbers[promotion.DIFFERENCE])
    return Evidence(
        comparison=int(numbers[promotion.DECIDED_COMPARISON]),
        samples=int(numbers[promotion.SAMPLES]),
        mean_difference=None if math.isnan(difference) else difference,
        low=float(numbers[promotion.LOW]),
        high=float(numbers[promotion.HIGH]),
        p_value=math.exp(numbers[promotion.LOG_P]),
        level=math.exp(numbers[promotion.DECIDED_LOG_ALPHA]),
    )
