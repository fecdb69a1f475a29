"""The files of versions: an artefact and its lineage, each checked against the hash that the log states."""

from __future__ import annotations

import hashlib
from pathlib import Path

from alpha_pulse.core.causes import cause_of, reason_of
from alpha_pulse.core.errors import NoSpaceError, StateError, StoreError
from alpha_pulse.core.files import make_folders, write_durably
from alpha_pulse.serving.registry.artefact import Artefact, read_artefact, version_of
from alpha_pulse.serving.registry.lineage import Lineage, read_lineage

ARTEFACT, LINEAGE = "artefact.aps", "lineage.json"
SHOWN = 12
"""Characters of an id in messages."""


class VersionFiles:
    """The folders ``versions/<id>`` of a registry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def artefact(self, version: str) -> tuple[Artefact, bytes]:
        """An artefact and its bytes. Raises StateError when a bit differs or it is missing, StoreError if it is unreadable."""
        content = self._read(version, ARTEFACT)
        if version_of(content) != version:
            raise self._damaged(version, ARTEFACT, "its bytes are not those that were registered")
        try:
            return read_artefact(content), content
        except StateError as error:
            raise self._damaged(version, ARTEFACT, str(error)) from None

    def lineage(self, version: str, sha256: str) -> Lineage:
        """A lineage, whose bytes have this SHA-256. Raises as `artefact`."""
        content = self._read(version, LINEAGE)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise self._damaged(version, LINEAGE, "its bytes are not those that were registered")
        try:
            return read_lineage(content)
        except StateError as error:
            raise self._damaged(version, LINEAGE, str(error)) from None

    def write(self, version: str, artefact: bytes, lineage: bytes) -> None:
        """Write both files durably. Raises StoreError, or NoSpaceError when the disk is full."""
        folder = self._place(version)
        try:
            make_folders(folder)
            write_durably(folder / ARTEFACT, artefact)
            write_durably(folder / LINEAGE, lineage)
        except OSError as error:
            raise unwritable(self._folder, error) from None

    def _read(self, version: str, name: str) -> bytes:
        path = self._place(version) / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise self._damaged(version, name, "it is missing") from None
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {reason_of(error)}; check the folder") from None

    def _place(self, version: str) -> Path:
        return self._folder / "versions" / version

    def _damaged(self, version: str, name: str, how: str) -> StateError:
        return StateError(
            f"version {version[:SHOWN]} is not loaded, because {self._place(version) / name} is damaged: {how}; use another "
            "version, or restore the file from a copy"
        )


def unwritable(folder: Path, error: OSError) -> StoreError:
    """The error for a registry that cannot be written.

    >>> unwritable(Path("models"), OSError(28, "No space left on device"))
    NoSpaceError('registry models cannot be written: no space is left on the disk; free space')
    """
    cause = cause_of(error)
    advice = "check the folder" if cause is None else cause.advice
    kind = NoSpaceError if advice == "free space" else StoreError
    return kind(f"registry {folder} cannot be written: {reason_of(error)}; {advice}")
