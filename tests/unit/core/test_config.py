from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alpha_pulse.core.config import Config
from alpha_pulse.core.config_errors import ENV_PREFIX
from alpha_pulse.core.config_loading import load_config
from alpha_pulse.core.config_toml import origins
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.renamed import RENAMED_KEYS

SECTIONS = [field.name for field in msgspec.structs.fields(Config) if field.name != "seed"]


def written(folder: Path, text: str) -> Path:
    path = folder / "alpha-pulse.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_with_nothing_said_the_defaults_hold() -> None:
    assert load_config(environ={}) == Config()


def test_flag_before_environment_before_file_before_default(tmp_path: Path) -> None:
    path = written(tmp_path, "[venue]\nfee_bps = 2.0\nslippage_bps = 2.0\nhalf_spread_bps = 2.0\n")
    environ = {f"{ENV_PREFIX}VENUE__FEE_BPS": "3.0", f"{ENV_PREFIX}VENUE__SLIPPAGE_BPS": "3.0"}
    venue = load_config(path, environ, {"venue.fee_bps": 4.0}).venue
    assert (venue.fee_bps, venue.slippage_bps, venue.half_spread_bps, venue.latency_ms) == (4.0, 3.0, 2.0, 0.0)


def test_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}SEED", "7")
    monkeypatch.setenv("ALPHA_PULSE_VENUE__FEE_BPS", "9")
    config = load_config()
    assert config.seed == 7
    assert config.venue.fee_bps == 1.0


@pytest.mark.parametrize(
    ("key", "raw", "value"),
    [
        ("AGENTS__MEMBERS", '["trend"]', ("trend",)),
        ("BATCH__ENABLED", "false", False),
        ("LEARNING__MODEL", "logistic", "logistic"),
        ("LEARNING__MODEL", '"logistic"', "logistic"),
        ("LEARNING__LABEL_TOLERANCE_BARS", "4", 4),
        ("RISK__MAX_DAILY_LOSS_FRACTION", "0.5", 0.5),
    ],
)
def test_environment_values_are_toml_where_they_can_be(key: str, raw: str, value: object) -> None:
    config = load_config(environ={ENV_PREFIX + key: raw})
    section, _, name = key.lower().partition("__")
    assert getattr(getattr(config, section), name) == value


@pytest.mark.parametrize("section", SECTIONS)
def test_an_unknown_key_of_a_section_is_refused_with_the_nearest_one(section: str, tmp_path: Path) -> None:
    known = msgspec.structs.fields(type(getattr(Config(), section)))[0].name
    with pytest.raises(ConfigError, match=rf"unknown key '{known}x' in section \[{section}\]; did you mean '{known}'\?"):
        load_config(written(tmp_path, f"[{section}]\n{known}x = 1\n"), {})


def test_an_unknown_section_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'vennue' at the top level; did you mean 'venue'\?"):
        load_config(environ={f"{ENV_PREFIX}VENNUE__FEE_BPS": "1"})
    with pytest.raises(ConfigError, match=r"unknown key 'sed' at the top level; did you mean 'seed'\?"):
        load_config(environ={}, overrides={"sed": 1})


@pytest.mark.parametrize(("old", "new"), RENAMED_KEYS.items())
def test_a_renamed_key_is_refused_with_its_new_name(old: str, new: str, tmp_path: Path) -> None:
    """In a file, in the environment and from a flag; the new name exists, and docs/upgrading.md lists both."""
    section, _, key = old.partition(".")
    assert new in {f"{section}.{field.name}" for field in msgspec.structs.fields(type(getattr(Config(), section)))}
    said = re.escape(
        f"unknown key '{key}' in section [{section}]; it is now named '{new.partition('.')[2]}' (docs/upgrading.md)"
    )
    with pytest.raises(ConfigError, match=said):
        load_config(written(tmp_path, f"[{section}]\n{key} = 1\n"), {})
    with pytest.raises(ConfigError, match=said):
        load_config(environ={f"{ENV_PREFIX}{section}__{key}".upper(): "1"})
    with pytest.raises(ConfigError, match=said):
        load_config(environ={}, overrides={old: 1})
    with pytest.raises(ConfigError, match=f"{said}; both are set, remove '{key}'$"):
        load_config(environ={}, overrides={old: 1, new: 1})
    assert f"| `{old}` | `{new}` |" in (Path(__file__).parents[3] / "docs" / "upgrading.md").read_text(encoding="utf-8")


