"""Progress: a bar in a notebook, lines elsewhere, nothing where it is not wanted."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from alpha_pulse.library.notebook import NotebookBar, in_notebook
from alpha_pulse.library.progress import Phases


class Handle:
    def __init__(self, shown: list[str]) -> None:
        self._shown = shown

    def update(self, content: str) -> None:
        self._shown.append(content)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """IPython in the kernel of a notebook, as far as a progress bar uses it; returns what the browser was sent."""
    shown: list[str] = []

    def display(content: str, *, display_id: bool) -> Handle:
        assert display_id
        shown.append(content)
        return Handle(shown)

    def install(name: str, **members: Any) -> None:
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)

    shell = type("Shell", (), {"kernel": object()})
    install("IPython", get_ipython=shell)
    install("IPython.display", display=display, HTML=str)
    return shown


def test_a_notebook_shows_a_bar_that_is_removed_at_the_end(notebook: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpha_pulse.library.notebook.elapsed_ns", iter(range(0, 10**12, 10**9)).__next__)
    phases = Phases()
    phases.show("replaying <X>", 100, "bars", 0)
    phases.show("replaying <X>", 100, "bars", 40, "9 bars/s")
    phases.close()
    assert notebook[0].startswith('<progress value="0" max="100"')
    assert "replaying &lt;X&gt;: 40 of 100 bars 9 bars/s" in notebook[-2]
    assert notebook[-1] == ""


def test_a_bar_is_not_updated_at_every_report(notebook: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpha_pulse.library.notebook.elapsed_ns", lambda: 0)
    bar = NotebookBar("replaying", 100, "bars")
    for done in range(100):
        bar(done)
    assert len(notebook) == 1


def test_a_terminal_of_ipython_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not in_notebook()
    module = ModuleType("IPython")
    vars(module)["get_ipython"] = lambda: object()
    monkeypatch.setitem(sys.modules, "IPython", module)
    assert not in_notebook()


def test_elsewhere_it_is_lines_on_standard_error_or_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for shown in (True, False):
        phases = Phases(shown=shown)
        phases.show("replaying X", 100, "bars", 0)
        phases.close()
    printed = capsys.readouterr()
    assert printed.err == "replaying X: 100 bars\n"
    assert printed.out == ""
