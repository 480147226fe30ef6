"""Real run folders over time, made up for the tests of histories."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.journal import DeviceEvent, Journal
from bench.records.environment import Environment, RuntimeVersion
from bench.records.record import Record
from bench.records.run import DeviceState, Plan
from bench.records.workload import Unit
from tests.made_up import environment, unit
from tests.made_up_runs import done

ROUNDS = 3


def machine(torch: str = "2.12.1", fingerprint: str = "aaaa") -> Environment:
    """With that torch."""
    return replace(environment(fingerprint), runtimes=(RuntimeVersion(name="torch", version=torch),))


def write_run(
    folder: Path,
    number: int,
    times: dict[str, float | None],
    *,
    on: Environment | None = None,
    code: str = "c0de",
    spread: float = 0.01,
    batch: int = 1,
) -> list[Record]:
    """The run of hour `number`: each operator near its time, failed where it has none."""
    rng, own = random.Random(number), on or machine()
    records = [
        _record(name, turn, time, own, code, rng.lognormvariate(0, spread), batch)
        for turn in range(ROUNDS)
        for name, time in times.items()
    ]
    plan = Plan(
        command="ops",
        argv=("ops",),
        created_utc=f"2026-01-{1 + number // 24:02d}T{number % 24:02d}:00:00Z",
        version="0",
        code_version=code,
        units=tuple(record.unit for record in records),
        devices=(DeviceState(name="cpu", environment=own),),
    )
    with Journal.create(folder, plan) as journal:
        journal.append(DeviceEvent(device="cpu", environment=own))
        for record in records:
            journal.append(record)
    return records


def _record(name: str, turn: int, time: float | None, on: Environment, code: str, noise: float, batch: int) -> Record:
    of: Unit = replace(unit(name, round_number=turn), code_version=code, fingerprint=on.fingerprint, batch=batch)
    if time is None:
        return Record(unit=of, attempt=1, status="failed", reason_kind="crash", reason="signal 11")
    return done(of, time * noise)


def write_runs(folder: Path, levels: Sequence[float]) -> None:
    """A run for each level of `conv`; `pconv` stays."""
    for number, level in enumerate(levels):
        write_run(folder / f"run{number:02d}", number, {"conv": level, "pconv": 0.002})
