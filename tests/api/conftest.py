from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.running import STEPS, Running
from flow.runs import RESTLESS, configured, restless

CHALLENGED = {"serving.challengers": {"fast": {"model": "sgd", "parameters": {"rate": 0.02}}}}


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A run in which everything has happened: training, alarms, trials and their ends. It is paused near its end."""
    running = Running(tmp_path_factory.mktemp("live"), restless(), configured({**RESTLESS, **CHALLENGED})).start()
    try:
        running.advance(STEPS)
        yield running
    finally:
        running.stop()
