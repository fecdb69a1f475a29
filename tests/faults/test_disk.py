"""A disk that fails at one call, or from one call on: it is reported in a sentence, and nothing acknowledged is lost."""

from __future__ import annotations

import errno
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cli_runs
from faults.server import CLOSES, NAMES, SYNCS, WRITES, Answer, Fault, Request, Server

KINDS = {"write": WRITES, "sync": SYNCS, "name": NAMES, "close": CLOSES}
ERRORS = (errno.ENOSPC, errno.EIO)
SOME = (1, 4, 9, 26)
"""Which calls fail where there is no time for all of them."""
SILENT = {"write": 0, "sync": 1}
"""How many calls may fail in silence: SQLite syncs the folder of its -wal once more than the store, and ignores the error."""
WORDS = ("space", "disk", "opened")
Figures = Callable[[str], None]


class Account:
    """What was injected, and what came of it."""

    def __init__(self) -> None:
        self.faults = self.refused = self.silent = self.lost = self.tracebacks = 0
        self.found: list[str] = []

    def take(self, answer: Answer, fault: Fault) -> None:
        """A run on a failing disk: it ends well or by a sentence. One that lacks space once writes again, and ends well."""
        self.faults += bool(answer.injected)
        self.refused += answer.code == 2
        self.silent += bool(answer.injected) and answer.code == 0 and fault.error != errno.ENOSPC
        if answer.code not in (0, 2) or "Traceback" in answer.error:
            self.tracebacks += 1
            self.found.append(f"{fault}: code {answer.code}\n{answer.error}")

    def close(self, what: str, kind: str, how: str, figures: Figures) -> None:
        figures(
            f"each {kind} of {what}, {how}: {self.faults:,} faults injected, {self.refused:,} reported, "
            f"acknowledged and lost {self.lost}, tracebacks {self.tracebacks}"
        )
        assert self.faults > 2
        assert self.refused > 0
        assert self.silent <= SILENT.get(kind, self.faults)
        assert (self.lost, self.tracebacks) == (0, 0), self.found[0]


def faults(folder: Path, kind: str, how: str, *, waits: bool = False) -> Iterator[Fault]:
    """The n-th call of a kind fails, ``once`` or with all that follow (``on``); by turns for want of space and for a bad disk.

    ``some`` takes a few calls, and both ways in turn. What ``waits`` for space would do so for ever, so its disk is bad then.
    """
    for nth in SOME if how == "some" else itertools.count(1):
        forever = how == "on" or (how == "some" and bool(nth % 2))
        error = errno.EIO if waits and forever else ERRORS[nth // 2 % 2]
        yield Fault(str(folder), KINDS[kind], nth, error, forever)


def some(*kinds: str) -> pytest.MarkDecorator:
    """Some calls of these kinds, and under `make soak` all calls of all kinds."""
    marks = [pytest.mark.soak, pytest.mark.timeout(1_200)]
    quick = [pytest.param(kind, "some", id=f"some-{kind}") for kind in kinds]
    long = [pytest.param(kind, how, marks=marks, id=f"all-{kind}-{how}") for kind in KINDS for how in ("once", "on")]
    return pytest.mark.parametrize(("kind", "how"), [*quick, *long])


@some(*KINDS)
def test_a_run_that_learns_loses_nothing_that_it_acknowledged(
    server: Server, disk: Path, figures: Figures, kind: str, how: str
) -> None:
    account = Account()
    for number, fault in enumerate(faults(disk, kind, how)):
        store = disk / str(number) / "run.db"
        durability = ("group", "step")[number // 2 % 2]
        arguments = {"store": str(store), "first": 0, "durability": durability, "examples": 12}
        answer = server.ask(Request("feed", arguments, fault))
        account.take(answer, fault)
        acknowledged = max((line["acknowledged"] for line in answer.told if "acknowledged" in line), default=0)
        again = server.ask(Request("feed", {**arguments, "first": acknowledged, "examples": 3}))
        assert again.code == 0, again.error or again.lines
        held = next(line["held"] for line in again.told if "held" in line)
        account.lost += len(set(range(acknowledged)) - set(held))
        assert len(held) == len(set(held))
        if not answer.injected:
            break
    account.close("a run that learns", kind, how, figures)


@pytest.fixture
def bars(disk: Path) -> Path:
    """Bars and settings outside of the folder whose calls fail."""
    place = disk / "given"
    place.mkdir()
    cli_runs.write_bars(place / "bars.parquet", 90)
    return place


def replay(server: Server, bars: Path, place: Path, *more: str, fault: Fault | None = None) -> Answer:
    """``alpha-pulse replay`` whose store, result and decisions lie in ``place``."""
    place.mkdir(exist_ok=True)
    given = ["--data", str(bars / "bars.parquet"), "--config", str(bars / "small.toml")]
    kept = ["--store", str(place / "run.db"), "--json", str(place / "r.json"), "--decisions", str(place / "d.jsonl")]
    return server.ask(Request("command", {"arguments": ["replay", *given, *kept, *more], "folder": str(place)}, fault))


def result(place: Path) -> dict[str, object]:
    """The result that a replay wrote, without what no two runs share."""
    content: dict[str, object] = json.loads((place / "r.json").read_text())
    return {name: value for name, value in content.items() if name not in ("bars_per_second", "store")}


@some("write", "sync")
def test_a_replay_ends_well_or_by_a_sentence_and_can_be_resumed(
    server: Server, disk: Path, bars: Path, figures: Figures, kind: str, how: str
) -> None:
    assert replay(server, bars, disk / "whole").code == 0
    whole, decisions = result(disk / "whole"), (disk / "whole" / "d.jsonl").read_bytes()
    account = Account()
    for number, fault in enumerate(faults(disk / "failing", kind, how, waits=True)):
        place = disk / "failing" / str(number)
        place.parent.mkdir(exist_ok=True)
        answer = replay(server, bars, place, fault=fault)
        account.take(answer, fault)
        if answer.code == 2:
            assert answer.error.rpartition("alpha-pulse: ")[2].count("\n") == 1, answer.error
            assert any(word in answer.error for word in WORDS), answer.error
            again = replay(server, bars, place, "--resume")
            assert again.code == 0, again.error
        assert result(place) == whole
        assert (place / "d.jsonl").read_bytes() == decisions
        if not answer.injected:
            break
    account.close("a replay", kind, how, figures)


@pytest.mark.parametrize("kind", KINDS)
def test_other_files_end_by_a_sentence_too(server: Server, disk: Path, figures: Figures, kind: str) -> None:
    account = Account()
    place = disk / "failing"
    place.mkdir()
    evaluate = ["evaluate", "--model", "logistic", "--stream", "sea:n=500", "--window", "100", "--json", "e.json"]
    requests = [
        Request("command", {"arguments": [*evaluate, "--plot", "p.png"], "folder": str(place)}),
        Request("token", {"path": str(place / "keys" / "token")}),
    ]
    for request in requests:
        for fault in faults(place, kind, "some"):
            answer = server.ask(Request(request.job, request.arguments, fault))
            account.take(answer, fault)
            # Half-written files go, unless deleting is what fails.
            assert kind == "name" or not list(place.rglob("*.part*"))
    figures(f"each {kind} of other files: {account.faults} faults, tracebacks {account.tracebacks}")
    assert account.tracebacks == 0, account.found[0]
