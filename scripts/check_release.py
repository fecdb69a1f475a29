"""Check the wheel as users install it: for each Python in an empty environment and an empty home, outside of the checkout.

    python scripts/check_release.py                    the Python that runs this program, and each other supported one found
    python scripts/check_release.py /usr/bin/python3   only these
    python scripts/check_release.py --build-only       only build the wheel and the source distribution, into dist/

The wheel is built as a package index would get it: a clean clone of the last commit is made into a source distribution, and
that into the wheel. The clone finds no Node.js on the PATH, so the build uses that of the Python package. Then, with each
Python: the command, ``ap.replay`` of the library, ``alpha-pulse replay``, and the page of ``alpha-pulse run``. pipx and uv
install it too. Needs git and the package index.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
NODE_PROGRAMS = ("corepack", "node", "nodejs", "npm", "npx")
SUPPORTED = "import ensurepip, sys, venv; print('.'.join(map(str, sys.version_info[:2])), sys.executable)"
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet", "install")
PROGRAM = """
import alpha_pulse as ap
run = ap.replay("eurusd_1h_2017", progress=False)
print(ap.__file__, run.state, run.metrics["bars"], len(run.trades), len(ap.runs()))
"""


def main() -> None:
    """Run the command line."""
    words = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="alpha-pulse-release-") as folder:
        place = Path(folder)
        wheel = build(place)
        if words == ["--build-only"]:
            return
        for version, python in sorted(pythons(words).items()):
            check_python(wheel, version, python, place / version)
        check_tools(wheel, place / "tools")
    print("the release is complete")


def run(*command: str | Path, environ: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a command to its end, and return its output. Exits with its errors when it fails."""
    done = subprocess.run(list(map(str, command)), env=environ, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout}{done.stderr}\nthe release check failed: {' '.join(map(str, command))}")
    return done.stdout


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def build(place: Path) -> Path:
    """Build a clean clone of the last commit; both files are copied to ``dist/``. Returns the wheel."""
    clone, tools = place / "clone", place / "build"
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        raise SystemExit(
            f"a wheel is built from a commit, but {ROOT} is no git checkout, or git is not installed; use pip install"
        )
    if run("git", "status", "--porcelain", cwd=ROOT):
        say("warning: what is not committed is left out")
    run("git", "clone", "--quiet", "--no-hardlinks", ROOT, clone)
    run(sys.executable, "-m", "venv", tools)
    run(tools / "bin" / "python", *PIP, "build")
    say("building the source distribution, and the wheel from it")
    run(tools / "bin" / "python", "-m", "build", "--outdir", place / "dist", clone, environ=without_node(place / "programs"))
    built = sorted((place / "dist").iterdir())
    DIST.mkdir(exist_ok=True)
    for file in built:
        shutil.copy(file, DIST)
        say(f"  dist/{file.name}  {file.stat().st_size / 1e6:.1f} MB")
    [wheel] = [file for file in built if file.suffix == ".whl"]
    return wheel


def without_node(place: Path) -> dict[str, str]:
    """This environment with a PATH of one folder: links to the programs of the PATH, without those of Node.js."""
    place.mkdir()
    for folder in map(Path, os.environ.get("PATH", os.defpath).split(os.pathsep)):
        for program in folder.iterdir() if folder.is_dir() else ():
            link = place / program.name
            if program.name not in NODE_PROGRAMS and not link.is_symlink():
                link.symlink_to(program)
    return {**os.environ, "PATH": str(place)}


def pythons(named: list[str]) -> dict[str, str]:
    """The path of each Python to check, by its version: those named, else each supported version that is found once."""
    found: dict[str, str] = {}
    for name in named or (sys.executable, *PYTHONS):
        command = [name, "-c", SUPPORTED]
        done = subprocess.run(command, capture_output=True, text=True, check=False) if shutil.which(name) else None
        if done is not None and done.returncode == 0:
            version, path = done.stdout.split()
            found.setdefault(version, path)
        elif named:
            raise SystemExit(f"{name} cannot be run, or has no venv and pip; name a Python 3.11 to 3.14")
    return found


