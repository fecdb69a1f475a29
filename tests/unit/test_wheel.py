"""The wheel, built from these sources with the page that was built for them: all that a run needs, and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest

from alpha_pulse import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "alpha_pulse"
PAGE = PACKAGE / "api" / "page"
BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    if not (PAGE / "index.html").is_file():
        if os.environ.get("CI") == "true":
            pytest.fail("the dashboard is not built", pytrace=False)
        pytest.skip("the dashboard is not built; run: python scripts/build_page.py")
    build = [sys.executable, "-c", BUILD, str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    [file] = folder.glob("*.whl")
    assert file.name == f"alpha_pulse-{__version__}-py3-none-any.whl"
    return ZipFile(file)


@pytest.fixture(scope="module")
def metadata(wheel: ZipFile) -> Message:
    return message_from_bytes(wheel.read(f"alpha_pulse-{__version__}.dist-info/METADATA"))


def test_it_contains_every_file_of_the_package(wheel: ZipFile) -> None:
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    expected = {path.relative_to(ROOT / "src").as_posix() for path in files}
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected
    assert {"alpha_pulse/py.typed", "alpha_pulse/data/eurusd_1h_2017.parquet"} <= expected


def test_it_contains_the_page_and_what_the_page_refers_to(wheel: ZipFile) -> None:
    page = wheel.read("alpha_pulse/api/page/index.html").decode()
    files = re.findall(r'(?:src|href)="[./]*([^"]+)"', page)
    assert any(name.endswith(".js") for name in files)
    assert {f"alpha_pulse/api/page/{name}" for name in files} <= set(wheel.namelist())


def test_it_installs_the_command_and_the_licence(wheel: ZipFile) -> None:
    folder = f"alpha_pulse-{__version__}.dist-info"
    assert b"alpha-pulse = alpha_pulse.cli.main:main" in wheel.read(f"{folder}/entry_points.txt")
    assert {f"{folder}/licenses/LICENSE", f"{folder}/licenses/NOTICE"} <= set(wheel.namelist())


def test_it_states_its_version_and_the_versions_of_python(metadata: Message) -> None:
    from alpha_pulse.cli.doctor import PYTHONS

    assert metadata["Version"] == __version__
    stated = [line.rpartition(" ")[2] for line in metadata.get_all("Classifier", []) if re.search(r":: 3\.\d+$", line)]
    first, last = PYTHONS
    assert stated == [f"3.{minor}" for minor in range(first[1], last[1] + 1)]
    assert metadata["Requires-Python"] == f">={first[0]}.{first[1]}"
