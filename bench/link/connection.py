"""A live agent: lines out, lines in, heartbeats, and what it means when they stop."""

import base64
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from bench.errors import BenchError, DeviceError, LinkLostError, ProtocolError, StoppedError
from bench.link.child import ProcessPipe
from bench.plain_text import plain_line
from bench.plan.runtimes import packages
from bench.records.environment import Environment
from bench.wire.lease import Lease
from bench.wire.message import MAX_LINE_BYTES, decode_line, encode_line
from bench.wire.messages import (
    Alive,
    Body,
    Bye,
    Error,
    FilePart,
    Have,
    Hello,
    Missing,
    Said,
    Start,
    Stored,
    message,
    name_of,
    understood,
)

FILE_CHUNK_BYTES = 256 * 1024  # on its way at one time: a link of 3 KB/s brings it within the wait for an answer
ANSWER_LEASES = 6  # a card that syncs a large file is slow; one that never answers is broken
LAST_WORDS_S = 2.0  # for what an agent said before it closed its input, and for a process whose output ended
STOP_POLL_S = 0.2  # how soon a wait that nothing wakes hears that the run is being ended

B = TypeVar("B")

Explain = Callable[[int | None, str], BenchError]
Stopped = Callable[[], bool]


def never() -> bool:
    """For a wait that nobody ends."""
    return False


class Transport(Protocol):
    """A way to one machine."""

    def connect(self, run: str, lease: Lease, stopped: Stopped = never) -> "tuple[Connection, Environment, float]":
        """A live agent, its environment and clock skew in seconds.

        DeviceError where there is no way, StoppedError soon after `stopped`.
        """


