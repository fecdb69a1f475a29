from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from alpha_pulse.core.config_loading import load_config
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores import open_store
from cli_runs import command, environment, forked, run, run_each, write_bars

BARS = 400


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_bars(folder / "bars.parquet", BARS)
    (folder / "names.toml").write_text("[learning]\nmodel = 'logistics'\n", encoding="utf-8")
    (folder / "linked.db").symlink_to("whole.db")
    return folder


@pytest.fixture(scope="module")
def whole(place: Path) -> dict[str, object]:
    """The result of an uninterrupted run, its decisions in ``whole.jsonl``."""
    arguments = (
        "replay",
        "--data",
        "bars.parquet",
        "--config",
        "small.toml",
        "--store",
        "whole.db",
        "--decisions",
        "whole.jsonl",
    )
    done = run(place, *arguments, "--json", "whole.json", PYTHONHASHSEED="1")
    assert done.returncode == 0, done.stderr
    assert f"{BARS} bars of 1 h" in done.stdout
    assert "labelled +" in done.stdout
    assert "Traceback" not in done.stderr
    found: dict[str, object] = json.loads((place / "whole.json").read_bytes())
    return found


def lasting(result: dict[str, object]) -> dict[str, object]:
    """Without wall time and place."""
    return {key: value for key, value in result.items() if key not in ("bars_per_second", "store")}


def test_the_result_holds_what_is_promised(place: Path, whole: dict[str, object]) -> None:
    assert whole["bars"] == BARS
    exported = (place / "whole.jsonl").read_bytes()
    assert exported.count(b"\n") == whole["decisions"]
    decisions = [json.loads(line) for line in exported.splitlines()]
    assert all(one["bar_open_ts"] == {"SYN": one["ts"] - 3_600 * 10**9} for one in decisions)
    data = whole["data"]
    assert isinstance(data, dict)
    assert data["last_ts"] - data["last_bar_open_ts"] == 3_600 * 10**9
    assert list(whole)[-1] == "by_symbol"
    for key in ("ml_fraction", "fees", "books", "metrics", "success_metrics", "drift_alarms", "adaptations", "state_sha256"):
        assert key in whole, key
    assert not list(place.glob("*.part"))


def test_json_on_standard_output_is_alone_there_and_another_hash_seed_changes_nothing(
    place: Path, whole: dict[str, object]
) -> None:
    done = run(place, "replay", "--data", "bars.parquet", "--config", "small.toml", "--json", "-", PYTHONHASHSEED="77")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert lasting(found) == lasting(whole)
    store = Path(found["store"].removeprefix("sqlite:///"))
    assert store.is_file()
    assert store.is_relative_to(place / "data" / "alpha-pulse" / "runs")


