"""Runs commands in copies of one process that has imported the program and called its kernels: a copy starts in milliseconds.

`python -m fork_server SOCKET` serves until its standard input ends. A client is `fork_client.py`: it hands over its arguments,
folder, environment and streams, passes signals on, and ends as the copy ends. What a process does before it has imported the
program, or when it ends, is not tested by this.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
import traceback
from typing import Any

import alpha_pulse.api.app
import alpha_pulse.cli.data
import alpha_pulse.cli.doctor
import alpha_pulse.cli.evaluate
import alpha_pulse.cli.replay
import alpha_pulse.cli.run
import alpha_pulse.cli.simulate  # noqa: F401  (imported for the copies)
from alpha_pulse.core.config import BatchConfig, Config
from alpha_pulse.feeds.synthetic import Market, random_walk
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.memory import MemoryStore

LARGEST_REQUEST = 1 << 20
LOOK_S = 0.01


def serve(listening: socket.socket) -> None:
    """A fork for each client, until standard input ends. Those that have ended are waited for, so that their time counts."""
    while listening in select.select([listening, sys.stdin], [], [])[0]:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        client, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            _attend(client)
        client.close()


def _attend(client: socket.socket) -> None:
    """Start a copy, and tell the client its process and then how it ended. Never returns."""
    try:
        text, streams, _, _ = socket.recv_fds(client, LARGEST_REQUEST, 3)
        while not text.endswith(b"\n"):
            text += client.recv(LARGEST_REQUEST)
        child = os.fork()
        if child == 0:
            client.close()
            _become(json.loads(text), streams)
        for stream in streams:
            os.close(stream)
        client.sendall(f"{child}\n".encode())
        ended = 0
        while not ended:
            # Nothing more is sent by a client: what can be read is its end.
            if select.select([client], [], [], LOOK_S)[0]:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                break
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                client.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    finally:
        os._exit(0)


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Run the command. Never returns."""
    code = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environ"])
        time.tzset()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stdin, sys.stdout, sys.stderr = (_text(0, "r"), _text(1, "w"), _text(2, "w"))
        sys.argv = [request["module"], *request["arguments"]]
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _text(number: int, mode: str) -> Any:
    return open(number, mode, encoding="utf-8", closefd=False)


def main() -> None:
    """Warm up, serve."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        replay(Config(batch=BatchConfig(enabled=False)), random_walk(400, seed=1, market=Market()), MemoryStore(), "warm")
        assert threading.active_count() == 1, "a copy has one thread, so whatever another one holds would be held for ever"
        gc.freeze()
        listening.listen()
        print(flush=True)
        serve(listening)


if __name__ == "__main__":
    main()
