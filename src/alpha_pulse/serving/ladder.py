"""The ladder of ``champion_challenger`` by names: who serves, who challenges, and what happened, as adaptations of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from numpy.typing import NDArray

from alpha_pulse.core.config import ServingConfig
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import AdaptationAction
from alpha_pulse.kernels.mixing.promotion import CANARY_STARTED, CANARY_STOPPED, PROMOTED, ROLLED_BACK
from alpha_pulse.serving.promotion import Evidence, Promotion, PromotionSettings, ShadowReturn
from alpha_pulse.serving.registry.entries import ModelState


class Standing(msgspec.Struct, frozen=True):
    """Where a member stands: its stage, its comparison with the champion (None for who is not compared), and what it would
    have earned by trading its own predictions."""

    member: str
    stage: ModelState
    evidence: Evidence | None
    shadow_return: ShadowReturn


class Ladder:
    """A `Promotion` of named members, and the promotion that is being tried.

    Parameters
    ----------
    names
        Of the members.
    champion, challengers
        Who serves first, and who is compared with it from the start.
    horizon
        Bars over which labels overlap.
    config
        Level, labels of a comparison, and the share and the labels of a canary.
    """

    def __init__(
        self, names: Sequence[str], champion: str, challengers: Sequence[str], horizon: int, config: ServingConfig
    ) -> None:
        self._names = tuple(names)
        settings = PromotionSettings(config.promotion_alpha, config.promotion_labels, config.canary_share, config.canary_labels)
        self._promotion = Promotion(len(names), horizon, self._names.index(champion), settings)
        for name in challengers:
            self._promotion.challenge(self._names.index(name))
        self._open: AdaptationAction | None = None

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The packed state, see `alpha_pulse.serving.promotion.Promotion.arrays`."""
        return self._promotion.arrays

    @property
    def champion(self) -> str:
        """The member that serves."""
        return self._names[self._promotion.champion]

    def standings(self, cost: float) -> list[Standing]:
        """Where each member stands; ``cost`` per unit of turnover, as a fraction."""
        promotion = self._promotion
        return [
            Standing(name, promotion.stage(k), promotion.evidence(k), promotion.shadow_return(k, cost))
            for k, name in enumerate(self._names)
        ]

    def promote(self, name: str) -> None:
        """Make a member the champion at once. Raises ConflictError where it is the champion."""
        self._promotion.promote(self._names.index(name))
        self._open = None

    def roll_back(self) -> None:
        """Make the former champion the champion again at once. Raises ConflictError where there is none."""
        self._promotion.roll_back()
        self._open = None

    def action(self, event: int, symbol: str, target: str, ts: int) -> AdaptationAction:
        """What an event of the kernel amounts to, at market time ``ts`` (ns).

        A promotion begins with the canary, and is accepted or rolled back. The return of a former champion is an action of its
        own.
        """
        moved, former = self._promotion.moved
        assert moved is not None
        assert former is not None
        evidence, names = self._promotion.decided(moved), (self._names[moved], self._names[former])
        assert evidence is not None
        if event == CANARY_STARTED:
            self._open = _begun("promote", "{} is better than {}".format(*names), evidence, symbol, target, ts)
            return self._open
        opened, self._open = self._open, None
        if event == ROLLED_BACK:
            opened = _begun("rollback", "the former champion {} is better than {}".format(*names), evidence, symbol, target, ts)
        assert opened is not None
        assert event in (CANARY_STOPPED, PROMOTED, ROLLED_BACK)
        return msgspec.structs.replace(
            opened,
            status="rolled_back" if event == CANARY_STOPPED else "accepted",
            closed_ts=ts,
            effect=evidence.mean_difference,
            effect_samples=evidence.samples,
        )

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        opened, state = None if self._open is None else msgspec.to_builtins(self._open), self._promotion.snapshot()
        return State({**state.scalars, "open": opened}, state.arrays)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._promotion.restore(state)
        opened = state.scalars["open"]
        self._open = None if opened is None else msgspec.convert(opened, AdaptationAction)


def _begun(
    kind: Literal["promote", "rollback"], claim: str, evidence: Evidence, symbol: str, target: str, ts: int
) -> AdaptationAction:
    reason = (
        f"{claim}: its squared error is {evidence.mean_difference:.5f} smaller over {evidence.samples:,} labels, "
        f"p = {evidence.p_value:.2g} (comparison {evidence.comparison}, level {evidence.level:.2g})"
    )
    action_id = f"{symbol}/{target}/{kind}/{evidence.comparison}"
    return AdaptationAction(action_id, kind, symbol, target, ts, "evidence", reason)
