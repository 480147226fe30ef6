"""A worker that misbehaves as it is told: run in place of bench.worker by the agent's tests.

Called as `fake_worker.py -m bench.worker PIPE PARENT`; the task's `path` names what to do.
"""

import itertools
import json
import os
import signal
import sys
import time

LINE = {"v": 1, "run": "", "unit": "u", "attempt": 1, "seq": 1, "type": "begin", "body": {}}


def main() -> None:
    pipe, task = int(sys.argv[3]), json.loads(sys.stdin.buffer.read())
    name, *arguments = task["path"]
    BEHAVIOURS[name](pipe, *arguments)


def send(pipe: int, data: bytes) -> None:
    while data:
        data = data[os.write(pipe, data) :]


def line(**changed: object) -> bytes:
    return json.dumps({**LINE, **changed}).encode() + b"\n"


def good(pipe: int) -> None:
    """Begin a unit and end well."""
    send(pipe, line())


def exits(pipe: int, code: str) -> None:
    os._exit(int(code))


def dies(pipe: int, number: str) -> None:
    os.kill(os.getpid(), int(number))
    time.sleep(60)


def hangs(pipe: int) -> None:
    send(pipe, line())
    time.sleep(600)


def ignores_term(pipe: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hangs(pipe)


def holds_the_gil(pipe: int) -> None:
    """A Python handler never runs while a C call keeps the interpreter."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    send(pipe, line())
    sum(itertools.repeat(0))


def leaves_a_grandchild(pipe: int) -> None:
    """It keeps the pipe open, ignores TERM and sits in a session of its own."""
    ready, told = os.pipe()
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(told, b"!")
        time.sleep(600)
    os.read(ready, 1)
    send(pipe, line())
    os._exit(0)


def prints(pipe: int, size: str) -> None:
    """A library that floods stdout and stderr, in lines and without an end."""
    block = b"\x1b[31mnoise \xff\n" + b"y" * 65000
    for _ in range(int(size) // len(block)):
        os.write(1, block)
    os.write(2, b"last words\n")
    good(pipe)


def writes(pipe: int, text: str) -> None:
    send(pipe, text.encode("latin-1") + b"\n")
    time.sleep(600)


def endless_line(pipe: int) -> None:
    while True:
        send(pipe, b"x" * 65536)


def endless_lines(pipe: int) -> None:
    send(pipe, line())
    while True:
        send(pipe, line(type="record", body={"x": "y" * 500_000}))


BEHAVIOURS = {function.__name__: function for function in (
    good, exits, dies, hangs, ignores_term, holds_the_gil, leaves_a_grandchild, prints, writes,
    endless_line, endless_lines,
)}  # fmt: skip

if __name__ == "__main__":
    main()
