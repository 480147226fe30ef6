"""A device that follows a script: no process, no pipe; what a connection would deliver is made up on the spot."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import cast

from bench.errors import BenchError, ProtocolError
from bench.link.connection import Connection, Stopped, never
from bench.records.artifact import Artifact
from bench.records.environment import Environment
from bench.records.pair import PairRecord
from bench.records.record import FailureKind, Record
from bench.records.workload import Unit
from bench.wire.lease import Lease
from bench.wire.messages import Begin, Body, Exit, Fatal, Idle, Said
from bench.wire.order import Job
from tests.made_up import environment, record

Line = Said | BenchError
Script = Callable[[Job], Iterable[Line]]


def begin(unit: Unit, attempt: int = 1) -> Said:
    return Said(body=Begin(), unit=unit.id, attempt=attempt)


def done(unit: Unit, attempt: int = 1) -> Said:
    return Said(body=record(unit, attempt=attempt, cost=False), unit=unit.id, attempt=attempt)


def fatal(kind: FailureKind, reason: str) -> Said:
    return Said(body=Fatal(kind=kind, reason=reason))


def ended(
    code: int = 0,
    *,
    signal: int = 0,
    timed_out: bool = False,
    oom: bool = False,
    broke_wire: str = "",
    log: str = "",
) -> Said:
    end = Exit(
        code=code,
        signal=int(signal),
        timed_out=timed_out,
        oom=oom,
        broke_wire=broke_wire,
        log=log,
        peak_memory_bytes=0,
    )
    return Said(body=end)


def all_well(job: Job) -> list[Line]:
    """Every unit is done."""
    found: list[Line] = []
    for order in job.task.orders:
        found += [begin(order.unit, order.attempt), done(order.unit, order.attempt)]
    return [*found, ended()]


class FakeDevice:
    """A transport and its connections. `script` answers each job that measures; `connects` fails or passes."""

    def __init__(
        self, script: Script = all_well, connects: Iterable[BenchError | None] = (), found: Environment | None = None
    ) -> None:
        self.script, self._connects = script, deque(connects)
        self.found = found or environment()
        self.jobs: list[Job] = []
        self.connected = self.closed = 0
        self.lease, self.heard_bytes = Lease(), 0
        self._said: deque[Line] = deque()

    def connect(self, run: str, lease: Lease, stopped: Stopped = never) -> tuple[Connection, Environment, float]:
        if self._connects and (error := self._connects.popleft()) is not None:
            raise error
        self.connected += 1
        self._said.clear()
        return cast(Connection, self), self.found, 0.0

    def send(self, body: Body) -> None:
        if not isinstance(body, Job):
            return
        if body.task.kind in ("measure", "export", "pair"):
            self.jobs.append(body)
            self._said.extend(self.script(body))
        self._said.append(Said(body=Idle()))

    def broken(self, what: str) -> ProtocolError:
        return ProtocolError(f"the device: {what}")

    def receive(self, timeout_s: float) -> Said | None:
        if not self._said:  # nothing was asked
            time.sleep(0.01)
            return None
        said = self._said.popleft()
        if isinstance(said, BenchError):
            raise said
        return said

    def missing(self, digests: list[str]) -> list[str]:
        return []

    def send_file(self, path: Path, digest: str) -> None:
        """Never asked: nothing is missing."""

    def interrupt(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self.closed += 1


class Notes:
    """An observer that writes down what it is told."""

    def __init__(self) -> None:
        self.ends: list[Record | PairRecord] = []
        self.told: list[str] = []

    def exporting(self, units: Sequence[Unit]) -> None:
        self.told.append(f"exporting {len(units)}")

    def exported(self, unit: Unit, artifact: Artifact) -> None:
        """Not noted."""

    def began(self, unit: Unit) -> None:
        """Not noted."""

    def ended(self, record: Record | PairRecord) -> None:
        self.ends.append(record)

    def said(self, machine: str, text: str) -> None:
        self.told.append(text)
