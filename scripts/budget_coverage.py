"""How often the intervals of a run with `--budget` hold the truth, and where its rounds go, simulated.

    python scripts/budget_coverage.py [RUNS]

Twelve networks, some of them level within 1 %, whose workers differ by a spread of their own, drawn anew for each run
between 0.3 and 8 %; each unit takes five seconds on a clock that only they move.
"""

import math
import random
import sys
from collections import Counter
from dataclasses import replace

from bench.host.budget import MOST_ROUNDS, Budget
from bench.plan.schedule import ordered
from bench.records.measurement import Measurement
from bench.records.record import Record
from bench.records.workload import ModelArguments, Unit, Workload
from bench.statistics import log_mean_interval

TIMES_S = (0.010, 0.0101, 0.0102, 0.012, 0.015, 0.0151, 0.02, 0.03, 0.0301, 0.0303, 0.05, 0.1)
UNIT_S = 5.0
SPREADS = (0.003, 0.08)
BANDS = (0.01, 0.02, 0.04, 0.08)  # upper ends of the spreads that are told apart


def network(number: int) -> Unit:
    """One row."""
    model = ModelArguments(source=f"network{number}")
    workload = Workload(kind="model", name=model.source, input_shape=(3, 224, 224), model=model)
    return Unit(
        workload=workload, runtime="eager", dtype="float32", layout="nchw", batch=1, threads=1, device="cpu",
        mode="latency", round=0,
    )  # fmt: skip


ROWS = tuple(network(number) for number in range(len(TIMES_S)))
UNITS = tuple(replace(row, round=number) for number in range(MOST_ROUNDS) for row in ROWS)


def measured(unit: Unit, seconds: float) -> Record:
    """A unit that took its five seconds and gave that time."""
    taken = Measurement(
        samples_s=(seconds,), iterations_per_sample=1, warmup_iterations=3, steady=True, precise=True, load_s=1.0,
        first_call_s=1.0, max_error=0.0, peak_memory_bytes=None, threads_seen=1, cpus=(0,),
    )  # fmt: skip
    return Record(unit=unit, attempt=1, status="done", measurement=taken, seconds=UNIT_S)


def run(seconds: float, seed: int) -> list[tuple[float, float, list[float]]]:
    """Of each row its truth, the spread of its workers and the medians of its rounds."""
    generator, now = random.Random(seed), 0.0
    low, high = map(math.log, SPREADS)
    spreads = {row.cell: math.exp(generator.uniform(low, high)) for row in ROWS}
    truths = {row.cell: truth for row, truth in zip(ROWS, TIMES_S, strict=True)}
    medians: dict[str, list[float]] = {row.cell: [] for row in ROWS}
    budget = Budget(seconds, lambda: now)
    budget.plan(UNITS)
    for unit in ordered(UNITS, seed):
        for each in budget.chosen((unit,)):
            name = each.cell
            medians[name].append(truths[name] * math.exp(generator.gauss(0, spreads[name])))
            now += UNIT_S
            budget.ended(measured(each, medians[name][-1]))
    assert now <= seconds
    return [(truths[name], spreads[name], medians[name]) for name in medians]


def coverage(seconds: float, runs: int, first_seed: int = 0) -> tuple[Counter[float], Counter[float], Counter[float]]:
    """By the band of the spread: rows, those whose interval holds the truth, and rounds that they got."""
    rows, held, rounds = Counter[float](), Counter[float](), Counter[float]()
    for seed in range(first_seed, first_seed + runs):
        for truth, spread, medians in run(seconds, seed):
            band = next(end for end in BANDS if spread <= end)
            interval = log_mean_interval(medians)
            rows[band] += 1
            rounds[band] += len(medians)
            held[band] += (interval.low or 0) <= truth <= (interval.high or 0)
    return rows, held, rounds


def main() -> None:
    """A line for each budget and band."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print(f"{runs} runs of {len(ROWS)} rows each; minutes, spread up to, rounds, covered")
    for seconds in (300.0, 900.0, 3000.0):
        rows, held, rounds = coverage(seconds, runs)
        for band in BANDS:
            share = held[band] / rows[band]
            print(f"{seconds / 60:4.0f} min {band:5.0%} {rounds[band] / rows[band]:5.1f} rounds {share:6.1%}")
        share = held.total() / rows.total()
        print(f"{seconds / 60:4.0f} min   all {rounds.total() / rows.total():5.1f} rounds {share:6.1%}")


if __name__ == "__main__":
    main()