def test_a_name_that_is_near_to_nothing_is_answered_with_all(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError,
        match="; known: calibration, canary_labels, canary_share, challengers, fixed_share, order, promotion_",
    ):
        load_config(written(tmp_path, "[serving]\nzzz = 1\n"), {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[venue]\nfee_bps = -1.0\n", r"venue\.fee_bps in .* is -1\.0, but a number of at least 0"),
        ("[venue]\nfee_bps = nan\n", r"venue\.fee_bps"),
        ("[venue]\nfee_bps = inf\n", r"venue\.fee_bps"),
        ("[serving]\nstrategy = 'best'\n", r"serving\.strategy"),
        ("[serving]\nfixed_share = 1.0\n", r"serving\.fixed_share"),
        ("[serving]\ncalibration = 'sigmoid'\n", r"serving\.calibration"),
        ("[batch]\ntrain_bars = 10\n", r"batch\.train_bars"),
        ("venue = 5\n", r"venue"),
        ("seed = true\n", r"seed"),
        ("seed = -1\n", r"seed"),
        ("[venue\n", "not valid TOML"),
        ("seed = '\udc80'\n", "not valid TOML"),
    ],
)
def test_values_out_of_range_are_refused_with_their_place(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "alpha-pulse.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=said) as caught:
        load_config(path, {})
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[execution]\ninitial_cash = 'abc'\n", "execution.initial_cash in FILE is 'abc' (text), but a number of at least 1"),
        (
            "[batch]\nleaves = 1.5\n",
            "batch.leaves in FILE is 1.5, but a whole number of at least 2 and at most 256 is expected",
        ),
        ("[batch]\nenabled = 1\n", "batch.enabled in FILE is 1, but true or false is expected"),
        (
            "[agents]\nmembers = ['trend', 3]\n",
            "agents.members in FILE is ['trend', 3] (a list), but a list of texts is expected",
        ),
        ("[agents]\nml_confidence_threshold = ''\n", "but a number above 0 and below 1 is expected"),
        (
            "[serving]\nstrategy = 'best'\n",
            "is 'best' (text), but 'best_recent' or 'champion_challenger' or",
        ),
        ("venue = true\n", "venue in FILE is true, but a section is expected"),
        ("[seed]\nx = 1\n", "seed in FILE is a section, but a whole number of at least 0 is expected"),
    ],
)
def test_a_wrong_value_is_shown_with_what_was_expected(text: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path, {})
    assert said.replace("FILE", str(path)) in str(caught.value)
    assert "`" not in str(caught.value)


def test_what_came_from_the_environment_is_called_by_its_variable(tmp_path: Path) -> None:
    path = written(tmp_path, "[venue]\nfee_bps = 1.0\n")
    with pytest.raises(ConfigError, match=f"^{ENV_PREFIX}VENUE__FEE_BPS is 'abc' \\(text\\), but a number"):
        load_config(path, {f"{ENV_PREFIX}VENUE__FEE_BPS": "abc"})
    with pytest.raises(ConfigError, match=f"^{ENV_PREFIX}VENUE is 5, but a section"):
        load_config(environ={f"{ENV_PREFIX}VENUE": "5"})
    with pytest.raises(ConfigError, match=f"^{ENV_PREFIX}VENNUE__FEE_BPS: unknown key 'vennue'"):
        load_config(path, {f"{ENV_PREFIX}VENNUE__FEE_BPS": "1"})
    with pytest.raises(ConfigError, match=r"^venue\.fee_bps is 'x' \(text\)"):
        load_config(path, {}, {"venue.fee_bps": "x"})


def test_a_number_too_long_for_anyone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(written(tmp_path, f"seed = {'9' * 5_000}\n"), {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read .*name an existing"):
        load_config(tmp_path / "nowhere.toml", {})


def test_a_key_below_a_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names a key below 'seed'"):
        load_config(written(tmp_path, "seed = 1\n"), {f"{ENV_PREFIX}SEED__X": "1"})


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value * 2 + 1
    return None if value is None else ("breakout",)


def changed(section: str, name: str) -> Config:
    config = Config()
    part = getattr(config, section)
    value = getattr(part, name)
    new = 0.25 if value is None else "other" if isinstance(value, str) else other(value)
    return msgspec.structs.replace(config, **{section: msgspec.structs.replace(part, **{name: new})})


@pytest.mark.parametrize("section", SECTIONS)
def test_the_hash_names_everything_but_the_store(section: str) -> None:
    for field in msgspec.structs.fields(type(getattr(Config(), section))):
        same = changed(section, field.name).config_hash == Config().config_hash
        assert same == (section == "store"), field.name


def test_the_hash_is_that_of_the_content() -> None:
    assert re.fullmatch("[0-9a-f]{64}", Config().config_hash)
    assert Config(seed=2).config_hash != Config().config_hash
    assert load_config(environ={}, overrides={"seed": 1}).config_hash == Config().config_hash


def test_a_configuration_cannot_be_changed_after_it_was_made() -> None:
    with pytest.raises(AttributeError):
        Config().venue.fee_bps = 3.0  # type: ignore[misc]  # that it is refused is the point


def test_the_servers_token_is_no_setting() -> None:
    secret = {"ALPHA_PULSE__API__TOKEN": "a-secret-that-nobody-guesses-7261"}
    assert load_config(environ=secret) == Config()
    assert origins(environ=secret) == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('fast = {modle = "sgd"}', "unknown key 'modle' in section [serving.challengers.fast]; did you mean 'model'?"),
        ("fast = {model = 3}", "serving.challengers.fast.model in {file} is 3, but text is expected"),
        ('fast = "sgd"', "serving.challengers.fast in {file} is 'sgd' (text), but a section with model is expected"),
        ("fast = {targets = []}", "serving.challengers.fast in {file} lacks model; add it"),
    ],
)
def test_what_is_wrong_in_a_table_of_sections_is_named(text: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "alpha-pulse.toml"
    file.write_text(f"[serving.challengers]\n{text}\n")
    with pytest.raises(ConfigError, match=re.escape(sentence.format(file=file))):
        load_config(file, environ={})
