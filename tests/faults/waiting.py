"""Fill a small disk and free it again, many times, under one process that nobody touches; run in a namespace that may mount.

``python -m faults.waiting replay|run FOLDER CYCLES SEED`` prints what became of the run, as JSON. The store is in FOLDER, the
disk; bars.parquet and small.toml are in the working folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cli_runs
from alpha_pulse.library.progress import SPACE_AGAIN
from alpha_pulse.runtime.rebuild import rebuild
from alpha_pulse.stores.reading import StoreReader
from faults.filling import fill
from flow.run_process import PATIENCE_S, Running, up
from journal_rows import decode_step, stored_rows

GIVEN = ("--data", "bars.parquet", "--config", "small.toml")
SESSIONS = "/api/v1/online-learning/sessions"
BATCH = 3
TO_START = 1_500
"""kB in which a store can be created, and not much more."""
LONGEST_S = 400.0
"""A replay that takes longer waits for what does not come."""
WAITS = "the run waits, and continues by itself\n"


class SmallDisk:
    """The disk of a store, and how often it was filled."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._ballast = folder, folder / "ballast"
        self._chance = random.Random(seed)

    def fill(self, free: int | None = None) -> None:
        """Leave ``free`` kB; None: by chance."""
        # The run may take what is left meanwhile.
        with contextlib.suppress(OSError):
            fill(self._ballast, self._folder, 1_024 * (free or self._chance.randrange(16, 400)))

    def free_some(self) -> None:
        """Free more than the steps that a replay holds, so that it goes on for a while."""
        os.truncate(self._ballast, self._ballast.stat().st_size - 1_024 * self._chance.randrange(400, 900))

    def free(self) -> None:
        self._ballast.unlink()


