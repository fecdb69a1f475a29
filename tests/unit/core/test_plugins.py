from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import UnknownNameError
from alpha_pulse.models.linear import Logistic


class Fitting:
    API_VERSION = plugins.API_VERSION


class Old:
    API_VERSION = 0


class Silent:
    pass


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    import sys

    monkeypatch.setitem(sys.modules, "a_plugin_package", sys.modules[__name__])
    found = EntryPoints(
        EntryPoint(name, f"a_plugin_package:{kind.__name__}", "alpha_pulse.models")
        for name, kind in {"fitting": Fitting, "old": Old, "silent": Silent, "logistic": Fitting}.items()
    )

    def installed(group: str) -> EntryPoints:
        return found.select(group=group)

    monkeypatch.setattr(plugins, "entry_points", installed)
    return {"logistic": "alpha_pulse.models.linear:Logistic"}


def test_our_own_name_is_found_and_cannot_be_taken_over(table: dict[str, str]) -> None:
    assert plugins.load("models", table, "logistic") is Logistic


def test_a_class_of_a_users_module_is_found_by_its_path_where_it_may_be_named(table: dict[str, str]) -> None:
    assert plugins.load("models", table, "a_plugin_package:Logistic") is Logistic
    with pytest.raises(UnknownNameError, match="'a_plugin_package:Silent' is no class of models: it has no method learn_many"):
        plugins.load("models", table, "a_plugin_package:Silent")
    with pytest.raises(UnknownNameError, match=r"model 'a_plugin_package:Silnt': module .* has no 'Silnt'"):
        plugins.load("models", table, "a_plugin_package:Silnt")
    with pytest.raises(UnknownNameError, match="unknown model 'a_plugin_package:Silent'"):
        plugins.load("models", table, "a_plugin_package:Silent", own=False)


def test_a_plugin_for_this_version_is_found(table: dict[str, str]) -> None:
    assert plugins.load("models", table, "fitting") is Fitting


@pytest.mark.parametrize(("name", "version"), [("old", "0"), ("silent", "None")])
def test_a_plugin_for_another_version_is_refused_with_both_versions(name: str, version: str, table: dict[str, str]) -> None:
    with pytest.raises(UnknownNameError, match=rf"plug-in '{name}' .*API_VERSION {version}, but .*needs {plugins.API_VERSION}"):
        plugins.load("models", table, name)


def test_a_plugin_of_another_family_is_not_found(table: dict[str, str]) -> None:
    with pytest.raises(UnknownNameError, match="unknown agent 'fitting'"):
        plugins.load("agents", {}, "fitting")


def test_an_unknown_name_is_answered_with_the_nearest_installed_one(table: dict[str, str]) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'fitting'"):
        plugins.load("models", table, "fiting")


def test_all_names_are_listed_once_and_sorted(table: dict[str, str]) -> None:
    assert plugins.names("models", table) == ["fitting", "logistic", "old", "silent"]


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    assert plugins.names("models", {"broken": "no_such_module:Nothing"}) == ["broken"]
    with pytest.raises(ModuleNotFoundError):
        plugins.load("models", {"broken": "no_such_module:Nothing"}, "broken")
