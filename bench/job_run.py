"""One job on one agent, from sending it to the end of its workers."""

import signal
from collections.abc import Callable
from dataclasses import dataclass

from bench.connection import Connection
from bench.decoding import decode, encode
from bench.errors import ProtocolError
from bench.job import Job
from bench.records import FailureKind
from bench.wire import Message


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
    """Send the job, pass its messages on, return how its workers ended; `stopped` cancels it."""
    connection.send("job", encode(job))
    exits: list[Exit] = []
    cancelled = False
    while True:
        if stopped() and not cancelled:
            connection.send("cancel", {})
            cancelled = True
        message = connection.receive(60.0)
        if message is None:
            continue
        if message.type == "idle":
            return tuple(exits)
        if message.type == "exit":
            try:
                exits.append(decode(Exit, message.body))
            except ValueError as error:
                raise ProtocolError(str(error)) from None
        else:
            handle(message)


def _signal_name(number: int) -> str:
    try:
        return f"signal {number}, {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"
