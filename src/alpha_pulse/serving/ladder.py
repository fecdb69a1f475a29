"""The ladder of ``champion_challenger``: which member serves, who challenges it, and what happened, with its evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from alpha_pulse.core.config import ServingConfig
from alpha_pulse.core.errors import ConflictError
from alpha_pulse.core.stateful import State, take
from alpha_pulse.core.types import AdaptationAction
from alpha_pulse.kernels.mixing import promotion
from alpha_pulse.kernels.mixing.promotion import CANARY_STARTED, CANARY_STOPPED, PROMOTED, ROLLED_BACK
from alpha_pulse.models.base import Row

STAGES = {
    promotion.CANDIDATE: "candidate",
    promotion.SHADOW: "shadow",
    promotion.CANARY_STAGE: "canary",
    promotion.CHAMPION_STAGE: "champion",
    promotion.RETIRED: "retired",
}
PROMOTE, ROLLBACK = "promote", "rollback"
"""Kinds of actions."""


class Rung(msgspec.Struct, frozen=True):
    """Where a member stands: its stage, and the evidence of its comparison with the champion as it is now.

    ``comparison`` is its number among all of the target, ``level`` the p-value that it needs, ``p_value`` the one it has after
    ``samples`` labels; ``difference``, in expectation between ``low`` and ``high``, is the mean by which the squared error of
    the challenger is smaller. All are None for who is not compared, and what is not defined is None.
    """

    member: str
    stage: str
    comparison: int | None = None
    level: float | None = None
    p_value: float | None = None
    samples: int | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None


class Ladder:
    """The packed state of `alpha_pulse.kernels.mixing.promotion`, and the promotion that is being tried.

    Parameters
    ----------
    names
        Of the members.
    horizon
        Bars over which labels overlap.
    config
        Level, labels of a comparison, and the share and the labels of a canary.
    """

    def __init__(self, names: Sequence[str], horizon: int, config: ServingConfig) -> None:
        self._names, self._horizon, self._config = tuple(names), horizon, config
        self.packed: Row = np.zeros(promotion.size(len(names), horizon))
        self._open: AdaptationAction | None = None

    def start(self, champion: str, challengers: Sequence[str]) -> None:
        """Begin anew: ``champion`` serves, and ``challengers`` are compared with it."""
        config = self._config
        promotion.start(
            self.packed, self._horizon, self._names.index(champion), config.promotion_alpha, config.promotion_labels,
            config.canary_share, config.canary_labels,
        )  # fmt: skip
        for name in challengers:
            promotion.challenge(self.packed, self._names.index(name))
        self._open = None

    @property
    def champion(self) -> str:
        """The member that serves."""
        return self._names[int(self.packed[promotion.CHAMPION])]

    def rungs(self) -> list[Rung]:
        """Where each member stands."""
        rungs = []
        for k, name in enumerate(self._names):
            stage = int(self.packed[promotion.block(self.packed, k) + promotion.STAGE])
            compared = stage in (promotion.SHADOW, promotion.CANARY_STAGE)
            rungs.append(Rung(name, STAGES[stage], **(self._evidence(k) if compared else {})))
        return rungs

    def _evidence(self, k: int) -> dict[str, Any]:
        found: Row = np.empty(promotion.EVIDENCE)
        promotion.evidence(self.packed, k, found)
        return _named(found)

    def promote(self, name: str) -> None:
        """Make a member the champion at once. Raises ConflictError where it is the champion, or the base rate."""
        if name == self.champion:
            raise ConflictError(f"{name} is the champion already")
        promotion.promote(self.packed, self._names.index(name))
        self._open = None

    def roll_back(self) -> None:
        """Make the former champion the champion again at once. Raises ConflictError where there is none."""
        if self.packed[promotion.FORMER] == promotion.NOBODY:
            raise ConflictError(f"{self.champion} has replaced no champion, so there is nothing to roll back to")
        promotion.roll_back(self.packed)
        self._open = None

    def action(self, event: int, symbol: str, target: str, ts: int) -> AdaptationAction:
        """What an event of the kernel amounts to, at market time ``ts`` (ns): a promotion begins with the canary, and is
        accepted or rolled back; the return of a former champion is an action of its own."""
        moved, former = (self._names[int(self.packed[place])] for place in (promotion.MOVED, promotion.FROM))
        at = promotion.block(self.packed, int(self.packed[promotion.MOVED])) + promotion.DECIDED
        evidence = _named(self.packed[at : at + promotion.EVIDENCE])
        if event == CANARY_STARTED:
            self._open = self._begun(PROMOTE, f"{moved} is better than {former}", evidence, symbol, target, ts)
            return self._open
        if event == ROLLED_BACK:
            self._open = None
            begun = self._begun(ROLLBACK, f"the former champion {moved} is better than {former}", evidence, symbol, target, ts)
            return _closed(begun, "accepted", ts, evidence)
        assert event in (CANARY_STOPPED, PROMOTED)
        assert self._open is not None
        closed = _closed(self._open, "accepted" if event == PROMOTED else "rolled_back", ts, evidence)
        self._open = None
        return closed

    def _begun(self, kind: Any, claim: str, evidence: dict[str, Any], symbol: str, target: str, ts: int) -> AdaptationAction:
        reason = (
            f"{claim}: its squared error is {evidence['difference']:.5f} smaller over {evidence['samples']:,} labels, "
            f"p = {evidence['p_value']:.2g} (comparison {evidence['comparison']}, level {evidence['level']:.2g})"
        )
        action_id = f"{symbol}/{target}/{kind}/{evidence['comparison']}"
        return AdaptationAction(action_id, kind, symbol, target, ts, "evidence", reason)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        opened = None if self._open is None else msgspec.to_builtins(self._open)
        return State({"open": opened}, {"ladder": self.packed.copy()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        take(self.packed, state, "ladder")
        opened = state.scalars["open"]
        self._open = None if opened is None else msgspec.convert(opened, AdaptationAction)


def _named(evidence: Row) -> dict[str, Any]:
    """The fields of a `Rung` from the numbers of the kernel."""
    samples, difference, low, high, log_p, comparison, log_level = (
        None if math.isnan(value) else value for value in evidence.tolist()
    )
    return {
        "comparison": None if comparison is None else int(comparison),
        "level": None if log_level is None else math.exp(log_level),
        "p_value": None if log_p is None else math.exp(log_p),
        "samples": None if samples is None else int(samples),
        "difference": difference,
        "low": low,
        "high": high,
    }


def _closed(action: AdaptationAction, status: Any, ts: int, evidence: dict[str, Any]) -> AdaptationAction:
    return msgspec.structs.replace(
        action, status=status, closed_ts=ts, effect=evidence["difference"], effect_samples=evidence["samples"] or 0
    )
