"""Stands for a copy of the program: `python -S -E fork_client.py SOCKET MODULE ARGUMENTS` (see `fork_server`)."""

import json
import os
import signal
import socket
import sys


def main() -> None:
    place, module, *arguments = sys.argv[1:]
    server = socket.socket(socket.AF_UNIX)
    server.connect(place)
    request = {"module": module, "arguments": arguments, "folder": os.getcwd(), "environ": dict(os.environ)}  # noqa: PTH109
    text = json.dumps(request).encode() + b"\n"
    sent = socket.send_fds(server, [text], [0, 1, 2])
    server.sendall(text[sent:])
    answers = server.makefile()
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    copy = int(answers.readline())
    for number in PASSED_ON:
        signal.signal(number, lambda caught, frame: os.kill(copy, caught))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    for stream in (0, 1, 2):
        os.close(stream)
    code = int(answers.readline())
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


PASSED_ON = {signal.SIGINT, signal.SIGTERM}

if __name__ == "__main__":
    main()
