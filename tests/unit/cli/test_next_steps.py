"""The commands that are offered after a run."""

from __future__ import annotations

from alpha_pulse.cli.results.next_steps import next_steps


def test_the_next_run_has_the_same_bars_and_begins_with_the_settings_of_this_one() -> None:
    told = next_steps("20261130-153036-62f8", ["--data", "my bars.csv", "--tz", "UTC"], "feat.toml")
    assert "alpha-pulse config show --config feat.toml > my.toml" in told
    assert "alpha-pulse run --data 'my bars.csv' --tz UTC --fresh --config my.toml" in told


def test_the_file_of_the_settings_is_not_written_over() -> None:
    told = next_steps("run.db", config="my.toml")
    assert "alpha-pulse config show --config my.toml > changed.toml" in told
    assert told.endswith("--config changed.toml")
