"""Standard output, standard error and result files. A failed write raises an error of one sentence, never a traceback."""

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
"""Stands for standard output in place of a file name."""
READER_LEFT = 141
"""The exit code of a process that SIGPIPE ended, as shells report it."""
PLAIN = {"·": "-", "─": "-", "…": "..."}
"""Replacements for the characters of the tables that an encoding lacks."""
_FALLBACK = "alpha_pulse.plain"


def open_standard_streams() -> None:
    """Replace both streams: a character that cannot be encoded or a full disk must not cause a traceback.

    Raises
    ------
    OutputError
        Standard output is closed.
    """
    codecs.register_error(_FALLBACK, _plain)
    if sys.stderr is None:  # closed; print() would write to standard output
        sys.stderr = _stream(Outlet(os.devnull, None), "utf-8", line_buffering=True)
    else:
        sys.stderr = _stream(Outlet(sys.stderr.fileno(), None), sys.stderr.encoding, line_buffering=True)
    if sys.stdout is None:
        raise OutputError("standard output is closed, so the result cannot be shown; redirect it to a file or to /dev/null")
    output = Outlet(sys.stdout.fileno(), "standard output", exit_when_reader_left=True)
    sys.stdout = _stream(output, sys.stdout.encoding, line_buffering=output.isatty())


def file_of(target: str | None) -> Path | None:
    """The file that an option such as ``--json`` names; None for standard output, and without the option.

    >>> file_of("-"), file_of(None), str(file_of("result.json"))
    (None, None, 'result.json')
    """
    return None if target in (None, STANDARD_OUTPUT) else Path(str(target))


def open_output(path: Path, called: str) -> io.BufferedWriter:
    """Open a file for results. ``called`` is its name in the OutputError of a failed write. Raises OSError."""
    return io.BufferedWriter(Outlet(str(path), called))


@contextmanager
def result_file(path: Path | None) -> Iterator[BinaryIO | None]:
    """A file that is renamed to ``path`` when the block ends without an error. Raises ConfigError when it cannot be written."""
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
            rename_durably(part, path, called)
    except BaseException:
        if not direct:
            # The error that ended the block is the one to report.
            with suppress(OSError):
                part.unlink(missing_ok=True)
        raise


def sync_output(file: io.BufferedWriter, called: str) -> None:
    """Flush and fsync. Raises OutputError."""
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{called} cannot be written: {reason_of(error)} (sync failed); name another place") from None


def rename_durably(part: Path, path: Path, called: str) -> None:
    """Rename a complete file to ``path``, and make the rename durable. Raises OutputError."""
    try:
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"{called} cannot be written: {reason_of(error)}; name another place") from None


def escape(text: str) -> str:
    """``text`` on one line, with line breaks and control characters escaped.

    >>> print(escape("a\\nb\\x1b[2J"))
    a\\nb\\x1b[2J
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class Outlet(io.FileIO):
    """A file descriptor or path for writing. The first failed write raises an OutputError; later failures are ignored.

    Parameters
    ----------
    target
        A descriptor, which `close` leaves open, or a path, which is opened for writing.
    called
        Its name in the error; None: failures are ignored, as for progress.
    exit_when_reader_left
        Whether a broken pipe ends the process without a message, as it ends other commands of a pipe.
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
        """Close, or raise OutputError: some file systems report a failed write only here."""
        try:
            super().close()
        except OSError as error:
            if self._called is not None:
                raise self._failed(error) from None

    def _failed(self, error: OSError) -> OutputError:
        called, self._called = self._called, None
        cause = cause_of(error)
        advice = "" if cause is None else f"{cause.advice}, or "
        return OutputError(f"{called} cannot be written: {reason_of(error)}; {advice}name another place")


def _stream(outlet: Outlet, encoding: str, *, line_buffering: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(outlet), encoding, _FALLBACK, line_buffering=line_buffering)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Characters that an encoding lacks: those of `PLAIN` replaced, all others escaped."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(char) or char.encode("ascii", "backslashreplace").decode() for char in lacking), error.end
