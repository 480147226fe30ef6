"""A unit that is kept busy, on a clock, a machine and a meter that follow a script."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest

from bench.records.measurement import Disturbances
from bench.records.sustained import LONGEST_REST_S, MOST_WINDOWS, Sustained, Window, window_s
from bench.system.power import Counter, Meter, NoMeterError
from bench.worker.measuring.clock import Clock
from bench.worker.measuring.rules import Rules
from bench.worker.measuring.sampler import Samples
from bench.worker.measuring.sustained import rest, sustain
from bench.worker.measuring.watch import Ending, Reading
from bench.worker.runtimes.loaded import Loaded
from tests.test_measuring_sampler import FakeClock, FakeTimer

WATTS, IDLE_W = 10.0, 2.0


class FakeMachine:
    """One that draws 10 W while it works and 2 W asleep, and cools by the script while it sleeps."""

    cpus: tuple[int, ...] = (0,)

    def __init__(self, seconds: Iterator[float], cooling: Iterator[float] | None = None) -> None:
        self.time = FakeClock()
        self.clock: Clock = self.time
        self._timer, self._cooling = FakeTimer(self.time, seconds), cooling or itertools.repeat(40.0)
        self.last = Reading()
        self.looks = 0
        self.counts: Callable[[], float | None] | None = self.energy_j

    @property
    def monitor(self) -> "FakeMachine":
        return self

    def energy_j(self) -> float | None:
        asleep_s = sum(self.time.slept)
        return IDLE_W * asleep_s + WATTS * (self.time.ns / 1e9 - asleep_s)

    def meter(self) -> Meter:
        if self.counts is None:
            raise NoMeterError("there is none")
        return Counter(name="script", joules=self.counts)

    def start(self) -> None:
        """Nothing to forget."""

    def keeps_group(self) -> bool:
        self.looks += 1
        self.last = Reading(1e9, next(self._cooling))
        return False  # throttled all the time: nothing is thrown away for it here

    def finish(self) -> Ending:
        return Ending(Disturbances())

    def timer(self) -> FakeTimer:
        return self._timer

    def ready(self) -> AbstractContextManager[None]:
        return nullcontext()

    def wait(self) -> None:
        """Nothing runs."""

    def timed(self) -> Loaded:
        raise NotImplementedError

    def reseat(self, pads: object) -> None:
        """One seat is all it has."""

    def begin(self, rules: Rules) -> Rules:
        return rules

    def held_bytes(self) -> int:
        return 0

    def notes(self) -> tuple[str, ...]:
        return ()

    def device_memory_bytes(self) -> int | None:
        return None


def throttling(clock: Callable[[], float], after_s: float = 30.0) -> Iterator[float]:
    """A call of 10 ms, of 20 ms later on."""
    while True:
        yield 0.010 if clock() < after_s else 0.020


def throttled(seconds: float = 100.0, after_s: float = 30.0) -> tuple[Samples, Sustained, FakeMachine]:
    machine = FakeMachine(iter(()))
    machine = FakeMachine(throttling(lambda: machine.time.ns / 1e9, after_s))
    return *sustain(machine, Rules(), 0.0, seconds), machine


def test_a_device_that_slows_down_has_a_burst_and_a_steady_speed() -> None:
    samples, found, machine = throttled()
    assert [window.median_s for window in found.burst] == [0.010] * 5
    assert [window.median_s for window in found.steady] == [0.020] * 25
    assert found.seconds == pytest.approx(100, abs=1)
    # The row is about the steady part alone.
    assert samples.wall_s == [0.020] * 25
    assert samples.interval.centre == 0.020
    assert samples.calls == sum(window.calls for window in found.windows)
    assert machine.looks == 2 + len(found.windows)


def test_windows_leave_no_gap_and_hold_what_was_seen() -> None:
    _, found, _ = throttled(10.0, after_s=1e9)
    assert len(found.windows) == 100
    for before, after in itertools.pairwise(found.windows):
        assert after.start_s == pytest.approx(before.start_s + before.seconds)
    first = found.windows[0]
    assert (first.samples, first.calls, first.frequency_hz, first.temperature_c) == (10, 10, 1e9, 40.0)


def test_energy_is_what_the_meter_counted_and_idle_what_it_showed_asleep() -> None:
    _, found, _ = throttled()
    assert found.meter == "script"
    assert found.idle_w == pytest.approx(IDLE_W)
    assert [window.power_w for window in found.windows] == [pytest.approx(WATTS)] * len(found.windows)


@pytest.mark.parametrize(
    ("counts", "said"),
    [(None, "there is none"), (lambda: 5.0, "script stands still"), (lambda: None, "script could not be read")],
)
def test_a_meter_that_is_none_is_left_out(counts: Callable[[], float | None] | None, said: str) -> None:
    machine = FakeMachine(itertools.repeat(0.010))
    machine.counts = counts
    _, found = sustain(machine, Rules(), 0.0, 5.0)
    assert (found.meter, found.idle_w, found.no_meter) == ("", None, said)
    assert {window.energy_j for window in found.windows} == {None}


def test_a_meter_that_fails_on_the_way_leaves_its_windows_empty() -> None:
    machine = FakeMachine(itertools.repeat(0.010))
    machine.counts = lambda: machine.energy_j() if machine.time.ns < 6e9 else None
    _, found = sustain(machine, Rules(), 0.0, 5.0)
    assert found.windows[0].power_w == pytest.approx(WATTS)
    assert found.windows[-1].energy_j is None


def test_a_hot_device_rests_until_it_no_longer_cools() -> None:
    # Before and after each sleep: 80 to 70, 70 to 65, 65 to 64.5.
    machine = FakeMachine(itertools.repeat(0.010), iter([80.0, 70.0, 70.0, 65.0, 65.0, 64.5]))
    assert rest(machine).seconds == pytest.approx(9.0)


def test_a_rest_has_an_end() -> None:
    machine = FakeMachine(itertools.repeat(0.010), itertools.count(100_000.0, -5.0))
    assert LONGEST_REST_S <= rest(machine).seconds < LONGEST_REST_S + 5


def test_a_call_that_outlasts_all_is_one_window() -> None:
    samples, found = sustain(FakeMachine(itertools.repeat(60.0)), Rules(), 0.0, 5.0)
    assert len(found.windows) == 1
    assert found.burst == found.steady == found.windows
    assert samples.wall_s == [60.0]


@pytest.mark.parametrize(
    ("seconds", "length"), [(5.0, 0.05), (60.0, 0.6), (300.0, 1.0), (600.0, 1.0), (86_400.0, 144.0)]
)
def test_a_series_is_bounded_however_long_it_takes(seconds: float, length: float) -> None:
    assert window_s(seconds) == pytest.approx(length)
    assert seconds / window_s(seconds) <= MOST_WINDOWS


@pytest.mark.parametrize(
    "change",
    [
        {"median_s": 0.0}, {"median_s": 1e9}, {"samples": 0}, {"calls": 1}, {"energy_j": -1.0}, {"start_s": -1.0},
        {"frequency_hz": -1.0}, {"temperature_c": 1e5},
    ],
)  # fmt: skip
def test_a_window_refuses_nonsense(change: dict[str, float]) -> None:
    good = {"start_s": 0.0, "seconds": 1.0, "samples": 2, "calls": 4, "median_s": 0.1, "p10_s": 0.1, "p90_s": 0.1}
    window = Window(**good)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected"):
        Window(**good | change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="in the order of their time"):
        Sustained(windows=(window, window))
    with pytest.raises(ValueError, match="1 to 1200 windows"):
        Sustained(windows=())
