"""Who serves in a run in the same process: answers queries, and carries out commands."""

from __future__ import annotations

from collections.abc import Callable

from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import NotFoundError, did_you_mean
from alpha_pulse.core.types import MemberPrediction
from alpha_pulse.engine.system import System
from alpha_pulse.gateway.serving import MemberStanding, SessionServing
from alpha_pulse.learning.commands import EVERY, Command, MemberKind
from alpha_pulse.runtime.history.history import History
from alpha_pulse.runtime.live import Runner
from alpha_pulse.serving import member_commands
from alpha_pulse.serving.ladder import Standing
from alpha_pulse.serving.predictions import DENSITY
from alpha_pulse.serving.served_target import ServedTarget

OF_RETURNS = "direction"
"""The target whose predictions are traded in the shadow."""
BPS = 1e-4
SOURCES = {"online": "online", "batch": "batch", "base": "base"}


class ServingDesk:
    """Implements `alpha_pulse.gateway.serving.Serving`.

    Parameters
    ----------
    system
        The run.
    history
        Of the run: for the skill in the window.
    runner
        Carries out commands.
    refuse_while_warming
        Raises StartingError while the history is read.
    """

    def __init__(self, system: System, history: History, runner: Runner, refuse_while_warming: Callable[[], None]) -> None:
        self._system, self._history, self._runner = system, history, runner
        self._refuse_while_warming = refuse_while_warming
        venue = system.config.venue
        self._cost = BPS * (venue.fee_bps + venue.half_spread_bps + venue.slippage_bps)

    # Reading.

    def sessions(self) -> list[SessionServing]:
        """All sessions of the engine."""
        self._refuse_while_warming()
        return [self._session(served) for served in self._system.serving.served.values()]

    def session(self, session_id: str) -> SessionServing:
        """One session."""
        self._refuse_while_warming()
        served = self._system.serving.served
        if session_id not in served:
            raise NotFoundError(f"the loop has no session {session_id[:200]!r}{did_you_mean(session_id, served)}")
        return self._session(served[session_id])

    def _session(self, served: ServedTarget) -> SessionServing:
        spec, mix = served.session.spec, served.mix
        ladder = mix.ladder if mix.champion is not None else None
        return SessionServing(
            session_id=served.session.session_id,
            symbol=spec.symbol,
            target=spec.target,
            strategy=mix.strategy,
            champion=mix.champion,
            canary=None if ladder is None else ladder.canary,
            former=None if ladder is None else ladder.former,
            frozen=ladder is not None and ladder.frozen,
            members=self._members(served),
        )

    def _members(self, served: ServedTarget) -> list[MemberStanding]:
        newest, spec = served.newest, served.session.spec
        spoken = {} if newest is None else {_name(each): each for each in newest.members}
        silent = {} if newest is None else {missing.model_id: missing.reason for missing in newest.missing}
        history = self._history.content.symbols[spec.symbol]
        skills = history.scores[spec.target].skills_at(self._history.seq)
        return [
            self._member(served, standing, spoken.get(standing.member), silent, skills.get(standing.member))
            for standing in served.mix.ladder.standings(self._cost)
            if standing.member != "batch" or served.batch is not None
        ]

    def _member(
        self,
        served: ServedTarget,
        standing: Standing,
        newest: MemberPrediction | None,
        silent: dict[str, str],
        skill: float | None,
    ) -> MemberStanding:
        name, competes = standing.member, served.mix.champion is not None
        model, labels, failures = self._facts(served, name)
        stopped = name in served.further.stopped
        traded = served.session.spec.target == OF_RETURNS and standing.shadow_return.labels > 0
        age = None if newest is None or newest.age_ns is None else newest.age_ns / SECOND_NS
        return MemberStanding(
            member=name,
            source=SOURCES.get(name, "challenger"),  # type: ignore[arg-type]
            model=model,
            version=None if newest is None else newest.version or None,
            stage=standing.stage if competes else None,
            stopped=stopped,
            probability=None if newest is None else newest.probability,
            weight=None if newest is None else newest.weight,
            age_s=age,
            missing="it is stopped" if stopped else silent.get(name if name in served.further.names else model),
            labels=labels,
            failures=failures,
            skill_millinats=skill,
            evidence=standing.evidence if competes else None,
            shadow_return=standing.shadow_return if traded else None,
        )

    def _facts(self, served: ServedTarget, name: str) -> tuple[str, int | None, int | None]:
        """The model of a member, the labels that it has learned from, and its failures."""
        if name == "online":
            return served.session.spec.model_type, served.session.labels_used, None
        if name == "batch":
            batch = served.batch
            assert batch is not None
            return batch.model_id, None if batch.ready is None else batch.ready.examples, None
        if name == "base":
            return "base_rate", served.session.labels_used, None
        k = served.further.names.index(name)
        model = name if name == DENSITY else self._system.config.serving.challengers[name].model
        return model, served.further.labels_used[k], served.further.failures[k]

    # Commands.

    async def promote(self, session_id: str, member: str) -> list[SessionServing]:
        """Make a member the champion."""
        return await self._carry_out("promote", session_id, member)

    async def roll_back(self, session_id: str) -> list[SessionServing]:
        """Make the former champion the champion again."""
        return await self._carry_out("rollback", session_id)

    async def freeze(self, session_id: str) -> list[SessionServing]:
        """Forbid promotions and rollbacks."""
        return await self._carry_out("freeze", session_id)

    async def unfreeze(self, session_id: str) -> list[SessionServing]:
        """Allow promotions and rollbacks again."""
        return await self._carry_out("unfreeze", session_id)

    async def start(self, session_id: str, member: str) -> list[SessionServing]:
        """Let a challenger challenge again."""
        return await self._carry_out("start_member", session_id, member)

    async def stop(self, session_id: str, member: str) -> list[SessionServing]:
        """Let a challenger neither predict nor learn."""
        return await self._carry_out("stop_member", session_id, member)

    async def _carry_out(self, kind: MemberKind, session_id: str, member: str | None = None) -> list[SessionServing]:
        self._runner.check_accepts_commands()
        command = Command(kind, session_id, value=member)
        member_commands.check(command, self._system.serving.served)
        await self._runner.command(command)
        return self.sessions() if session_id == EVERY else [self.session(session_id)]


def _name(member: MemberPrediction) -> str:
    """The name of a member of a prediction."""
    return member.model_id if member.source == "challenger" else member.source
