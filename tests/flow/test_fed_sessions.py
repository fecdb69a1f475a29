"""Sessions that their callers feed: journaled, acknowledged when durable, learned once, and without any say in decisions."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.errors import (
    AlphaPulseError,
    ConfigError,
    ConflictError,
    DataError,
    NonFiniteError,
    NotFoundError,
    SessionError,
)
from alpha_pulse.core.errors import UnknownNameError as UnknownName
from alpha_pulse.gateway.protocol import SessionConfig
from alpha_pulse.learning.caller_input import LabelledRow
from alpha_pulse.learning.commands import LabelledExample
from alpha_pulse.runtime import session_commands
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from flow.gateways import MINE, examples, killed_after_learning, opened, quiet, ran, running, stored, until
from flow.runs import LEAN, RESTLESS, Done, restless, restless_run, run
from journal_rows import decode_step, rows


def learned(gateway: LocalGateway, session_id: str = "ELSE/mine") -> int:
    return next(found.labels_used for found in gateway.sessions() if found.session_id == session_id)


async def _fed(store: Store) -> LocalGateway:
    """The restless run, with sessions that are started, fed and stopped while it goes."""
    gateway = opened(restless(), RESTLESS, store, paused=True)
    async with running(gateway):
        await gateway.start_session("ELSE", "logistic", MINE)
        await gateway.start_session("SYN", "market_default", SessionConfig(target="mine"))
        for i in range(20):
            await gateway.step(50)
            await gateway.update("ELSE/mine", examples(40, 40 * i))
            await gateway.update("SYN/mine", examples(10, 10 * i, width=33))
            gateway.predict("SYN/direction", [0.1] * 30)
        await gateway.stop_session("SYN/mine")
        gateway.resume()
        await until(gateway, "finished", "failed")
    return gateway


def test_they_never_change_a_decision() -> None:
    store = MemoryStore()
    gateway = asyncio.run(_fed(store))
    done, plain = Done(gateway._system), restless_run()
    assert done.decisions_sha256 == gateway.status().decisions_sha256 == plain.decisions_sha256
    assert len(done.steps) == len(plain.steps) + 43
    without = [payload for payload, _ in done.steps if not decode_step(payload).commands]
    assert without == [payload for payload, _ in plain.steps]
    status = gateway.status()
    assert status.result is not None
    report = msgspec.json.decode(status.result)
    assert (report["slices"], report["drift_alarms"]) == (4_200, len(plain.alarms))
    assert [found.session_id for found in gateway.sessions() if found.source == "api"] == ["ELSE/mine"]


def test_a_command_bears_the_time_of_the_slice_before_it() -> None:
    store = MemoryStore()
    asyncio.run(_fed(store))
    times = [(row.ts_event, bool(decode_step(row.payload).commands)) for row in rows(store)]
    after_slices = [(before, ts) for (before, _), (ts, command) in itertools.pairwise(times) if command]
    assert len(after_slices) > 40
    assert all(ts == before for before, ts in after_slices)


def test_what_is_fed_is_learned_and_scored() -> None:
    gateway = asyncio.run(_fed(MemoryStore()))
    scores = gateway.session_scores("ELSE/mine")
    assert scores.labels_used == 800
    assert scores.whole_run["online"].accuracy > 0.8
    assert gateway.predict("ELSE/mine", [2.0, 0.0, 0.0]).probability > 0.7 > 0.3
    assert gateway.predict("ELSE/mine", [-2.0, 0.0, 0.0]).probability < 0.3


def test_an_example_is_learned_once(tmp_path: Path) -> None:
    async def feed() -> None:
        store = stored(tmp_path / "run.db")
        gateway = opened(quiet(), LEAN, store, paused=True)
        async with running(gateway):
            await gateway.start_session("ELSE", "logistic", MINE)
            first = await gateway.update("ELSE/mine", examples(10))
            assert (first.applied, first.duplicates, first.labels_used) == (10, 0, 10)
            state = gateway.session_scores("ELSE/mine")
            again = await gateway.update("ELSE/mine", examples(10))
            assert (again.applied, again.duplicates, again.labels_used) == (0, 10, 10)
            assert gateway.session_scores("ELSE/mine") == state
            twice = [*examples(2, 10), *examples(2, 10), *examples(1)]
            mixed = await gateway.update("ELSE/mine", twice)
            assert (mixed.applied, mixed.duplicates, mixed.labels_used) == (2, 3, 12)
        store.close()
        store = stored(tmp_path / "run.db")
        gateway = opened(quiet(), LEAN, store, paused=True)
        async with running(gateway):
            late = await gateway.update("ELSE/mine", examples(13))
            assert (late.applied, late.duplicates, late.labels_used) == (1, 12, 13)
        store.close()

    asyncio.run(feed())


def test_an_example_is_learned_once_however_many_came_after_it(tmp_path: Path) -> None:
    settings = {**LEAN, "store.checkpoint_steps": 50}

    async def feed() -> None:
        store = stored(tmp_path / "run.db", settings)
        gateway = opened(quiet(), settings, store, paused=True)
        async with running(gateway):
            await gateway.start_session("ELSE", "logistic", MINE)
            for start in range(0, 20_500, 500):
                await gateway.update("ELSE/mine", examples(500, start))
            again = await gateway.update("ELSE/mine", examples(500))
            assert (again.applied, again.duplicates, again.labels_used) == (0, 500, 20_500)
        store.close()
        store = stored(tmp_path / "run.db", settings)
        gateway = opened(quiet(), settings, store, paused=True)
        async with running(gateway):
            late = await gateway.update("ELSE/mine", examples(501, 20_000))
            assert (late.applied, late.duplicates, late.labels_used) == (1, 500, 20_501)
            first = await gateway.update("ELSE/mine", examples(500))
            assert (first.applied, first.duplicates, first.labels_used) == (0, 500, 20_501)
        store.close()

    asyncio.run(feed())


def test_an_id_stands_for_one_example(tmp_path: Path) -> None:
    first = examples(10)
    others = [
        msgspec.structs.replace(first[3], label=1 - first[3].label),
        msgspec.structs.replace(first[3], weight=0.5),
        msgspec.structs.replace(first[3], features=[0.0, 0.0, 0.0]),
    ]

    async def feed() -> None:
        store = stored(tmp_path / "run.db")
        gateway = opened(quiet(), LEAN, store, paused=True)
        async with running(gateway):
            await gateway.start_session("ELSE", "logistic", MINE)
            for other in others:
                with pytest.raises(
                    ConflictError, match=f"has learned example '{other.id}' with other features, label or weight"
                ):
                    await gateway.update("ELSE/mine", [*first, other])
            assert learned(gateway) == 0
            await gateway.update("ELSE/mine", first)
        store.close()
        store = stored(tmp_path / "run.db")
        gateway = opened(quiet(), LEAN, store, paused=True)
        async with running(gateway):
            for other in others:
                with pytest.raises(ConflictError, match="repeat it unchanged"):
                    await gateway.update("ELSE/mine", [*examples(2, 10), other])
            assert learned(gateway) == 10
            again = await gateway.update("ELSE/mine", first)
            assert (again.applied, again.duplicates) == (0, 10)
        store.close()

    asyncio.run(feed())


def test_numbers_of_numpy_and_truth_values_are_what_they_are_worth() -> None:
    async def feed() -> None:
        gateway = opened(quiet(), LEAN, paused=True)
        await gateway.start_session("ELSE", "logistic", MINE)
        plain = example(features=[0.5, 1.0, 2.0])
        await gateway.update("ELSE/mine", [plain])
        for same in (
            example(features=np.array([0.5, 1.0, 2.0])),
            example(features=(np.float32(0.5), True, 2)),
            example(features=[0.5, 1.0, 2.0], label=True, weight=np.int64(1)),
            example(features=[0.5, 1.0, 2.0], label=np.int64(1), weight=1),
        ):
            assert (await gateway.update("ELSE/mine", [same])).duplicates == 1

    asyncio.run(feed())


def test_an_example_of_weight_0_is_neither_scored_nor_learned() -> None:
    async def feed() -> None:
        gateway = opened(quiet(), LEAN, paused=True)
        await gateway.start_session("ELSE", "logistic", MINE)
        await gateway.update("ELSE/mine", examples(100))
        session = gateway._system.learning.session("ELSE", "mine")
        before = session._baselines.copy()
        idle = [msgspec.structs.replace(one, label=0, weight=0.0) for one in examples(50, 100)]
        await gateway.update("ELSE/mine", idle)
        assert np.array_equal(session._baselines, before)
        assert gateway.session_scores("ELSE/mine").whole_run["served"].samples == 100

    asyncio.run(feed())


def test_a_session_that_saw_one_class_has_no_area_and_no_kappa() -> None:
    async def feed() -> None:
        gateway = opened(quiet(), LEAN, paused=True)
        await gateway.start_session("ELSE", "logistic", MINE)
        await gateway.update("ELSE/mine", [msgspec.structs.replace(one, label=1) for one in examples(20)])
        scores = gateway.session_scores("ELSE/mine")
        for found in (*scores.whole_run.values(), *scores.window.values()):
            assert found.auc is found.auc_error is found.kappa is found.kappa_temporal is None

    asyncio.run(feed())


def test_what_could_not_be_told_from_a_repetition_later_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_commands, "MOST_IDS", 15)

    async def feed() -> None:
        gateway = opened(quiet(), LEAN, paused=True)
        async with running(gateway):
            await gateway.start_session("ELSE", "logistic", MINE)
            await gateway.start_session("MORE", "logistic", MINE)
            await gateway.update("ELSE/mine", examples(10))
            with pytest.raises(ConflictError, match="ids of 10 examples, at most 15, so the 6 new examples"):
                await gateway.update("MORE/mine", examples(6))
            assert (learned(gateway, "ELSE/mine"), learned(gateway, "MORE/mine")) == (10, 0)
            again = await gateway.update("ELSE/mine", examples(10))
            assert (again.applied, again.duplicates) == (0, 10)
            await gateway.stop_session("ELSE/mine")
            assert (await gateway.update("MORE/mine", examples(6))).applied == 6

    asyncio.run(feed())


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    assert killed_after_learning(path, [0, 50, 100]) == [50, 100, 150]
    store = stored(path)
    gateway = opened(quiet(), LEAN, store, paused=True)
    assert learned(gateway) == 150

    async def go_on() -> None:
        async with running(gateway):
            again = await gateway.update("ELSE/mine", examples(60, 100))
            assert (again.applied, again.duplicates, again.labels_used) == (10, 50, 160)
            gateway.resume()
            await until(gateway, "finished")

    asyncio.run(go_on())
    assert gateway.status().decisions_sha256 == run(quiet(), LEAN).decisions_sha256
    store.close()


def test_a_checkpoint_holds_them(tmp_path: Path) -> None:
    settings = {**LEAN, "store.checkpoint_steps": 100}

    async def some() -> None:
        store = stored(tmp_path / "run.db", settings)
        gateway = opened(quiet(), settings, store, paused=True)
        async with running(gateway):
            await gateway.start_session("ELSE", "logistic", MINE)
            await gateway.start_session("GONE", "logistic", MINE)
            for i in range(6):
                await gateway.update("ELSE/mine", examples(20, 20 * i))
                await gateway.step(10)
            await gateway.stop_session("GONE/mine")
            # Rows enough for the first checkpoints to be believed again.
            await gateway.step(330)
        hashes = gateway._system.state_sha256()
        store.close()
        store = stored(tmp_path / "run.db", settings)
        again = opened(quiet(), settings, store, paused=True)
        assert again._system._steps == gateway._system._steps
        assert again._system.state_sha256() == hashes
        assert learned(again) == 120
        assert not again._system.learning.has_active_session("GONE", "mine")
        store.close()

    asyncio.run(some())


def example(**changes: object) -> LabelledExample:
    return msgspec.structs.replace(LabelledExample("a", [0.0, 0.0, 0.0], 1), **changes)


BAD_EXAMPLES: list[tuple[LabelledExample, type[AlphaPulseError], str]] = [
    (example(id=""), DataError, "the id ''; expected a string of 1 to 128"),
    (example(id="x" * 129), DataError, "the id 'xxx.*; expected a string"),
    (example(id=5), DataError, "the id 5; expected a string"),
    (example(label=2), DataError, "the label of example 3 for session ELSE/mine is 2, but a class"),
    (example(label=None), DataError, "is None, but a class"),
    (example(label="1"), DataError, "is '1', but a class"),
    (example(label=0.5), DataError, "is 0.5, but a class"),
    (example(weight=-1.0), NonFiniteError, "the weight of example 3 .* is -1.0, but"),
    (example(weight=float("nan")), NonFiniteError, "is nan, but a finite number, 0 or more"),
    (example(weight=None), DataError, "is None, but a number"),
    (example(weight=1e15), NonFiniteError, r"is 1000000000000000.0, but a finite number below 1e\+15"),
    (example(features="abc"), DataError, "are 'abc', but a list of 3 numbers is expected"),
    (example(features=[[0.0], [0.0], [0.0]]), DataError, r"contain \[0.0\] at index 0, but a number is expected"),
    (example(features=[0.0, None, 0.0]), DataError, "contain None at index 1, but a number is expected"),
    (example(features=[0.0, "1", 0.0]), DataError, "contain '1' at index 1, but a number is expected"),
    (example(features=[0.0, 10**400, 0.0]), NonFiniteError, "a whole number of more than 60 digits at index 1"),
    (example(features=[0.0, 1e15, 0.0]), NonFiniteError, "at index 1, but a finite number below"),
    (example(features=[0.0]), DataError, "are 1 numbers, but it takes 3"),
    (example(features=[0.0, float("inf"), 0.0]), NonFiniteError, "inf at index 1"),
    (example(features={"ret_1": 0.0}), DataError, "have names"),
]
BAD_STARTS: list[tuple[str, str, SessionConfig, type[AlphaPulseError], str]] = [
    ("SYN", "logistic", SessionConfig(), ConflictError, "SYN/direction runs already"),
    ("SYM", "logistic", SessionConfig(target="mine"), NotFoundError, "did you mean 'SYN'"),
    ("SYN", "logistik", SessionConfig(target="mine"), UnknownName, "did you mean 'logistic'"),
    ("", "logistic", MINE, ConfigError, "the symbol is ''"),
    ("A\nB", "logistic", MINE, ConfigError, "printable"),
    ("A", "logistic", SessionConfig(target="a/b", source="api"), ConfigError, "contains a '/'"),
    ("A", "logistic", SessionConfig(source="loop"), ConfigError, "source is 'loop'"),
    ("A", "logistic", SessionConfig(source="api", n_features=0), ConfigError, "n_features is 0"),
    ("A", "logistic", SessionConfig(source="api", horizon=-1), ConfigError, "horizon is -1"),
    ("A", "os:system", SessionConfig(source="api"), ConfigError, "only the configuration can name"),
    ("A", "mixture:os:system + sgd", SessionConfig(source="api"), UnknownName, "unknown model 'os:system'"),
]


def test_what_cannot_be_done_is_refused_and_leaves_no_row() -> None:
    async def refuse() -> None:
        gateway = opened(quiet(), LEAN, paused=True)
        async with running(gateway):
            await gateway.start_session("ELSE", "logistic", MINE)
            before = gateway.control().seq
            for bad, kind, words in BAD_EXAMPLES:
                with pytest.raises(kind, match=words):
                    await gateway.update("ELSE/mine", [*examples(3), bad])
            for symbol, model, config, kind, words in BAD_STARTS:
                with pytest.raises(kind, match=words):
                    await gateway.start_session(symbol, model, config)
            with pytest.raises(ConflictError, match="served by the running loop"):
                await gateway.update("SYN/direction", examples(1))
            with pytest.raises(ConflictError, match="served by the running loop"):
                await gateway.stop_session("SYN/volatility")
            with pytest.raises(ConflictError, match="learns from its caller's examples"):
                await gateway.adapt("ELSE/mine", "performance")
            with pytest.raises(NotFoundError, match="no session"):
                await gateway.stop_session("ELSE/other")
            assert (gateway.control().seq, learned(gateway)) == (before, 0)

    asyncio.run(refuse())


def test_the_services_own_methods_change_nothing_that_the_journal_holds() -> None:
    async def meddle() -> None:
        gateway = opened(quiet(), LEAN, paused=True)
        await gateway.start_session("ELSE", "logistic", MINE)
        await gateway.update("ELSE/mine", examples(5))
        learning, state = gateway._system.learning, gateway._system.state_sha256()
        row = LabelledRow(np.zeros(3), 1)
        with pytest.raises(SessionError, match="learns from commands, which the journal contains"):
            await learning.process_batch("ELSE/mine", [row])
        with pytest.raises(SessionError, match="learns from commands, which the journal contains"):
            await learning.predict("ELSE/mine", [0.0, 0.0, 0.0], "p1")
        with pytest.raises(SessionError, match="learns from commands, which the journal contains"):
            await learning.stop_session("ELSE/mine")
        assert gateway._system.state_sha256() == state

    asyncio.run(meddle())


def test_there_is_an_end_to_how_many_there_can_be() -> None:
    async def start() -> None:
        gateway = opened(quiet(), LEAN, paused=True)
        for i in range(64):
            await gateway.start_session(f"S{i}", "logistic", MINE)
        with pytest.raises(ConflictError, match="64 external sessions"):
            await gateway.start_session("S64", "logistic", MINE)
        await gateway.stop_session("S0/mine")
        await gateway.start_session("S64", "logistic", MINE)

    asyncio.run(start())


def test_a_command_may_be_the_first_row_after_a_checkpoint(tmp_path: Path) -> None:
    settings = {**LEAN, "store.checkpoint_steps": 100}

    async def some() -> None:
        store = stored(tmp_path / "run.db", settings)
        gateway = opened(quiet(), settings, store, paused=True)
        async with running(gateway):
            await gateway.step(100)
            await gateway.start_session("ELSE", "logistic", MINE)
            await gateway.update("ELSE/mine", examples(20, 0))
            # So many that the checkpoint at step 99 is the newest old enough to go on from.
            await gateway.step(250)
        hashes = gateway._system.state_sha256()
        store.close()
        store = stored(tmp_path / "run.db", settings)
        again = opened(quiet(), settings, store, paused=True)
        assert again._system.state_sha256() == hashes
        assert learned(again) == 20
        store.close()

    asyncio.run(some())


def test_a_finished_run_learns_nothing_more() -> None:
    async def late() -> None:
        gateway = await ran(opened(quiet(), LEAN))
        with pytest.raises(ConflictError, match="finished"):
            await gateway.start_session("ELSE", "logistic", MINE)
        assert {session.state for session in gateway.sessions()} == {"ended"}

    asyncio.run(late())


def test_an_adaptation_of_one_session_leaves_the_others_alone() -> None:
    async def adapt() -> LocalGateway:
        gateway = opened(restless(), {**RESTLESS, "adaptation.drift_threshold": 0.002}, paused=True)
        await gateway.step(600)
        await gateway.adapt("SYN/direction", "regime")
        with pytest.raises(ConfigError, match="did you mean 'regime'"):
            await gateway.adapt("SYN/direction", "regiem")
        with pytest.raises(ConflictError, match="was requested already and begins with the next slice"):
            await gateway.adapt("SYN/direction", "performance")
        await gateway.step(1)
        return gateway

    gateway = asyncio.run(adapt())
    newest = gateway.adaptations().actions[-1]
    assert (newest.target, newest.kind, newest.status, newest.seq) == ("direction", "reset", "open", 601)
    trials = {found.session_id: found.state for found in gateway.sessions()}
    assert trials == {"SYN/volatility": "learning", "SYN/direction": "in_trial", "SYN/trade_quality": "learning"}


def test_an_adaptation_that_was_acknowledged_is_carried_out_after_a_restart(tmp_path: Path) -> None:
    settings = {**RESTLESS, "adaptation.drift_threshold": 0.002}

    async def ask() -> None:
        store = stored(tmp_path / "run.db")
        gateway = opened(restless(), settings, store, paused=True)
        await gateway.step(600)
        await gateway.adapt("SYN/direction", "regime")
        store.close()

    async def go_on() -> LocalGateway:
        gateway = opened(restless(), settings, stored(tmp_path / "run.db"), paused=True)
        await gateway.step(1)
        return gateway

    asyncio.run(ask())
    newest = asyncio.run(go_on()).adaptations().actions[-1]
    assert (newest.target, newest.kind, newest.status, newest.seq) == ("direction", "reset", "open", 601)


def test_many_examples_leave_the_loop_to_others_and_are_refused_together() -> None:
    async def feed() -> list[int]:
        gateway = opened(quiet(), LEAN, paused=True)
        await gateway.start_session("ELSE", "logistic", MINE)
        seen: list[int] = []

        async def watch() -> None:
            while True:
                seen.append(learned(gateway))
                await asyncio.sleep(0)

        watching = asyncio.create_task(watch())
        sent = examples(1_000)
        with pytest.raises(DataError, match="example 999"):
            await gateway.update("ELSE/mine", [*sent[:999], msgspec.structs.replace(sent[999], label=2)])
        assert learned(gateway) == 0
        assert (await gateway.update("ELSE/mine", sent)).applied == 1_000
        watching.cancel()
        return seen

    seen = asyncio.run(feed())
    assert {0, 500} <= set(seen)
    assert max(later - earlier for earlier, later in itertools.pairwise(seen)) == 100
