"""Bytes of a store change on the disk: what is shown afterwards is true, or it is refused; never false and silent."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import cli_runs
from alpha_pulse.stores.base import Block
from alpha_pulse.stores.reading import StoreReader
from faults.server import Answer, Request, Server
from faults.soaking import sizes

SLOTS = (*range(44), *range(512, 556), *range(1_024, 1_032))
"""What the .head file holds: two slots and the id of a process."""
SECTOR = 512
Offsets = range | tuple[int, ...]
Figures = Callable[[str], None]


class Damage(msgspec.Struct, frozen=True):
    """What happens to the bytes of a file at ``at``: ``change`` is a number from 1 to 255."""

    file: str
    at: int
    kind: str
    change: int

    def copy(self, files: Path, place: Path) -> Path:
        """A copy of a store's files with the damage; its database."""
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(files, place)
        file = place / self.file
        content = bytearray(file.read_bytes())
        at, after = self.at, self.at + SECTOR
        if self.kind == "flip":
            content[at] ^= self.change
        elif self.kind == "zero":
            content[at:after] = bytes(len(content[at:after]))
        elif self.kind == "truncate":
            del content[at:]
        else:
            other = self.change * SECTOR % max(1, len(content) - SECTOR)
            content[at:after], content[other : other + SECTOR] = content[other : other + SECTOR], content[at:after]
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
        return reader.identity, reader.result(), list(reader.blocks())


