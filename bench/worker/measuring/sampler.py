"""Warm-up until steady, then samples until the median is known: one unit in one worker."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Protocol

from bench.records.verdict import Verdict
from bench.statistics import Interval, decorrelated, drifts, median_interval, quantile
from bench.worker.measuring.clock import Clock
from bench.worker.measuring.page_faults import minor_faults
from bench.worker.measuring.rules import Rules


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Mean seconds of one iteration: by the wall clock, and by the accelerator's events where there is one."""

    wall_s: float
    device_s: float | None = None
    page_faults: int | None = None  # minor ones, of all its iterations


class Timer(Protocol):
    """Runs the step a number of times and says how long one took; nothing else is inside the timed region."""

    def sample(self, iterations: int) -> Sample:
        """Time `iterations` steps as one batch."""


class CpuTimer:
    """Wall-clock time of a plain loop. `restore` puts back an input that the step overwrites, untimed."""

    def __init__(self, step: Callable[[], object], clock: Clock, restore: Callable[[], None] | None = None) -> None:
        self._step, self._now, self._restore = step, clock.now_ns, restore

    def sample(self, iterations: int) -> Sample:
        if self._restore is not None:
            self._restore()
        step, repeat = self._step, range(iterations)
        faults = minor_faults()
        start = self._now()
        for _ in repeat:
            step()
        end = self._now()
        faults = minor_faults() - faults
        # A clock that stands still (coarse ones do) must not give a zero.
        return Sample(wall_s=max(end - start, 1) / 1e9 / iterations, page_faults=faults)


class Monitor(Protocol):
    """Looks at the machine between groups of samples."""

    def start(self) -> None:
        """Begin a measurement: forget what was seen."""

    def keeps_group(self) -> bool:
        """Read the machine once; False where the group just taken must be discarded."""


@dataclass(frozen=True, kw_only=True)
class WarmUp:
    """What came of it: seconds of one iteration at its end, how many it took, whether they agreed."""

    iteration_s: float
    iterations: int
    steady: bool


@dataclass(kw_only=True)
class Samples:
    """What warm-up and sampling of one unit gave."""

    wall_s: list[float] = field(default_factory=list)
    device_s: list[float] = field(default_factory=list)
    iterations: int = 1
    calls: int = 0  # behind `wall_s`
    warmup_iterations: int = 0
    steady: bool = False
    precise: bool = False
    interval: Interval = field(default_factory=lambda: Interval(centre=0.0))
    discarded_groups: int = 0
    page_faults: int | None = None  # of all calls behind `wall_s`; None where they were not counted
    exhausted: bool = False  # as many groups were discarded as the rules allow

    @property
    def page_faults_per_call(self) -> float | None:
        """Minor page faults in one call; None where they were not counted."""
        if self.page_faults is None or not self.calls:
            return None
        return self.page_faults / self.calls

    def count_faults(self, group: Sequence[Sample]) -> None:
        """Add those of samples that are kept."""
        if all(sample.page_faults is not None for sample in group):
            self.page_faults = (self.page_faults or 0) + sum(sample.page_faults or 0 for sample in group)

    def verdicts(self, rules: Rules) -> tuple[Verdict, ...]:
        """What the samples alone say about themselves."""
        found: list[Verdict] = []
        if self.exhausted:
            found.append("throttled")
        if drifts(self.wall_s):
            found.append("drifting")
        if not self.steady:
            found.append("not_steady")
        half = self._half_width()
        if half > rules.very_noisy:
            found.append("very_noisy")
        elif half > rules.noisy:
            found.append("noisy")
        return tuple(found)

    def _half_width(self) -> float:
        """Of the median's interval; under six samples, which have none, of their range, relative to their median."""
        if self.interval.half_width is not None:
            return self.interval.half_width
        few = decorrelated(self.wall_s)
        return (max(few) - min(few)) / 2 / median(few) if few else 0.0


def measure(timer: Timer, monitor: Monitor, clock: Clock, rules: Rules, overhead_s: float) -> Samples:
    """Warm the step up, then sample it; the stopping rule is measurement.md's rules 3 to 5."""
    samples = warmed(timer, clock, rules, overhead_s)
    monitor.start()
    _collect(timer, monitor, clock, rules, samples)
    return samples


