"""One job on one agent, from sending it to the end of its workers."""

import signal
import time
from collections.abc import Callable, Iterable
from threading import Event

from bench.cache.store import Store
from bench.errors import ProtocolError
from bench.link.connection import Connection
from bench.plain_text import plain_line
from bench.records.record import FailureKind
from bench.wire.messages import Begin, Cancel, Exit, Idle, Said
from bench.wire.order import Job, Order

# Of a device about one unit. An honest agent has ended the worker long before, and only then says more itself.
MAX_HEARD_BYTES = 256 << 20


def run_job(connection: Connection, job: Job, handle: Callable[[Said], None], stop: Event) -> tuple[Exit, ...]:
    """Send the job, pass its messages on, return how its workers ended; `stop` cancels it.

    The agent keeps the deadlines; ProtocolError where it has not in good time, as where a worker cannot be killed or a
    device only pretends to work, past `MAX_HEARD_BYTES` about one unit, and as `handle` raises it.
    """
    connection.send(job)
    exits: list[Exit] = []
    units = {order.unit.id for order in job.task.orders}
    begun: set[tuple[int, str]] = set()  # each begin starts a new deadline, so there must be an end to them
    # What the agent needs to end a worker, and the way back.
    slack = connection.lease.grace_s + 2 * connection.lease.lease_s
    until, mark = time.monotonic() + job.start_s + slack, connection.heard_bytes
    cancelled = False
    while True:
        if stop.is_set() and not cancelled:
            connection.send(Cancel())
            cancelled, until = True, time.monotonic() + slack
        said = connection.receive(min(60.0, until - time.monotonic()))
        if connection.heard_bytes - mark > MAX_HEARD_BYTES:
            raise connection.broken(f"expected at most {MAX_HEARD_BYTES >> 20} MiB about one unit")
        if said is None:
            if time.monotonic() >= until:
                raise connection.broken(
                    "expected a worker to be ended at its deadline, and it was not; restart the device"
                )
            continue
        if isinstance(said.body, Begin):
            if said.unit not in units or (said.worker, said.unit) in begun:
                raise connection.broken("expected each unit of a job, and no other, to begin once")
            begun.add((said.worker, said.unit))
            mark = connection.heard_bytes
            if not cancelled:
                until = max(until, time.monotonic() + job.deadline_s(said.unit) + slack)
        if isinstance(said.body, Idle):
            return tuple(exits)
        if isinstance(said.body, Exit):
            exits.append(said.body)
            continue
        try:
            handle(said)
        except ProtocolError as error:
            raise connection.broken(str(error)) from None


def send_files(connection: Connection, store: Store, orders: Iterable[Order]) -> None:
    """Give the device the files that it lacks of these orders."""
    for digest in connection.missing(sorted({digest for order in orders for digest in order.digests})):
        connection.send_file(store.path(digest), digest)


def gave_way(end: Exit) -> bool:
    """Whether it ended by itself and in order: one whose GPU context is spoilt leaves the rest to a fresh one."""
    return not (end.code or end.signal or end.oom or end.timed_out or end.broke_wire)


def failure_of(exits: tuple[Exit, ...]) -> tuple[FailureKind, str]:
    """What the workers' ends mean for the unit that was running, and one line about it: the first bad one counts."""
    if not exits:
        return "crash", "the worker ended without a word"
    end = next((each for each in exits if not gave_way(each)), exits[0])
    if end.timed_out:
        return "timeout", "took longer than its deadline and was ended"
    if end.oom:
        return "out_of_memory", f"killed by the kernel for memory, at a peak of {end.peak_memory_bytes} bytes"
    if end.broke_wire:
        return "protocol", (
            f"its worker spoke out of turn ({plain_line(end.broke_wire, 120)}); does the network fork,"
            " or write to a file that it did not open?"
        )
    last = next((line.strip() for line in reversed(end.log.splitlines()) if line.strip()), "")
    if end.signal == signal.SIGILL:
        last = "a package was built for instructions that this CPU has not got; install another version of it"
    what = f"killed ({_signal_name(end.signal)})" if end.signal else f"the worker ended with code {end.code}"
    kind: FailureKind = "out_of_memory" if "MemoryError" in last else "crash"
    return kind, " ".join(f"{what}: {last}".split())[:300] if last else what


def _signal_name(number: int) -> str:
    try:
        return f"signal {number}, {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"
