"""``replay``: what it accepts as data, settings and store, and how it refuses the rest."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import alpha_pulse as ap
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import ConfigError, DataError, NotReadyError, StoreError, UnknownNameError
from alpha_pulse.data.demos import drift
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.library.bars import feed_of
from alpha_pulse.library.interrupts import STOPPING
from alpha_pulse.runtime import replay as runtime
from alpha_pulse.stores import open_store

LEAN: dict[str, Any] = {"batch": {"enabled": False}}


def frame_of(bars: int, seed: int = 1) -> pl.DataFrame:
    """Hourly bars of a random walk, as a user's frame."""
    columns = random_walk(bars, seed=seed).columns
    prices = {name: getattr(columns, name) for name in ("open", "high", "low", "close")}
    return pl.DataFrame({"time": columns.ts_start, **prices}).with_columns(pl.col("time").cast(pl.Datetime("ns", "UTC")))


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    path = tmp_path / "WALK.csv"
    frame_of(300).write_csv(path)
    return path


def replayed(data: Any, **options: Any) -> ap.Run:
    return ap.replay(data, **{"store": "memory://", "progress": False, "symbol": "WALK", **LEAN, **options})


def test_a_file_a_list_a_frame_and_read_data_give_the_same_run(bars: Path) -> None:
    run = replayed(bars)
    assert run.state == "finished"
    assert run.metrics["bars"] == 300
    assert run.result is not None
    for data in (str(bars), [bars], pl.read_csv(bars, try_parse_dates=True), ap.data.read(bars, symbol="WALK")):
        other = replayed(data)
        assert other.result is not None
        assert other.result.decisions_sha256 == run.result.decisions_sha256, type(data)


def test_a_bundled_name_is_found() -> None:
    assert ap.replay("eurusd_1h_2017", store="memory://", progress=False, **LEAN).facts.symbols == ("EURUSD",)


def test_settings_are_keywords_a_dict_a_config_or_a_file(bars: Path, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text("[venue]\nfee_bps = 7\n", encoding="utf-8")
    for options in ({"venue": {"fee_bps": 7}}, {"config": {"venue": {"fee_bps": np.int64(7)}}}, {"config": path}):
        assert replayed(bars, **options).config.venue.fee_bps == 7.0
    config = replayed(bars, config=path, seed=3).config
    assert isinstance(config, ap.Config)
    again = replayed(bars, config=config, venue={"slippage_bps": 2}).config
    assert (again.venue.fee_bps, again.venue.slippage_bps, again.seed) == (7.0, 2.0, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"venu": {"fee_bps": 2}}, "unknown setting 'venu'; did you mean 'venue'?"),
        ({"fee_bps": 2}, "unknown setting 'fee_bps'; it belongs to a section: write venue={'fee_bps': 2}"),
        ({"venue": {"fee_bp": 2}}, "venue.fee_bp: unknown key 'fee_bp' in section [venue]; did you mean 'fee_bps'?"),
        ({"venue": 2}, "venue is 2, but a dict of the settings of section venue is expected"),
        ({"agents": {"members": ["trnd"]}}, "agents.members: unknown agent 'trnd'; did you mean 'trend'?"),
        ({"config": 3}, "config is int, but a Config, a dict of sections or the path of a TOML file is expected"),
        ({"store": {"group_ms": 3}}, "store is dict, but the path of a file or memory:// is expected"),
        ({"stamp": "middle"}, "an option of read cannot be used: "),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_one_sentence(bars: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError)) as caught:
        replayed(bars, **options)
    assert str(caught.value).startswith(message)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("nowhere.csv", "file nowhere.csv does not exist"),
        ("eurusd_1h_201", "'eurusd_1h_201' is neither a file nor the name of bundled bars; did you mean 'eurusd_1h_2017'?"),
        (3, "the frame is int, but a polars frame, a pandas frame, or a dict of arrays"),
        (pl.DataFrame({"open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0]}), "the frame"),
    ],
)
def test_data_that_cannot_be_used_are_refused_in_one_sentence(data: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        replayed(data)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_the_names_of_demos_and_bundled_files_are_data() -> None:
    assert (feed_of("drift", {}).identity, feed_of("eurusd", {}).identity) == (
        drift().identity,
        feed_of("eurusd_1h_2017", {}).identity,
    )
    with pytest.raises(DataError, match=r"'drfit' is neither a file nor the name .* did you mean 'drift'"):
        feed_of("drfit", {})


def test_an_equal_run_in_a_store_is_returned_and_another_one_refused(bars: Path, tmp_path: Path) -> None:
    store = tmp_path / "run.db"
    first = replayed(bars, store=store)
    assert first.store == str(store)
    again = replayed(bars, store=str(store))
    assert again.id == first.id
    assert again.metrics == first.metrics
    with pytest.raises(StoreError, match="the configuration differs"):
        replayed(bars, store=store, seed=2)


def test_a_store_in_a_missing_folder_is_refused_and_the_folder_not_created(bars: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mispelt"
    for store in (folder / "x.db", f"sqlite:///{folder / 'x.db'}"):
        with pytest.raises(ConfigError, match=r"the folder .*mispelt does not exist; create it first, or name another place"):
            replayed(bars, store=store)
    assert not folder.exists()


def test_ctrl_c_stops_with_a_run_that_the_same_call_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """The signal arrives after the first chunk of 1,024 slices, as a user's would."""
    data, store = frame_of(2_500), tmp_path / "run.db"
    whole = replayed(data)

    def press(*arguments: Any, **options: Any) -> bytes | None:
        report = options.pop("on_progress")

        def pressing(state: runtime.Progress) -> None:
            report(state)
            signal.raise_signal(signal.SIGINT)

        return runtime.replay(*arguments, on_progress=pressing, **options)

    with monkeypatch.context() as patch:
        patch.setattr("alpha_pulse.library.replay.run_to_the_end", press)
        with pytest.raises(KeyboardInterrupt, match="stopped after 1,024 of 2,500 bars"):
            replayed(data, store=store)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert capsys.readouterr().err.count(STOPPING) == 1
    stopped = ap.open_run(store)
    assert (stopped.state, stopped.result, stopped.facts.steps) == ("stopped", None, 1_024)
    assert len(stopped.equity) == 1_024 * len(stopped.equity["book"].unique())
    assert "stopped after 1,024 steps" in repr(stopped)
    with pytest.raises(NotReadyError, match="has no result yet: it is stopped after 1,024 steps"):
        _ = stopped.metrics
    with closing(open_store(str(store), StoreConfig())):
        assert stopped.state == "running"

    def press_at_once(*arguments: Any, **options: Any) -> bytes | None:
        signal.raise_signal(signal.SIGINT)
        return runtime.replay(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr("alpha_pulse.library.replay.run_to_the_end", press_at_once)
        with pytest.raises(KeyboardInterrupt, match="stopped after 1,024 of 2,500 bars"):
            replayed(data, store=store)
    finished = replayed(data, store=store)
    assert finished.result is not None
    assert whole.result is not None
    assert finished.result.decisions_sha256 == whole.result.decisions_sha256
    assert finished.id == stopped.id
