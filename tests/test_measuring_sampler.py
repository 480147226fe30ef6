"""Warm-up, stopping rule, caps and discards, on a clock and a timer that follow a script."""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator

import pytest

from bench.records.verdict import SEVERITY, worst
from bench.worker.measuring.clock import timer_overhead_s, timer_resolution_s
from bench.worker.measuring.noise import noise_floor
from bench.worker.measuring.rules import Rules, rules_for
from bench.worker.measuring.sampler import CpuTimer, Sample, Samples, iterations_for, measure

RULES = Rules()


class FakeClock:
    """Time that passes only when someone spends it."""

    def __init__(self, step_ns: int = 0) -> None:
        self.ns, self._step_ns = 0, step_ns
        self.slept: list[float] = []

    def now_ns(self) -> int:
        self.ns += self._step_ns
        return self.ns

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ns += round(seconds * 1e9)


class FakeTimer:
    """Gives the seconds of one iteration from a script, and lets the clock run accordingly."""

    def __init__(self, clock: FakeClock, seconds: Iterator[float]) -> None:
        self._clock, self._seconds = clock, seconds
        self.batches: list[int] = []
        self.given: list[float] = []

    def sample(self, iterations: int) -> Sample:
        seconds = next(self._seconds)
        self._clock.ns += round(seconds * iterations * 1e9)
        self.batches.append(iterations)
        self.given.append(seconds)
        return Sample(wall_s=seconds)


class FakeMonitor:
    """Keeps a group or not, as the script says; then keeps all."""

    def __init__(self, script: Iterable[bool] = ()) -> None:
        self._script = iter(script)
        self.started_after: int | None = None
        self.groups = 0
        self.timer: FakeTimer | None = None

    def start(self) -> None:
        assert self.timer is not None
        self.started_after = len(self.timer.batches)

    def keeps_group(self) -> bool:
        self.groups += 1
        return next(self._script, True)


def run(
    seconds: Iterator[float], *, rules: Rules = RULES, overhead_s: float = 0.0, script: Iterable[bool] = ()
) -> tuple[Samples, FakeTimer, FakeMonitor, FakeClock]:
    clock, monitor = FakeClock(), FakeMonitor(script)
    monitor.timer = timer = FakeTimer(clock, seconds)
    return measure(timer, monitor, clock, rules, overhead_s), timer, monitor, clock


def noisy(seconds: float, spread: float, seed: int = 0) -> Iterator[float]:
    generator = random.Random(seed)
    while True:
        yield seconds * (1 + spread * (generator.random() - 0.5))


def test_a_steady_step_warms_up_in_two_windows_and_stops_at_the_first_look() -> None:
    samples, timer, monitor, _ = run(itertools.repeat(0.001))
    assert samples.steady
    assert samples.precise
    assert len(samples.wall_s) == RULES.first_check
    # Three single iterations, then two windows of ten samples of ten iterations.
    assert samples.warmup_iterations == 3 + 2 * 10 * 10
    assert monitor.started_after == 3 + 2 * 10
    assert timer.batches == [1] * 3 + [10] * 40
    assert samples.verdicts(RULES) == ()


@pytest.mark.parametrize(
    ("iteration_s", "overhead_s", "expected"),
    [
        (0.001, 0.0, 10),  # ten milliseconds of one
        (0.0011, 0.0, 10),  # rounded up
        (0.010, 0.0, 1),
        (0.5, 0.0, 1),
        (0.001, 50e-6, 50),  # a slow clock: 1000 times its overhead
        (0.0, 0.0, 10_000_000),  # a clock that stood still must not divide by zero
    ],
)
def test_a_sample_is_long_enough_to_be_timed(iteration_s: float, overhead_s: float, expected: int) -> None:
    assert iterations_for(iteration_s, RULES, overhead_s) == expected


def test_the_batch_follows_a_step_that_becomes_faster_while_it_warms_up() -> None:
    samples, timer, _, _ = run(itertools.chain([0.1, 0.02, 0.01], itertools.repeat(0.001)))
    assert timer.batches[:4] == [1, 1, 1, 1]
    assert samples.iterations == 10
    assert samples.steady