class Connection:
    """One agent behind its process's pipe. Used by one thread; `interrupt` may be called from any.

    Once `stopped`, `start`, `send_file`, `missing` and `wait_for` raise StoppedError instead of waiting on.
    """

    def __init__(
        self,
        pipe: ProcessPipe,
        run: str,
        lease: Lease,
        explain: Explain,
        name: str = "",
        stopped: Stopped = never,
    ) -> None:
        self._pipe = pipe
        self._run, self._explain, self._stopped = run, explain, stopped
        self._name = name
        self._prefix = f"{name}: " if name else ""  # of every error: a run may have many devices
        self._sequence = 0
        self._expected = 1
        self._beat = time.monotonic()
        self._ended = False
        self.lease = lease

    @property
    def heard_bytes(self) -> int:
        """What the agent has said so far, heartbeats included."""
        return self._pipe.heard_bytes

    def start(self) -> tuple[Environment, float]:
        """Begin the conversation; returns the device's environment and clock skew."""
        self.send(Start(lease=self.lease, packages=packages(), device=self._name))
        # The agent is silent while it waits for its lock: the lease begins after that.
        self._pipe.heard = time.monotonic() + self.lease.lock_wait_s
        until = self._pipe.heard + 2 * self.lease.lease_s
        hello = self._wait_for(Hello, until, lambda: self._lost("the agent did not answer"))
        # The clock was read as the answer left; before that the agent may have waited long for its lock.
        return hello.environment, hello.clock - time.time()

    def send(self, body: Body, *, stoppable: bool = False) -> None:
        """Write one message; LinkLostError where the pipe is gone or stays full for a lease."""
        self._sequence += 1
        data = encode_line(message(body, run=self._run, seq=self._sequence))
        until = time.monotonic() + self.lease.lease_s
        view = memoryview(data)
        while view:
            try:
                taken = self._pipe.write(view)
            except OSError:
                raise self._last_words() from None
            view = view[taken:]
            if taken:
                until = time.monotonic() + self.lease.lease_s
            elif time.monotonic() >= until:
                raise self._lost("the link took no more data")
            else:
                if stoppable:
                    self._check_stopped()
                self._pipe.wait_writable(STOP_POLL_S)
                # While a file is on its way the agent may answer; take that in, or both sides would block.
                self._read(0)

    def send_file(self, path: Path, digest: str) -> None:
        """Copy a file into the agent's store and wait until it is checked there."""
        try:
            size = path.stat().st_size
            file = path.open("rb")
        except OSError as error:
            raise DeviceError(
                f"{self._prefix}expected to send {path}, got {error.strerror}; what emptied this machine's cache?"
                " `--resume` makes it again"
            ) from None
        with file:
            chunk = file.read(FILE_CHUNK_BYTES)
            head = FilePart(data="", last=False, digest=digest, size=size)
            while True:
                following = file.read(FILE_CHUNK_BYTES)
                data = base64.b64encode(chunk).decode()
                self._check_stopped()
                self.send(replace(head, data=data, last=not following), stoppable=True)
                # Not before it has come: what waits in the buffers of a slow link would outlast every wait.
                self.wait_for(Stored)
                if not following:
                    break
                head, chunk = FilePart(data="", last=False), following

    def missing(self, digests: list[str]) -> list[str]:
        """Which of the files the agent's store lacks."""
        self.send(Have(digests=tuple(digests)))
        answer = self.wait_for(Missing).digests
        if not set(answer) <= set(digests):
            raise self.broken("expected some of the digests asked about")
        return [digest for digest in digests if digest in answer]

    def wait_for(self, kind: type[B]) -> B:
        """The next message, which must be of that kind; ProtocolError where only heartbeats come for too long."""
        until = time.monotonic() + ANSWER_LEASES * self.lease.lease_s
        nothing = f"expected {name_of(kind)!r}, nothing but heartbeats came"
        return self._wait_for(kind, until, lambda: self.broken(nothing))

    def _wait_for(self, kind: type[B], until: float, silence: Callable[[], BenchError]) -> B:
        while True:
            said = self.receive(min(STOP_POLL_S, self.lease.lease_s, max(0.0, until - time.monotonic())))
            self._check_stopped()
            if said is not None and isinstance(said.body, kind):
                return said.body
            if said is not None:
                raise self.broken(f"expected {name_of(kind)!r}, got {name_of(said.body)!r}")
            if time.monotonic() >= until:
                raise silence()

    def receive(self, timeout_s: float) -> Said | None:
        """The next message that is no heartbeat; None at the time-out or after `interrupt`.

        Raises LinkLostError where the agent is gone or silent for a lease, ProtocolError on anything malformed,
        DeviceError where the agent itself gives up.
        """
        until = time.monotonic() + max(0.0, timeout_s)
        while True:
            while self._pipe.lines:
                said = self._check(self._pipe.lines.popleft())
                if not isinstance(said.body, Alive):
                    return said
            now = time.monotonic()
            if now - self._beat >= self.lease.heartbeat_s:
                self._beat = now
                self.send(Alive())
            if now - self._pipe.heard >= self.lease.lease_s:
                # Nobody may have listened for so long: what waits in the pipe counts.
                self._read(0)
                if now - self._pipe.heard >= self.lease.lease_s:
                    raise self._lost(f"nothing was heard for {self.lease.lease_s:g} s")
                continue
            if now >= until:
                return None
            next_beat, lease_end = self._beat + self.lease.heartbeat_s, self._pipe.heard + self.lease.lease_s
            if self._read(min(until, next_beat, lease_end) - now):
                return None

    def interrupt(self) -> None:
        """Make a waiting `receive` return."""
        self._pipe.interrupt()

    def close(self) -> None:
        """Say goodbye and wait a moment; then the process is ended, and its agent sees the end of its input.

        Closing twice is closing once.
        """
        with contextlib.suppress(BenchError):
            if not self._ended:
                self.send(Bye())
        self._ended = True
        self._pipe.close(LAST_WORDS_S)

    def _check_stopped(self) -> None:
        if self._stopped():
            self._ended = True  # perhaps in the middle of a message: nothing more can be said
            raise StoppedError

    def _check(self, line: bytes) -> Said:
        try:
            envelope = decode_line(line)
            if envelope.run != self._run or envelope.seq != self._expected:
                was = f"{envelope.seq} of {envelope.run[:40]!r}"
                raise ProtocolError(f"expected message {self._expected} of this run, got {was}")
            said = understood(envelope)
        except ProtocolError as error:
            raise self.broken(str(error)) from None
        self._expected += 1
        if isinstance(said.body, Error):
            text = plain_line(said.body.message)
            raise self.broken(text) if said.body.kind == "protocol" else DeviceError(self._prefix + text)
        return said

    def _read(self, timeout_s: float) -> bool:
        """Take in what has come; True where `interrupt` was called."""
        try:
            return self._pipe.read(timeout_s)
        except EOFError:
            raise self._over() from None
        except ProtocolError as error:
            raise self.broken(str(error)) from None

    def _lost(self, what: str) -> BenchError:
        """The error for a link on which nothing moves any more."""
        self._ended = True
        return self._parting_words() or LinkLostError(self._prefix + what)

    def _over(self) -> BenchError:
        """The error for an output that ended: what the transport can tell from the process's end and its last words."""
        self._ended = True
        return self._parting_words() or self._explain(*self._pipe.end(LAST_WORDS_S))

    def _last_words(self) -> BenchError:
        """The error for an input that is closed. Why comes by another pipe, perhaps a moment later."""
        until = time.monotonic() + LAST_WORDS_S
        try:
            while (error := self._parting_words()) is None and (left := until - time.monotonic()) > 0:
                self._read(left)
        except BenchError as ended:  # the output ended too
            error = ended
        self._ended = True
        return error or LinkLostError(f"{self._prefix}the link broke")

    def _parting_words(self) -> BenchError | None:
        """The error that the agent left with, where it came while nobody listened: in the middle of a file, say."""
        self._pipe.read_rest(2 * MAX_LINE_BYTES)  # one that talks without end has nothing to say
        try:
            while self._pipe.lines:
                self._check(self._pipe.lines.popleft())
        except BenchError as error:
            return error
        return None

    def broken(self, what: str) -> ProtocolError:
        """The error for what this device should not have said."""
        return ProtocolError(self._prefix + plain_line(what))
