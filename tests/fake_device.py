"""A device that follows a script: no process, no pipe; what a connection would deliver is made up on the spot."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from bench.errors import BenchError
from bench.host.artifacts import Artifact
from bench.link.connection import Connection, Stopped, never
from bench.records.environment import Environment
from bench.records.pair import PairRecord
from bench.records.record import Record
from bench.records.workload import Unit
from bench.wire.decode import decode, encode
from bench.wire.lease import Lease
from bench.wire.message import Message
from bench.wire.order import Job
from tests.made_up import environment, record

Said = Message | BenchError
Script = Callable[[Job], Iterable[Said]]


def begin(unit: Unit, attempt: int = 1) -> Message:
    return Message(type="begin", unit=unit.id, attempt=attempt, body={"worker": 0})


def done(unit: Unit, attempt: int = 1) -> Message:
    body = encode(record(unit, attempt=attempt, cost=False)) | {"worker": 0}
    return Message(type="record", unit=unit.id, attempt=attempt, body=body)


def fatal(kind: str, reason: str) -> Message:
    return Message(type="fatal", body={"worker": 0, "kind": kind, "reason": reason})


def ended(code: int = 0, *, signal: int = 0, timed_out: bool = False, oom: bool = False, log: str = "") -> Message:
    body = {
        "worker": 0, "code": code, "signal": int(signal), "timed_out": timed_out, "oom": oom, "log": log,
        "peak_memory_bytes": 0, "broke_wire": "",
    }  # fmt: skip
    return Message(type="exit", body=body)


def all_well(job: Job) -> list[Said]:
    """Every unit is done."""
    found: list[Said] = []
    for unit, attempt in zip(job.task.units, job.task.attempts, strict=True):
        found += [begin(unit, attempt), done(unit, attempt)]
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
        self.timing, self.heard_bytes = Lease(), 0
        self._said: deque[Said] = deque()

    def connect(self, run: str, timing: Lease, stopped: Stopped = never) -> tuple[Connection, Environment, float]:
        if self._connects and (error := self._connects.popleft()) is not None:
            raise error
        self.connected += 1
        self._said.clear()
        return cast(Connection, self), self.found, 0.0

    def send(self, kind: str, body: dict[str, Any], unit: str = "", attempt: int = 0) -> None:
        if kind != "job":
            return
        job = decode(Job, body)
        if job.task.kind in ("measure", "export", "pair"):
            self.jobs.append(job)
            self._said.extend(self.script(job))
        self._said.append(Message(type="idle", body={}))

    def receive(self, timeout_s: float) -> Message | None:
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
