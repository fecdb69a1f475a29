"""Agents, models and detectors of a user that change after a run: it is not taken for a run of the new class."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

import alpha_pulse as ap
from alpha_pulse.core import plugins
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, StoreError
from alpha_pulse.engine.own_sources import pinned
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.library.settings import settings_of
from alpha_pulse.reporting.tearsheet.settings import setting_differences
from alpha_pulse.runtime.rebuild import rebuild
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore

SOURCE = """
import numpy as np
import alpha_pulse as ap
from alpha_pulse.detectors.page_hinkley import PageHinkley

class Agent(ap.RuleAgent):
    API_VERSION = 1
    features = ("ret_1",)

    def rule(self, held, ret_1):
        return {sign} * ret_1

class Model(ap.PythonModel):
    def begin(self):
        self.labels = np.zeros(1)

    def probability(self, x):
        return 0.5

    def update(self, x, label, weight):
        self.labels += 1.0

class Detector(PageHinkley):
    pass
"""
NAMES = {"agents": "changing_classes:Agent", "learning": "changing_classes:Model", "adaptation": "changing_classes:Detector"}
NOUNS = {"agents": "agent", "learning": "model", "adaptation": "detector"}
LEAN: dict[str, Any] = {"batch": {"enabled": False}, "execution": {"shadow_books": False}}


def naming(section: str, name: str) -> dict[str, Any]:
    key: dict[str, Any] = {"agents": {"members": [name]}, "learning": {"model": name}, "adaptation": {"detector": name}}
    return {**LEAN, section: key[section]}


def written(folder: Path, sign: str) -> None:
    """Write the module, and forget it as a new process does."""
    (folder / "changing_classes.py").write_text(SOURCE.format(sign=sign), encoding="utf-8")
    sys.modules.pop("changing_classes", None)
    importlib.invalidate_caches()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with the user's module."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    written(tmp_path, "+1")
    yield tmp_path
    sys.modules.pop("changing_classes", None)


@pytest.mark.parametrize("section", NAMES)
def test_a_changed_class_is_another_configuration(folder: Path, section: str) -> None:
    first = settings_of(None, naming(section, NAMES[section]))
    assert list(getattr(first, section).sources) == [NAMES[section]]
    written(folder, "-1")
    second = settings_of(None, naming(section, NAMES[section]))
    assert first.config_hash != second.config_hash
    assert [each.key for each in setting_differences([first, second])] == [f"{section}.sources"]


def test_classes_of_the_program_have_no_source() -> None:
    config = settings_of(None, {"learning": {"model": "mixture:logistic + sgd"}, "adaptation": {"detector": "ddm"}})
    assert pinned(config) == config
    assert "sources" not in config.decisive_json.decode()
    assert "sources" not in Config().decisive_json.decode()


@pytest.mark.parametrize("section", NAMES)
def test_a_run_of_the_old_class_is_not_returned_for_the_new_one(folder: Path, section: str) -> None:
    path, named = folder / "run.db", naming(section, NAMES[section])
    store = SqliteStore(path)
    replay(settings_of(None, named), random_walk(300, 3), store, "own", resume=True)
    store.close()
    written(folder, "-1")
    store = SqliteStore(path)
    with pytest.raises(StoreError, match=rf"the configuration differs in {section}\.sources \(config_hash "):
        replay(settings_of(None, named), random_walk(300, 3), store, "own", resume=True)
    store.close()
    sentence = rf"^{NOUNS[section]} '{NAMES[section]}' is not the one of this configuration: its module has changed \(SHA-256 "
    with StoreReader(path) as reader, pytest.raises(ConfigError, match=sentence):
        rebuild(reader)
    written(folder, "+1")
    with StoreReader(path) as reader:
        assert rebuild(reader).ok


def test_the_class_of_an_installed_package_counts_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints([EntryPoint("packaged", "changing_classes:Agent", "alpha_pulse.agents")])
    monkeypatch.setattr(plugins, "entry_points", lambda group: points.select(group=group))
    named = naming("agents", "packaged")
    first = settings_of(None, named)
    assert list(first.agents.sources) == ["packaged"]
    written(folder, "-1")
    assert settings_of(None, named).config_hash != first.config_hash


def test_sources_without_a_class_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"agents\.sources names 'a:B', which agents\.members does not have; remove it"):
        pinned(settings_of(None, {"agents": {"sources": {"a:B": "0"}}}))


def test_a_comparison_of_two_runs_says_which_class_has_changed(folder: Path) -> None:
    runs = []
    for sign in ("+1", "-1"):
        written(folder, sign)
        bars = random_walk(300, 3)
        store = SqliteStore(folder / f"{sign}.db")
        replay(settings_of(None, naming("agents", NAMES["agents"])), bars, store, f"run{sign}")
        store.close()
        runs.append(ap.open_run(folder / f"{sign}.db"))
    settings = ap.compare(*runs).settings
    assert settings["setting"].to_list() == ["agents.sources"]
    assert json.dumps(settings.rows()).count(NAMES["agents"]) == 2
