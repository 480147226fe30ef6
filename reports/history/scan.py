"""The journals read fast: of each line what history needs, the rest checked to be JSON and passed over.

A line costs about 9 microseconds, half of what json.loads alone takes: the parts that repeat (workload, settings) are
decoded strictly once, by their very bytes. A line that is no whole record of ours gives no number: it is
counted and named.
"""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
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
    type: Literal["record", "pair", "device", "study", "evaluation"]
    body: msgspec.Raw


class _RecordLine(msgspec.Struct, gc=False):
    type: Literal["record"]
    body: _Record


class _Plan(msgspec.Struct, gc=False):
    schema: int
    created_utc: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
    units: msgspec.Raw
    devices: list[_DeviceEvent] = []


class _Fingerprint(msgspec.Struct, gc=False):
    fingerprint: str = ""


_RECORD = msgspec.json.Decoder(_RecordLine)
_LINE = msgspec.json.Decoder(_Line)
_EVENT = msgspec.json.Decoder(_DeviceEvent)
_PLAN = msgspec.json.Decoder(_Plan)
_FINGERPRINT = msgspec.json.Decoder(_Fingerprint | None)
_NAMES = (
    "runtime",
    "dtype",
    "layout",
    "batch",
    "threads",
    "device",
    "mode",
    "effort",
    "seed",
    "allocator",
    "accelerator",
)
_SETTINGS = attrgetter(*_NAMES)

_BUFFER_BYTES = 1 << 18  # few calls of the kernel, and still in a core's cache
_Key = tuple[object, ...]
_Version = tuple[int, str, str, str]  # cell, fingerprint, code version, digest
_Ended = tuple[Status, float | None, Collection[Verdict]]  # a round's, with its median


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
        size = path.stat().st_size if path.exists() else 0
        digest_of_plan = hashlib.sha256(text).hexdigest()
        self.runs.append(ScannedRun(folder=folder, created_utc=plan.created_utc, plan=digest_of_plan, bytes=size))
        if size:
            self._journal(path)

    def number(self, cell: Unit) -> int:
        """Its index in `cells`, where it gets a place if it has none."""
        if cell not in self._numbers:
            self._numbers[cell] = len(self.cells)
            self.cells.append(cell)
        return self._numbers[cell]

    def _journal(self, path: Path) -> None:
        """The last record of a unit counts."""
        ended: dict[_Version, dict[int, _Ended]] = {}
        before, number = len(self.damage), 0
        decoded, cell_of = _RECORD.decode, self._cell  # a million times, so each look-up counts
        for number, line in enumerate(_lines(path), 1):
            try:
                record = decoded(line).body
                measured = record.measurement
                if (record.status == "done") != (measured is not None):
                    raise ValueError("expected a measurement exactly where status is done")
                unit = record.unit
                cell, network = cell_of(unit)
            except ValueError as error:
                self._without_unit(path, number, line, error)
                continue
            self.records += 1
            if cell >= 0:
                version = (cell, unit.fingerprint, unit.code_version, network)
                if (rounds := ended.get(version)) is None:
                    rounds = ended[version] = {}
                taken = (None, ()) if measured is None else (median(measured.samples_s), measured.verdicts)
                rounds[unit.round] = (record.status, *taken)
        if number and len(self.damage) - before == number:
            raise UsageError(f"expected records in {path}, got none in {number} lines; leave that folder out")
        run = len(self.runs) - 1
        self.found += [_found(run, version, rounds.values()) for version, rounds in ended.items()]

    def _without_unit(self, path: Path, number: int, line: bytes, error: ValueError) -> None:
        """A line about a device, a pair, a study or an evaluation, or one that is damaged."""
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
        cell, network = _decoded(bytes(unit.workload), bytes(unit.settings), _SETTINGS(unit))
        return (self.number(cell), network) if self.wanted.cell(cell) else (-1, "")

    def _environment(self, event: _DeviceEvent) -> None:
        head = _FINGERPRINT.decode(event.environment)
        if head is not None and head.fingerprint not in self.environments:
            self.environments[head.fingerprint] = decode(Environment, msgspec.json.decode(event.environment))


@lru_cache(maxsize=100_000)  # the same for every share of the runs that a process reads
def _decoded(workload: bytes, settings: bytes, rest: tuple[object, ...]) -> tuple[Unit, str]:
    """The cell by the strict decoder, and its network's digest."""
    plain = dict(zip(_NAMES, rest, strict=True)) | {"round": 0}
    plain |= {"workload": msgspec.json.decode(workload), "settings": msgspec.json.decode(settings)}
    made = decode(Unit, plain)
    return identity(made), digest(made)


def _found(run: int, version: _Version, rounds: Collection[_Ended]) -> Found:
    cell, fingerprint, code, network = version
    medians = tuple([middle for _, middle, _ in rounds if middle is not None])
    said = tuple({verdict for _, _, verdicts in rounds for verdict in verdicts})
    ended = tuple([status for status, *_ in rounds if status != "done"]) if len(medians) < len(rounds) else ()
    return Found(cell, run, fingerprint, (code, network), medians, said, ended)


def _lines(path: Path) -> Iterator[bytes]:
    """The whole ones: a torn tail is passed over, as everywhere."""
    try:
        with path.open("rb", buffering=_BUFFER_BYTES) as file:
            yield from (line for line in file if line.endswith(b"\n"))
    except OSError as error:
        raise UsageError(f"expected to read {path}, got: {error.strerror}; leave that folder out") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"expected to read {path}, got: {error.strerror}; leave that folder out") from None


def _plan(path: Path, text: bytes) -> _Plan:
    try:
        plan = _PLAN.decode(text)
        _check_time(plan.created_utc)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"expected {path} to hold a plan: {str(error)[:120]}; leave that folder out") from None
    if plan.schema != SCHEMA:
        raise UsageError(
            f"expected {path} in format {SCHEMA}, got {plan.schema}; read it with the version that wrote it"
        )
    return plan


def _check_time(created_utc: str) -> None:
    """ValueError for a day that there is none of, or that no calendar of a picture reaches."""
    began = datetime.fromisoformat(created_utc)
    if not 1970 <= began.year <= 2999:
        raise ValueError(f"expected a time of 1970 to 2999, got {created_utc}")
