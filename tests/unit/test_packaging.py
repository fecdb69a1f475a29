from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from alpha_pulse.core.version import __version__

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-page.lock")


def pins(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^ \\]+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def required(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_by_hash_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"--(extra-)?index|--find-links|@ ", text)
    for block in re.split(r"\n(?=[a-z])", text.strip()):
        assert re.match(r"[a-z0-9-]+==", block), block
        assert "--hash=sha256:" in block, block


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    runtime = required(project["project"]["dependencies"]) | required(project["dependency-groups"]["build"])
    assert runtime <= set(pins("requirements.lock"))
    assert required(project["dependency-groups"]["page"]) <= set(pins("requirements-page.lock"))
    assert runtime | required(extras["dev"]) | required(extras["bench"]) <= set(pins("requirements-dev.lock"))


def test_the_locks_agree() -> None:
    dev = pins("requirements-dev.lock")
    for name, versions in pins("requirements.lock").items():
        assert dev[name] == versions, name


def test_the_repository_has_what_a_user_expects() -> None:
    for name in ("README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "Makefile", ".ci/run", "docs/how-to/read-your-data.md"):
        assert (ROOT / name).is_file(), name
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_image_and_the_service_have_no_rights_and_are_watched() -> None:
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", image, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\n.*8650/health.*== 'failed'\)", image, re.MULTILINE)
    assert "--require-hashes --no-deps -r requirements.lock" in image
    unit = (ROOT / "packaging" / "alpha-pulse.service").read_text(encoding="utf-8").splitlines()
    needed = {"Type=notify", "WatchdogSec=60", "DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes"}
    assert needed | {"StateDirectory=alpha-pulse", "CacheDirectory=alpha-pulse", "Restart=on-failure"} <= set(unit)


def test_the_image_is_built_from_files_that_exist() -> None:
    sent = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert "requirements.lock" in sent
    assert [name for name in sent if not (ROOT / name).exists()] == []


def test_the_wheel_that_the_docs_name_has_this_version() -> None:
    for page in ("README.md", "docs/how-to/install.md"):
        assert set(re.findall(r"alpha_pulse-([\d.]+)-py3", (ROOT / page).read_text(encoding="utf-8"))) == {__version__}
