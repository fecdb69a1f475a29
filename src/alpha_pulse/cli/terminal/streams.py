"""Standard output, standard error and files for results: a failure to write is a sentence, never a traceback."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from alpha_pulse.cli.terminal.paths import PART
from alpha_pulse.core.causes import cause_of, reason_of
from alpha_pulse.core.errors import ConfigError, OutputError
from alpha_pulse.core.files import sync_folder

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STANDARD_OUTPUT = "-"
"""Names it in place of a file."""
READER_LEFT = 141
"""The exit code of a process that SIGPIPE ended, as shells report it."""
PLAIN = {"·": "-", "─": "-", "…": "..."}
"""What stands for our own signs where an encoding lacks them."""
_FALLBACK = "alpha_pulse.plain"


def open_standard_streams() -> None:
    """Make both streams such that no character and no full disk ends in a traceback.

    Raises
    ------
    OutputError
        Standard output is closed.
    """
    codecs.register_error(_FALLBACK, _plain)
    if sys.stderr is None:  # closed; print() would fall back on standard output
        sys.stderr = _stream(Outlet(os.devnull, None), "utf-8", line_buffering=True)
    else:
        sys.stderr = _stream(Outlet(sys.stderr.fileno(), None), sys.stderr.encoding, line_buffering=True)
    if sys.stdout is None:
        raise OutputError("standard output is closed, so the result could not be shown; redirect it to a file or to /dev/null")
    output = Outlet(sys.stdout.fileno(), "standard output", exit_when_reader_left=True)
    sys.stdout = _stream(output, sys.stdout.encoding, line_buffering=output.isatty())


def open_output(path: Path, called: str) -> io.BufferedWriter:
    """Open a file for results, or raise OSError; ``called`` names it in the OutputError of a failed write."""
    return io.BufferedWriter(Outlet(str(path), called))


@contextmanager
def result_file(path: Path | None) -> Iterator[BinaryIO | None]:
    """A file that takes its name only when the block ends well. Raises ConfigError when it cannot be written."""
    if path is None:
        yield None
        return
    direct = path.exists() and not path.is_file()
    part = path if direct else path.with_name(path.name + PART)
    called = f"output file {path}"
    try:
        file = open_output(part, called)
    except OSError as error:
        raise ConfigError(f"{called} cannot be written: {reason_of(error)}; name a file you may write to") from None
    try:
        with file:
            yield file
            if not direct:
                sync_output(file, called)
        if not direct:
            take_its_name(part, path, called)
    except BaseException:
        if not direct:
            # Another error is already on its way to the user.
            with suppress(OSError):
                part.unlink(missing_ok=True)
        raise


def sync_output(file: io.BufferedWriter, called: str) -> None:
    """Bring what was written to the disk. Raises OutputError."""
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{called} cannot be written: {reason_of(error)} (sync failed); name another place") from None


def take_its_name(part: Path, path: Path, called: str) -> None:
    """Give a whole file its name, which lasts from then on. Raises OutputError."""
    try:
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"{called} cannot be written: {reason_of(error)}; name another place") from None


def escape(text: str) -> str:
    """``text`` on one line, without what a terminal would obey.

    >>> print(escape("a\\nb\\x1b[2J"))
    a\\nb\\x1b[2J
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


class Outlet(io.FileIO):
    """A file descriptor or path for writing. The first failure is raised as one sentence, what follows it is dropped.

    Parameters
    ----------
    target
        A descriptor, which stays open, or a path, which is opened for writing.
    called
        Its name in that sentence; None for what nobody needs to be told about, such as progress.
    exit_when_reader_left
        Whether a reader that closed its end ends the process quietly, as it does with other commands in a pipe.
    """

    def __init__(self, target: int | str, called: str | None, *, exit_when_reader_left: bool = False) -> None:
        super().__init__(target, "wb", closefd=isinstance(target, str))
        self._called = called
        self._exit_when_reader_left = exit_when_reader_left

    def write(self, content: ReadableBuffer, /) -> int:
        """Write, or raise OutputError once."""
        try:
            return super().write(content)
        except OSError as error:
            if self._called is None:
                return memoryview(content).nbytes
            if self._exit_when_reader_left and isinstance(error, BrokenPipeError):
                self._called = None
                raise SystemExit(READER_LEFT) from None
            raise self._failed(error) from None

    def close(self) -> None:
        """Close, or raise OutputError: some file systems say only now that what was written is lost."""
        try:
            super().close()
        except OSError as error:
            if self._called is not None:
                raise self._failed(error) from None

    def _failed(self, error: OSError) -> OutputError:
        called, self._called = self._called, None
        found = cause_of(error)
        advice = "" if found is None else f"{found.advice}, or "
        return OutputError(f"{called} cannot be written: {reason_of(error)}; {advice}name another place")


def _stream(outlet: Outlet, encoding: str, *, line_buffering: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(outlet), encoding, _FALLBACK, line_buffering=line_buffering)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Signs that an encoding lacks: our own as plain ones, all others as escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in lacking), error.end
