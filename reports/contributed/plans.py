"""The plan of a contributed run: what it says of itself and its devices, and the work that it would give a reader."""

import re
from collections.abc import Iterator
from datetime import datetime

from bench.records.run import Plan
from bench.records.workload import Unit, Workload
from reports.contributed.known import wrong_accuracies
from reports.contributed.texts import wrong_texts
from reports.contributed.values import wrong_ceilings, wrong_environment, wrong_time

MOST_SIDE = 1_000_000  # channels or pixels
MOST_STACKED = 10_000_000  # channels of all stacked layers
_RATIO = re.compile(r"(\d{1,4}(/\d{1,4})?)?")


def wrong_plan(plan: Plan, raw: object, now: datetime) -> Iterator[str]:
    """What is wrong with it; `raw` is its JSON."""
    yield from wrong_texts(raw, "plan", named_runtimes(plan))
    if said := wrong_time(plan.created_utc, now):
        yield f"plan.created_utc: {said}"
    if len(set(plan.units)) != len(plan.units):
        yield "expected each unit once in the plan, got some twice"
    for state in plan.devices:
        yield from wrong_environment(state.name, state.environment)
        yield from wrong_ceilings(state.ceilings)
    yield from wrong_accuracies(plan)


def wrong_sizes(plan: Plan) -> Iterator[str]:
    """What nobody measures, and whoever counts it again is busy with."""
    if plan.rounds > len(plan.units) > 0:
        yield f"expected a unit for each round, got {len(plan.units)} units in {plan.rounds} rounds"
    for index, unit in enumerate(_all_units(plan), 1):
        if said := _wrong_size(unit.workload):
            yield f"unit {index}: {said}"


def _wrong_size(workload: Workload) -> str:
    stacked = (workload.stack or 1) * workload.input_shape[0]
    if max(workload.input_shape) > MOST_SIDE or stacked > MOST_STACKED:
        return f"expected an input that a device holds, got {workload.input_shape}, {workload.stack or 1} layers"
    ratio = workload.operator.ratio if workload.operator else workload.model.changes.ratio if workload.model else ""
    return "" if _RATIO.fullmatch(ratio) else f"expected a ratio such as 1/4, got {ratio[:40]!r}"


def named_runtimes(plan: Plan) -> frozenset[str]:
    """Those of its units and pairs."""
    return frozenset(unit.runtime for unit in _all_units(plan))


def _all_units(plan: Plan) -> Iterator[Unit]:
    yield from plan.units
    yield from (unit for pair in plan.pairs for unit in (pair.first, pair.second))