def warmed(timer: Timer, clock: Clock, rules: Rules, overhead_s: float) -> Samples:
    """No samples yet: how many iterations each is to have, and whether the warm-up was steady."""
    warm = warm_up(timer, clock, rules, overhead_s)
    return Samples(
        iterations=iterations_for(warm.iteration_s, rules, overhead_s),
        warmup_iterations=warm.iterations,
        steady=warm.steady,
    )


def iterations_for(iteration_s: float, rules: Rules, overhead_s: float) -> int:
    """How many iterations make one sample long enough to be timed."""
    return max(1, math.ceil(max(rules.sample_s, rules.overhead_factor * overhead_s) / max(iteration_s, 1e-9)))


def beside_flushes(rules: Rules, timer: Timer, flush: Callable[[], object], clock: Clock) -> Rules:
    """The same time altogether where a flush goes before each call: samples and their sum are shorter.

    Each call is clocked by itself there, so that a sample may hold fewer.
    """
    step_s = min(timer.sample(1).wall_s for _ in range(rules.warmup_iterations))
    start = clock.now_ns()
    flush()
    flush_s = (clock.now_ns() - start) / 1e9
    share = step_s / (step_s + flush_s)
    return replace(rules, sample_s=rules.sample_s * share, cap_s=rules.cap_s * share, calls_share=share)


def warm_up(timer: Timer, clock: Clock, rules: Rules, overhead_s: float) -> WarmUp:
    """Call the step until two windows agree, or for as long as the rules allow."""
    first = [timer.sample(1).wall_s for _ in range(rules.warmup_iterations)]
    done, iteration_s, previous, windows, started = len(first), min(first), None, 0, clock.now_ns()
    while True:
        slow = iteration_s >= rules.slow_s
        iterations = iterations_for(iteration_s, rules, overhead_s)
        size = rules.slow_window if slow else rules.window
        window = [timer.sample(iterations).wall_s for _ in range(size)]
        done += size * iterations
        windows += 1
        iteration_s = median(window)
        steady = previous is not None and _agree(previous, window, rules)
        previous = window
        spent = (clock.now_ns() - started) / 1e9
        if steady or (windows >= rules.slow_windows_cap if slow else spent >= rules.warmup_cap_s):
            return WarmUp(iteration_s=iteration_s, iterations=done, steady=steady)


def _agree(before: list[float], after: list[float], rules: Rules) -> bool:
    def near(q: float, tolerance: float) -> bool:
        first, second = quantile(before, q), quantile(after, q)
        return abs(second - first) <= tolerance * first

    if not near(0.5, rules.median_tolerance):
        return False
    # Three samples have no quartiles worth comparing.
    few = len(after) <= rules.slow_window
    return few or (near(0.25, rules.quartile_tolerance) and near(0.75, rules.quartile_tolerance))


def _collect(timer: Timer, monitor: Monitor, clock: Clock, rules: Rules, samples: Samples) -> None:
    spent_s, pause_s = 0.0, rules.discard_pause_s
    while True:
        group: list[Sample] = []
        while len(group) < rules.group:
            group.append(timer.sample(samples.iterations))
            spent_s += group[-1].wall_s * samples.iterations
            if _at_cap(len(samples.wall_s) + len(group), spent_s, rules):
                break
        if not monitor.keeps_group() and not samples.exhausted:
            samples.discarded_groups += 1
            # All of them count: with a good group now and then a bad machine would be waited for without end.
            samples.exhausted = samples.discarded_groups >= rules.discards
            spent_s -= sum(sample.wall_s for sample in group) * samples.iterations
            clock.sleep(pause_s)
            pause_s = min(2 * pause_s, rules.discard_pause_cap_s)
            continue
        pause_s = rules.discard_pause_s
        samples.wall_s += [sample.wall_s for sample in group]
        samples.calls += len(group) * samples.iterations
        samples.device_s += [sample.device_s for sample in group if sample.device_s is not None]
        samples.count_faults(group)
        samples.interval = median_interval(decorrelated(samples.wall_s))
        half = samples.interval.half_width
        if len(samples.wall_s) >= rules.first_check and half is not None and half <= rules.precision:
            samples.precise = True
            return
        if _at_cap(len(samples.wall_s), spent_s, rules):
            return


def _at_cap(count: int, spent_s: float, rules: Rules) -> bool:
    if spent_s >= rules.hard_cap_s:
        return count >= rules.fewest
    return spent_s >= rules.cap_s and count >= rules.cap_samples
