"""docs/tutorial.md, from its first block to its last: real processes, a real interruption, and what is printed."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cli_runs
from api.terminal import Terminal, free_port

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(sh|py)\n(.*?)^```$(?:\n+```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
PORT = "8650"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, free_port(), cli_runs.environment(tmp_path), cli_runs.forked)
    try:
        yield terminal
    finally:
        terminal.interrupt()


def test_the_tutorial_does_what_it_says(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = terminal.environ
    monkeypatch.setenv("XDG_DATA_HOME", environ["XDG_DATA_HOME"])
    names: dict[str, Any] = {}
    text = PAGE.read_text(encoding="utf-8")
    found = list(BLOCK.finditer(text))
    assert len(found) > 10
    for block in found:
        language, code, stated = block[1], block[2].replace(PORT, str(terminal.port)), block[3] or ""
        if code.startswith("alpha-pulse run"):
            terminal.run(code.strip())
            continue
        if language == "sh":
            if shutil.which("curl") is None:
                continue
            said = subprocess.run(
                ["sh", "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=30, check=True
            ).stdout
        else:
            printed = io.StringIO()
            line = text.count("\n", 0, block.start(2))
            with contextlib.redirect_stdout(printed):
                exec(compile("\n" * line + code, str(PAGE), "exec"), names)
            said = printed.getvalue()
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert doctest.OutputChecker().check_output(stated, said, options), (code, said)
    token = Path(environ["XDG_DATA_HOME"]) / "alpha-pulse" / "token"
    assert token.stat().st_mode & 0o777 == 0o600