def damages(rng: np.random.Generator, count: int, choices: dict[str, tuple[str, Offsets]]) -> Iterator[tuple[str, Damage]]:
    """Damages in turn for each of the choices: two flipped bytes, then sectors of zeros, sectors swapped, files cut short."""
    kinds = ("flip", "flip", "zero", "swap", "truncate")
    for number in range(count):
        what = list(choices)[number % len(choices)]
        name, offsets = choices[what]
        at, kind = int(offsets[int(rng.integers(len(offsets)))]), kinds[number // len(choices) % len(kinds)]
        yield what, Damage(name, at, kind, int(rng.integers(1, 256)))


class Verdicts:
    """How many damages were noticed, changed nothing that is shown, or were neither."""

    def __init__(self) -> None:
        self.found: Counter[tuple[str, str]] = Counter()
        self.silent: list[str] = []

    def add(self, what: str, noticed: bool, true: bool, where: object) -> None:
        self.found[what, "noticed" if noticed else "harmless" if true else "silent"] += 1
        if not noticed and not true:
            self.silent.append(f"{what}, {where}")

    def close(self, count: int, of: str, figures: Figures) -> None:
        kinds = dict.fromkeys(what for what, _ in self.found)
        shown = [f"{what} {self.found[what, 'noticed']}/{self.found[what, 'harmless']}" for what in kinds]
        figures(f"{count} damages of {of}, noticed/harmless: {', '.join(shown)}; silent {len(self.silent)}")
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


@sizes(small=6, large=1_000, parts=10)
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
    choices: dict[str, tuple[str, Offsets]] = {
        "database": ("run.db", range(store.stat().st_size)),
        "result": ("run.db", range(start, start + 4_000)),
        "head": ("run.db.head", SLOTS),
    }
    verdicts, rng = Verdicts(), np.random.default_rng(seed)
    for what, damage in damages(rng, count, choices):
        damaged = damage.copy(files, disk / "shown")
        shown = show(server, bars, damaged)
        true = shown.lines == truth.lines and (damaged.parent / "d.jsonl").read_bytes() == decisions
        verdicts.add(what, shown.code == 2, true, f"{damage} when shown")
        damaged = damage.copy(files, disk / "verified")
        noticed = not verified(server, damaged)
        verdicts.add(f"{what} (verify)", noticed, noticed or content(damaged) == whole, f"{damage} when verified")
    verdicts.close(count, "a finished run", figures)


@sizes(small=6, large=1_000, parts=10)
def test_a_killed_run_goes_on_with_all_that_was_acknowledged_or_not_at_all(
    plain_server: Server, disk: Path, figures: Figures, count: int, seed: int
) -> None:
    server, files = plain_server, disk / "whole"
    killed = server.ask(Request("feed", {"store": str(files / "run.db"), "first": 0}, kill_after_s=0.25))
    lines = [line for line in killed.told if "acknowledged" in line]
    assert len(lines) > 2, killed
    acknowledged, steps = lines[-1]["acknowledged"], lines[-1]["rows"]
    (files / "run.db-shm").unlink(missing_ok=True)
    wal = files / "run.db-wal"
    choices: dict[str, tuple[str, Offsets]] = {
        "wal": ("run.db-wal", range(wal.stat().st_size)),
        "database": ("run.db", range((files / "run.db").stat().st_size)),
        "head": ("run.db.head", SLOTS),
    }
    whole = disk / "untouched"
    shutil.copytree(files, whole)
    with closing(StoreReader(whole / "run.db")) as reader:
        blocks = list(reader.blocks())
    assert blocks[-1].seq + 1 >= steps
    verdicts, rng = Verdicts(), np.random.default_rng(seed)
    for what, damage in damages(rng, count, choices):
        damaged = damage.copy(files, disk / "verified")
        noticed = not verified(server, damaged)
        verdicts.add(f"{what} (verify)", noticed, noticed or _prefix(damaged, blocks, steps), damage)
        damaged = damage.copy(files, disk / "resumed")
        answer = server.ask(Request("feed", {"store": str(damaged), "first": acknowledged, "examples": 3}))
        assert "Traceback" not in answer.error, answer.error
        held = Counter(next((line["held"] for line in answer.told if "held" in line), ()))
        true = all(held[number] == 1 for number in range(acknowledged))
        verdicts.add(what, answer.code == 2, true, f"{damage} when resumed")
    verdicts.close(count, "a killed run", figures)


def _prefix(store: Path, blocks: list[Block], steps: int) -> bool:
    """Whether a store holds the first of these blocks, and no fewer steps than were acknowledged."""
    with StoreReader(store) as reader:
        found = list(reader.blocks())
    return bool(found) and found[-1].seq + 1 >= steps and found == blocks[: len(found)]


@sizes(small=6, large=2_000, parts=20)
def test_a_damaged_checkpoint_is_skipped_and_the_run_ends_as_it_would_have(
    plain_server: Server, disk: Path, figures: Figures, count: int, seed: int
) -> None:
    files = disk / "whole"
    assert plain_server.ask(Request("go_on", {"store": str(files / "run.db"), "steps": 560})).code == 0
    truth = _ended(plain_server, Damage("run.db", 0, "flip", 0).copy(files, disk / "truth"))
    assert "state" in truth, truth
    blobs = _checkpoints(files / "run.db")
    choices: dict[str, tuple[str, Offsets]] = {str(seq): ("run.db", place) for seq, place in blobs.items()}
    skipped, refused, wrong = 0, 0, []
    for _, damage in damages(np.random.default_rng(seed), count, choices):
        ended = _ended(plain_server, damage.copy(files, disk / "damaged"))
        refused += "refused" in ended
        skipped += bool(ended.get("skipped"))
        if "refused" not in ended and ended["state"] != truth["state"]:
            wrong.append(damage)
    figures(f"{count} damages of checkpoints: {skipped} runs skipped one, {refused} were refused; wrong loads {len(wrong)}")
    assert not wrong, wrong
    assert skipped + refused > 0


def _ended(server: Server, store: Path) -> dict[str, Any]:
    """What a run tells that goes on from a store."""
    answer = server.ask(Request("go_on", {"store": str(store), "steps": 600}))
    assert "Traceback" not in answer.error, answer.error
    return answer.told[-1]


def _checkpoints(store: Path) -> dict[int, range]:
    """Where the checkpoints are in a database, by step. Their start is in one page, the rest in pages that follow it."""
    held = store.read_bytes()
    with StoreReader(store) as reader:
        starts = {seq: held.index(reader.checkpoint(seq)[:300]) for seq in reader.checkpoint_steps()}
        return {seq: range(start, start + len(reader.checkpoint(seq))) for seq, start in starts.items()}
