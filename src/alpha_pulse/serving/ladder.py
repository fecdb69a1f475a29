"""The ladder of ``champion_challenger`` by names: who serves, who challenges, and what happened, as adaptations of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

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


class Moment(NamedTuple):
    """The (symbol, target) and the market time (ns) of a move."""

    symbol: str
    target: str
    ts: int


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
    spent
        Comparisons of a former ladder, whose levels are spent.
    """

    def __init__(
        self,
        names: Sequence[str],
        champion: str,
        challengers: Sequence[str],
        horizon: int,
        config: ServingConfig,
        spent: int = 0,
    ) -> None:
        self._names = tuple(names)
        settings = PromotionSettings(config.promotion_alpha, config.promotion_labels, config.canary_share, config.canary_labels)
        self._promotion = Promotion(len(names), horizon, self._names.index(champion), settings, spent)
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

    @property
    def spent(self) -> int:
        """Comparisons whose levels are spent."""
        return self._promotion.spent

    @property
    def frozen(self) -> bool:
        """Whether nothing is decided, and no one is promoted or rolled back, until it is set to False."""
        return self._promotion.frozen

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        self._promotion.frozen = frozen

    @property
    def canary(self) -> str | None:
        """The member that serves a share of the steps."""
        return self._name(self._promotion.canary)

    @property
    def former(self) -> str | None:
        """The champion before, to which a rollback returns."""
        return self._name(self._promotion.former)

    def _name(self, k: int | None) -> str | None:
        return None if k is None else self._names[k]

    def stage(self, name: str) -> ModelState:
        """The stage of a member."""
        return self._promotion.stage(self._names.index(name))

    def challenge(self, name: str) -> None:
        """Compare a candidate, or a retired member, with the champion from now on. Raises ConflictError for any other."""
        self._promotion.challenge(self._names.index(name))

    def retire(self, name: str, at: Moment) -> list[AdaptationAction]:
        """Stop comparing a member; returns the end of its promotion, if that is being tried. Raises ConflictError for the
        champion."""
        ended = self._ended(at, f"{name} was stopped on request") if name == self.canary else []
        self._promotion.retire(self._names.index(name))
        return ended

    def promote(self, name: str, at: Moment) -> list[AdaptationAction]:
        """Make a member the champion at once; returns what that amounts to. Raises ConflictError where it is the champion."""
        before, evidence = self.champion, self._promotion.evidence(self._names.index(name))
        self._promotion.promote(self._names.index(name))
        return self._requested("promote", f"{name} replaces {before} on request", evidence, at)

    def roll_back(self, at: Moment) -> list[AdaptationAction]:
        """Make the former champion the champion again at once; returns what that amounts to. Raises ConflictError where there
        is none."""
        before, former = self.champion, self._promotion.former
        evidence = None if former is None else self._promotion.evidence(former)
        self._promotion.roll_back()
        return self._requested("rollback", f"{self.champion} replaces {before} again on request", evidence, at)

    def _requested(
        self, kind: Literal["promote", "rollback"], reason: str, evidence: Evidence | None, at: Moment
    ) -> list[AdaptationAction]:
        """A change of the champion on request, after the end of the promotion that was being tried."""
        ended = self._ended(at, reason)
        action_id = f"{at.symbol}/{at.target}/{kind}/request/{self._promotion.comparisons}"
        action = AdaptationAction(
            action_id, kind, at.symbol, at.target, at.ts, "request", reason, "accepted", at.ts,
            None if evidence is None else evidence.mean_difference, 0 if evidence is None else evidence.samples,
        )  # fmt: skip
        return [*ended, action]

    def _ended(self, at: Moment, why: str) -> list[AdaptationAction]:
        """The promotion that is being tried ends without a decision."""
        opened, self._open = self._open, None
        if opened is None:
            return []
        reason = f"{opened.reason}; ended without a decision: {why}"
        return [msgspec.structs.replace(opened, status="rolled_back", closed_ts=at.ts, reason=reason)]

    def actions(self, event: int, at: Moment) -> list[AdaptationAction]:
        """What an event of the kernel amounts to.

        A promotion begins with the canary, and is accepted or rolled back. The return of a former champion is an action of its
        own; it ends the promotion that is being tried.
        """
        symbol, target, ts = at
        moved, former = self._promotion.moved
        assert moved is not None
        assert former is not None
        evidence, names = self._promotion.decided(moved), (self._names[moved], self._names[former])
        assert evidence is not None
        if event == CANARY_STARTED:
            self._open = _begun("promote", "{} is better than {}".format(*names), evidence, symbol, target, ts)
            return [self._open]
        ended = self._ended(at, "the former champion serves again") if event == ROLLED_BACK else []
        opened, self._open = self._open, None
        if event == ROLLED_BACK:
            opened = _begun("rollback", "the former champion {} is better than {}".format(*names), evidence, symbol, target, ts)
        assert opened is not None
        assert event in (CANARY_STOPPED, PROMOTED, ROLLED_BACK)
        closed = msgspec.structs.replace(
            opened,
            status="rolled_back" if event == CANARY_STOPPED else "accepted",
            closed_ts=ts,
            effect=evidence.mean_difference,
            effect_samples=evidence.samples,
        )
        return [*ended, closed]

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
