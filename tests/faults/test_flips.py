"""One byte of a store changes on the disk: what is shown afterwards is true, or it is refused; never false and silent."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import cli_runs
from alpha_pulse.stores.reading import StoreReader
from faults.server import Answer, Request, Server
from faults.soaking import sizes

SLOTS = (*range(44), *range(512, 556), *range(1_024, 1_032))
"""What the .head file holds: two slots and the id of a process."""
Figures = Callable[[str], None]


def flipped(files: Path, place: Path, name: str, at: int, change: int) -> Path:
    """A copy of a store's files in which one byte is another; its database."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(files, place)
    file = place / name
    content = bytearray(file.read_bytes())
    content[at] ^= change
    file.write_bytes(content)
    return place / "run.db"


def command(server: Server, folder: Path, *arguments: str) -> Answer:
    answer = server.ask(Request("command", {"arguments": list(arguments), "folder": str(folder)}))
    assert "Traceback" not in answer.error, answer.error
    assert answer.code in (0, 1, 2), answer
    return answer


def verified(server: Server, store: Path) -> bool:
    """What ``journal verify`` says."""
    return command(server, store.parent, "journal", "verify", str(store), "--json").code == 0


def content(store: Path) -> tuple[object, ...]:
    """Everything that a reader gets."""
    with StoreReader(store) as reader:
        return reader.identity, reader.result(), [(row.ts_event, row.payload, row.decision) for row in reader.rows()]


def places(
    rng: np.random.Generator, flips: int, choices: dict[str, tuple[str, range | tuple[int, ...]]]
) -> Iterator[tuple[str, str, int]]:
    """(what, file, offset), in turn for each of the choices."""
    for number in range(flips):
        what = list(choices)[number % len(choices)]
        name, offsets = choices[what]
        yield what, name, int(offsets[int(rng.integers(len(offsets)))])


class Verdicts:
    """How many flips were noticed, changed nothing that is shown, or were neither."""

    def __init__(self) -> None:
        self.found: Counter[tuple[str, str]] = Counter()
        self.silent: list[str] = []

    def add(self, what: str, noticed: bool, true: bool, where: str) -> None:
        self.found[what, "noticed" if noticed else "harmless" if true else "silent"] += 1
        if not noticed and not true:
            self.silent.append(f"{what}, {where}")

    def close(self, flips: int, of: str, figures: Figures) -> None:
        kinds = dict.fromkeys(what for what, _ in self.found)
        shown = [f"{what} {self.found[what, 'noticed']}/{self.found[what, 'harmless']}" for what in kinds]
        figures(f"{flips} flipped bytes of {of}, noticed/harmless: {', '.join(shown)}; silent {len(self.silent)}")
        assert not self.silent, self.silent


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bars")
    cli_runs.write_bars(place / "bars.parquet", 160)
    return place


def show(server: Server, bars: Path, store: Path) -> Answer:
    """What a person who asks for the result again gets: exit code, JSON, decision lines."""
    given = ["--data", str(bars / "bars.parquet"), "--config", str(bars / "small.toml"), "--store", str(store)]
    return command(server, store.parent, "replay", *given, "--resume", "--json", "-", "--decisions", "d.jsonl")


@sizes(small=6, large=600, parts=6)
def test_a_finished_run_is_shown_as_it_was_or_not_at_all(
    plain_server: Server, bars: Path, disk: Path, figures: Figures, count: int, seed: int
) -> None:
    server, files = plain_server, disk / "whole"
    files.mkdir()
    store = files / "run.db"
    assert show(server, bars, store).code == 0
    truth = show(server, bars, store)
    decisions = (files / "d.jsonl").read_bytes()
    whole = content(store)
    assert verified(server, store)
    start = store.read_bytes().index(str(json.loads("".join(truth.lines))["state_sha256"]).encode()) - 2_000
    choices: dict[str, tuple[str, range | tuple[int, ...]]] = {
        "database": ("run.db", range(store.stat().st_size)),
        "result": ("run.db", range(start, start + 4_000)),
        "head": ("run.db.head", SLOTS),
    }
    verdicts, rng = Verdicts(), np.random.default_rng(seed)
    for what, name, at in places(rng, count, choices):
        change = int(rng.integers(1, 256))
        damaged = flipped(files, disk / "shown", name, at, change)
        shown = show(server, bars, damaged)
        true = shown.lines == truth.lines and (damaged.parent / "d.jsonl").read_bytes() == decisions
        verdicts.add(what, shown.code == 2, true, f"{name} byte {at} ^ {change} when shown")
        damaged = flipped(files, disk / "verified", name, at, change)
        noticed = not verified(server, damaged)
        verdicts.add(
            f"{what} (verify)", noticed, noticed or content(damaged) == whole, f"{name} byte {at} ^ {change} when verified"
        )
    verdicts.close(count, "a finished run", figures)


@sizes(small=6, large=400, parts=4)
def test_a_killed_run_goes_on_with_all_that_was_acknowledged_or_not_at_all(
    plain_server: Server, disk: Path, figures: Figures, count: int, seed: int
) -> None:
    server, files = plain_server, disk / "whole"
    killed = server.ask(Request("feed", {"store": str(files / "run.db"), "first": 0}, kill_after_s=0.25))
    lines = [line for line in killed.told if "acknowledged" in line]
    assert len(lines) > 2, killed
    acknowledged, rows = lines[-1]["acknowledged"], lines[-1]["rows"]
    (files / "run.db-shm").unlink(missing_ok=True)
    wal = files / "run.db-wal"
    choices: dict[str, tuple[str, range | tuple[int, ...]]] = {
        "wal": ("run.db-wal", range(wal.stat().st_size)),
        "database": ("run.db", range((files / "run.db").stat().st_size)),
        "head": ("run.db.head", SLOTS),
    }
    whole = disk / "untouched"
    shutil.copytree(files, whole)
    with closing(StoreReader(whole / "run.db")) as reader:
        payloads = [row.payload for row in reader.rows()]
    assert len(payloads) >= rows
    verdicts, rng = Verdicts(), np.random.default_rng(seed)
    for what, name, at in places(rng, count, choices):
        change = int(rng.integers(1, 256))
        damaged = flipped(files, disk / "verified", name, at, change)
        noticed = not verified(server, damaged)
        verdicts.add(f"{what} (verify)", noticed, noticed or _prefix(damaged, payloads, rows), f"{name} byte {at} ^ {change}")
        damaged = flipped(files, disk / "resumed", name, at, change)
        answer = server.ask(Request("feed", {"store": str(damaged), "first": acknowledged, "examples": 3}))
        assert "Traceback" not in answer.error, answer.error
        held = Counter(next((line["held"] for line in answer.told if "held" in line), ()))
        true = all(held[number] == 1 for number in range(acknowledged))
        verdicts.add(what, answer.code == 2, true, f"{name} byte {at} ^ {change} when resumed")
    verdicts.close(count, "a killed run", figures)


def _prefix(store: Path, payloads: list[bytes], rows: int) -> bool:
    """Whether a store holds the first of these rows, and no fewer than were acknowledged."""
    with StoreReader(store) as reader:
        found = [row.payload for row in reader.rows()]
    return len(found) >= rows and found == payloads[: len(found)]
