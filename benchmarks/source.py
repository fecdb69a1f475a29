"""The source of a measurement, and whether the code has changed since."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import msgspec

from alpha_pulse import __version__

ROOT = Path(__file__).resolve().parent.parent
CODE = "src/alpha_pulse"
SHOWN = 12
"""The number of digits of the SHA-256 of the code."""
UNKNOWN = "no commit and no source are stated, so it is from before they were recorded"
_STATED = re.compile(r"(?:commit `([0-9a-f]{7,40})`( with changes)?, )?source `([0-9a-f]{12})`")


class Source(msgspec.Struct, frozen=True):
    """``sha256`` is of the content of all Python files of `CODE`, so it can be compared without git history.

    ``commit`` is None where there is no history; ``changed``: files of `CODE` had changes that were not committed.
    """

    sha256: str
    commit: str | None = None
    changed: bool = False
    version: str = __version__

    def __str__(self) -> str:
        if self.commit is None:
            return f"source `{self.sha256}`"
        return f"commit `{self.commit}`{' with changes' if self.changed else ''}, source `{self.sha256}`"


def stated(text: str) -> Source | None:
    """The source that ``text`` of a page states.

    >>> stated("Measured at commit `0123abc` with changes, source `00112233aabb` on Monday").changed
    True
    """
    stated = _STATED.search(text)
    return None if stated is None else Source(stated[3], stated[1], stated[2] is not None)


def current(root: Path = ROOT) -> Source:
    """The current source."""
    digest = hashlib.sha256()
    folder = root / CODE
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\n{len(content)}\n".encode() + content)
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    return Source(digest.hexdigest()[:SHOWN], commit, bool(commit and _git(root, "status", "--porcelain", "--", CODE)))


def behind(made: Source | None, root: Path = ROOT) -> str | None:
    """Why figures of the source ``made`` are older than the code, as a sentence without a subject; None when they are not."""
    if made is None:
        return UNKNOWN
    now = current(root)
    if made.sha256 == now.sha256:
        return None
    if now.commit is None:
        return (
            f"measured with source {made.sha256}, but the code is now {now.sha256} (without git history, changes are unknown)"
        )
    since = f"{made.commit}..HEAD"
    known = made.commit is not None and _git(root, "cat-file", "-t", made.commit) == "commit"
    if not known:
        return f"measured with source {made.sha256}, which is not in this git history; the code is now {now.sha256}"
    commits = (_git(root, "log", "--format=%h %s", since, "--", CODE) or "").splitlines()
    files = (_git(root, "diff", "--name-only", made.commit or "", "--", CODE) or "").splitlines()
    newest = f", the newest of them {commits[0]!r}" if commits else ""
    return (
        f"made at commit {made.commit}; commits that changed {CODE} since then: {len(commits)}{newest}; "
        f"files that differ now: {len(files)}"
    )


def _git(root: Path, *arguments: str) -> str | None:
    """The output of a git command for this folder; None without git, or when the folder is not a repository."""
    try:
        top = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=False
        )
        if top.returncode or Path(top.stdout.strip()).resolve() != root.resolve():
            return None
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
