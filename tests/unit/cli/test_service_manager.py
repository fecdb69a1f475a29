from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpha_pulse.cli.terminal.service_manager import report_health


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a service manager that restarts a service after 30 ms of silence."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000")
        yield bound


def received(manager: socket.socket) -> list[bytes]:
    messages = []
    while True:
        try:
            messages.append(manager.recv(64))
        except BlockingIOError:
            return messages


def watched(states: list[bool]) -> None:
    """Report the health of a service that takes these states, and stop after the last one."""

    async def main() -> None:
        left = iter(states)

        def is_healthy() -> bool:
            try:
                return next(left)
            except StopIteration:
                task.cancel()
                return False

        task = asyncio.create_task(report_health(is_healthy))
        await asyncio.wait([task])

    asyncio.run(main())


def test_the_start_and_each_healthy_moment_are_reported(manager: socket.socket) -> None:
    watched([True, True, False, True])
    assert received(manager) == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_a_failed_run_is_silent(manager: socket.socket) -> None:
    watched([True, False, False, False])
    assert received(manager) == [b"READY=1", b"WATCHDOG=1"]


def test_without_a_limit_only_the_start_is_reported(manager: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC")
    watched([True])
    assert received(manager) == [b"READY=1"]


def test_a_manager_that_is_gone_changes_nothing(manager: socket.socket) -> None:
    Path(manager.getsockname()).unlink()
    watched([True, True])
    assert received(manager) == []


def test_without_a_manager_nothing_is_reported(manager: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET")
    watched([True])
    assert received(manager) == []