def test_warming_up_lasts_until_two_windows_agree() -> None:
    """Windows of ten at 1.00, 0.90, 0.80, 0.79: only the last two agree within 2 %."""
    levels = [0.010] * 13 + [0.0090] * 10 + [0.0080] * 10 + [0.0079] * 1000
    samples, _, monitor, _ = run(iter(levels))
    assert samples.steady
    assert monitor.started_after == 3 + 4 * 10
    assert set(samples.wall_s) == {0.0079}


def test_equal_medians_with_unequal_quartiles_are_not_steady_yet() -> None:
    narrow, wide = [0.010] * 10, [0.008, 0.008, 0.008, 0.008, 0.010, 0.010, 0.012, 0.012, 0.012, 0.012]
    script = [0.010] * 3 + narrow + wide + [0.010] * 1000
    _, _, monitor, _ = run(iter(script))
    assert monitor.started_after == 3 + 4 * 10  # narrow, wide, narrow, narrow


def never_steady() -> Iterator[float]:
    """Ten samples fast, ten slow, for ever."""
    while True:
        yield from [0.010] * 10 + [0.013] * 10


def test_a_step_that_never_settles_is_measured_all_the_same_and_says_so() -> None:
    samples, timer, monitor, _ = run(never_steady())
    assert not samples.steady
    assert monitor.started_after is not None
    warm_up_s = sum(timer.given[: monitor.started_after])
    assert RULES.warmup_cap_s <= warm_up_s < RULES.warmup_cap_s + 0.2
    assert samples.wall_s
    assert "not_steady" in samples.verdicts(RULES)


def test_slow_iterations_are_compared_in_windows_of_three() -> None:
    samples, timer, monitor, _ = run(itertools.repeat(0.2))
    assert samples.steady
    assert monitor.started_after == 3 + 2 * 3
    assert set(timer.batches) == {1}


def test_slow_iterations_give_up_after_three_windows() -> None:
    samples, _, monitor, _ = run(itertools.cycle([0.2] * 3 + [0.3] * 3))
    assert not samples.steady
    assert monitor.started_after == 3 + 3 * 3


def test_sampling_goes_on_until_the_median_is_known_within_one_percent() -> None:
    samples, _, monitor, _ = run(noisy(0.010, 0.08))
    assert samples.precise
    assert RULES.first_check < len(samples.wall_s) < 150
    assert len(samples.wall_s) % RULES.group == 0
    assert monitor.groups == len(samples.wall_s) / RULES.group
    assert samples.interval.half_width is not None
    assert samples.interval.half_width <= RULES.precision


def test_publish_asks_for_more() -> None:
    normal, publish = (len(run(noisy(0.010, 0.08), rules=rules_for(e))[0].wall_s) for e in ("normal", "publish"))
    assert publish > normal


def test_a_noisy_step_stops_at_the_cap_of_sampled_time() -> None:
    samples, _, _, _ = run(noisy(0.010, 0.9))
    assert not samples.precise
    assert RULES.cap_s <= sum(samples.wall_s) < RULES.cap_s + 0.02
    assert "noisy" in samples.verdicts(RULES) or "very_noisy" in samples.verdicts(RULES)


@pytest.mark.parametrize(
    ("iteration_s", "expected"),
    [
        (0.2, 8),  # 1.5 s of samples, the last one begun before
        (0.5, 5),  # 1.5 s would be three: five are taken
        (7.0, 5),  # the fourth ends at 28 s, the fifth past 30 s
        (8.0, 4),  # past 30 s with four
        (40.0, 3),  # never fewer than three
    ],
)
def test_slow_steps_get_few_samples_but_enough(iteration_s: float, expected: int) -> None:
    samples, _, _, _ = run(itertools.repeat(iteration_s))
    assert len(samples.wall_s) == expected
    assert not samples.precise
    assert samples.verdicts(RULES) == ()


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([7.0, 7.1, 7.0, 7.2], ()),  # (7.2 - 7.0) / 2 / 7.05 = 1.4 %
        ([7.0, 7.1, 7.0, 7.4], ("noisy",)),  # 2.8 %
        ([7.0, 7.1, 7.0, 9.4], ("very_noisy",)),  # 17 %
    ],
)
def test_too_few_samples_for_an_interval_are_judged_by_their_range(values: list[float], verdict: tuple[str]) -> None:
    assert Samples(wall_s=values, steady=True).verdicts(RULES) == verdict


