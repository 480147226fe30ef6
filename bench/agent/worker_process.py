"""A worker seen from the agent: its own session, a private pipe for records, a bounded log, a deadline."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

from bench.errors import ProtocolError
from bench.system.process_group import signal_group
from bench.wire.message import MAX_LINE_BYTES
from bench.wire.messages import Exit

# It is given its pipe's number and its parent's process id.
WORKER = (sys.executable, "-m", "bench.worker")
LOG_BYTES = 16 * 1024
GENERATIONS = 100  # of orphans: the children of one that is ended are the next


class WorkerProcess:
    """One running worker. Nothing here blocks; the agent's loop says when a pipe can be read."""

    def __init__(
        self,
        task: bytes,
        environment: dict[str, str],
        *,
        start_s: float,
        extra: tuple[int, ...] = (),
        command: tuple[str, ...] = WORKER,
    ) -> None:
        # The task waits in an unlinked file: a pipe could fill and block the agent.
        with tempfile.TemporaryFile() as stdin:
            stdin.write(task)
            stdin.seek(0)
            self.pipe, theirs = os.pipe()
            self.log_pipe, log = os.pipe()
            try:
                self._process = subprocess.Popen(
                    [*command, str(theirs), str(os.getpid())],
                    stdin=stdin,
                    stdout=log,
                    stderr=log,
                    pass_fds=(theirs, *extra),
                    env=environment,
                    start_new_session=True,
                )
            except BaseException:
                self.close_pipes()
                raise
            finally:
                os.close(theirs)
                os.close(log)
        os.set_blocking(self.pipe, False)
        os.set_blocking(self.log_pipe, False)
        self.pid = self._process.pid
        self.deadline = time.monotonic() + start_s
        self.terminated_at: float | None = None
        self.timed_out = False
        self.broke_wire = ""
        self.pipe_ended = self.log_ended = False
        self._oom_kills = oom_kills()
        self._buffer = bytearray()
        self._log: deque[bytes] = deque()
        self._log_size = 0

    def begin_unit(self, deadline_s: float) -> None:
        """A new unit: its own deadline."""
        self.deadline = time.monotonic() + deadline_s

    def read_lines(self) -> list[bytes]:
        """The whole lines that have come, none after one that broke the wire; ProtocolError where one has no end."""
        data, self.pipe_ended = _read(self.pipe)
        if self.broke_wire:
            return []
        self._buffer += data
        *lines, rest = bytes(self._buffer).split(b"\n")
        self._buffer = bytearray(rest)
        if len(rest) > MAX_LINE_BYTES:
            raise ProtocolError(f"expected lines of at most {MAX_LINE_BYTES} bytes")
        return lines

    def read_log(self) -> None:
        """Keep the end of what the worker's libraries print."""
        data, self.log_ended = _read(self.log_pipe)
        if data := data[-LOG_BYTES:]:
            self._log.append(data)
            self._log_size += len(data)
        while self._log and self._log_size - len(self._log[0]) >= LOG_BYTES:
            self._log_size -= len(self._log.popleft())

    @property
    def log_tail(self) -> str:
        """The last lines printed, at most 16 KiB."""
        return b"".join(self._log)[-LOG_BYTES:].decode("utf-8", "replace")

    def check_deadline(self, now: float, grace_s: float) -> float:
        """TERM past the deadline, KILL of the group `grace_s` later; returns when to look again."""
        if self.terminated_at is not None:
            if now >= self.terminated_at + grace_s:
                self.kill()
                return now + grace_s
            return self.terminated_at + grace_s
        if now >= self.deadline:
            self.timed_out = True
            self.terminate(now)
            return now + grace_s
        return self.deadline

    def terminate(self, now: float) -> None:
        """Ask the whole group to end."""
        self.terminated_at = now
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group."""
        self._signal(signal.SIGKILL)

    def end(self) -> None:
        """End it now, for a job that cannot begin."""
        self.kill()
        self._process.wait()
        self.close_pipes()

    def _signal(self, number: signal.Signals) -> None:
        if self.pid <= 0:  # it has ended; no process group has such a number
            return
        signal_group(self.pid, number)

    def reap(self) -> Exit | None:
        """None while it runs; else how it ended, its log still to be read. What is left of its group is killed."""
        try:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        except ChildProcessError:
            pid, status, usage = self.pid, 0, None
        if pid == 0:
            return None
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code
        self.kill()
        return Exit(
            code=max(code, 0),
            signal=max(-code, 0),
            oom=code == -signal.SIGKILL and not self.timed_out and oom_kills() > self._oom_kills,
            timed_out=self.timed_out,
            peak_memory_bytes=usage.ru_maxrss * 1024 if usage else 0,
            broke_wire=self.broke_wire,
        )

    def close_pipes(self) -> None:
        """Also where a grandchild still holds the other end."""
        for descriptor in (self.pipe, self.log_pipe):
            with contextlib.suppress(OSError):
                os.close(descriptor)


def kill_orphans() -> None:
    """End what workers left behind: as their subreaper this process has become its parent."""
    for _ in range(GENERATIONS):
        orphans = _children()
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for pid in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        with contextlib.suppress(OSError, ValueError):
            found += map(int, path.read_text().split())
    return found


def oom_kills() -> int:
    """How often the kernel killed for memory: on this machine, or in this control group where that says more."""
    count = 0
    for name, key in (("/proc/vmstat", "oom_kill"), ("/sys/fs/cgroup/memory.events", "oom_kill")):
        with contextlib.suppress(OSError, ValueError):
            for line in Path(name).read_text().splitlines():
                word, _, value = line.partition(" ")
                count += int(value) if word == key else 0
    return count


def _read(descriptor: int) -> tuple[bytes, bool]:
    """What has come, at most 4 MiB so that the loop sees its other work too; whether the pipe has ended."""
    chunks: list[bytes] = []
    with contextlib.suppress(BlockingIOError):
        for _ in range(64):
            if not (chunk := os.read(descriptor, 1 << 16)):
                return b"".join(chunks), True
            chunks.append(chunk)
    return b"".join(chunks), False
