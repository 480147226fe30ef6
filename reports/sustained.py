"""Burst and steady speed of a row that was kept busy for minutes, their ratio, and energy per image.

Of one worker the interval comes from the series itself: the steady windows are cut into blocks as long as the burst,
and a burst that were nothing special would be one more of them (Student's t of a next value). Over several rounds it is
Student's t on the logarithms of the workers' values, as everywhere.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median, stdev

from bench.records.sustained import Sustained, Window, energy_of
from bench.statistics import CONFIDENCE, Interval, log_mean_interval, t_quantile

FEWEST_BLOCKS = 3


@dataclass(frozen=True, kw_only=True)
class SustainedSpeed:
    """What the series of a row's workers say; a call is one of the whole batch.

    series: of each round that gave a number.
    burst, steady: seconds of a call, just after the warm-up and in the last quarter of the time.
    slowdown: steady over burst; over 1 the device did not keep up its pace.
    energy_j: of an image in the last quarter, as the meter counts: with everything that it measures.
    above_idle_j: the same without what the meter showed while the worker slept.
    power_w, idle_w: the meter's power meanwhile, and while the worker slept.
    meter: what counted; empty where nothing did, and `no_meter` says why.
    """

    series: tuple[Sustained, ...]
    burst: Interval
    steady: Interval
    slowdown: Interval
    energy_j: float | None = None
    above_idle_j: float | None = None
    power_w: float | None = None
    idle_w: float | None = None
    meter: str = ""
    no_meter: str = ""


def sustained_speed(series: Sequence[Sustained], batch: int) -> SustainedSpeed | None:
    """Of the rounds of one row; None where it was not sustained."""
    if not series:
        return None
    parts = [_of_worker(each) for each in series]
    burst, steady, slowdown = ((_over_rounds(values)) for values in zip(*parts, strict=True))
    return SustainedSpeed(
        series=tuple(series),
        burst=burst,
        steady=steady,
        slowdown=slowdown,
        energy_j=_middle(series, lambda each: _per_image(each, batch, 0.0)),
        above_idle_j=_middle(series, lambda each: _per_image(each, batch, each.idle_w)),
        power_w=_middle(series, _power_w),
        idle_w=_middle(series, lambda each: each.idle_w),
        meter=next((each.meter for each in series if each.meter), ""),
        no_meter=next((each.no_meter for each in series if each.no_meter), ""),
    )


def _of_worker(series: Sustained) -> tuple[Interval, Interval, Interval]:
    """Burst, steady and steady over burst of one worker; without bounds where the series is too short."""
    burst, steady = _middle_of(series.burst), _middle_of(series.steady)
    blocks = _blocks(series)
    if len(blocks) < FEWEST_BLOCKS:
        return Interval(centre=burst), Interval(centre=steady), Interval(centre=steady / burst)
    spread, count = stdev(map(math.log, blocks)), len(blocks)
    reach = t_quantile((1 + CONFIDENCE) / 2, count - 1) * spread
    return (
        _around(burst, reach),
        _around(steady, reach / math.sqrt(count)),
        _around(steady / burst, reach * math.sqrt(1 + 1 / count)),
    )


def _blocks(series: Sustained) -> list[float]:
    """The medians of steady blocks that are as long as the burst; none where burst and steady part overlap."""
    steady, size = series.steady, len(series.burst)
    if steady[0].start_s <= series.burst[-1].start_s:
        return []
    return [_middle_of(steady[end - size : end]) for end in range(len(steady), size - 1, -size)]


def _middle_of(windows: Iterable[Window]) -> float:
    return median(window.median_s for window in windows)


def _around(centre: float, reach: float) -> Interval:
    reach = min(reach, 700.0)  # whose exponential is still a number
    return Interval(centre=centre, low=centre * math.exp(-reach), high=centre * math.exp(reach))


def _over_rounds(values: Sequence[Interval]) -> Interval:
    return values[0] if len(values) == 1 else log_mean_interval([value.centre for value in values])


def _per_image(series: Sustained, batch: int, idle_w: float | None) -> float | None:
    energy = energy_of(series.steady)
    if energy is None or idle_w is None:
        return None
    spent = energy - idle_w * sum(window.seconds for window in series.steady)
    return spent / (batch * sum(window.calls for window in series.steady))


def _power_w(series: Sustained) -> float | None:
    energy = energy_of(series.steady)
    return None if energy is None else energy / sum(window.seconds for window in series.steady)


def _middle(series: Iterable[Sustained], value: Callable[[Sustained], float | None]) -> float | None:
    known = [found for each in series if (found := value(each)) is not None]
    return median(known) if known else None
