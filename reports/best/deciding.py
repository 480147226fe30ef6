"""How many rounds more would decide what a choice leaves open."""

import math
from statistics import stdev

from bench.statistics import mean_reach
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
