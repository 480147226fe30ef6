"""Units given to workers until each has ended, by the same rules whether they are measured or prepared.

A crash is tried once more in a fresh worker; running out of memory or of time is not. A worker that dies before its
first unit does so for all. One that ends in order early leaves the rest to a fresh one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import Protocol

from bench.errors import ProtocolError
from bench.host.job import failure_of, gave_way, run_job
from bench.link.connection import Connection
from bench.records.record import FailureKind
from bench.records.workload import Unit
from bench.wire.messages import Begin, Body, Exit, Fatal, Said, name_of
from bench.wire.order import Job, Order

CRASHES = 2  # of the same unit: the second one is its end


class Endings(Protocol):
    """What becomes of the units: a record, or an artifact."""

    def began(self, unit: Unit) -> None:
        """A worker started on it."""

    def done(self, order: Order, body: Body) -> None:
        """It gave this; ProtocolError where that is not what was asked for."""

    def failed(self, order: Order, kind: FailureKind, reason: str) -> None:
        """It ended without."""

    def again(self, unit: Unit, reason: str) -> None:
        """It crashed and is tried once more."""


class UnitLoop:
    """Remembers crashes over the jobs of one device."""

    def __init__(self, endings: Endings, stop: Event) -> None:
        self._endings, self._stop = endings, stop
        self._crashes: Counter[str] = Counter()
        self.running: Order | None = None  # also where the link breaks

    def attempt(self, name: str) -> int:
        """Which try at a unit or a pair, by its id, the next one is."""
        return 1 + self._crashes[name]

    def crashed(self, name: str, kind: FailureKind) -> bool:
        """Count a crash, or a worker out of turn; whether the unit or pair is to be tried once more."""
        # What broke the wire may be left over from the unit before it: this one may be innocent.
        again = kind in ("crash", "protocol") and self._crashes[name] < CRASHES - 1
        self._crashes[name] += again
        return again

    def one_worker(self, connection: Connection, job: Job) -> tuple[Unit, ...]:
        """One worker for the job's units; returns those that need another."""
        orders = tuple(replace(order, attempt=self.attempt(order.unit.id)) for order in job.task.orders)
        waiting = {order.unit.id: order for order in orders}
        self.running = None
        fatal: list[Fatal] = []

        def handle(said: Said) -> None:
            if isinstance(said.body, Fatal):
                fatal.append(said.body)
                return
            order = waiting.get(said.unit)
            if order is None or said.attempt != order.attempt:
                raise ProtocolError(
                    f"expected a message about a unit of this job that has not ended, got {name_of(said.body)!r}"
                )
            if isinstance(said.body, Begin):
                self.running = order
                self._endings.began(order.unit)
            else:
                self._endings.done(order, said.body)
                del waiting[said.unit]
                self.running = None

        exits = run_job(connection, replace(job, task=replace(job.task, orders=orders)), handle, self._stop)
        if not waiting or self._stop.is_set():
            return ()
        left = tuple(waiting.values())
        if fatal:
            self._fail(left, fatal[0].kind or "error", fatal[0].reason[:300])
            return ()
        return self._after(exits, left, self.running, whole=len(left) == len(orders))

    def _after(
        self, exits: tuple[Exit, ...], left: Sequence[Order], current: Order | None, *, whole: bool
    ) -> tuple[Unit, ...]:
        units = tuple(order.unit for order in left)
        if exits and gave_way(exits[0]) and current is None and not whole:
            return units
        victim = current or left[0]
        kind, reason = failure_of(exits)
        if self.crashed(victim.unit.id, kind):
            self._endings.again(victim.unit, reason)
            return units
        if kind == "crash":
            reason = f"crashed twice: {reason}"
        never_began = current is None and whole
        self._fail(left if never_began else (victim,), kind, reason)
        return () if never_began else tuple(unit for unit in units if unit != victim.unit)

    def _fail(self, orders: Sequence[Order], kind: FailureKind, reason: str) -> None:
        for order in orders:
            self._endings.failed(order, kind, reason)
