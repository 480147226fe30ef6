"""A unit that was kept busy for minutes: what each second or so gave, at first (burst) and in the end (steady).

SI units (`_s`, `_hz`, `_j`, `_w`). The series is bounded however long it took.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from bench.records.times import are_times

WINDOW_S = 1.0
SHORT = 100  # windows of a short run, for which a second would be too long
MOST_WINDOWS = 600  # of a long one
BURST_S, BURST_SHARE = 5.0, 1 / 20  # the burst is that long, of a short run that share
STEADY_FROM = 0.75  # of the time: the last quarter is what the row is about
REST_S = 3.0  # of sleep at a time before it: long enough for any meter to move
LONGEST_REST_S = 120.0  # for a device that is still hot


def window_s(sustain_s: float) -> float:
    """How long a window lasts where the whole takes `sustain_s`."""
    return max(min(WINDOW_S, sustain_s / SHORT), sustain_s / MOST_WINDOWS)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The calls between two looks at the machine; a call is one of the whole batch.

    start_s, seconds: when it began after the warm-up, and how long it took with all that lies between the calls.
    median_s, p10_s, p90_s: of its samples, seconds of a call.
    frequency_hz: the slowest clock of the CPUs in use, or the GPU's SM clock, at its end; None where it is not told.
    temperature_c: at its end, in degrees Celsius.
    energy_j: what the meter counted meanwhile, of all that it measures; None where there is no meter.
    """

    start_s: float
    seconds: float
    samples: int
    calls: int
    median_s: float
    p10_s: float
    p90_s: float
    frequency_hz: float | None = None
    temperature_c: float | None = None
    energy_j: float | None = None

    def __post_init__(self) -> None:
        if not are_times((self.seconds, self.median_s, self.p10_s, self.p90_s)) or not 0 <= self.start_s <= 1e6:
            raise ValueError("expected a window of times in seconds")
        if not 1 <= self.samples <= self.calls <= 10**15:
            raise ValueError(f"expected a window of at least one sample, got {self.samples} of {self.calls} calls")
        if abs(self.temperature_c or 0) > 1e4:
            raise ValueError(f"expected temperature_c in degrees Celsius, got {self.temperature_c}")
        for name, most in (("frequency_hz", 1e12), ("energy_j", 1e12)):
            if not 0 <= (getattr(self, name) or 0) <= most:
                raise ValueError(f"expected {name} of at least 0, got {getattr(self, name)}")

    @property
    def power_w(self) -> float | None:
        """The mean over the window."""
        return None if self.energy_j is None else self.energy_j / self.seconds


@dataclass(frozen=True, kw_only=True)
class Sustained:
    """The windows of one worker, one after the other without a gap.

    meter: what counted the energy; empty where nothing did, and `no_meter` says why, in a line.
    idle_w: the meter's power while this worker slept before it began; None without a meter.
    rested_s: how long it slept.
    """

    windows: tuple[Window, ...]
    meter: str = ""
    no_meter: str = ""
    idle_w: float | None = None
    rested_s: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.windows) <= 2 * MOST_WINDOWS:
            raise ValueError(f"expected 1 to {2 * MOST_WINDOWS} windows, got {len(self.windows)}")
        if any(after.start_s <= before.start_s for before, after in pairwise(self.windows)):
            raise ValueError("expected windows in the order of their time")
        if not 0 <= (self.idle_w or 0) <= 1e9 or not 0 <= self.rested_s <= 1e6:
            raise ValueError(f"expected an idle power and a rest of at least 0, got {self.idle_w}, {self.rested_s}")

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.windows[-1].start_s + self.windows[-1].seconds

    @property
    def burst(self) -> tuple[Window, ...]:
        """The first windows after the warm-up."""
        until = min(BURST_S, BURST_SHARE * self.seconds)
        return tuple(window for window in self.windows if window.start_s < until)

    @property
    def steady(self) -> tuple[Window, ...]:
        """The last quarter; whether it is steady, its own drift says."""
        late = tuple(window for window in self.windows if window.start_s >= STEADY_FROM * self.seconds)
        return late or self.windows[-1:]


def energy_of(windows: Iterable[Window]) -> float | None:
    """Joules of all of them; None where one was not counted."""
    counted = [window.energy_j for window in windows]
    return None if None in counted else sum(energy for energy in counted if energy is not None)
