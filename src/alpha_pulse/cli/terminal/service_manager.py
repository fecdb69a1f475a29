"""Tells a service manager that a run serves, and that it is still healthy.

The protocol is that of ``sd_notify(3)`` of systemd: datagrams to the socket that ``NOTIFY_SOCKET`` names, and
``WATCHDOG_USEC``, the time after which the manager restarts a service that sent none (``WatchdogSec`` of a unit).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable

MICROSECONDS = 1e6
MESSAGES_PER_LIMIT = 3
"""Messages in the time after which a silent service is restarted; systemd recommends at least two."""


async def report_health(is_healthy: Callable[[], bool]) -> None:
    """Report the start, then the health until the task is cancelled. Returns at once without a service manager.

    A run that is not healthy sends nothing, so that the manager restarts it.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setblocking(False)
        _send(manager, address, b"READY=1")
        limit_s = float(os.environ.get("WATCHDOG_USEC", "0")) / MICROSECONDS
        while limit_s > 0.0:
            if is_healthy():
                _send(manager, address, b"WATCHDOG=1")
            await asyncio.sleep(limit_s / MESSAGES_PER_LIMIT)


def _send(manager: socket.socket, address: str, message: bytes) -> None:
    """Send a message. One that cannot be sent is left out: the manager may have been restarted."""
    # A first @ stands for the zero byte of an abstract address.
    with contextlib.suppress(OSError):
        manager.sendto(message, "\0" + address[1:] if address.startswith("@") else address)
