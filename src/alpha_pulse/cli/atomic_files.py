"""Several files that are renamed to their names together, once all are complete: an interruption leaves no partial file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import TracebackType

from alpha_pulse.cli.terminal.paths import PART
from alpha_pulse.cli.terminal.streams import open_output, rename_durably, sync_output
from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.errors import ConfigError


class AtomicFiles:
    """Writes files under hidden temporary names, and renames all of them when the block ends without an error."""

    def __init__(self) -> None:
        self._parts: list[tuple[Path, Path]] = []

    def __enter__(self) -> AtomicFiles:
        return self

    def write(self, path: Path, content: bytes) -> None:
        """Write a file under its temporary name, and sync it.

        Raises
        ------
        ConfigError
            The file cannot be created.
        OutputError
            A write fails.
        """
        part, called = path.with_name(f".{path.name}{PART}"), f"output file {path}"
        try:
            file = open_output(part, called)
        except OSError as error:
            raise ConfigError(f"{called} cannot be written: {reason_of(error)}; name a folder you may write to") from None
        self._parts.append((part, path))
        with file:
            file.write(content)
            sync_output(file, called)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                for part, path in self._parts:
                    rename_durably(part, path, f"output file {path}")
        finally:
            for part, _ in self._parts:
                # The error that ended the block is the one to report.
                with suppress(OSError):
                    part.unlink(missing_ok=True)
