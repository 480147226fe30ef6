"""A stand-in for the worker program: `fake_worker.py BEHAVIOUR PIPE PARENT` fails in the way it is told."""

import ctypes
import hashlib
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.records.workload import Unit
from bench.wire.decode import decode
from bench.wire.message import Message, encode_line

SLEEP_S = 600.0  # longer than any test
SEQUENCE = itertools.count(1)
# After its `begin`: what it says, about which unit (the one that has begun, where none is named).
OUT_OF_TURN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "begins again": ("begin", "", {}),
    "begins another's unit": ("begin", "another", {}),
    "answers another task": ("artifact", "", {"reason": "none", "kind": "build"}),
    "speaks as the agent": ("idle", "", {}),
    "ends itself": ("exit", "", {"code": 0, "signal": 0, "oom": False, "timed_out": False, "peak_memory_bytes": 0}),
    "speaks as the host": ("bye", "", {}),
}


def send(pipe: int, kind: str, unit: str = "", body: dict[str, Any] | None = None) -> None:
    """One line as a worker writes it."""
    data = encode_line(Message(type=kind, body=body or {}, unit=unit, attempt=1, seq=next(SEQUENCE)))
    while data:
        data = data[os.write(pipe, data) :]


def say(text: str) -> None:
    """A line as a library prints it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def hold_the_interpreter_lock() -> None:
    """Sleep inside C with the lock held, as a kernel that never returns does: Python can't act on TERM."""
    while True:  # a signal wakes C's sleep
        ctypes.PyDLL(None).sleep(int(SLEEP_S))


def start_as_the_real_one(then: Callable[[], None]) -> None:
    """Do what the real worker does before its task, then that."""
    from bench.worker import __main__ as real

    vars(real)["resolve_name"] = lambda _: lambda *_: then()
    del sys.argv[1]
    real.main()


def take_every_cpu() -> None:
    """A thread for each CPU that the agent gave, in C, without a system call."""
    for _ in os.sched_getaffinity(0):
        threading.Thread(target=hashlib.pbkdf2_hmac, args=("sha256", b"", b"", 1 << 30)).start()


def leave_a_grandchild(pipe: int, said: Path) -> None:
    """End, while a process in a session of its own holds the pipe and the log open."""
    child = subprocess.Popen(["sleep", str(int(SLEEP_S))], pass_fds=(pipe,), start_new_session=True)
    said.write_text(str(child.pid))
    say("grandchild left behind")


def main() -> int:
    """Begin the first unit, then misbehave."""
    behaviour, pipe = sys.argv[1], int(sys.argv[2])
    data = sys.stdin.buffer.read()
    task = json.loads(data)
    if behaviour == "never begins":
        return 4
    first = decode(Unit, task["orders"][task["side"]]["unit"]).id if task["orders"] else ""
    # Before it begins, since its deadline counts from there.
    if behaviour == "ignores TERM":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif behaviour == "holds the lock":
        signal.signal(signal.SIGTERM, lambda *_: None)
    send(pipe, "begin", first)
    say("working")
    if behaviour == "compiles":
        for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
            folder = Path(os.environ[name])
            say(f"{name} {'new' if not folder.exists() else 'used'}")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "kernel.so").write_bytes(b"code")
        return 5
    if behaviour == "exit code":
        say("Fatal: no such kernel")
        return 7
    if behaviour == "out of memory":
        say("MemoryError")
        return 1
    if behaviour == "ends quietly":
        return 0
    if behaviour in ("SIGKILL", "SIGSEGV", "SIGILL"):
        os.kill(os.getpid(), signal.Signals[behaviour])
    elif behaviour == "hangs":
        time.sleep(SLEEP_S)
    elif behaviour == "holds the lock":
        hold_the_interpreter_lock()
    elif behaviour == "dies with its agent":
        sys.stdin = io.TextIOWrapper(io.BytesIO(data))
        start_as_the_real_one(lambda: time.sleep(SLEEP_S))
    elif behaviour == "takes every CPU":
        sys.stdin = io.TextIOWrapper(io.BytesIO(data))
        start_as_the_real_one(take_every_cpu)
    elif behaviour == "grandchild":
        leave_a_grandchild(pipe, Path(task["cache"]) / "grandchild")
    elif behaviour == "grandchildren":
        subprocess.Popen(
            ["sh", "-c", f"setsid sh -c 'setsid sleep {SLEEP_S} & sleep {SLEEP_S}'"], start_new_session=True
        )
        time.sleep(0.5)  # until they run
    elif behaviour == "prints without end":
        for _ in range(100):
            os.write(1, b"x" * (1 << 20))
        os.write(1, b"\nthe last line\n")
        return 3
    elif behaviour == "endless stream":
        while True:
            os.write(pipe, b"x" * (1 << 16))
    elif behaviour in OUT_OF_TURN:
        kind, about, body = OUT_OF_TURN[behaviour]
        while True:
            send(pipe, kind, about or first, body)
    elif behaviour == "skips a message":
        next(SEQUENCE)
        send(pipe, "fatal", "", {"kind": "error", "reason": "none"})
        time.sleep(SLEEP_S)
    elif behaviour == "a copy speaks":
        os.fork()
        send(pipe, "fatal", "", {"kind": "error", "reason": "one of the two"})
        time.sleep(SLEEP_S)
    elif behaviour == "no json":
        os.write(pipe, b"Segmentation fault\n")
        time.sleep(SLEEP_S)
    elif behaviour == "first of a pair dies" and task["side"] == 0:
        return 9
    else:
        time.sleep(SLEEP_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
