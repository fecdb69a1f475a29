"""Files that take their names together, once all of them are whole: what ends in between leaves none of them half written."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import TracebackType

from alpha_pulse.cli.terminal.paths import PART
from alpha_pulse.cli.terminal.streams import open_output, sync_output, take_its_name
from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.errors import ConfigError


class Together:
    """Writes files of one folder under hidden names, which no later command reads, until the block ends well."""

    def __init__(self) -> None:
        self._parts: list[tuple[Path, Path]] = []

    def __enter__(self) -> Together:
        return self

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, whole and to the disk.

        Raises
        ------
        ConfigError
            It cannot be made.
        OutputError
            It cannot be written.
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
                    take_its_name(part, path, f"output file {path}")
        finally:
            for part, _ in self._parts:
                # Another error is already on its way to the user.
                with suppress(OSError):
                    part.unlink(missing_ok=True)
