"""An export is a folder of complete files, or no folder."""

from __future__ import annotations

import contextlib
import json
import resource
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import cli_runs
from alpha_pulse.core.errors import ConfigError, OutputError
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.journal.export import export, tables
from alpha_pulse.journal.export.columns import TABLES
from alpha_pulse.journal.export.files import FileFormat
from alpha_pulse.stores import open_store
from alpha_pulse.stores.reading import StoreReader
from flow.runs import LEAN, begun, configured

BARS = 400


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "run.db"
    opened = open_store(str(path), configured().store)
    system = begun(random_walk(BARS, 5), LEAN, opened)
    while system.advance(64) == 64:
        pass
    opened.close()
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_parquet_files_are_the_frames(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpha_pulse.journal.export.chunks.BARS", 100)
    with StoreReader(store) as reader:
        result = export(reader, tmp_path / "out")
    assert names(tmp_path) == {"out"}
    assert names(tmp_path / "out") == {f"{table}.parquet" for table in TABLES}
    assert result.size_bytes == sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    for table, frame in tables(store).items():
        read = pl.read_parquet(tmp_path / "out" / f"{table}.parquet")
        assert read.equals(frame), table
        assert read.schema == frame.schema, table
        assert result.rows[table] == len(frame)
    assert result.rows["bars"] == BARS


def test_csv_files_have_the_same_values(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpha_pulse.journal.export.chunks.BARS", 100)
    with StoreReader(store) as reader:
        export(reader, tmp_path / "out", "csv")
    for table, frame in tables(store).items():
        path = tmp_path / "out" / f"{table}.csv"
        times = [name for name, dtype in frame.schema.items() if dtype == pl.Datetime("ns", "UTC")]
        schema = {name: pl.String() if name in times else dtype for name, dtype in frame.schema.items()}
        read = pl.read_csv(path, schema=schema)
        assert read.equals(frame.with_columns(pl.col(times).dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ"))), table


def test_an_empty_folder_is_filled(store: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with StoreReader(store) as reader:
        export(reader, tmp_path / "out")
    assert len(names(tmp_path / "out")) == len(TABLES)


def test_a_run_without_a_step_has_empty_tables(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    opened = open_store(str(path), configured().store)
    begun(random_walk(BARS, 5), LEAN, opened)
    opened.close()
    with StoreReader(path) as reader:
        result = export(reader, tmp_path / "out")
    assert set(result.rows.values()) == {0, 1}
    assert result.rows["run"] == 1


def test_a_run_in_progress_can_be_exported(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with contextlib.closing(open_store(str(path), configured().store)) as opened:
        system = begun(random_walk(BARS, 5), LEAN, opened)
        system.advance(150)
        opened.flush()
        with StoreReader(path) as reader:
            system.advance(100)
            opened.flush()
            assert export(reader, tmp_path / "out").rows["bars"] == 150
        assert len(tables(path, "bars")["bars"]) == 250


def test_what_is_in_the_way_is_refused(store: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with StoreReader(store) as reader:
        for folder, reason in (
            (tmp_path / "full", r"folder .*full is not empty; name a folder that is missing or empty"),
            (tmp_path / "file", r"file is not a folder; name a folder that is missing or empty"),
            (tmp_path / "no" / "out", r"out cannot be created: the folder .*no does not exist; create it first"),
        ):
            with pytest.raises(ConfigError, match=reason):
                export(reader, folder)
    assert names(tmp_path) == {"full", "file"}
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The system refuses to write larger files."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_a_failed_write_leaves_nothing(store: Path, tmp_path: Path, file_format: FileFormat) -> None:
    reason = r"(the limit on the size of a file is reached \(ulimit -f\)|a write failed \(.*\))"
    sentence = rf"folder .*out cannot be written: {reason}; name another place"
    with StoreReader(store) as reader, largest_file(20_000), pytest.raises(OutputError, match=sentence):
        export(reader, tmp_path / "out", file_format)
    assert names(tmp_path) == set()


def test_an_export_that_is_stopped_leaves_nothing(store: Path, tmp_path: Path) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with StoreReader(store) as reader, pytest.raises(KeyboardInterrupt):
        export(reader, tmp_path / "out", on_progress=stop)
    assert names(tmp_path) == set()


def test_what_a_killed_export_left_is_replaced(store: Path, tmp_path: Path) -> None:
    (tmp_path / ".out.part" / ".bars").mkdir(parents=True)
    (tmp_path / ".out.part" / "old.parquet").write_text("old")
    with StoreReader(store) as reader:
        export(reader, tmp_path / "out")
    assert names(tmp_path) == {"out"}
    assert "old.parquet" not in names(tmp_path / "out")


def test_the_command(store: Path, tmp_path: Path) -> None:
    done = cli_runs.run(tmp_path, "journal", "export", store, "--to", "out")
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    assert first.startswith(f"run flow: {BARS} steps exported to out, ")
    assert [line.split()[0] for line in rest] == [f"{table}.parquet" for table in TABLES]
    shown = cli_runs.run(tmp_path, "journal", "export", store, "--to", "csv", "--format", "csv", "--json")
    result = json.loads(shown.stdout)
    assert (result["run_id"], result["steps"], result["format"], result["rows"]["bars"]) == ("flow", BARS, "csv", BARS)
    assert set(result["rows"]) == set(TABLES)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere.db", "--to", "out"), "neither a file nor the id of a run"),
        (("STORE", "--to", "out", "--format", "xlsx"), "--format is 'xlsx'; expected parquet or csv"),
        (("STORE", "--to", "."), "is not empty; name a folder that is missing or empty"),
    ],
)
def test_a_wrong_argument_gets_one_sentence(store: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "mine.txt").touch()
    words = [str(store) if word == "STORE" else word for word in arguments]
    done = cli_runs.run(tmp_path, "journal", "export", *words)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert sentence in done.stderr
    assert not (tmp_path / "out").exists()
