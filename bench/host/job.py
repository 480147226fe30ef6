"""One job on one agent, from sending it to the end of its workers."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bench.errors import ProtocolError
from bench.link.connection import Connection
from bench.plain_text import plain_line
from bench.records.record import FailureKind
from bench.wire.decode import decode, encode
from bench.wire.message import Message
from bench.wire.order import Job

T = TypeVar("T")

# From a device; a record has a few KiB. An honest agent ends a worker at a quarter of it.
MAX_UNIT_BYTES = 256 << 20


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a worker ended, as the agent saw it; `log` is the end of what its libraries printed."""

    worker: int
    code: int
    signal: int
    oom: bool
    timed_out: bool
    peak_memory_bytes: int
    broke_wire: str
    log: str

    @property
    def gave_way(self) -> bool:
        """Whether it ended by itself and in order: one whose GPU context is spoilt leaves the rest to a fresh one."""
        return not (self.code or self.signal or self.oom or self.timed_out or self.broke_wire)

    @property
    def failure(self) -> tuple[FailureKind, str]:
        """What the end means for the unit that was running, and one line about it."""
        if self.timed_out:
            return "timeout", "took longer than its deadline and was ended"
        if self.oom:
            return "out_of_memory", f"killed by the kernel for memory, at a peak of {self.peak_memory_bytes} bytes"
        if self.broke_wire:
            return "crash", self.broke_wire
        last = next((line.strip() for line in reversed(self.log.splitlines()) if line.strip()), "")
        what = f"killed ({_signal_name(self.signal)})" if self.signal else f"the worker ended with code {self.code}"
        kind: FailureKind = "out_of_memory" if "MemoryError" in last else "crash"
        return kind, " ".join(f"{what}: {last}".split())[:300] if last else what


def run_job(
    connection: Connection, job: Job, handle: Callable[[Message], None], stopped: Callable[[], bool]
) -> tuple[Exit, ...]:
    """Send the job, pass its messages on, return how its workers ended; `stopped` cancels it.

    The agent keeps the deadlines; ProtocolError where it has not in good time, as where a worker cannot be killed or a
    device only pretends to work, and past `MAX_UNIT_BYTES` about one unit.
    """
    connection.send("job", encode(job))
    exits: list[Exit] = []
    begun: set[tuple[str, str]] = set()
    # What the agent needs to end a worker, and the way back.
    slack = connection.timing.grace_s + 2 * connection.timing.lease_s
    until, mark = time.monotonic() + job.start_s + slack, connection.heard_bytes
    cancelled = False
    while True:
        if stopped() and not cancelled:
            connection.send("cancel", {})
            cancelled, until = True, time.monotonic() + slack
        message = connection.receive(min(60.0, until - time.monotonic()))
        if connection.heard_bytes - mark > MAX_UNIT_BYTES:
            raise ProtocolError(f"expected at most {MAX_UNIT_BYTES >> 20} MiB about one unit")
        if message is None:
            if time.monotonic() >= until:
                raise ProtocolError("expected a worker to be ended at its deadline, and it was not; restart the device")
            continue
        if message.type == "begin":
            key = (str(message.body.get("worker")), message.unit)
            if key in begun:
                raise ProtocolError("expected each unit of a job to begin once")
            begun.add(key)
            mark = connection.heard_bytes
            if not cancelled:
                until = max(until, time.monotonic() + job.deadline_s(message.unit) + slack)
        if message.type == "idle":
            return tuple(exits)
        if message.type == "exit":
            try:
                exits.append(decode(Exit, message.body))
            except ValueError as error:
                raise ProtocolError(str(error)) from None
        else:
            handle(message)


@dataclass(frozen=True, kw_only=True)
class Accelerators:
    """The answer to a `probe`: each GPU's name and driver, and why there is none."""

    names: tuple[str, ...] = ()
    reason: str = ""


def decode_accelerators(body: dict[str, Any]) -> Accelerators:
    """What a device said about its GPUs, as plain lines; ProtocolError where it is anything else."""
    try:
        found = decode(Accelerators, {key: value for key, value in body.items() if key != "worker"})
    except ValueError as error:
        raise ProtocolError(plain_line(str(error), 300)) from None
    return Accelerators(
        names=tuple(plain_line(name, 200) for name in found.names), reason=plain_line(found.reason, 200)
    )


def _signal_name(number: int) -> str:
    try:
        return f"signal {number}, {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"


def decode_or_fail(cls: type[T], body: object) -> T:
    """Decode what a device sent; ProtocolError where it is not of that type."""
    try:
        return decode(cls, body)
    except ValueError as error:
        raise ProtocolError(str(error)[:300]) from None
