"""Runs one machine's units through its agent, whatever happens on the way; one thread for each machine.

A crash is tried once more in a fresh worker; running out of memory or of time is not. A lost link is tried three times;
then what is left of the machine is lost, and the other machines go on. Every unit ends in exactly one record.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bench.agent import Timing
from bench.artifacts import Artifact
from bench.connection import Connection, Transport
from bench.decoding import decode
from bench.environment import difference
from bench.errors import BenchError, DeviceError, LinkLostError, ProtocolError, StorageError
from bench.estimate import deadline_s
from bench.job import Deadline, Job, Task
from bench.job_run import Exit, run_job
from bench.journal import DeviceEvent, Journal
from bench.observer import Observer
from bench.pair import Pair, PairRecord
from bench.pair_run import PairRun
from bench.planning import grouped
from bench.records import Environment, FailureKind, NoiseFloor, Record, Status
from bench.store import Store
from bench.support import unsupported
from bench.wire import Message
from bench.workload import GRAPH_RUNTIMES, Unit

T = TypeVar("T")

CRASHES = 2  # in the same unit: the second one is its end


@dataclass(frozen=True, kw_only=True)
class Patience:
    """The waits of the host, in seconds; tests use shorter ones."""

    timing: Timing = field(default_factory=Timing)
    reconnect_s: tuple[float, ...] = (2.0, 8.0, 30.0)
    worker_start_s: float = 120.0
    deadline_factor: float = 1.0


class MachineRunner:
    """One machine's connection and what is left to do on it. `stop` may be called from any thread."""

    def __init__(self, name: str, transport: Transport, run: str, patience: Patience, observer: Observer) -> None:
        self.name = name
        self.environment: Environment | None = None
        self.clock_skew_s = 0.0
        self._first_seen: Environment | None = None
        self._transport, self._run, self._patience, self._observer = transport, run, patience, observer
        self._connection: Connection | None = None
        self._lost: BenchError | None = None
        self._stopped = False
        self._attempts: Counter[str] = Counter()
        self._crashes: Counter[str] = Counter()

    def connect(self) -> Environment:
        """Reach the machine; DeviceError where there is no way."""
        self._connection, found, self.clock_skew_s = self._transport.connect(self._run, self._patience.timing)
        if self._first_seen is not None and (changed := difference(self._first_seen, found)):
            raise DeviceError(f"{self.name} is not what it was when the run began: {changed}")
        self._first_seen = replace(found, clock_skew_s=self.clock_skew_s)
        self.environment = self.environment or self._first_seen
        return self._first_seen

    @property
    def connection(self) -> Connection:
        """The live connection; LinkLostError before `connect` and after a loss."""
        if self._connection is None:
            raise self._lost or LinkLostError(f"{self.name} is not connected")
        return self._connection

    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """Drop the unit that is running and begin no other."""
        self._stopped = True
        if self._connection is not None:
            self._connection.interrupt()

    def close(self) -> None:
        """End the agent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def idle(self, until: Callable[[], bool]) -> None:
        """Keep the lease alive while others get ready. A link that is lost meanwhile is lost to the next job only."""
        while self._connection is not None and not until() and not self._stopped:
            try:
                said = self._connection.receive(0.5)
            except LinkLostError as error:
                self._drop()
                self._lost = error  # raised to whoever needs the link: nobody does yet
                return
            if said is not None:
                raise ProtocolError("expected silence from an idle agent")

    def run(
        self,
        units: Iterable[Unit],
        pairs: Iterable[Pair],
        artifact: Callable[[Unit], Artifact],
        store: Store,
        journal: Journal,
    ) -> BenchError | None:
        """Bring every unit and pair to its record; returns the error that lost the machine, if one did."""
        work = _Work(self, artifact, store, journal)
        queue: deque[tuple[Unit, ...] | Pair] = deque([*grouped(units), *pairs])
        measured_noise: set[tuple[str, int]] = set()
        losses = ended = 0
        while queue and not self._stopped:
            item = queue.popleft()
            try:
                if isinstance(item, Pair):
                    if work.pair(item):
                        queue.appendleft(item)
                    continue
                place = (item[0].device, item[0].round)
                if place not in measured_noise:
                    work.noise(item[0])
                    measured_noise.add(place)
                if left := work.group(item):
                    queue.appendleft(left)
            except StorageError:
                raise
            except BenchError as error:
                left_over = item if isinstance(item, Pair) else tuple(u for u in item if u.id not in work.ended)
                if left_over:
                    queue.appendleft(left_over)
                # `stop` closes nothing, but a connection may break while it is being stopped.
                if self._stopped:
                    break
                # A unit that brings its machine down each time would be tried without end.
                losses = 1 if len(work.ended) > ended else losses + 1
                ended = len(work.ended)
                problem = error if losses > len(self._patience.reconnect_s) else self.recover(error)
                if problem is not None:
                    work.lose(queue, problem)
                    return problem
        return None

    def lose_all(
        self,
        units: Iterable[Unit],
        pairs: Iterable[Pair],
        artifact: Callable[[Unit], Artifact],
        store: Store,
        journal: Journal,
        error: BenchError,
    ) -> None:
        """Give every unit of a device that was never reached its record."""
        _Work(self, artifact, store, journal).lose([tuple(units), *pairs], error)

    def recover(self, error: BenchError) -> BenchError | None:
        """Connect again after a lost link; returns the error where that is no use."""
        self._drop()
        for wait_s in self._patience.reconnect_s:
            if not isinstance(error, LinkLostError) or self._stopped:
                return error
            what = str(error).removeprefix(f"{self.name}: ")
            self._observer.said(self.name, f"{what}; trying again in {wait_s:g} s")
            self._sleep(wait_s)
            try:
                self.connect()
            except BenchError as again:
                self._drop()
                error = again
            else:
                return None
        return error

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))


class _Work:
    """The jobs of one `run`: what is sent, what comes back, what is written down."""

    def __init__(
        self, runner: MachineRunner, artifact: Callable[[Unit], Artifact], store: Store, journal: Journal
    ) -> None:
        self._runner, self._artifact, self._store, self._journal = runner, artifact, store, journal
        self._patience, self._observer = runner._patience, runner._observer
        self.ended: set[str] = set()

    def noise(self, unit: Unit) -> None:
        """The noise floor of one round; a machine that cannot take it goes without."""

        def handle(message: Message) -> None:
            message.body.pop("worker", None)
            if message.type == "noise":
                self._journal.append(DeviceEvent(device=unit.device, noise=decode_or_fail(NoiseFloor, message.body)))

        job = Job(task=Task(kind="noise"), threads=unit.threads, start_s=self._patience.worker_start_s)
        run_job(self._runner.connection, job, handle, self._runner.stopped)

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

        exits = run_job(self._runner.connection, self._job(ready), handle, self._runner.stopped)
        if not waiting or self._runner.stopped():
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
        self._runner._crashes[victim.id] += 1
        if kind == "crash" and self._runner._crashes[victim.id] < CRASHES:
            self._observer.said(victim.device, f"{describe(victim)}: {reason}; once more in a fresh worker")
            self._runner._attempts[victim.id] += 1
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
        attempt = 1 + self._runner._attempts[pair.id]
        for unit in sides:
            if obstacle := self._obstacle(unit):
                status, kind, reason = obstacle
                reason = f"{unit.workload.name}: {reason}"
                self._write(PairRecord(pair=pair, attempt=attempt, status=status, reason_kind=kind, reason=reason))
                return False
        self._send_files(list(sides))
        files = tuple(self._artifact(unit).files(unit.id) for unit in sides)
        deadline = self._patience.deadline_factor * sum(deadline_s(unit, self._artifact(unit).cost) for unit in sides)
        run = PairRun(pair, files, self._patience.worker_start_s, deadline, attempt)
        self._observer.began(pair.first)
        exits = run_job(self._runner.connection, run.job(), run.handle, self._runner.stopped)
        if self._runner.stopped():
            return False
        record = run.record(exits)
        if record.reason_kind == "crash" and attempt < CRASHES:
            self._observer.said(pair.first.device, f"{describe(pair.first)}: {record.reason}; the pair once more")
            self._runner._attempts[pair.id] += 1
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
        if reason := unsupported(unit, self._runner.environment):
            return "skipped", "unsupported", reason
        artifact = self._artifact(unit)
        if artifact.kind:
            return "skipped" if artifact.kind == "unsupported" else "failed", artifact.kind, artifact.reason
        if artifact.graph_reason and unit.runtime in GRAPH_RUNTIMES:
            return "failed", "build", artifact.graph_reason
        return None

    def _send_files(self, units: list[Unit]) -> None:
        digests = {d for unit in units for d in (self._artifact(unit).reference, self._artifact(unit).model) if d}
        for digest in self._runner.connection.missing(sorted(digests)):
            self._runner.connection.send_file(self._store.path(digest), digest)

    def _job(self, units: list[Unit]) -> Job:
        factor = self._patience.deadline_factor
        limits = [factor * deadline_s(unit, self._artifact(unit).cost) for unit in units]
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
        return 1 + self._runner._attempts[unit.id]

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


def decode_or_fail(cls: type[T], body: object) -> T:
    """Decode what a device sent; ProtocolError where it is not of that type."""
    try:
        return decode(cls, body)
    except ValueError as error:
        raise ProtocolError(str(error)[:300]) from None


def describe(unit: Unit) -> str:
    """A unit in a few words, for people."""
    size = "x".join(map(str, unit.workload.input_shape))
    parts = [unit.workload.name, unit.workload.variant, size, unit.runtime]
    return " ".join(filter(None, parts)) + f", round {unit.round + 1}"
