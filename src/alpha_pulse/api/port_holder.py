"""Finds out whether a port that is in use is that of another run, by asking it for its health."""

from __future__ import annotations

import http.client

import msgspec

from alpha_pulse.api.routers.overall import Health

_PATIENCE_S = 1.0
_MAX_BYTES = 65_536


def state_of_run_at(host: str, port: int) -> str | None:
    """The state of the run that serves its page at a port, such as ``running``; None where no run answers.

    >>> state_of_run_at("127.0.0.1", 0) is None
    True
    """
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/health")
        return msgspec.json.decode(connection.getresponse().read(_MAX_BYTES), type=Health).state
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        return None
    finally:
        connection.close()
