"""``replay`` and ``run`` with files as they lie on disks: several at once, how they were understood, and the same run again."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from cli_runs import SMALL, run

HEADER = "open_time,open,high,low,close,volume,close_time"
START = 1_575_288_000_000


def month(folder: Path, name: str, first: int, count: int = 30) -> Path:
    rows = [HEADER]
    for at in range(first, first + count):
        opened = START + 3_600_000 * at
        rows.append(f"{opened},{100 + at % 5},{106 + at % 5},{99 + at % 5},{101 + at % 5},{7 + at},{opened + 3_599_999}")
    path = folder / f"{name}.csv"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reading")
    (folder / "bars").mkdir()
    (folder / "small.toml").write_text(SMALL, "utf-8")
    month(folder / "bars", "BTCUSDT-1h-2019-12", 0)
    month(folder / "bars", "BTCUSDT-1h-2020-01", 30)
    month(folder / "bars", "ETHUSDT-1h-2019-12", 0)
    return folder


def result(place: Path, *arguments: str) -> dict[str, object]:
    done = run(place, "replay", *arguments, "--config", "small.toml", "--store", "memory://", "--json", "-")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found | {"told": done.stderr}


def test_a_folder_a_pattern_and_repeated_files_are_read(place: Path) -> None:
    folder = result(place, "--data", "bars")
    assert folder["bars"] == 90
    assert len(folder["files"]) == 3  # type: ignore[arg-type]
    assert sorted(folder["by_symbol"]) == ["BTCUSDT", "ETHUSDT"]  # type: ignore[call-overload]
    pattern = result(place, "--data", "bars/BTC*.csv")
    both = result(place, "--data", "bars/BTCUSDT-1h-2020-01.csv", "--data", "bars/BTCUSDT-1h-2019-12.csv")
    assert pattern["bars"] == both["bars"] == 60
    assert pattern["decisions_sha256"] == both["decisions_sha256"]
    line = "bars/BTCUSDT-1h-2019-12.csv: Binance's klines, with a header (CSV); BTCUSDT by the file's name, 30 bars"
    assert line in str(pattern["told"])


def test_notes_are_told_and_stand_in_the_result(place: Path) -> None:
    done = result(place, "--data", "bars/ETHUSDT-1h-2019-12.csv", "--stamp", "close", "--symbol", "ETHUSDT")
    files = done["files"]
    assert isinstance(files, list)
    assert [file["stamp_from"] for file in files] == ["the option stamp"]
    twice = place / "twice.csv"
    twice.write_text(
        "\n".join(["time,open,high,low,close", *(f"{START + 3_600_000 * (at // 2)},1,1,1,1" for at in range(8))]), "utf-8"
    )
    done = result(place, "--data", "twice.csv", "--duplicates", "last")
    kinds = [note["kind"] for note in done["notes"]]  # type: ignore[attr-defined]
    assert "duplicates" in kinds
    assert "assumed_stamp" in kinds
    assert "note: file twice.csv: column 'time' is assumed to be the open of a bar" in str(done["told"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--stamp", "middle"), "--stamp is 'middle'; expected open or close"),
        (("--duplicates", "drop"), "--duplicates is 'drop'; expected refuse, first or last"),
        (("--data", "bars", "--symbol", "BTCUSD"), "these 3 files contain no symbol 'BTCUSD'; did you mean 'BTCUSDT'?"),
        (("--data", "bars/*.parquet"), "no file matches bars/*.parquet"),
        (("--data", "bars", "--adjusted"), "has no adjusted close, which --adjusted needs"),
        (("--data", "bars", "--json", "bars/ETHUSDT-1h-2019-12.csv"), "are the same file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_one_sentence(place: Path, arguments: tuple[str, ...], says: str) -> None:
    done = run(place, "replay", *arguments, "--config", "small.toml", "--store", "memory://")
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_run_is_resumed_with_the_same_bars_from_other_files(place: Path) -> None:
    arguments = ("--config", "small.toml", "--store", "kept.db", "--json", "-")
    first = run(place, "replay", "--data", "bars/BTC*.csv", *arguments)
    assert first.returncode == 0, first.stderr
    whole = place / "BTCUSDT.csv.gz"
    parts = [(place / "bars" / f"BTCUSDT-1h-{month}.csv").read_text("utf-8").splitlines() for month in ("2019-12", "2020-01")]
    whole.write_bytes(gzip.compress("\n".join(parts[0] + parts[1][1:]).encode()))
    again = run(place, "replay", "--data", "BTCUSDT.csv.gz", *arguments, "--resume")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["decisions_sha256"] == json.loads(first.stdout)["decisions_sha256"]
    other = run(place, "replay", "--data", "bars/ETH*.csv", *arguments, "--resume")
    assert other.returncode == 2
    assert "which is a different run" in other.stderr
