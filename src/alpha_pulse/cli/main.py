"""The command ``alpha-pulse``: what must hold before anything else is imported, and the last word about every error."""

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
    """Run the command; an error that is meant for people is one sentence and exit code 2."""
    # Whoever started this may have had it ignore Ctrl-C, as shells do with what runs in the background.
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
        # Any file that the program or a package of it writes, such as a cache.
        found = cause_of(error)
        if found is None:
            raise
        place = error.filename or "a file"
        print(f"alpha-pulse: {escape(str(place))} cannot be used: {found.reason}; {found.advice}", file=sys.stderr)
        sys.exit(REFUSED)


def _leave(number: int, frame: FrameType | None) -> None:
    """End at once, as long as there is nothing to close: a KeyboardInterrupt may get lost in what is being imported."""
    # A progress bar hides the cursor. Written past sys.stderr, which may be in the middle of a line of its own.
    with contextlib.suppress(OSError):
        os.write(STANDARD_ERROR, (SHOW_CURSOR if os.isatty(STANDARD_ERROR) else b"") + b"alpha-pulse: interrupted\n")
    os._exit(INTERRUPTED)
