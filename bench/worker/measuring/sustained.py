"""A unit kept busy for minutes: rest, warm up, then windows of calls with a look at the machine and the meter between.

docs/sustain.md has the rules.
"""

from dataclasses import dataclass, field
from statistics import median

from bench.records.sustained import LONGEST_REST_S, REST_S, Sustained, Window, window_s
from bench.statistics import decorrelated, median_interval, quantile
from bench.system.power import Meter, NoMeterError
from bench.worker.machine import Machine
from bench.worker.measuring.clock import Clock
from bench.worker.measuring.rules import Rules
from bench.worker.measuring.sampler import Sample, Samples, Timer, warmed
from bench.worker.measuring.watch import Watch

COOLING_C = 1.0  # a device whose temperature fell by this much in one rest is given another


@dataclass(frozen=True, kw_only=True)
class Rest:
    """The sleep before: how long, what the meter showed in its last part, and the meter itself where it moved."""

    seconds: float
    meter: Meter | None = None
    no_meter: str = ""
    idle_w: float | None = None


def sustain(machine: Machine, rules: Rules, overhead_s: float, seconds: float) -> tuple[Samples, Sustained]:
    """Keep the machine's step busy for so long. The samples are the medians of the steady windows."""
    timer, clock = machine.timer(), machine.clock
    rested = rest(machine)
    samples = warmed(timer, clock, rules, overhead_s)
    machine.monitor.start()
    series = _Series(timer=timer, watch=machine.monitor, clock=clock, samples=samples, meter=rested.meter)
    while not series.windows or series.windows[-1].start_s + series.windows[-1].seconds < seconds:
        series.take(window_s(seconds))
    found = Sustained(
        windows=tuple(series.windows),
        meter=rested.meter.name if rested.meter else "",
        no_meter=rested.no_meter,
        idle_w=rested.idle_w,
        rested_s=rested.seconds,
    )
    series.keep(len(found.steady))
    return samples, found


def rest(machine: Machine) -> Rest:
    """Sleep until the device no longer cools, and read the meter meanwhile. A meter that stands still is none."""
    meter, why = _meter(machine)
    slept_s, cooler = 0.0, True
    while cooler and slept_s < LONGEST_REST_S:
        machine.monitor.keeps_group()
        warm = machine.monitor.last.temperature_c
        before, start_ns = meter.joules() if meter else None, machine.clock.now_ns()
        machine.clock.sleep(REST_S)
        after, seconds = meter.joules() if meter else None, (machine.clock.now_ns() - start_ns) / 1e9
        machine.monitor.keeps_group()
        cool = machine.monitor.last.temperature_c
        cooler = warm is not None and cool is not None and warm - cool >= COOLING_C
        slept_s += seconds
    if before is None or after is None:
        return Rest(seconds=slept_s, no_meter=why or f"{meter.name if meter else 'the meter'} could not be read")
    if after <= before:
        return Rest(seconds=slept_s, no_meter=f"{meter.name if meter else 'the meter'} stands still")
    return Rest(seconds=slept_s, meter=meter, idle_w=(after - before) / seconds)


def _meter(machine: Machine) -> tuple[Meter | None, str]:
    try:
        return machine.meter(), ""
    except NoMeterError as error:
        return None, str(error)


@dataclass(kw_only=True)
class _Series:
    """The windows so far. Between two samples only the clock is read; machine and meter are where a window ends."""

    timer: Timer
    watch: Watch
    clock: Clock
    samples: Samples
    meter: Meter | None
    windows: list[Window] = field(default_factory=list)
    _device_s: list[float] = field(default_factory=list)  # a median for each window, where there are events

    def __post_init__(self) -> None:
        self._joules = self.meter.joules() if self.meter else None
        self._first_ns = self._last_ns = self.clock.now_ns()

    def take(self, length_s: float) -> None:
        """One window, of one sample at least."""
        group: list[Sample] = []
        while not group or self.clock.now_ns() - self._last_ns < length_s * 1e9:
            group.append(self.timer.sample(self.samples.iterations))
        self.watch.keeps_group()
        joules, end_ns = self.meter.joules() if self.meter else None, self.clock.now_ns()
        self.windows.append(self._window(group, joules, end_ns))
        self._joules, self._last_ns = joules, end_ns
        self.samples.calls += len(group) * self.samples.iterations
        self.samples.count_faults(group)
        events = [sample.device_s for sample in group if sample.device_s is not None]
        self._device_s += [median(events)] if events else []

    def _window(self, group: list[Sample], joules: float | None, end_ns: int) -> Window:
        seconds = [sample.wall_s for sample in group]
        counted = None if joules is None or self._joules is None else max(0.0, joules - self._joules)
        return Window(
            start_s=(self._last_ns - self._first_ns) / 1e9,
            seconds=(end_ns - self._last_ns) / 1e9,
            samples=len(group),
            calls=len(group) * self.samples.iterations,
            median_s=median(seconds),
            p10_s=quantile(seconds, 0.10),
            p90_s=quantile(seconds, 0.90),
            frequency_hz=self.watch.last.frequency_hz,
            temperature_c=self.watch.last.temperature_c,
            energy_j=counted,
        )

    def keep(self, steady: int) -> None:
        """The row's samples are its last windows."""
        self.samples.wall_s = [window.median_s for window in self.windows[-steady:]]
        self.samples.device_s = self._device_s[-steady:]
        self.samples.interval = median_interval(decorrelated(self.samples.wall_s))
