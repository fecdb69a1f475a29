"""``alpha-pulse run`` as a user meets it: a process that trades, serves, stops and goes on."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import time
import urllib.error
from pathlib import Path

import pytest

from cli_runs import command, environment, forked, run, write_bars
from flow.run_process import PATIENCE_S, up

BARS = 400
WARM_START_S = 4.0
"""CPU of a whole life that is little more than a start; 1.6 on one core of an AMD EPYC."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_bars(folder / "bars.parquet", BARS)
    return folder


def cpu_of_children() -> float:
    """Seconds of CPU of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_it_serves_stops_goes_on_and_ends(place: Path) -> None:
    with up(place, "--speed", "300", make=command) as first:
        assert first.started["link"].startswith(f"{first.started['url']}/#ticket=")
        assert Path(first.started["token_file"]).stat().st_mode & 0o777 == 0o600
        page = first.signed_in()
        while first.get("/api/v1/system")["feed"]["bars_done"] < 100:
            time.sleep(0.02)
        code, said = first.stop(signal.SIGTERM)
    assert code == 143
    assert "all are stored. Resume with:\n  alpha-pulse run --data bars.parquet --config small.toml" in said
    assert "Traceback" not in said
    done = int(said.split("stopped after ")[1].split(" of")[0])
    assert 100 <= done < BARS
    with up(place, "--speed", "0") as second:
        assert second.started["store"] == first.started["store"]
        assert second.started["run_id"] == first.started["run_id"]
        # The page that signed in before is signed in still.
        assert second.get("/api/v1/system", page)["run_id"] == first.started["run_id"]
        status = second.until("finished")
        bars = second.get("/api/v1/market/SYN/bars")
        code, said = second.stop(signal.SIGINT)
    assert code == 0
    assert "the data have ended" in said
    assert bars["total"] == BARS
    before = cpu_of_children()
    with up(place) as third:
        again = third.until("finished")
        assert (again["state"], again["result"], again["success_metrics"]) == (
            "finished",
            status["result"],
            status["success_metrics"],
        )
        assert third.stop(signal.SIGTERM)[0] == 0
    assert cpu_of_children() - before < WARM_START_S
    replayed = run(place, "replay", "--data", "bars.parquet", "--config", "small.toml", "--json", "-")
    assert json.loads(replayed.stdout)["decisions_sha256"] == status["decisions_sha256"]
    with up(place, "--fresh", "--speed", "50") as fresh:
        assert fresh.started["store"] != first.started["store"]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            fresh.get("/api/v1/system", page)
        assert fresh.get("/api/v1/system")["feed"]["bars_done"] < BARS
        fresh.stop(signal.SIGINT)
    with up(place, "--speed", "50") as last:
        assert last.started["store"] == fresh.started["store"]
        assert last.stop(signal.SIGINT)[0] == 130


def test_a_person_is_told_where_to_look(place: Path) -> None:
    process = subprocess.Popen(
        forked("run", "--data", "bars.parquet", "--config", "small.toml", "--port", "0", "--speed", "0", "--store", "told.db"),
        cwd=place,
        env=environment(place),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        said = ""
        while "state hash" not in said:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            said += line
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.communicate()
    assert "SYN on paper: 400 bars, as fast as possible" in said
    assert "/#ticket=" in said
    assert "labelled +" in said
    assert (place / "told.db").exists()


def test_a_port_or_a_store_that_is_taken_is_one_sentence(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = run(place, "run", "--data", "bars.parquet", "--config", "small.toml", "--port", port)
    assert refused.returncode == 2
    assert f"port {port} cannot be used" in refused.stderr
    assert "--port" in refused.stderr
    assert refused.stderr.count("\n") == 1
    with up(place, "--store", "used.db", "--speed", "10") as other:
        used = other.started["url"].rpartition(":")[2]
        refused = run(place, "run", "--data", "bars.parquet", "--config", "small.toml", "--port", used)
        assert f"port {used} cannot be used (another alpha-pulse run, which is running, uses it)" in refused.stderr
        assert "stop that run, or choose another --port" in refused.stderr
        checked = run(place, "doctor", "--port", used)
        assert "another alpha-pulse run, which is running, uses it" in checked.stdout
        refused = run(place, "run", "--data", "bars.parquet", "--config", "small.toml", "--port", "0", "--store", "used.db")
    assert refused.returncode == 2
    assert "is in use by process" in refused.stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--fresh", "--store", "x.db"), "--fresh and --store"),
        (("--speed", "-1"), "--speed"),
        (("--speed", "nan"), "--speed"),
        (("--data", "nowhere.parquet"), "nowhere.parquet"),
        (("--host", "no.such.host.invalid"), "no.such.host.invalid"),
    ],
)
def test_what_cannot_be_is_refused(place: Path, flags: tuple[str, ...], words: str) -> None:
    refused = run(place, "run", "--data", "bars.parquet", "--config", "small.toml", "--port", "0", *flags)
    assert refused.returncode == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_service_manager_is_told_when_the_run_serves(place: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_S)
        address = str(tmp_path / "notify")
        with up(place, "--store", "memory://", NOTIFY_SOCKET=address, WATCHDOG_USEC="60000000") as served:
            assert [manager.recv(64), manager.recv(64)] == [b"READY=1", b"WATCHDOG=1"]
            served.stop(signal.SIGTERM)


def test_a_server_for_others_is_warned_about(place: Path) -> None:
    with up(place, "--host", "0.0.0.0", "--store", "memory://", "--speed", "20") as open_to_all:
        assert open_to_all.get("/api/v1/system")["state"] == "running"
        assert open_to_all.started["link"].startswith("http://127.0.0.1:")
        code, said = open_to_all.stop(signal.SIGINT)
    assert code == 130
    assert "warning: other machines can reach 0.0.0.0" in said
    assert "nothing was stored" in said
