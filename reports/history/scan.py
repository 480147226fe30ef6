"""The journals read fast: of each line what history needs, the rest checked to be JSON and passed over.

A line costs about 4 microseconds where the strict reader of `bench.journal` takes 60: the parts that repeat (workload,
settings) are decoded strictly once, by their very bytes. A line that is no whole record of ours gives no number: it is
counted and named.
"""

import hashlib
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Annotated, Literal, NamedTuple

import msgspec

from bench.errors import UsageError
from bench.journal import PLAN_NAME, RECORDS_NAME
from bench.records.environment import Environment
from bench.records.record import Status
from bench.records.run import SCHEMA
from bench.records.verdict import Verdict
from bench.records.workload import Unit
from bench.wire.decode import decode
from reports.cell_identity import digest, identity
from reports.history.wanted import Wanted

_Seconds = Annotated[float, msgspec.Meta(ge=1e-12, le=1e6)]  # as bench.records.measurement.are_times
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Measurement(msgspec.Struct, gc=False):
    samples_s: Annotated[list[_Seconds], msgspec.Meta(min_length=1)]
    verdicts: list[Verdict] = []


class _Unit(msgspec.Struct, gc=False):
    workload: msgspec.Raw
    runtime: str
    dtype: str
    layout: str
    batch: int
    threads: int
    device: str
    mode: str
    round: _Count
    effort: str = "normal"
    seed: int = 0
    settings: msgspec.Raw = msgspec.Raw(b"{}")
    allocator: str = "system"
    accelerator: str = ""
    code_version: str = ""
    fingerprint: str = ""


class _Record(msgspec.Struct, gc=False):
    unit: _Unit
    status: Status
    measurement: _Measurement | None = None


class _DeviceEvent(msgspec.Struct, gc=False):
    environment: msgspec.Raw = msgspec.Raw(b"null")


class _Line(msgspec.Struct, gc=False):
    type: Literal["record", "pair", "device"]
    body: msgspec.Raw


class _RecordLine(msgspec.Struct, gc=False):
    type: Literal["record"]
    body: _Record


class _Plan(msgspec.Struct, gc=False):
    schema: int
    created_utc: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    units: msgspec.Raw
    devices: list[_DeviceEvent] = []


class _Fingerprint(msgspec.Struct, gc=False):
    fingerprint: str = ""


_RECORD = msgspec.json.Decoder(_RecordLine)
_LINE = msgspec.json.Decoder(_Line)
_EVENT = msgspec.json.Decoder(_DeviceEvent)
_PLAN = msgspec.json.Decoder(_Plan)
_FINGERPRINT = msgspec.json.Decoder(_Fingerprint | None)
_SETTINGS = attrgetter(
    *("runtime", "dtype", "layout", "batch", "threads", "device", "mode", "effort", "seed", "allocator", "accelerator")
)

_Key = tuple[object, ...]


class Found(NamedTuple):
    """One cell in one run; a tuple, since hundreds of thousands travel between processes.

    medians: seconds per call, the median of each round that gave a number. ended: how the others ended.
    """

    cell: int  # index into `Scan.cells`
    run: int  # index into `Scan.runs`
    fingerprint: str
    code: tuple[str, str]  # the code that measured, and the network's digest
    medians: tuple[float, ...]
    verdicts: tuple[Verdict, ...]
    ended: tuple[Status, ...]


