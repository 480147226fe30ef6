"""Gates made up for the tests of reports: two networks, measured once and again."""

from dataclasses import replace

from bench.records.base import Base
from bench.records.pair import MOST_PAIRS, Pair, PairRecord
from bench.records.run import Run
from tests.made_up_runs import models_run, paired

SLOW = [1.30, 1.32, 1.28, 1.30]
SAME = [1.00, 1.01, 0.99, 1.00]


def again(records: list[PairRecord]) -> list[PairRecord]:
    """The same as pairs of the second measurement."""

    def moved(pair: Pair) -> Pair:
        number = pair.first.round + MOST_PAIRS
        return replace(pair, first=replace(pair.first, round=number), second=replace(pair.second, round=number))

    return [replace(record, pair=moved(record.pair)) for record in records]


def run_of(*records: PairRecord, done: int | None = None) -> Run:
    """`bench compare` of which the first `done` pairs were measured."""
    run = models_run([], list(records))
    return replace(run, plan=replace(run.plan, command="compare"), pair_records=records[:done])


def gate_of(*records: PairRecord) -> Run:
    """The same with a base."""
    run = run_of(*records)
    return replace(run, plan=replace(run.plan, base=Base(ref="main", commit="a" * 40, head="b" * 40)))


def records(first: list[float], second: list[float] | None = None, name: str = "mobilevit_xxs") -> list[PairRecord]:
    """The pairs of both measurements."""
    return paired("fasternet_t0", name, first) + again(paired("fasternet_t0", name, second or []))
