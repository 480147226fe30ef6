"""In which order units run, which of them share a worker, and the pairs of claims."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bench.plan.axes import in_turns
from bench.records.pair import Pair
from bench.records.workload import Unit
from bench.system.allocator import ALLOCATORS

PAIRS_PER_CLAIM = 4
# Of each side of a pair, on three seats: five and 30 bursts are no narrower for the same time (docs/trust.md).
BURSTS_PER_SIDE = 18
BURSTS_PER_SEAT = 6  # three blocks of ABBA; a new seat costs as much as two bursts
WORKER_UNITS = 200  # of operators that share one worker


def all_rounds(table: Iterable[Unit], rounds: int) -> tuple[Unit, ...]:
    """Each cell once in each round."""
    rows = tuple(table)
    return tuple(replace(unit, round=number) for number in range(rounds) for unit in rows)


def ordered(units: Iterable[Unit], seed: int) -> tuple[Unit, ...]:
    """Round by round, each in its own shuffled order, so that no cell always follows the same neighbour."""
    by_round: dict[int, list[Unit]] = {}
    for unit in units:
        by_round.setdefault(unit.round, []).append(unit)
    found: list[Unit] = []
    for number in sorted(by_round):
        row = sorted(by_round[number], key=lambda unit: unit.id)
        random.Random(f"{seed}:{number}").shuffle(row)
        found += row
    return tuple(found)


def grouped(units: Iterable[Unit]) -> Iterator[tuple[Unit, ...]]:
    """Which units share a worker: operators of one round whose process is set up alike, at most `WORKER_UNITS`."""
    shared: dict[object, list[Unit]] = {}
    for unit in units:
        process = (unit.runtime, unit.switches, unit.threads, unit.settings, unit.allocator, unit.origin)
        key: object = (unit.round, unit.device, process)
        if not shares_worker(unit):
            key = unit.id
        shared.setdefault(key, []).append(unit)
    for members in shared.values():
        yield from chunks(members)


def shares_worker(unit: Unit) -> bool:
    """A network has its own worker, and so has an operator whose malloc gives memory back.

    glibc's moves its threshold as it goes: the number of one operator would depend on those before it.
    """
    return unit.workload.kind == "op" and ALLOCATORS[unit.allocator].retains


def chunks(units: Sequence[Unit]) -> Iterator[tuple[Unit, ...]]:
    """At most `WORKER_UNITS` in each: a job is one line, and a line has at most 1 MiB."""
    for start in range(0, len(units), WORKER_UNITS):
        yield tuple(units[start : start + WORKER_UNITS])


def _pair(sides: tuple[Unit, Unit], number: int) -> Pair:
    first, second = (replace(unit, round=number) for unit in sides)
    return Pair(first=first, second=second)


def claim_pairs(table: Iterable[Unit], claims: Iterable[tuple[str, str]], pairs: int) -> tuple[Pair, ...]:
    """`pairs` fresh pairs for each claim and cell of its two networks, as published, that differ in these alone."""
    rows = [unit for unit in table if unit.workload.model is not None and not unit.workload.model.form]
    found = []
    for first_name, second_name in claims:
        for first in (unit for unit in rows if unit.workload.name == first_name):
            for second in (unit for unit in rows if unit.workload.name == second_name):
                if replace(second, workload=first.workload) == first:
                    sides = in_turns(first, first.switched), in_turns(second, second.switched)
                    found += [_pair(sides, number) for number in range(pairs)]
    return tuple(found)
