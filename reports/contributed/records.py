"""The records of a contributed run, line by line, beside its plan."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bench.journal import DeviceEvent, Event, event_of
from bench.records.ceilings import Ceilings
from bench.records.environment import Environment
from bench.records.pair import PairRecord
from bench.records.record import Record
from bench.records.run import Plan
from bench.records.workload import Unit
from bench.wire.shared_parts import SharedParts
from reports.contributed.fault import Fault
from reports.contributed.known import wrong_counts
from reports.contributed.plans import named_runtimes
from reports.contributed.texts import wrong_texts
from reports.contributed.values import (
    wrong_ceilings,
    wrong_environment,
    wrong_numbers,
    wrong_pair,
    wrong_record,
    wrong_time,
)


class RecordCheck:
    """What is known of the run so far, as its records are read in their order."""

    def __init__(self, plan: Plan, path: Path, now: datetime) -> None:
        self._path, self._now = path, now
        self._units = frozenset(plan.units)
        self._pairs = frozenset(pair.cell for pair in plan.pairs)
        self._runtimes = named_runtimes(plan)
        self._environments: dict[str, Environment | None] = {each.name: each.environment for each in plan.devices}
        self._ceilings: dict[str, tuple[Ceilings, ...]] = {each.name: each.ceilings for each in plan.devices}
        self._counts: dict[str, tuple[int, int | None]] = {}  # params and MACs, by cell
        self._measured = False  # anything

    def faults(self) -> Iterator[Fault]:
        """A line that is damaged does not end it."""
        shared = SharedParts()
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                for said in self._of_line(line, shared):
                    yield Fault(path=self._path, line=number, said=said)
        if not self._measured:
            yield Fault(path=self._path, said="expected at least one measured row, got none")

    def _of_line(self, line: bytes, shared: SharedParts) -> Iterator[str]:
        if not line.endswith(b"\n"):
            yield "expected a whole line, got a torn one; cut it off"
            return
        try:
            event = event_of(line, shared)
        except ValueError as error:
            yield f"damaged record: {str(error)[:200]}"
            return
        value = json.loads(line)
        if len(value) > 2:
            yield "expected a type and a body alone, got more"
        raw = value["body"]
        yield from wrong_texts(raw, "body", self._runtimes)
        wrong = list(wrong_numbers(raw, "body"))
        yield from wrong or self._of_event(event)

    def _of_event(self, event: Event) -> Iterator[str]:
        self._measured |= isinstance(event, Record | PairRecord) and event.status == "done"
        if isinstance(event, DeviceEvent):
            yield from self._of_device(event)
        elif isinstance(event, Record):
            yield from self._of_record(event)
        elif isinstance(event, PairRecord):
            if event.pair.cell not in self._pairs:
                yield "expected a pair of the plan, got another"
            yield from self._of_time(event.started_utc)
            yield from wrong_pair(event)
        else:
            yield "expected records of units, pairs and devices, got one of a study or of accuracy"

    def _of_device(self, event: DeviceEvent) -> Iterator[str]:
        if event.device not in self._environments:
            yield f"expected a device of the plan, got {event.device!r}"
        if event.environment is not None:
            self._environments[event.device] = event.environment
            yield from wrong_environment(event.device, event.environment)
        if event.ceilings:
            self._ceilings[event.device] = event.ceilings
            yield from wrong_ceilings(event.ceilings)

    def _of_record(self, record: Record) -> Iterator[str]:
        unit = record.unit
        if unit not in self._units:
            yield f"expected a unit of the plan, got another: {unit.workload.name}, {unit.runtime} on {unit.device}"
            return
        yield from self._of_time(record.started_utc)
        yield from wrong_record(record, self._environments.get(unit.device), self._ceilings.get(unit.device, ()))
        yield from self._of_counts(unit, record)

    def _of_time(self, started_utc: str) -> Iterator[str]:
        if started_utc and (said := wrong_time(started_utc, self._now)):
            yield f"started_utc: {said}"

    def _of_counts(self, unit: Unit, record: Record) -> Iterator[str]:
        if record.cost is None:
            return
        own = record.cost.params, record.cost.macs
        if own != self._counts.setdefault(unit.cell, own):
            yield f"expected the params and MACs of the other rounds, {self._counts[unit.cell]}, got {own}"
        yield from wrong_counts(unit, record.cost)