def test_a_finished_run_is_shown_again_and_not_run_again(place: Path, whole: dict[str, object]) -> None:
    arguments = ("replay", "--data", "bars.parquet", "--config", "small.toml", "--store", "whole.db")
    done = run(place, *arguments, "--resume", "--json", "again.json", "--decisions", "again.jsonl")
    assert done.returncode == 0, done.stderr
    assert (place / "again.json").read_bytes() == (place / "whole.json").read_bytes()
    assert (place / "again.jsonl").read_bytes() == (place / "whole.jsonl").read_bytes()
    refused = run(place, *arguments)
    assert refused.returncode == 2
    assert refused.stderr.startswith("alpha-pulse: store sqlite:///whole.db already contains run")
    assert refused.stderr.count("\n") == 1
    assert "use --resume" in refused.stderr
    assert refused.stdout == ""


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize(("number", "code", "make"), [(signal.SIGINT, 130, command), (signal.SIGTERM, 143, forked)])
def test_a_signal_stops_cleanly_and_resume_ends_alike(
    tmp_path: Path, number: int, code: int, make: Callable[..., list[str]]
) -> None:
    write_bars(tmp_path / "bars.parquet", 3_000)
    arguments = ("replay", "--data", "bars.parquet", "--config", "small.toml", "--store", "run.db", "--resume")
    process = subprocess.Popen(
        make(*arguments), cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    while _size(tmp_path / "run.db-wal") < 500_000:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code, told
    assert "stopped after" in told
    assert "--store sqlite:///run.db --resume" in told
    finished = run(tmp_path, *arguments, "--json", "-")
    straight = run(tmp_path, *arguments[:-3], "--store", "memory://", "--json", "-")
    assert finished.returncode == straight.returncode == 0, finished.stderr + straight.stderr
    assert lasting(json.loads(finished.stdout)) == lasting(json.loads(straight.stdout))


REFUSALS: list[tuple[tuple[str, ...], str]] = [
    (("replay", "--resume"), "--resume was given without --store"),
    (("replay", "--data", "nowhere.csv"), "nowhere.csv"),
    (("replay", "--data", "bars.parquet", "--symbol", "SYM"), "did you mean 'SYN'?"),
    (("replay", "--json", "no/such/file.json"), "--json no/such/file.json: the folder no/such does not exist"),
    (("replay", "--decisions", "bars.parquet/file"), "the folder bars.parquet is not a folder"),
    (("replay", "--store", "sqlite:///no/run.db"), "--store no/run.db: the folder no does not exist"),
    (("replay", "--data", "bars.parquet", "--config", "small.toml", "--store", ""), "store '' has no file path"),
    (("replay", "--data", "bars.parquet", "--tz", ""), "time zone '' is not known"),
    (("replay", "--data", "a\nb.csv"), "file a\\nb.csv does not exist"),
    (("replay", "--config", "names.toml"), "learning.model in names.toml: unknown model 'logistics'"),
    (("config", "show", "--config", "names.toml"), "did you mean 'logistic'?"),
    (("warmup", "--config", "names.toml"), "did you mean 'logistic'?"),
    (("replay", "--decisions", "-"), "write --decisions FILE"),
    (("replay", "--json", "out", "--decisions", "./out"), "--json out and --decisions out are the same file"),
    (("replay", "--json", "out", "--decisions", "out.part"), "are the same file"),
    (("replay", "--data", "bars.parquet", "--json", "bars.parquet"), "--data bars.parquet and --json bars.parquet"),
    (("replay", "--config", "small.toml", "--decisions", "small.toml"), "are the same file"),
    (("replay", "--store", "sqlite:///whole.db", "--json", "whole.db"), "--store whole.db and --json whole.db"),
    (("replay", "--store", "whole.db", "--decisions", "linked.db"), "are the same file"),
    (("config", "show", "--config", "nowhere.toml"), "nowhere.toml cannot be read"),
]


@pytest.fixture(scope="module")
def refused(place: Path) -> list[subprocess.CompletedProcess[str]]:
    return run_each(place, [arguments for arguments, _ in REFUSALS])


@pytest.mark.parametrize("case", range(len(REFUSALS)), ids=[sentence for _, sentence in REFUSALS])
def test_an_error_is_one_sentence(refused: list[subprocess.CompletedProcess[str]], case: int) -> None:
    done, sentence = refused[case], REFUSALS[case][1]
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("alpha-pulse: ")
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_what_is_no_file_may_be_named_twice(place: Path, whole: dict[str, object]) -> None:
    arguments = ("replay", "--data", "bars.parquet", "--config", "small.toml", "--store", "whole.db", "--resume")
    done = run(place, *arguments, "--json", "/dev/null", "--decisions", "/dev/null")
    assert done.returncode == 0, done.stderr


def test_a_resumed_run_says_what_it_makes_again_and_what_it_left_out(tmp_path: Path) -> None:
    write_bars(tmp_path / "bars.parquet", 3_300)
    arguments = ("replay", "--data", "bars.parquet", "--config", "small.toml")
    settings = load_config(tmp_path / "small.toml", environ={})
    feed = ReplayFeed.from_file(tmp_path / "bars.parquet")
    store = open_store(str(tmp_path / "run.db"), settings.store)
    looks: list[int] = []
    assert (
        replay(settings, feed, store, "cut", on_progress=lambda at: looks.append(at.bars), stopped=lambda: len(looks) == 3)
        is None
    )
    store.close()
    with closing(sqlite3.connect(tmp_path / "run.db")) as db:
        db.execute("UPDATE checkpoint SET blob = x'00' WHERE seq = 2799")
        db.commit()
    done = run(tmp_path, *arguments, "--store", "run.db", "--resume", "--json", "-")
    assert done.returncode == 0, done.stderr
    made_again, left_out, *going_on = done.stderr.splitlines()
    assert made_again == "replaying the end of the journal: 372 steps"
    assert left_out.startswith("warning: checkpoint at step 2799: a packed state")
    assert all(line.startswith("replaying SYN") for line in going_on)
    straight = run(tmp_path, *arguments, "--store", "memory://", "--json", "-")
    assert lasting(json.loads(done.stdout)) == lasting(json.loads(straight.stdout))
    assert "again" not in straight.stderr


def test_an_unknown_option_is_a_usage_error(place: Path) -> None:
    done = run(place, "replay", "--dta", "x")
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_the_variable_that_names_no_agent_is_told(place: Path) -> None:
    done = run(place, "config", "show", ALPHA_PULSE__AGENTS__MEMBERS='["trnd"]')
    assert done.returncode == 2
    assert done.stderr.startswith("alpha-pulse: ALPHA_PULSE__AGENTS__MEMBERS: unknown agent 'trnd'")
    assert "did you mean 'trend'?" in done.stderr


def test_a_reader_that_leaves_is_no_accident(place: Path, whole: dict[str, object]) -> None:
    arguments = ("replay", "--data", "bars.parquet", "--config", "small.toml", "--store", "whole.db", "--resume")
    for make, more in ((command, ()), (forked, ("--json", "-"))):
        process = subprocess.Popen(
            make(*arguments, *more),
            cwd=place,
            env=environment(place),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read()
        process.stderr.close()
        assert process.wait(60) == 141
        assert told == ""


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("more", [(), ("--json", "-"), ("--json", FULL), ("--decisions", FULL)])
def test_a_full_disk_is_one_sentence_that_tells_how_to_see_the_result(
    place: Path, whole: dict[str, object], more: tuple[str | Path, ...]
) -> None:
    arguments = ("replay", "--data", "bars.parquet", "--config", "small.toml", "--store", "whole.db", "--resume", *more)
    with FULL.open("wb") as full:
        make = forked if more else command
        done = subprocess.run(
            make(*arguments), cwd=place, env=environment(place), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    name = "output file /dev/full" if FULL in more else "standard output"
    assert done.stderr.startswith(f"alpha-pulse: {name} cannot be written: no space is left on the disk; free space")
    assert "--store sqlite:///whole.db --resume" in done.stderr


@pytest.mark.parametrize("arguments", ["--help", "--version", "config show"])
def test_short_commands_meet_a_full_disk_and_closed_streams(place: Path, arguments: str) -> None:
    for redirection, code, told in (
        (">/dev/full", 2, "cannot be written"),
        (">&-", 2, "standard output is closed"),
        ("2>&-", 0, ""),
    ):
        line = f'exec "$0" -m alpha_pulse {arguments} {redirection}'
        done = subprocess.run(
            ["sh", "-c", line, sys.executable], cwd=place, env=environment(place), capture_output=True, text=True, check=False
        )
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), (redirection, done.stderr)
        assert told in done.stderr


def test_progress_that_cannot_be_shown_stops_nothing(place: Path) -> None:
    arguments = ("replay", "--data", "bars.parquet", "--config", "small.toml", "--store", "memory://")
    with FULL.open("wb") as full:
        done = subprocess.run(
            forked(*arguments), cwd=place, env=environment(place), stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )
    assert done.returncode == 0
    assert "state hash" in done.stdout


def test_an_encoding_without_our_signs_gets_plain_ones(place: Path) -> None:
    write_bars(place / "odd.parquet", 60, ("[/b]Ω",))
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = run(place, "replay", "--data", "odd.parquet", "--config", "small.toml", "--store", "memory://", **plain)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert done.stdout.startswith("[/b]\\u03a9  ")
    assert "|     -|" in done.stdout
    assert run(place, "--help", **plain).stdout.isascii()


@pytest.mark.parametrize("imported", ["typer", "numpy", "numba"])
def test_ctrl_c_while_the_program_loads_is_one_line(place: Path, imported: str) -> None:
    arguments = (sys.executable, "-X", "importtime", *command("replay", "--config", "small.toml", "--store", "memory://")[1:])
    process = subprocess.Popen(
        arguments, cwd=place, env=environment(place), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.rpartition("|")[2].strip() == imported:
            process.send_signal(signal.SIGINT)
            break
    output, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output == ""
    assert [line for line in told.splitlines() if not line.startswith("import time:")] == ["alpha-pulse: interrupted"]


def test_ctrl_c_while_kernels_are_compiled_is_one_line(place: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("replay", "--data", "bars.parquet", "--config", "small.toml", "--store", "memory://"),
        cwd=place,
        env=environment(place, NUMBA_CACHE_DIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("compiling kernels")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "alpha-pulse: interrupted\n")
    assert process.returncode == 130


def test_the_configuration_shown_can_be_fed_back(place: Path) -> None:
    shown = run(place, "config", "show", "--config", "small.toml", ALPHA_PULSE__VENUE__FEE_BPS="2.5")
    assert shown.returncode == 0, shown.stderr
    assert "# ALPHA_PULSE__VENUE__FEE_BPS" in shown.stdout
    assert "# small.toml" in shown.stdout
    (place / "shown.toml").write_text(shown.stdout, encoding="utf-8")
    first = run(place, "config", "show", "--json", "--config", "small.toml", ALPHA_PULSE__VENUE__FEE_BPS="2.5")
    second = run(place, "config", "show", "--json", "--config", "shown.toml")
    assert json.loads(first.stdout) == json.loads(second.stdout)
    assert json.loads(second.stdout)["venue"]["fee_bps"] == 2.5


@pytest.mark.parametrize("cache", ["shared", pytest.param("empty", marks=pytest.mark.soak)])
def test_after_a_warm_up_nothing_is_left_to_compile(place: Path, tmp_path: Path, cache: str) -> None:
    folder = {"NUMBA_CACHE_DIR": str(tmp_path)} if cache == "empty" else {}
    done = run(place, "warmup", "--config", "small.toml", "--json", **folder)
    assert done.returncode == 0, done.stderr
    again = json.loads(run(place, "warmup", "--config", "small.toml", "--json", **folder).stdout)
    assert again["compiled"] == 0
    write_bars(place / "two.parquet", 300, ("A", "B"))
    arguments = ("replay", "--data", "two.parquet", "--config", "small.toml", "--store", "memory://", "--json", "two.json")
    # It tells of each kernel whether it was loaded or compiled.
    two = run(place, *arguments, NUMBA_DEBUG_CACHE="1", **folder)
    assert two.returncode == 0, two.stderr
    assert sorted(json.loads((place / "two.json").read_bytes())["by_symbol"]) == ["A", "B"]
    assert "[cache] data loaded" in two.stdout
    assert "[cache] data saved" not in two.stdout


@pytest.mark.parametrize("arguments", [(), ("replay",), ("config", "show"), ("journal", "verify")])
def test_help_has_an_example(place: Path, arguments: tuple[str, ...]) -> None:
    done = run(place, *arguments, "--help")
    assert done.returncode == 0
    assert "Example: alpha-pulse" in done.stdout


def test_help_loads_nothing_heavy(place: Path) -> None:
    program = "import sys; sys.argv = ['alpha-pulse', '--help']; from alpha_pulse.cli.main import main; main()"
    done = subprocess.run(
        [*command()[:1], "-X", "importtime", "-c", program],
        cwd=place,
        env=environment(place),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in loaded
    assert not loaded & {"numpy", "numba", "polars", "sqlite3", "lightgbm", "msgspec"}


def test_the_version_is_shown(place: Path) -> None:
    done = run(place, "--version")
    assert done.stdout.startswith("alpha-pulse 0.")


def test_a_symbol_with_one_bar_is_reported(tmp_path: Path) -> None:
    data = tmp_path / "one.csv"
    data.write_text("ts,symbol,open,high,low,close\n2020-01-01T00:00:00Z,X,1,1,1,1\n")
    arguments = ("replay", "--data", data, "--interval", "1h", "--store")
    done = run(tmp_path, *arguments, "run.db")
    assert done.returncode == 0, done.stderr
    lost = run(tmp_path, *arguments, "memory://", "--json", "run.db")
    assert lost.returncode == 2
    assert "is the store of a run" in lost.stderr


def test_a_file_without_its_option_is_answered_with_the_option(place: Path) -> None:
    done = run(place, "replay", "bars.parquet")
    assert done.returncode == 2
    assert "--data bars.parquet" in done.stderr
