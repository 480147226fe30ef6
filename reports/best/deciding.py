"""What would decide that which a choice leaves open: so many rounds more, or a comparison of two rows."""

import math
from statistics import stdev

from bench.records.workload import CACHES, Unit
from bench.statistics import mean_reach
from bench.system.allocator import DEFAULT_ALLOCATOR
from reports.best.candidate import Candidate
from reports.best.condition import Condition

MOST_ROUNDS = 100  # from which on another network, or another limit, is the better answer


def rounds_needed(candidate: Candidate, condition: Condition) -> int | None:
    """About how many rounds in all would put the time on one side of the limit; None for too many, or where no time is
    in question."""
    logs = [math.log(each.seconds) for each in candidate.row.medians]
    if condition.name not in ("latency", "throughput") or isinstance(condition.limit, str) or not condition.limit:
        return None
    if len(logs) < 2:
        return 5
    batch = candidate.row.unit.batch
    limit = condition.limit if condition.name == "latency" else batch / condition.limit
    distance = abs(math.log(limit) - sum(logs) / len(logs))
    spread = stdev(logs)
    return next((n for n in range(len(logs) + 1, MOST_ROUNDS) if mean_reach(spread, n) < distance), None)


def side(unit: Unit) -> str:
    """The row as `bench compare` takes it: `fasternet_t0@onnxruntime,threads=2`."""
    model = unit.workload.model
    parts = [f"{model.source if model else unit.workload.name}@{unit.runtime}"]
    parts += [f"batch={unit.batch}"] if unit.batch != 1 else []
    parts += [f"threads={unit.threads}"] if unit.threads != 1 else []
    parts += [f"dtype={unit.dtype}"] if unit.dtype != "float32" else []
    parts += [f"layout={unit.layout}"] if unit.layout != "nchw" else []
    parts += [f"allocator={unit.allocator}"] if unit.allocator != DEFAULT_ALLOCATOR else []
    parts += [f"cache={CACHES[1]}"] if unit.settings.cold_cache else []
    if model is not None:
        changes = vars(model.changes)
        parts += [f"form={model.form}"] if model.form else []
        parts += [] if model.fused else ["unfused=yes"]
        parts += [f"{name}={value}" for name, value in changes.items() if value]
    return ",".join([*parts, *unit.switches])