@dataclass(frozen=True, kw_only=True)
class ScannedRun:
    """A run's folder. `plan` is the hash of its plan: a copy has the same."""

    folder: Path
    created_utc: str
    plan: str
    bytes: int  # of its journal


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A line of a journal that is no record of ours, by its number from 1."""

    path: Path
    line: int
    why: str


@dataclass(kw_only=True)
class Scan:
    """What some folders hold of the cells and runs that are wanted."""

    wanted: Wanted
    cells: list[Unit] = field(default_factory=list)
    runs: list[ScannedRun] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    environments: dict[str, Environment] = field(default_factory=dict)
    damage: list[Damage] = field(default_factory=list)
    records: int = 0
    _cells: dict[_Key, tuple[int, str]] = field(default_factory=dict)  # -1 for a cell that is not wanted
    _numbers: dict[Unit, int] = field(default_factory=dict)

    def read(self, folder: Path) -> None:
        """Add one run; UsageError where the folder holds none, or nothing of its journal can be read."""
        text = _bytes(folder / PLAN_NAME)
        plan = _plan(folder / PLAN_NAME, text)
        if plan.created_utc < self.wanted.since:
            return
        for event in plan.devices:
            self._environment(event)
        path = folder / RECORDS_NAME
        journal = _bytes(path) if path.exists() else b""
        run = ScannedRun(
            folder=folder, created_utc=plan.created_utc, plan=hashlib.sha256(text).hexdigest(), bytes=len(journal)
        )
        self.runs.append(run)
        self._journal(path, journal)

    def number(self, cell: Unit) -> int:
        """Its index in `cells`, where it gets a place if it has none."""
        if cell not in self._numbers:
            self._numbers[cell] = len(self.cells)
            self.cells.append(cell)
        return self._numbers[cell]

    def _journal(self, path: Path, journal: bytes) -> None:
        """The last record of a unit counts; a torn tail is passed over, as everywhere."""
        ended: dict[tuple[int, str, str, str, int], _Record] = {}
        lines = journal.split(b"\n")[:-1]
        before = len(self.damage)
        decoded, cell_of = _RECORD.decode, self._cell  # a million times, so each look-up counts
        for number, line in enumerate(lines, 1):
            try:
                record = decoded(line).body
                if (record.status == "done") != (record.measurement is not None):
                    raise ValueError("expected a measurement exactly where status is done")
                unit = record.unit
                cell, network = cell_of(unit)
            except ValueError as error:
                self._without_unit(path, number, line, error)
                continue
            self.records += 1
            if cell >= 0:
                key = (cell, unit.fingerprint, unit.code_version, network, unit.round)
                ended.pop(key, None)
                ended[key] = record
        damaged = len(self.damage) - before
        if damaged and damaged == len(lines):
            raise UsageError(f"expected records in {path}, got none in {damaged} lines; leave that folder out")
        self.found += _gathered(len(self.runs) - 1, ended)

    def _without_unit(self, path: Path, number: int, line: bytes, error: ValueError) -> None:
        """A line about a device or a pair, or one that is damaged."""
        try:
            other = _LINE.decode(line)
            if other.type == "record":
                raise error
            if other.type == "device":
                self._environment(_EVENT.decode(other.body))
        except ValueError as why:
            self.damage.append(Damage(path=path, line=number, why=str(why)[:120]))

    def _cell(self, unit: _Unit) -> tuple[int, str]:
        """The number of its cell and its network's digest."""
        key = (bytes(unit.workload), bytes(unit.settings), _SETTINGS(unit))
        if key not in self._cells:
            self._cells[key] = self._new_cell(unit)
        return self._cells[key]

    def _new_cell(self, unit: _Unit) -> tuple[int, str]:
        plain = {name: getattr(unit, name) for name in unit.__struct_fields__}
        plain |= {name: msgspec.json.decode(getattr(unit, name)) for name in ("workload", "settings")}
        made = decode(Unit, plain)
        cell = identity(made)
        return (self.number(cell), digest(made)) if self.wanted.cell(cell) else (-1, "")

    def _environment(self, event: _DeviceEvent) -> None:
        head = _FINGERPRINT.decode(event.environment)
        if head is not None and head.fingerprint not in self.environments:
            self.environments[head.fingerprint] = decode(Environment, msgspec.json.decode(event.environment))


def _gathered(run: int, ended: dict[tuple[int, str, str, str, int], _Record]) -> list[Found]:
    """The rounds of each cell together."""
    rounds: dict[tuple[int, str, str, str], list[_Record]] = {}
    for key, record in ended.items():
        rounds.setdefault(key[:4], []).append(record)
    return [_found(run, key, records) for key, records in rounds.items()]


def _found(run: int, key: tuple[int, str, str, str], records: list[_Record]) -> Found:
    cell, fingerprint, code, network = key
    taken = [record.measurement for record in records if record.measurement is not None]
    said = tuple({verdict for each in taken for verdict in each.verdicts})
    ended = tuple([record.status for record in records if record.status != "done"])
    return Found(
        cell, run, fingerprint, (code, network), tuple([median(each.samples_s) for each in taken]), said, ended
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"expected to read {path}, got: {error.strerror}; leave that folder out") from None


def _plan(path: Path, text: bytes) -> _Plan:
    try:
        plan = _PLAN.decode(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"expected {path} to hold a plan: {str(error)[:120]}; leave that folder out") from None
    if plan.schema != SCHEMA:
        raise UsageError(
            f"expected {path} in format {SCHEMA}, got {plan.schema}; read it with the version that wrote it"
        )
    return plan