def check_python(wheel: Path, version: str, python: str, place: Path) -> None:
    """Install the wheel into an empty environment, and use it in an empty home and folder."""
    started = time.monotonic()
    home = place / "home"
    home.mkdir(parents=True)
    run(python, "-m", "venv", place / "venv")
    run(place / "venv" / "bin" / "python", *PIP, wheel)
    environ = clean_environ(home, place / "venv" / "bin")
    expected = f"alpha-pulse {wheel.name.split('-')[1]}\n"
    if run("alpha-pulse", "--version", environ=environ, cwd=home) != expected:
        raise SystemExit(f"alpha-pulse --version does not print {expected!r}")
    file, state, bars, trades, runs = run("python", "-c", PROGRAM, environ=environ, cwd=home).split()
    if not Path(file).is_relative_to(place) or state != "finished":
        raise SystemExit(f"ap.replay is {state}, and alpha_pulse was imported from {file}; expected finished, from {place}")
    say(f"Python {version}: ap.replay traded {bars} bars, with {trades} trades; stored runs: {runs}")
    result = json.loads(run("alpha-pulse", "replay", "--store", "memory://", "--json", "-", environ=environ, cwd=home))
    say(f"Python {version}: replay traded {result['bars']:,} bars, decisions {result['decisions_sha256'][:12]}")
    found = run("alpha-pulse", "doctor", "--json", "--port", str(free_port()), environ=environ, cwd=home)
    for finding in json.loads(found)["findings"]:
        say(f"  {finding['name']}: {finding['detail']}")
    serve(environ, home)
    say(f"Python {version}: complete, in {time.monotonic() - started:.0f} s")


def free_port() -> int:
    """A port that no program uses now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def clean_environ(home: Path, programs: Path) -> dict[str, str]:
    """An environment with this home and these programs first, and without variables that change the program."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG_", "NUMBA", "ALPHA_PULSE"))
    }
    return {**kept, "HOME": str(home), "PATH": f"{programs}{os.pathsep}{kept['PATH']}"}


def serve(environ: dict[str, str], cwd: Path) -> None:
    """Start ``alpha-pulse run``, and read its health, the page and each file that the page names."""
    command = ["alpha-pulse", "run", "--port", "0", "--json"]
    errors = cwd / "errors.txt"
    with (
        errors.open("w") as stderr,
        subprocess.Popen(command, env=environ, cwd=cwd, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            started = process.stdout.readline()
            if not started:
                raise SystemExit(f"alpha-pulse run ended at its start: {errors.read_text()}")
            url = json.loads(started)["url"]
            health = json.loads(fetch(f"{url}/health"))
            files = list(assets(fetch(f"{url}/").decode()))
            if health["status"] != "ok" or not files:
                raise SystemExit(f"the page is incomplete: its health is {health}, and it names the files {files}")
            sizes = [f"{name} {len(fetch(f'{url}/{name}')):,} bytes" for name in files]
            say(f"  run: {health['state']}; page: {', '.join(sizes)}")
        finally:
            process.send_signal(signal.SIGTERM)


def fetch(url: str) -> bytes:
    """The body of a response with status 200; other statuses raise HTTPError."""
    with urlopen(url, timeout=30) as response:
        body: bytes = response.read()
    return body


def assets(page: str) -> Iterator[str]:
    """The files that a page names."""
    yield from re.findall(r'(?:src|href)="[./]*([^"]+)"', page)


def check_tools(wheel: Path, place: Path) -> None:
    """Install the wheel by pipx and by uv; each must put the command into its folder of programs."""
    place.mkdir()
    run(sys.executable, "-m", "venv", place / "venv")
    run(place / "venv" / "bin" / "python", *PIP, "pipx", "uv")
    programs = place / "venv" / "bin"
    pipx = {"PIPX_HOME": place / "pipx", "PIPX_BIN_DIR": place / "pipx-bin"}
    uv = {"UV_TOOL_DIR": place / "uv", "UV_TOOL_BIN_DIR": place / "uv-bin"}
    for name, words, folders in (("pipx", ("install",), pipx), ("uv", ("tool", "install"), uv)):
        environ = {**os.environ, **{variable: str(folder) for variable, folder in folders.items()}}
        run(programs / name, *words, wheel, environ=environ)
        command = list(folders.values())[1] / "alpha-pulse"
        say(f"{name}: {run(command, '--version', environ=clean_environ(place, programs), cwd=place).strip()}")


if __name__ == "__main__":
    main()
