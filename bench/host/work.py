"""Brings every unit and pair of one device to exactly one record, whatever happens on the way."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Event

from bench.cache.store import Store
from bench.errors import BenchError, LinkLostError, ProtocolError, StorageError
from bench.host.artifacts import counts_of
from bench.host.enough import Enough
from bench.host.job import run_job, send_files
from bench.host.layers import mapped, parts_in
from bench.host.machine import Machine
from bench.host.observer import Observer
from bench.host.other_torch import explained
from bench.host.pair import PairRun
from bench.host.units import UnitLoop
from bench.journal import DeviceEvent, Journal
from bench.plan.estimate import LAYER_CALLS, PAIR_CALLS, SLOW_CALLS, deadline_s
from bench.plan.runtimes import runtime
from bench.plan.schedule import grouped
from bench.plan.support import unsupported
from bench.records.artifact import Artifact
from bench.records.layers import Layers
from bench.records.measurement import NoiseFloor
from bench.records.pair import Pair, PairRecord
from bench.records.record import FailureKind, Record, Status, status_of, utc_now
from bench.records.workload import Unit, describe
from bench.wire.messages import Body, name_of
from bench.wire.order import Job, Order, Task, TaskKind


class Work:
    """The units and pairs of one device in a run.

    A lost link is tried three times; then what is left is lost, and the other machines go on.
    """

    def __init__(
        self,
        device: str,
        machine: Machine,
        artifact: Callable[[Unit], Artifact],
        store: Store,
        journal: Journal,
        observer: Observer,
        stop: Event,
        enough: Enough | None = None,
        kind: TaskKind = "measure",
    ) -> None:
        self._device, self._machine, self._artifact, self._store = device, machine, artifact, store
        self._kind = kind
        self._journal, self._observer, self._stop = journal, observer, stop
        self._loop, self._enough = UnitLoop(self, stop), enough or Enough()
        self._ended: set[str] = set()

    def run(self, units: Iterable[Unit], pairs: Iterable[Pair]) -> BenchError | None:
        """Measure all of it; returns the error that lost the machine, if one did."""
        table = tuple(units)
        self._enough.plan(table)
        queue: deque[tuple[Unit, ...] | Pair] = deque([*grouped(table), *pairs])
        floors: set[int] = set()  # rounds whose noise floor was taken
        losses = ended = 0
        culprits: set[Order | None] = set()  # what ran at each of these losses
        while queue and not self._stop.is_set():
            item = queue.popleft()
            self._loop.running = None
            try:
                if isinstance(item, Pair) and self._enough.has(item):
                    continue  # nor has it a record: a resumed run may go on with it
                if isinstance(item, Pair):
                    left: tuple[Unit, ...] | Pair | None = self._pair(item)
                elif not (chosen := self._enough.chosen(item)):
                    continue  # no record either
                else:
                    if item[0].round not in floors:
                        self._noise(item[0].threads)
                        floors.add(item[0].round)
                    orders = tuple(self._order(unit) for unit in chosen if self._can_start(unit))
                    left = self._loop.one_worker(self._machine.connection, self._job(orders)) if orders else None
                if left:
                    queue.appendleft(left)
            except StorageError:
                raise
            except BenchError as error:
                queue.appendleft(item)
                # `stop` closes nothing, but a connection may break while it is being stopped.
                if self._stop.is_set():
                    break
                # A unit that brings its machine down each time would be tried without end.
                if len(self._ended) > ended:
                    losses, ended, culprits = 0, len(self._ended), set()
                losses += 1
                culprits.add(None if isinstance(item, Pair) else self._loop.running)
                if self._machine.is_last(losses) and isinstance(error, LinkLostError) and len(culprits) == 1:
                    losses -= self._blame(culprits.pop(), error)
                problem = error if self._machine.is_last(losses) else self._machine.recover(error)
                if self._stop.is_set():
                    break
                if problem is not None:
                    self._lose(queue, problem)
                    return problem
        return None

    def _blame(self, order: Order | None, error: BenchError) -> bool:
        """Fail the one unit that ran whenever the link broke: the machine came back each time, for the others too."""
        if order is not None:
            self.failed(order, "offline", f"the link broke each time that it ran: {error}")
        return order is not None

    def lose(self, units: Iterable[Unit], pairs: Iterable[Pair], error: BenchError) -> None:
        """Give every unit of a device that cannot be used its record."""
        self._lose([tuple(units), *pairs], error)

    # --- what becomes of units: the endings of the loop

    def began(self, unit: Unit) -> None:
        self._observer.began(unit)

    def again(self, unit: Unit, reason: str) -> None:
        self._observer.said(unit.device, f"{describe(unit)}: {reason}; once more in a fresh worker")

    def done(self, order: Order, body: Body) -> None:
        if not isinstance(body, Record):
            raise ProtocolError(f"expected {name_of(Record)!r}, got {name_of(body)!r}")
        if body.unit != order.unit or body.attempt != order.attempt or body.cost is not None:
            raise ProtocolError("expected a record of the unit that was asked for")
        artifact = self._artifact(order.unit)
        reason = explained(body, self._machine.environment_of(body.unit))
        self._write(replace(body, reason=reason, cost=artifact.cost, layers=self._mapped(body, artifact)))

    def _mapped(self, body: Record, artifact: Artifact) -> Layers | None:
        """The pieces of a graph by the parts that were counted as it was exported; eager counts its own."""
        if body.layers is None or not artifact.parts or not runtime(body.unit.runtime).graph:
            return body.layers
        return mapped(body.layers, parts_in(self._store.path(artifact.parts)))

    def failed(self, order: Order, kind: FailureKind, reason: str) -> None:
        self._fail(order.unit, order.attempt, status_of(kind), kind, reason)

    # --- one job each

    def _noise(self, threads: int) -> None:
        """The noise floor of one round; a machine that cannot take it goes without."""
        noise, _ = self._machine.answer("noise", threads)
        if isinstance(noise, NoiseFloor):
            self._journal.append(DeviceEvent(device=self._device, noise=noise))

    def _pair(self, pair: Pair) -> Pair | None:
        """One pair of live workers, ended by one record; the pair again where it crashed and is tried once more."""
        sides = (pair.first, pair.second)
        attempt = self._loop.attempt(pair.id)
        for unit in sides:
            if obstacle := self._obstacle(unit):
                kind, reason = obstacle
                reason, status = f"{unit.workload.name}: {reason}", status_of(kind)
                self._write(PairRecord(pair=pair, attempt=attempt, status=status, reason_kind=kind, reason=reason))
                return None
        first, second = (
            replace(self._order(unit, PAIR_CALLS * slowdown), attempt=attempt, slowdown=slowdown)
            for unit, slowdown in zip(sides, (1.0, pair.slowdown), strict=True)
        )
        # Of both together: each side waits while the other loads and runs.
        limit = first.deadline_s + second.deadline_s
        orders = (replace(first, deadline_s=limit), replace(second, deadline_s=limit))
        run = PairRun(pair, orders, self._machine.patience.worker_start_s)
        self._send_files(orders)
        self._observer.began(pair.first)
        exits = run_job(self._machine.connection, run.job(), run.handle, self._stop)
        if self._stop.is_set():
            return None
        record = run.record(exits)
        if record.reason_kind and self._loop.crashed(pair.id, record.reason_kind):
            self._observer.said(self._device, f"{describe(pair.first)}: {record.reason}; the pair once more")
            return pair
        self._write(replace(record, counts=tuple(counts_of(self._artifact(unit)) for unit in sides)))
        return None

    def _job(self, orders: tuple[Order, ...]) -> Job:
        self._send_files(orders)
        start_s = self._machine.patience.worker_start_s
        return Job(task=Task(kind=self._kind, orders=orders), threads=orders[0].unit.threads, start_s=start_s)

    def _order(self, unit: Unit, calls: float = 0.0) -> Order:
        artifact = self._artifact(unit)
        usual = LAYER_CALLS if self._kind == "layers" else SLOW_CALLS
        limit = deadline_s(unit, artifact.cost, calls or usual)
        return Order(unit=unit, reference=artifact.reference, model=artifact.model, deadline_s=limit)

    def _send_files(self, orders: tuple[Order, ...]) -> None:
        send_files(self._machine.connection, self._store, orders)

    # --- what is known before anything is sent, and what is written down

    def _can_start(self, unit: Unit) -> bool:
        if unit.id in self._ended:  # before the link was lost
            return False
        obstacle = self._obstacle(unit)
        if obstacle is not None:
            kind, reason = obstacle
            self._fail(unit, self._loop.attempt(unit.id), status_of(kind), kind, reason)
        return obstacle is None

    def _obstacle(self, unit: Unit) -> tuple[FailureKind, str] | None:
        """What is known before anything is sent to end the unit."""
        if reason := unsupported(unit, self._machine.environment_of(unit)):
            return "unsupported", reason
        artifact = self._artifact(unit)
        if artifact.kind:
            return artifact.kind, artifact.reason
        if artifact.graph_reason and runtime(unit.runtime).graph:
            return "build", artifact.graph_reason
        return None

    def _lose(self, queue: Iterable[tuple[Unit, ...] | Pair], error: BenchError) -> None:
        kind: FailureKind = "protocol" if isinstance(error, ProtocolError) else "offline"
        for item in queue:
            if isinstance(item, Pair):
                self._write(PairRecord(pair=item, attempt=1, status="lost", reason_kind=kind, reason=str(error)))
                continue
            for unit in self._enough.owed(item):
                if unit.id not in self._ended:
                    self._fail(unit, self._loop.attempt(unit.id), "lost", kind, str(error))

    def _fail(self, unit: Unit, attempt: int, status: Status, kind: FailureKind, reason: str) -> None:
        self._write(
            Record(
                unit=unit,
                attempt=attempt,
                status=status,
                reason_kind=kind,
                reason=reason or kind,
                cost=self._artifact(unit).cost,
                started_utc=utc_now(),
            )
        )

    def _write(self, record: Record | PairRecord) -> None:
        self._journal.append(record)
        self._enough.ended(record)
        self._ended.add(record.unit.id if isinstance(record, Record) else record.pair.id)
        self._observer.ended(record)