def replay(folder: Path, cycles: int, seed: int) -> dict[str, Any]:
    """Free some of the disk each time that a replay says that it waits, and all of it the last time."""
    disk, said = SmallDisk(folder, seed), Counter[str]()
    disk.fill(TO_START)
    process = subprocess.Popen(
        cli_runs.forked("replay", *GIVEN, "--store", folder / "run.db", "--json", "-"),
        env=cli_runs.environment(Path.cwd()), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    late = threading.Timer(LONGEST_S, process.kill)
    late.start()
    assert process.stderr is not None
    for line in process.stderr:
        said[line] += 1
        if line.endswith(WAITS):
            said[WAITS] += 1
            if said[WAITS] < cycles:
                disk.free_some()
            else:
                disk.free()
    result, _ = process.communicate(timeout=PATIENCE_S)
    late.cancel()
    whole = cli_runs.run(Path.cwd(), "replay", *GIVEN, "--store", "memory://", "--json", "-").stdout
    return {
        "waited": said[WAITS],
        "continued": said[f"{SPACE_AGAIN}\n"],
        "code": process.returncode,
        "equal": process.returncode == 0 and decided(result) == decided(whole),
        **stored(folder / "run.db", set(), set()),
    }


def decided(result: str) -> list[Any]:
    return [json.loads(result)[name] for name in ("bars", "decisions_sha256", "state_sha256")]


def run(folder: Path, cycles: int, seed: int) -> dict[str, Any]:
    """Fill the disk under a served run, to which a client sends examples and outcomes, and free it once the run waits."""
    disk, waited = SmallDisk(folder, seed), 0
    with up(Path.cwd(), "--store", str(folder / "run.db"), "--speed", "400", make=cli_runs.forked) as served:
        with sending(served) as client:
            for _ in range(cycles):
                disk.fill()
                health = until(served, lambda health: health["state"] == "waiting")
                assert health["status"] == "degraded", health
                status = served.get("/api/v1/system")
                assert status["state"] == "waiting", status
                assert served.get("/api/v1/market/SYN/bars")["total"] == status["feed"]["bars_done"]
                refused = client.refused
                while client.refused == refused and client.is_alive():
                    time.sleep(0.01)
                waited += 1
                disk.free()
                until(served, lambda health: health["state"] != "waiting")
        served.post("/api/v1/system/speed", {"bars_per_second": 0.0})
        state = served.until("finished")["state"]
        code, said = served.stop(15)
    return {
        "waited": waited,
        "code": code,
        "state": state,
        "refused": client.refused,
        "acknowledged": len(client.examples) + len(client.outcomes),
        "said": said.count("the run waits"),
        **stored(folder / "run.db", client.examples, client.outcomes),
    }


def until(served: Running, fulfilled: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    ends = time.monotonic() + PATIENCE_S
    while not fulfilled(health := served.get("/health")):
        assert time.monotonic() < ends, health
        time.sleep(0.01)
    return health


class Client(threading.Thread):
    """Sends three examples and one outcome at a time, and the same again until they are acknowledged."""

    def __init__(self, served: Running) -> None:
        super().__init__()
        self._served = served
        self.refused = 0
        self.examples: set[str] = set()
        self.outcomes: set[str] = set()
        self.over = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            ids = [f"{number}/{place}" for place in range(BATCH)]
            rows = [{"id": each, "features": [0.5, number % 7 / 7.0], "label": number % 2} for each in ids]
            if self._acknowledged(f"{SESSIONS}/MINE/sum/update", {"examples": rows}):
                self.examples.update(ids)
            fills = self._served.get("/api/v1/trading/fills?book=combined&limit=10000")["fills"]
            if fills and self._acknowledged("/api/v1/trading/outcomes", {"outcomes": [outcome(str(number), fills[-1])]}):
                self.outcomes.add(str(number))
            number += 1

    def _acknowledged(self, path: str, body: dict[str, Any]) -> bool:
        while not self.over.is_set():
            try:
                self._served.post(path, body)
            except urllib.error.HTTPError as error:
                if error.code != 503 or error.headers["retry-after"] != "2":
                    # Of a trade whose signal is closed, or of none, nothing can be learned.
                    return False
                self.refused += 1
                time.sleep(0.05)
            else:
                return True
        return False


def outcome(number: str, fill: dict[str, Any]) -> dict[str, Any]:
    """A trade that somebody made elsewhere by the signal of a fill."""
    times = {"opened_ms": fill["ts_ms"], "closed_ms": fill["ts_ms"]}
    prices = {"quantity": 1.0, "open_price": 100.0, "close_price": 101.0, "net_pnl": 0.9}
    return {"id": number, "book": "elsewhere", "signal_id": fill["signal_id"], **times, **prices}


@contextmanager
def sending(served: Running) -> Iterator[Client]:
    config = {"target": "sum", "source": "api", "n_features": 2}
    served.post(f"{SESSIONS}/start", {"symbol": "MINE", "model_type": "logistic", "config": config})
    client = Client(served)
    client.start()
    try:
        yield client
    finally:
        client.over.set()
        client.join(PATIENCE_S)


def stored(path: Path, examples: set[str], outcomes: set[str]) -> dict[str, Any]:
    """How many of what was acknowledged the store lacks or has twice, and whether the run repeated comes out as stored."""
    held: Counter[str] = Counter()
    for row in stored_rows(path):
        for command in decode_step(row.payload).commands:
            held.update(f"example {example.id}" for example in command.examples or ())
            if command.outcome is not None:
                held[f"outcome {command.outcome.lot.lot_id}"] += 1
    sent = {f"example {each}" for each in examples} | {f"outcome {each}" for each in outcomes}
    with StoreReader(path) as reader:
        repeated = rebuild(reader)
    return {"lost": len(sent - held.keys()), "doubled": sum(count - 1 for count in held.values()), "repeated": repeated.ok}


if __name__ == "__main__":
    chosen = {"replay": replay, "run": run}[sys.argv[1]]
    print(json.dumps(chosen(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
