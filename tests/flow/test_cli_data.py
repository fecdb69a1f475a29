"""`alpha-pulse data inspect` and `data import` as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from alpha_pulse.feeds.columns import PRICES
from alpha_pulse.feeds.files.paths import expand
from alpha_pulse.feeds.files.provenance import provenance_of
from alpha_pulse.feeds.reading import read
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, random_walk
from cli_runs import command, environment, forked, run

HOUR = 3_600
SYMBOLS = ("BTC/USDT", "EURUSD")


def write(path: Path, bars: int = 400, symbols: tuple[str, ...] = SYMBOLS, **changed: dict[int, float]) -> Path:
    """Hourly bars from 2020-01-01 as CSV; ``changed`` has prices of some rows, to be written in place of theirs."""
    columns = random_walk(bars, seed=3, market=Market(symbols=symbols, volatility=0.004, has_volume=True)).columns
    prices = {name: getattr(columns, name).copy() for name in PRICES}
    for name, values in changed.items():
        for row, value in values.items():
            prices[name][row] = value
    frame = pl.DataFrame(
        {"ts": columns.ts_start // 10**9, "symbol": np.array(symbols)[columns.code], **prices, "volume": columns.volume}
    )
    frame.write_csv(path)
    return path


def started(place: Path, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, cwd=place, env=environment(place), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def inspected(place: Path, *arguments: str) -> dict[str, Any]:
    done = run(place, "data", "inspect", *arguments, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if found["would_load"] else 1), done.stderr
    return found


def test_what_loads_is_shown_with_the_command_that_replays_it(tmp_path: Path) -> None:
    write(tmp_path / "two.csv")
    done = run(tmp_path, "data", "inspect", "two.csv")
    assert done.returncode == 0, done.stderr
    for word in (
        "two.csv",
        "recognised as",
        "BTC/USDT and EURUSD",
        "2020-01-01",
        "24/7 (UTC)",
        "Bars of 1h (inferred from the bars)",
    ):
        assert word in done.stdout, word
    assert "batch.train_bars is 2,000: no batch model is trained for these symbols" in " ".join(done.stdout.split())
    assert done.stdout.endswith("would load: yes\n  alpha-pulse replay --data two.csv\n")


def test_json_has_the_same(tmp_path: Path) -> None:
    write(tmp_path / "two.csv", high={300: 900.0})
    found = inspected(
        tmp_path, "two.csv", "--tz", "Europe/Berlin", "--interval", "1h", "--symbol", "BTC/USDT", "--symbol", "EURUSD"
    )
    assert (found["would_load"], found["refusal"], found["interval"], found["interval_inferred"]) == (True, None, "1h", False)
    assert (found["zone"], found["has_volume"], found["has_quotes"]) == ("Europe/Berlin", True, False)
    first = found["symbols"][0]
    assert (first["symbol"], first["bars"], first["sessions"]) == ("BTC/USDT", 400, ["24/7"])
    start = 1_577_836_800
    assert [first[f"{name}_ts"] // 10**9 - start for name in ("first_open", "first_close", "last_open", "last_close")] == [
        0, HOUR, 399 * HOUR, 400 * HOUR
    ]  # fmt: skip
    [spike] = [note for note in found["notes"] if note["kind"] == "spike"]
    assert spike["places"] == ["BTC/USDT at 2020-01-07 06:00:00 UTC"]
    command = found["command"].split()
    assert command[:2] == ["alpha-pulse", "replay"]
    assert (
        run(tmp_path, *command[1:], "--store", "memory://", "--json", "r.json", ALPHA_PULSE__BATCH__ENABLED="false").returncode
        == 0
    )
    assert any(spike["text"] == warning for warning in json.loads((tmp_path / "r.json").read_bytes())["warnings"])


def test_too_few_bars_are_reported_before_anything_runs(tmp_path: Path) -> None:
    write(tmp_path / "short.csv", bars=29, symbols=("A",))
    said = "A has 29 bars, but the first prediction is made at bar 50: nothing is predicted or traded there"
    assert said in inspected(tmp_path, "short.csv")["too_few_bars"][0]
    for words in (["replay"], ["run", "--port", "0", "--speed", "0"]):
        with started(tmp_path, *forked(*words, "--store", "memory://", "--data", "short.csv")) as process:
            assert process.stderr is not None
            assert process.stderr.readline().startswith(f"warning: {said}")
            process.terminate()


def test_a_refused_file_is_reported_with_exit_code_1(tmp_path: Path) -> None:
    write(tmp_path / "bad.csv", symbols=("A",), high={7: 1.0})
    done = run(tmp_path, "data", "inspect", "bad.csv")
    assert done.returncode == 1
    assert "would load: no" in done.stdout
    assert "row 8: column 'high' is 1, below open" in done.stdout
    assert "bad.csv" in done.stdout.splitlines()[0]
    assert "recognised as" in done.stdout
    assert inspected(tmp_path, "bad.csv")["command"] is None


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("Date,Open,High,Low\n2020-01-01,1,2,1\n", ["recognised as", "not used", "Date, Open, High, Low", "lacks close"]),
        ("", ["is empty"]),
        ("dear diary\n", ["is not a table of bars"]),
    ],
)
def test_a_file_that_is_no_table_of_bars_is_reported_as_far_as_it_is_understood(
    tmp_path: Path, content: str, shown: list[str]
) -> None:
    (tmp_path / "a.csv").write_text(content)
    done = run(tmp_path, "data", "inspect", "a.csv")
    assert done.returncode == 1
    assert done.stdout.startswith("a.csv\n")
    assert not [word for word in shown if word not in done.stdout]


def test_each_of_several_files_is_judged(tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    write(folder / "good.csv", symbols=("A",))
    write(folder / "bad.csv", symbols=("B",), low={3: 1e9})
    found = inspected(tmp_path, "bars")
    assert [(Path(each["path"]).name, each["refusal"] is None) for each in found["files"]] == [
        ("bad.csv", False),
        ("good.csv", True),
    ]
    assert "bad.csv, row 4: column 'low'" in found["refusal"]
    assert inspected(tmp_path, "bars/g*.csv")["would_load"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no.csv"], "alpha-pulse: file no.csv does not exist"),
        (["none/*.csv"], "alpha-pulse: no file matches none/*.csv"),
        (["a.csv", "--tz", "Mars/Olympus"], "alpha-pulse: time zone 'Mars/Olympus' is not known"),
        (["a.csv", "--stamp", "middle"], "alpha-pulse: --stamp is 'middle'; expected open or close"),
        (["a.csv", "--interval", "1M"], "alpha-pulse: interval '1M' may mean minutes or months"),
    ],
)
def test_what_cannot_be_looked_at_is_one_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    write(tmp_path / "a.csv", bars=60)
    for words in (["inspect"], ["import", "--to", "out"]):
        done = run(tmp_path, "data", *words, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_what_is_imported_replays_as_its_source(tmp_path: Path) -> None:
    write(tmp_path / "two.csv")
    done = run(tmp_path, "data", "import", "two.csv", "--to", "out", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [each["path"] for each in found["files"]] == ["out/BTC_USDT_1h.parquet", "out/EURUSD_1h.parquet"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["BTC_USDT_1h.parquet", "EURUSD_1h.parquet"]
    data = read(expand([tmp_path / "out"]))
    assert not data.interval_inferred
    assert ReplayFeed.from_data(data).identity == ReplayFeed.from_data(read([tmp_path / "two.csv"])).identity
    provenance = provenance_of(tmp_path / "out" / "EURUSD_1h.parquet", "file x")
    assert provenance is not None
    assert (provenance.symbol, provenance.interval, provenance.bars) == ("EURUSD", "1h", 400)
    [source] = provenance.files
    assert (source.name, source.bytes) == ("two.csv", (tmp_path / "two.csv").stat().st_size)
    assert msgspec.to_builtins(source) == found["sources"][0]
    assert str(tmp_path) not in str(provenance)


def test_files_that_are_there_are_written_over_only_when_asked(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", symbols=("A",))
    assert run(tmp_path, "data", "import", "a.csv", "--to", "out").returncode == 0
    before = (tmp_path / "out" / "A_1h.parquet").read_bytes()
    write(tmp_path / "a.csv", bars=300, symbols=("A",))
    refused = run(tmp_path, "data", "import", "a.csv", "--to", "out")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith("alpha-pulse: out/A_1h.parquet exists already")
    assert (tmp_path / "out" / "A_1h.parquet").read_bytes() == before
    assert run(tmp_path, "data", "import", "a.csv", "--to", "out", "--overwrite").returncode == 0
    assert pl.read_parquet(tmp_path / "out" / "A_1h.parquet").height == 300
    itself = run(tmp_path, "data", "import", "out/A_1h.parquet", "--to", "out", "--overwrite")
    assert "is a file to import and would be overwritten" in itself.stderr
    os.mkfifo(tmp_path / "pipe")
    assert "pipe is not a regular file" in run(tmp_path, "data", "import", "pipe", "--to", "out").stderr
    assert "not a folder" in run(tmp_path, "data", "import", "a.csv", "--to", "a.csv").stderr


def test_a_kill_leaves_nothing_half_written(tmp_path: Path) -> None:
    symbols = tuple(f"S{number:03}" for number in range(100))
    write(tmp_path / "many.csv", bars=60, symbols=symbols)
    killed = 0
    for after_s in (0.0, 0.05, 0.15):
        # A process of its own: what kills the client of a copy does not kill the copy at that instant.
        with started(tmp_path, *command("data", "import", "many.csv", "--to", "out", "--overwrite")) as process:
            assert process.stderr is not None
            process.stderr.readline()
            time.sleep(after_s)
            process.kill()
        killed += process.returncode != 0
        if (tmp_path / "out").exists() and (whole := sorted((tmp_path / "out").glob("*.parquet"))):
            assert all(pl.read_parquet(path).height == 60 for path in whole)
            assert read(expand([tmp_path / "out"])).bars.code.size == 60 * len(whole)
    assert killed
    assert run(tmp_path, "data", "import", "many.csv", "--to", "out", "--overwrite").returncode == 0
    assert len(read(expand([tmp_path / "out"])).bars.symbols) == 100


def test_a_signal_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path / "many.csv", bars=60, symbols=tuple(f"S{number:03}" for number in range(300)))
    with started(tmp_path, *forked("data", "import", "many.csv", "--to", "out")) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "writing: 300 files\n"
        process.terminate()
        assert process.stderr.read().splitlines()[-1] == "alpha-pulse: stopped; nothing was written"
    assert process.returncode == 143
    assert not list(tmp_path.glob("out/*"))
    assert not list(tmp_path.glob("out/.*"))


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", symbols=("A",))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".A_1h.parquet.part").symlink_to("/dev/full")
    done = run(tmp_path, "data", "import", "a.csv", "--to", "out")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("alpha-pulse: output file out/A_1h.parquet cannot be written: ")
    assert list((tmp_path / "out").iterdir()) == []
