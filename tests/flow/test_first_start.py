"""The first start on a machine: the page is served while the engine is compiled, and the run then starts by itself."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from pathlib import Path

import msgspec
import pytest
from websockets.sync.client import connect

from alpha_pulse.core.config import Config
from cli_runs import command, write_bars
from flow.run_process import PATIENCE_S, Running, compiler_of, held, nearly_full_cache, up

BARS = 400


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    write_bars(folder / "bars.parquet", BARS)
    return folder


def refusal(run: Running, path: str) -> tuple[int, str | None, str]:
    """Status, Retry-After and sentence."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        run.get(path)
    return refused.value.code, refused.value.headers["retry-after"], json.loads(refused.value.read())["detail"]


def test_the_engine_is_compiled_behind_the_page(place: Path, tmp_path: Path) -> None:
    cache = nearly_full_cache(tmp_path)
    with up(place, "--store", "memory://", "--speed", "20", make=command, compiled=False, NUMBA_CACHE_DIR=cache) as run:
        address = run.started["url"].replace("http", "ws") + "/api/v1/online-learning/streaming/SYN"
        with connect(address) as line:
            with held(compiler_of(run)):
                line.send(json.dumps({"type": "auth", "data": {"token": run.token}}))
                hello = json.loads(line.recv(PATIENCE_S))
                assert (hello["type"], hello["seq"], hello["data"]["state"]) == ("hello", -1, "warming")
                health = run.get("/health", token="nobody")
                assert (health["status"], health["state"], health["compiling"]["compiled"]) == ("ok", "warming", 0)
                about = health["compiling"]["kernels"]
                page = run.signed_in()
                assert run.get("/api/v1/market/symbols", page)["symbols"] == ["SYN"]
                for path in ("/api/v1/system", "/api/v1/market/SYN/bars", "/api/v1/online-learning/sessions"):
                    status, retry_after, sentence = refusal(run, path)
                    assert (status, retry_after) == (503, "2")
                    progress = f"0 of about {about} kernels"
                    assert sentence == f"the engine is being compiled for this machine ({progress}); try again in a few seconds"
            state = json.loads(line.recv(PATIENCE_S))
            assert (state["type"], state["data"]["state"]) == ("state", "running")
            step = json.loads(line.recv(PATIENCE_S))
            assert step["type"] == "step"
            assert step["seq"] >= 0
        now = run.get("/api/v1/system", page)
        assert (now["state"], now["run_id"]) == ("running", run.started["run_id"])
        assert run.get("/health")["compiling"] is None
        code, said = run.stop(signal.SIGINT)
    assert code == 130
    assert "compiling kernels (first run only)" in said
    with up(place, "--store", "memory://", make=command, compiled=False, NUMBA_CACHE_DIR=cache) as again:
        assert again.get("/api/v1/system")["state"] == "running"


def test_ctrl_c_ends_the_compilation(place: Path, tmp_path: Path) -> None:
    with up(place, "--store", "stopped.db", make=command, compiled=False, NUMBA_CACHE_DIR=str(tmp_path)) as run:
        compiler = compiler_of(run)
        # A terminal sends Ctrl-C to a whole group of processes.
        assert os.getpgid(compiler) != os.getpgid(run.process.pid)
        with pytest.raises(ProcessLookupError), held(compiler):
            code, said = run.stop(signal.SIGINT)
    assert code == 130
    assert "stopped while the engine was compiled; what is compiled is kept. Start again with:\n  alpha-pulse run" in said
    assert "Traceback" not in said


def test_a_compilation_that_fails_is_told_on_page_and_terminal(place: Path, tmp_path: Path) -> None:
    with up(place, "--store", "failed.db", make=command, compiled=False, NUMBA_CACHE_DIR=str(tmp_path)) as run:
        os.kill(compiler_of(run), signal.SIGKILL)
        while (health := run.get("/health"))["state"] == "warming":
            pass
        assert (health["status"], health["state"], health["compiling"]) == ("failed", "failed", None)
        status, retry_after, sentence = refusal(run, "/api/v1/system")
        code, said = run.stop(signal.SIGINT)
    problem = "the kernels could not be compiled: the process that compiles them was ended by signal 9 (SIGKILL)"
    assert (status, retry_after) == (503, None)
    assert sentence.startswith(f"the engine has not started: {problem}")
    assert code == 2
    assert said.count(problem) == 2
    assert "Traceback" not in said


def test_the_other_process_gets_the_same_configuration() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Config()), type=Config) == Config()
