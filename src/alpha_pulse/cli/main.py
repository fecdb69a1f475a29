"""The entry point ``alpha-pulse``: signals and streams before other imports, and the report of every error."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType

REFUSED = 2
INTERRUPTED = 130
STANDARD_ERROR = 2
SHOW_CURSOR = b"\x1b[?25h"


def main() -> None:
    """Run the command. An AlphaPulseError is printed as one sentence; the exit code is then 2."""
    # A shell that starts the program in the background may have set SIGINT to be ignored; leave it so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from alpha_pulse.cli.terminal.streams import escape, open_standard_streams
    from alpha_pulse.core.causes import cause_of
    from alpha_pulse.core.errors import AlphaPulseError

    try:
        open_standard_streams()
        from alpha_pulse.cli.commands import app

        try:
            app()
        finally:
            sys.stdout.flush()
    except AlphaPulseError as error:
        print(f"alpha-pulse: {escape(str(error))}", file=sys.stderr)
        sys.exit(REFUSED)
    except OSError as error:
        # Any file that this program or a library writes, such as a cache.
        cause = cause_of(error)
        if cause is None:
            raise
        path = error.filename or "a file"
        print(f"alpha-pulse: {escape(str(path))} cannot be used: {cause.reason}; {cause.advice}", file=sys.stderr)
        sys.exit(REFUSED)


def _leave(number: int, frame: FrameType | None) -> None:
    """End the process during start-up, when nothing is open yet: a KeyboardInterrupt may get lost inside an import."""
    # A progress bar hides the cursor. os.write, because sys.stderr may be inside a write of its own.
    with contextlib.suppress(OSError):
        os.write(STANDARD_ERROR, (SHOW_CURSOR if os.isatty(STANDARD_ERROR) else b"") + b"alpha-pulse: interrupted\n")
    os._exit(INTERRUPTED)
