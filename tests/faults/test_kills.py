"""kill -9 at any instant: every store opens again, nothing acknowledged is lost, nothing is learned twice."""

from __future__ import annotations

import itertools
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from alpha_pulse.stores.sql import SqliteStore
from faults.points import AT_MOST, PLACES
from faults.server import CLOSES, KILL, KILL_IN_MID_WRITE, NAMES, SYNCS, WRITES, Answer, Fault, Request, Server
from faults.soaking import sizes
from store_runs import IDENTITY, check_is_prefix

EVERYTHING = WRITES | SYNCS | NAMES | CLOSES
Figures = Callable[[str], None]


class Client:
    """Feeds one run through any number of kills, sending again what was not acknowledged, and keeps the account."""

    def __init__(self, server: Server, store: Path) -> None:
        self._server = server
        self._store = store
        self.acknowledged = self.rows = 0
        self.lost = self.doubled = self.unopenable = 0

    def live(
        self, kill_after_s: float | None = None, examples: int | None = None, die: tuple[str, int, bool] | None = None
    ) -> Answer:
        """One life of the run, ended by a kill, after some examples or at a named point."""
        arguments = {"store": str(self._store), "first": self.acknowledged, "examples": examples, "die": die}
        answer = self._server.ask(Request("feed", arguments, kill_after_s=kill_after_s))
        if answer.code not in (0, -signal.SIGKILL) or any("refused" in line for line in answer.told):
            self.unopenable += 1
            return answer
        for line in answer.told:
            if "held" in line:
                self._check(line["held"], line["rows"])
            if "acknowledged" in line:
                self.acknowledged, self.rows = line["acknowledged"], line["rows"]
        return answer

    def _check(self, held: list[int], rows: int) -> None:
        times = Counter(held)
        self.lost += sum(number not in times for number in range(self.acknowledged)) + max(0, self.rows - rows)
        self.doubled += sum(count - 1 for count in times.values())


@pytest.mark.parametrize("stride", [5, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
def test_a_kill_at_each_call_of_a_creation_leaves_a_store_that_opens(
    server: Server, disk: Path, figures: Figures, stride: int
) -> None:
    safe: list[int] = []
    for kill in (KILL, KILL_IN_MID_WRITE):
        for nth in range(1, 1_000, stride):
            store = disk / f"{kill}-{nth}" / "run.db"
            kinds = EVERYTHING if kill == KILL else WRITES
            answer = server.ask(Request("create", {"store": str(store), "rows": 3}, Fault(str(disk), kinds, nth, kill=kill)))
            if not answer.injected:
                assert answer.code == 0, answer.error
                break
            assert answer.code == -signal.SIGKILL
            told = max((line["rows"] for line in answer.told if "rows" in line), default=0)
            with closing(SqliteStore(store)) as held:
                held.begin(IDENTITY, resume=True)
                assert check_is_prefix(held) >= told
            safe.append(told)
    figures(f"{len(safe)} kills, one at each call that changes a file: unopenable 0, lost 0")
    # Both sides of the first acknowledgement were met.
    assert set(safe) == {0, 3}
    assert len(safe) > 60 // stride


def test_what_an_earlier_version_was_killed_over_opens_too(plain_server: Server, disk: Path) -> None:
    store = disk / "run.db"
    assert plain_server.ask(Request("half_made", {"store": str(store)})).code == -signal.SIGKILL
    assert store.with_name("run.db-journal").stat().st_size > 0
    with closing(SqliteStore(store)) as held:
        held.begin(IDENTITY, resume=True)
        assert check_is_prefix(held) == 0


@sizes(small=8, large=300, parts=3)
def test_kills_soon_after_the_creation(plain_server: Server, tmp_path: Path, figures: Figures, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # On a real disk, whose syncs take most of the time in which a store is made.
    clients = [Client(plain_server, tmp_path / str(number) / "run.db") for number in range(count)]
    for client in clients:
        client.live(kill_after_s=float(rng.uniform(0.0, 0.1)))
        client.live(examples=3)
        client.live(examples=3)
    account(clients, count, figures)


@sizes(small=5, large=700, parts=7)
def test_kills_of_a_run_that_goes_on(plain_server: Server, disk: Path, figures: Figures, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    clients: list[Client] = []
    for number in range(count):
        if number % 50 == 0:
            clients.append(Client(plain_server, disk / str(number) / "run.db"))
        clients[-1].live(kill_after_s=float(rng.uniform(0.02, 0.5)))
    for client in clients:
        client.live(examples=3)
        client.live(examples=3)
    account(clients, count, figures)


@sizes(small=12, large=300, parts=3)
def test_kills_at_named_points(plain_server: Server, disk: Path, figures: Figures, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    clients, killed = [Client(plain_server, disk / "0" / "run.db")], Counter[str]()
    for number, (place, after) in zip(range(count), itertools.cycle(itertools.product(PLACES, (False, True))), strict=False):
        # A store is created once.
        if place in ("creation", "rename") or number % 50 == 0:
            clients.append(Client(plain_server, disk / str(number + 1) / "run.db"))
        nth = int(rng.integers(1, AT_MOST.get(place, 60) + 1))
        answer = clients[-1].live(examples=90, die=(place, nth, after))
        killed[place] += answer.code == -signal.SIGKILL
    for client in clients:
        client.live(examples=3)
        client.live(examples=3)
    account(clients, sum(killed.values()), figures)
    assert sum(killed.values()) > count // 2
    assert all(killed[place] for place in itertools.islice(PLACES, count // 2)), killed


def account(clients: list[Client], kills: int, figures: Figures) -> None:
    examples, rows = sum(client.acknowledged for client in clients), sum(client.rows for client in clients)
    lost, doubled = sum(client.lost for client in clients), sum(client.doubled for client in clients)
    unopenable = sum(client.unopenable for client in clients)
    figures(
        f"{kills} kills: {examples:,} examples and {rows:,} steps acknowledged, "
        f"unopenable {unopenable}, lost {lost}, doubled {doubled}"
    )
    assert (unopenable, lost, doubled) == (0, 0, 0)
    assert examples > kills
