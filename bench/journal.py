"""A run's folder: the plan in run.json, everything that happened in records.jsonl.

records.jsonl is append-only: one line, one write and one fsync for each event, so that kill -9 or a power cut loses at
most the line being written. Such a torn tail is cut when the journal is opened again. The last record of a unit counts.
"""

import contextlib
import errno
import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.durable import sync_folder, write_atomically
from bench.errors import StorageError, UsageError
from bench.garbage import uncollected
from bench.quick_json import parsed, parsed_event
from bench.records.accuracy import EvaluationRecord
from bench.records.ceilings import Ceilings
from bench.records.environment import Environment
from bench.records.measurement import NoiseFloor
from bench.records.origin import PythonEnvironment
from bench.records.pair import PairRecord
from bench.records.record import Record
from bench.records.run import SCHEMA, DeviceState, Plan, Run
from bench.records.study import StudyRecord
from bench.records.workload import Unit
from bench.wire.decode import decode, encode
from bench.wire.shared_parts import SharedParts

PLAN_NAME = "run.json"
RECORDS_NAME = "records.jsonl"
LINES_PER_STEP = 500  # read between two looks at the progress


@dataclass(frozen=True, kw_only=True)
class DeviceEvent:
    """What was found on a device as it was reached, one noise floor taken there, or what it can do at most."""

    device: str
    environment: Environment | None = None
    noise: NoiseFloor | None = None
    pythons: tuple[PythonEnvironment, ...] = ()  # that the run's units name there
    ceilings: tuple[Ceilings, ...] = ()  # of each dtype and thread count of the run's units there


Event = Record | PairRecord | DeviceEvent | StudyRecord | EvaluationRecord
Progress = Callable[[str, int, int], object]
_TYPES: dict[str, type[Event]] = {
    "record": Record,
    "pair": PairRecord,
    "device": DeviceEvent,
    "study": StudyRecord,
    "evaluation": EvaluationRecord,
}
_NAMES = {cls: name for name, cls in _TYPES.items()}


