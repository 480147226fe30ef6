"""What a workload compared with itself tells: how small a change this device could show."""

import math
from statistics import fmean, stdev

from bench.host.doctor import Examination
from bench.records.answer import MARGIN
from bench.records.pair import FEWEST_PAIRS
from bench.statistics import log_mean_interval, mean_reach
from reports.doctor.check import State
from reports.numbers import about_percent, bounds, significant
from reports.rows import settings_text

SECONDS = (15, 60)  # for which it is said


def visible_change(examined: Examination, seconds: float) -> float | None:
    """The smallest change, relative, that as many such pairs as fit into that time would show; None where none would.

    With pairs of d seconds whose log ratios have the standard deviation s, n = seconds / d pairs fit, and the interval
    of their mean is Student's t(0.975, n - 1) x s / sqrt(n) to either side: a change of that size leaves it.
    """
    done = [record for record in examined.pairs if record.status == "done"]
    if len(done) < 2:
        return None
    count = int(seconds / max(fmean(record.seconds for record in done), 1e-3))
    if count < FEWEST_PAIRS:
        return None
    spread = stdev(record.log_ratio for record in done)
    return math.expm1(mean_reach(spread, count))


def itself(examined: Examination) -> str:
    """The ratio of a workload to itself, which is 1, as these pairs see it."""
    unit, done = examined.workload, [record for record in examined.pairs if record.status == "done"]
    if unit is None or not done:
        return ""
    ratio = log_mean_interval([math.exp(record.log_ratio) for record in done])
    seconds = fmean(record.seconds for record in done)
    name = " ".join(filter(None, [unit.workload.name, unit.runtime, settings_text(unit)]))
    return f"{name}: {bounds(ratio)}x, {len(done)} pairs of {significant(seconds)} s"


def visible(examined: Examination) -> str:
    """The smallest change that would show in a short and in a longer time."""
    if len(examined.pairs) < 2:
        return ""
    seen = [(seconds, visible_change(examined, seconds)) for seconds in SECONDS]
    return ", ".join(f"{'nothing' if each is None else about_percent(each)} in {seconds} s" for seconds, each in seen)


def visible_state(examined: Examination) -> State:
    """Good up to 5 %, which is the margin of `bench compare`."""
    change = visible_change(examined, SECONDS[-1])
    return "good" if change is not None and change <= MARGIN else "warning"
