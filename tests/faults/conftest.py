"""One warm process for all tests of faults, and the figures of the long ones, shown past pytest's capture."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faults.server import Server, serving

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def plain_server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(plain_server: Server) -> Server:
    if not plain_server.has_faults:
        pytest.skip("faults at exact calls need Linux and a C compiler (gcc)")
    return plain_server


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder whose syncs cost nothing: what is tested is what the program does about them."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="alpha-pulse-faults-") as folder:
        yield Path(folder)


@pytest.fixture
def figures(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    def show(text: str) -> None:
        if request.node.get_closest_marker("soak"):
            with capsys.disabled():
                print(f"\n  {text}")

    return show