class Journal:
    """Appends events to a run's folder; one process at a time, any thread of it."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder = folder
        self._descriptor = descriptor
        self._lock = threading.Lock()

    @classmethod
    def create(cls, folder: Path, plan: Plan) -> Self:
        """Write the plan into a new or empty folder; UsageError where another run lives there."""
        check_new(folder)
        try:
            new = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            for path in new:
                sync_folder(path.parent)
            write_atomically(folder / PLAN_NAME, json.dumps(encode(plan), allow_nan=False) + "\n")
        except OSError as error:
            if not folder.is_dir() and error.errno != errno.ENOSPC:
                raise _no_folder(folder, error) from None
            raise _storage(folder, error) from error
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Take the lock, cut a torn tail, and append from there."""
        try:
            descriptor = os.open(folder / RECORDS_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _storage(folder, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise UsageError(
                f"expected to be the only process writing {folder}, another one has it open; wait for it to end"
            ) from None
        try:
            end = _whole_lines(descriptor)
            os.ftruncate(descriptor, end)
            os.lseek(descriptor, end, os.SEEK_SET)
            sync_folder(folder)  # the file may be new
        except OSError as error:
            os.close(descriptor)
            raise _storage(folder, error) from error
        return cls(folder, descriptor)

    def append(self, event: Event) -> None:
        """One line, one write, one fsync; on a full disk the torn line is taken back and StorageError raised."""
        line = {"type": _NAMES[type(event)], "body": encode(event)}
        data = json.dumps(line, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        with self._lock:
            start = os.lseek(self._descriptor, 0, os.SEEK_CUR)
            try:
                if os.write(self._descriptor, data) != len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(self._descriptor)
            except OSError as error:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, start)
                    os.lseek(self._descriptor, start, os.SEEK_SET)
                raise _storage(self.folder, error) from error

    def close(self) -> None:
        """Free the lock. The records are on the disk already."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_new(folder: Path) -> None:
    """UsageError where the folder holds anything."""
    try:
        # What a host leaves that is killed while it writes its plan counts for nothing.
        own = f".{PLAN_NAME}."
        taken = folder.exists() and not (folder.is_dir() and all(p.name.startswith(own) for p in folder.iterdir()))
    except OSError as error:
        raise _no_folder(folder, error) from None
    if taken:
        raise UsageError(
            f"expected an empty or new folder for --out, got {folder}, which holds files; "
            "choose another, or continue that run with --resume"
        )


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def read_run(folder: Path, progress: Progress = silent) -> Run:
    """What a folder holds, torn tail ignored; UsageError where it is no run or a whole line is damaged.

    `progress` is called now and then: what is being done, how much of it is, and of how much (bytes).
    """
    with uncollected():
        return _read_run(folder, progress)


def _read_run(folder: Path, progress: Progress) -> Run:
    shared = SharedParts()
    plan = _read_plan(folder, shared)
    records: dict[Unit, Record] = {}
    pairs: dict[str, PairRecord] = {}
    devices = {state.name: state for state in plan.devices}
    studied: list[StudyRecord] = []
    evaluated: list[EvaluationRecord] = []
    for event in _events(folder / RECORDS_NAME, shared, progress):
        if isinstance(event, Record):
            records.pop(event.unit, None)
            records[event.unit] = event
        elif isinstance(event, PairRecord):
            pairs[event.pair.id] = event
        elif isinstance(event, StudyRecord):
            studied.append(event)
        elif isinstance(event, EvaluationRecord):
            evaluated.append(event)
        else:
            state = devices.get(event.device, DeviceState(name=event.device))
            noise = state.noise if event.noise is None else (*state.noise, event.noise)
            devices[event.device] = replace(
                state,
                noise=noise,
                environment=event.environment or state.environment,
                pythons=event.pythons or state.pythons,
                ceilings=event.ceilings or state.ceilings,
            )
    return Run(
        plan=plan,
        records=tuple(records.values()),
        pair_records=tuple(pairs.values()),
        devices=tuple(devices.values()),
        study_records=tuple(studied),
        evaluation_records=tuple(evaluated),
    )


def _events(path: Path, shared: SharedParts, progress: Progress) -> Iterator[Event]:
    """The whole lines of the file, one at a time: a long run's file is larger than what is kept of it."""
    if not path.exists():
        return
    with path.open("rb") as file:
        size, done = os.fstat(file.fileno()).st_size, 0
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                break
            yield _parse_event(line, shared, f"{path}, line {number}")
            done += len(line)
            if number % LINES_PER_STEP == 0:
                progress("reading", done, size)


def read_plan(folder: Path) -> Plan:
    """The plan of a run's folder; UsageError where there is none or it is damaged."""
    return _read_plan(folder, SharedParts())


def _read_plan(folder: Path, shared: SharedParts) -> Plan:
    path = folder / PLAN_NAME
    try:
        value = parsed(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"expected a run's folder with {PLAN_NAME} in it, got {folder}; look in results/") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"expected {path} to hold a plan: {str(error)[:120]}") from None
    if isinstance(value, dict) and value.get("schema") != SCHEMA:
        raise UsageError(
            f"expected {path} in format {SCHEMA}, got {value.get('schema')!r}; read it with the version that wrote it"
        )
    try:
        if isinstance(value, dict) and isinstance(units := value.get("units"), list):
            value["units"] = [*map(shared.unit, units)]
        return decode(Plan, value)
    except ValueError as error:
        raise UsageError(f"{path} is damaged: {error}") from None


def _parse_event(line: bytes, shared: SharedParts, where: str) -> Event:
    try:
        return event_of(line, shared)
    except ValueError as error:
        raise UsageError(f"{where}: damaged record ({str(error)[:120]}); cut the file there to go on") from None


def event_of(line: bytes, shared: SharedParts) -> Event:
    """What a whole line of records.jsonl holds; ValueError where it is damaged."""
    try:
        value = parsed_event(line)
        shared.record(value["body"])
        return decode(_TYPES[value["type"]], value["body"])
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(error) from None


def _whole_lines(descriptor: int) -> int:
    """The offset just after the last newline."""
    position = os.lseek(descriptor, 0, os.SEEK_END)
    while position > 0:
        start = max(0, position - (1 << 16))
        block = os.pread(descriptor, position - start, start)
        if (newline := block.rfind(b"\n")) >= 0:
            return start + newline + 1
        position = start
    return 0


def _no_folder(folder: Path, error: OSError) -> UsageError:
    given = f"{str(folder)[:60]!r}: {os.strerror(error.errno or 0)}"
    return UsageError(f"expected a folder that can be made for --out, got {given}; give another")


def _storage(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"expected to write to {folder}, got: {os.strerror(error.errno or 0)}; "
        "free space or choose another folder with --out; --resume goes on from the last whole record"
    )