def test_halves_that_differ_are_drifting() -> None:
    generator = random.Random(4)
    rising = (0.010 * (1 + 0.002 * max(0, i - 23) + 0.01 * generator.random()) for i in itertools.count())
    samples, _, _, _ = run(rising, rules=Rules(precision=0.0001))
    assert "drifting" in samples.verdicts(RULES)


def test_discarded_groups_leave_no_sample_and_cost_no_time_of_the_cap() -> None:
    level = itertools.chain([0.010] * 23, [0.020] * 10, noisy(0.010, 0.9))
    samples, _, monitor, clock = run(level, script=iter([False, False]))
    assert samples.discarded_groups == 2
    assert 0.020 not in samples.wall_s
    assert clock.slept == [0.05, 0.1]
    assert sum(samples.wall_s) >= RULES.cap_s
    assert monitor.groups == 2 + -(-len(samples.wall_s) // RULES.group)
    assert "throttled" not in samples.verdicts(RULES)


def test_a_machine_that_stays_throttled_is_measured_after_ten_discards_and_labelled() -> None:
    samples, _, _, clock = run(itertools.repeat(0.010), script=itertools.repeat(False))
    assert samples.discarded_groups == RULES.discards
    assert clock.slept == pytest.approx([0.05, 0.1, 0.2, 0.4] + [0.5] * 6)
    assert len(samples.wall_s) == RULES.first_check
    assert samples.verdicts(RULES) == ("throttled",)


def test_ten_discards_are_enough_even_when_groups_between_them_are_kept() -> None:
    """Else a machine that throttles nine times out of ten would be waited for without end."""
    script = itertools.cycle([False] * 4 + [True])
    samples, _, _, _ = run(noisy(0.010, 0.9), script=script)
    assert samples.discarded_groups == RULES.discards
    assert "throttled" in samples.verdicts(RULES)


def test_the_timed_region_holds_the_steps_alone() -> None:
    """The input is put back before the clock is read, once for each sample."""
    said: list[str] = []

    class SayingClock(FakeClock):
        def now_ns(self) -> int:
            said.append("clock")
            return super().now_ns()

    clock = SayingClock()

    def says(word: str, ns: int) -> Callable[[], None]:
        def say() -> None:
            said.append(word)
            clock.ns += ns

        return say

    timer = CpuTimer(says("step", 500), clock, restore=says("restore", 10**9))
    assert timer.sample(2).wall_s == pytest.approx(500e-9)
    assert said == ["restore", "clock", "step", "step", "clock"]


def test_a_clock_that_stands_still_gives_no_zero() -> None:
    assert CpuTimer(lambda: None, FakeClock()).sample(4).wall_s > 0


def test_the_clock_is_measured_on_itself() -> None:
    clock = FakeClock(step_ns=70)
    assert timer_overhead_s(clock) == pytest.approx(70e-9)
    assert timer_resolution_s(clock) == pytest.approx(70e-9)
    assert timer_resolution_s(FakeClock()) == 0.0


def test_the_noise_floor_holds_both_works_in_turn() -> None:
    floor = noise_floor(FakeClock(step_ns=100))
    assert len(floor.spin_samples_s) == len(floor.gemm_samples_s) == 30
    # On this clock each timed region is one reading long; a product is a fifth of one.
    assert set(floor.spin_samples_s) == {100e-9}
    assert set(floor.gemm_samples_s) == {20e-9}


def test_the_worst_verdict_is_shown() -> None:
    assert worst([]) == "ok"
    assert worst(["noisy", "contended", "not_steady"]) == "contended"
    assert worst(["noisy", "drifting", "throttled"]) == "throttled"
    assert SEVERITY[-1] == "ok"
