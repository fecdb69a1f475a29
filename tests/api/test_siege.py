"""The long proof against lock-out: a process of its own, few files, and a crowd that comes back as fast as it is thrown out."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.crowds import crowd, may_open
from cli_runs import command, environment, write_bars

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]
CROWD = 1_100
SECONDS = 20.0
SOON_S = 5.0
"""A connection that the system could not queue is asked for again after 1 and 3 seconds."""


def at_most(files: int) -> Callable[[], None]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, 256), files))

    return limit


@contextmanager
def served(place: Path, files: int) -> Iterator[tuple[str, str]]:
    """A run that may open so many files; its address and token."""
    write_bars(place / "bars.parquet", 400)
    process = subprocess.Popen(
        command("run", "--data", "bars.parquet", "--config", "small.toml", "--port", "0", "--json", "--speed", "2"),
        cwd=place,
        env=environment(place),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=at_most(files),
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        started = json.loads(line)
        while httpx.get(f"{started['url']}/health").json()["compiling"] is not None:
            time.sleep(0.02)
        yield started["url"], Path(started["token_file"]).read_text(encoding="ascii").strip()
        assert process.poll() is None
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[1]
    assert "Traceback" not in said, said[-2_000:]


@pytest.mark.parametrize("files", [300, 1_024, 4_096])
def test_a_crowd_that_comes_back_keeps_nobody_out(tmp_path: Path, files: int) -> None:
    assert may_open(CROWD + 500)
    with served(tmp_path, files) as (url, token):
        port, over = int(url.rpartition(":")[2]), threading.Event()

        def besiege() -> None:
            while not over.is_set():
                with crowd(port, CROWD):
                    over.wait(1.0)

        besieger = threading.Thread(target=besiege)
        besieger.start()
        taken: list[float] = []
        try:
            ends = time.monotonic() + SECONDS
            while time.monotonic() < ends:
                began = time.perf_counter()
                with httpx.Client(base_url=url, timeout=10) as client:
                    status = client.get("/api/v1/system", headers={"Authorization": f"Bearer {token}"})
                assert status.status_code == 200
                assert status.json()["state"] != "failed"
                taken.append(time.perf_counter() - began)
        finally:
            over.set()
            besieger.join()
        middle, worst = statistics.median(taken), max(taken)
        print(f"{files} files: {len(taken)} requests of the holder, median {1e3 * middle:.0f} ms, worst {1e3 * worst:.0f} ms")
        assert worst < SOON_S
