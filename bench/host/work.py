"""The jobs of one device in a run: what is sent, what comes back, what is written down."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from bench.cache.store import Store
from bench.errors import BenchError, ProtocolError
from bench.host.artifacts import Artifact
from bench.host.job import Exit, decode_or_fail, run_job
from bench.host.observer import Observer
from bench.host.pair import PairRun
from bench.host.patience import Patience
from bench.journal import DeviceEvent, Journal
from bench.link.connection import Connection
from bench.plan.estimate import deadline_s
from bench.plan.support import unsupported
from bench.records.environment import Environment
from bench.records.measurement import NoiseFloor
from bench.records.pair import Pair, PairRecord
from bench.records.record import FailureKind, Record, Status
from bench.records.workload import GRAPH_RUNTIMES, Unit, describe
from bench.wire.message import Message
from bench.wire.order import Deadline, Job, Task

CRASHES = 2  # in the same unit: the second one is its end


class Machine(Protocol):
    """What the jobs need of the machine they run on."""

    @property
    def connection(self) -> Connection:
        """The live connection; LinkLostError where there is none."""

    @property
    def environment(self) -> Environment | None:
        """What was found there."""

    def stopped(self) -> bool:
        """Whether the run is being ended."""


class DeviceWork:
    """The jobs of one `run`: what is sent, what comes back, what is written down."""

    def __init__(
        self,
        machine: Machine,
        artifact: Callable[[Unit], Artifact],
        store: Store,
        journal: Journal,
        patience: Patience,
        observer: Observer,
    ) -> None:
        self._machine, self._artifact, self._store, self._journal = machine, artifact, store, journal
        self._patience, self._observer = patience, observer
        self._attempts: Counter[str] = Counter()
        self._crashes: Counter[str] = Counter()
        self.ended: set[str] = set()

    def noise(self, unit: Unit) -> None:
        """The noise floor of one round; a machine that cannot take it goes without."""

        def handle(message: Message) -> None:
            message.body.pop("worker", None)
            if message.type == "noise":
                self._journal.append(DeviceEvent(device=unit.device, noise=decode_or_fail(NoiseFloor, message.body)))

        job = Job(task=Task(kind="noise"), threads=unit.threads, start_s=self._patience.worker_start_s)
        run_job(self._machine.connection, job, handle, self._machine.stopped)

    def group(self, units: tuple[Unit, ...]) -> tuple[Unit, ...]:
        """One worker for these units; returns those that need another."""
        ready = [unit for unit in units if self._can_start(unit)]
        if not ready:
            return ()
        self._send_files(ready)
        waiting = {unit.id: unit for unit in ready}
        current: list[Unit] = []
        fatal: list[dict[str, object]] = []

        def handle(message: Message) -> None:
            message.body.pop("worker", None)
            if message.type == "fatal":
                fatal.append(message.body)
                return
            unit = waiting.get(message.unit)
            if unit is None or message.attempt != self._attempt(unit):
                raise ProtocolError("expected a message about a unit of this job that has not ended")
            if message.type == "begin":
                current[:] = [unit]
                self._observer.began(unit)
            elif message.type == "record":
                record = decode_or_fail(Record, message.body)
                if record.unit != unit or record.attempt != message.attempt or record.cost is not None:
                    raise ProtocolError("expected a record of the unit that was asked for")
                self._write(replace(record, cost=self._artifact(unit).cost))
                del waiting[unit.id]
                current.clear()
            else:
                raise ProtocolError(f"expected begin or record, got {message.type[:40]!r}")

        exits = run_job(self._machine.connection, self._job(ready), handle, self._machine.stopped)
        if not waiting or self._machine.stopped():
            return ()
        if fatal:
            self._fail_all(waiting.values(), fatal[0])
            return ()
        return self._after_exit(exits, list(waiting.values()), current[0] if current else None, len(ready))

    def _after_exit(
        self, exits: tuple[Exit, ...], waiting: list[Unit], current: Unit | None, started: int
    ) -> tuple[Unit, ...]:
        victim = current or waiting[0]
        kind, reason = exits[0].failure if exits else ("crash", "the worker ended without a word")
        if exits and exits[0].gave_way and current is None and len(waiting) < started:
            return tuple(waiting)
        self._crashes[victim.id] += 1
        if kind == "crash" and self._crashes[victim.id] < CRASHES:
            self._observer.said(victim.device, f"{describe(victim)}: {reason}; once more in a fresh worker")
            self._attempts[victim.id] += 1
            return tuple(waiting)
        if kind == "crash":
            reason = f"crashed twice: {reason}"
        never_began = current is None and len(waiting) == started
        # A worker that dies before its first unit will do so for all of them.
        victims = waiting if never_began else [victim]
        for unit in victims:
            self._write(self._failure(unit, "failed", kind, reason))
        return tuple(unit for unit in waiting if unit not in victims)

    def pair(self, pair: Pair) -> bool:
        """One pair of live workers, ended by one record; True where it crashed and is to be tried once more."""
        sides = (pair.first, pair.second)
        attempt = 1 + self._attempts[pair.id]
        for unit in sides:
            if obstacle := self._obstacle(unit):
                status, kind, reason = obstacle
                reason = f"{unit.workload.name}: {reason}"
                self._write(PairRecord(pair=pair, attempt=attempt, status=status, reason_kind=kind, reason=reason))
                return False
        self._send_files(list(sides))
        files = tuple(self._artifact(unit).files(unit.id) for unit in sides)
        deadline = sum(deadline_s(unit, self._artifact(unit).cost) for unit in sides)
        run = PairRun(pair, files, self._patience.worker_start_s, deadline, attempt)
        self._observer.began(pair.first)
        exits = run_job(self._machine.connection, run.job(), run.handle, self._machine.stopped)
        if self._machine.stopped():
            return False
        record = run.record(exits)
        if record.reason_kind == "crash" and attempt < CRASHES:
            self._observer.said(pair.first.device, f"{describe(pair.first)}: {record.reason}; the pair once more")
            self._attempts[pair.id] += 1
            return True
        self._write(record)
        return False

    def lose(self, queue: Iterable[tuple[Unit, ...] | Pair], error: BenchError) -> None:
        """Give everything that is left its record."""
        kind: FailureKind = "protocol" if isinstance(error, ProtocolError) else "offline"
        for item in queue:
            if isinstance(item, Pair):
                self._write(PairRecord(pair=item, attempt=1, status="lost", reason_kind=kind, reason=str(error)))
                continue
            for unit in item:
                if unit.id not in self.ended:
                    self._write(self._failure(unit, "lost", kind, str(error)))

    def _can_start(self, unit: Unit) -> bool:
        obstacle = self._obstacle(unit)
        if obstacle is not None:
            self._write(self._failure(unit, *obstacle))
        return obstacle is None

    def _obstacle(self, unit: Unit) -> tuple[Status, FailureKind, str] | None:
        """What is known before anything is sent to end the unit."""
        if reason := unsupported(unit, self._machine.environment):
            return "skipped", "unsupported", reason
        artifact = self._artifact(unit)
        if artifact.kind:
            return "skipped" if artifact.kind == "unsupported" else "failed", artifact.kind, artifact.reason
        if artifact.graph_reason and unit.runtime in GRAPH_RUNTIMES:
            return "failed", "build", artifact.graph_reason
        return None

    def _send_files(self, units: list[Unit]) -> None:
        digests = {d for unit in units for d in (self._artifact(unit).reference, self._artifact(unit).model) if d}
        for digest in self._machine.connection.missing(sorted(digests)):
            self._machine.connection.send_file(self._store.path(digest), digest)

    def _job(self, units: list[Unit]) -> Job:
        limits = [deadline_s(unit, self._artifact(unit).cost) for unit in units]
        return Job(
            task=Task(
                kind="measure",
                units=tuple(units),
                attempts=tuple(self._attempt(unit) for unit in units),
                files=tuple(self._artifact(unit).files(unit.id) for unit in units),
            ),
            threads=units[0].threads,
            start_s=self._patience.worker_start_s,
            deadlines=tuple(Deadline(unit=unit.id, seconds=s) for unit, s in zip(units, limits, strict=True)),
        )

    def _attempt(self, unit: Unit) -> int:
        return 1 + self._attempts[unit.id]

    def _fail_all(self, units: Iterable[Unit], body: dict[str, object]) -> None:
        kind: FailureKind = "unsupported" if body.get("kind") == "unsupported" else "error"
        if body.get("kind") == "out_of_memory":
            kind = "out_of_memory"
        status: Status = "skipped" if kind == "unsupported" else "failed"
        for unit in list(units):
            self._write(self._failure(unit, status, kind, str(body.get("reason", ""))[:300]))

    def _failure(self, unit: Unit, status: Status, kind: FailureKind, reason: str) -> Record:
        artifact = self._artifact(unit)
        return Record(
            unit=unit,
            attempt=self._attempt(unit),
            status=status,
            reason_kind=kind,
            reason=reason or kind,
            cost=artifact.cost,
            started_utc=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )

    def _write(self, record: Record | PairRecord) -> None:
        self._journal.append(record)
        self.ended.add(record.unit.id if isinstance(record, Record) else record.pair.id)
        self._observer.ended(record)
