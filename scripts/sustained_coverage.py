"""How often the interval of steady over burst holds the truth, and how often the last quarter is taken for drifting.

    python scripts/sustained_coverage.py [RUNS]

Simulated series of 5 minutes in windows of a second: log-normal noise, alone, autocorrelated, or with slow swings of a
minute, on a device that keeps its pace, one that falls to 1/1.3 of it by degrees after 90 s, and one that does so after
260 s, when the last quarter has begun: that one is to be called drifting.
"""

import math
import random
import sys
from collections.abc import Callable

from bench.records.sustained import Sustained, Window
from bench.statistics import drifts
from reports.sustained import sustained_speed

SECONDS, SLOWED = 300, 1.3


def series(pace: Callable[[int], float], noise: float, correlation: float, swing: float, seed: int) -> Sustained:
    """Windows of a second whose medians are the pace times noise; a swing has a period of a minute."""
    generator = random.Random(seed)
    phase, error = generator.uniform(0, 2 * math.pi), generator.gauss(0, noise)
    windows = []
    for second in range(SECONDS):
        error = correlation * error + math.sqrt(1 - correlation**2) * generator.gauss(0, noise)
        log = error + swing * math.sin(2 * math.pi * second / 60 + phase)
        value = 0.01 * pace(second) * math.exp(log)
        windows.append(
            Window(start_s=second, seconds=1, samples=100, calls=100, median_s=value, p10_s=value, p90_s=value)
        )
    return Sustained(windows=tuple(windows))


def late(second: int) -> float:
    """Full speed for 260 s, then less at once: the last quarter holds both, and no value would be right."""
    return 1.0 if second < 260 else SLOWED


def falls(second: int) -> float:
    """Full speed for 90 s, then less by degrees, settled after four minutes within a few thousandths."""
    return 1.0 if second < 90 else SLOWED - (SLOWED - 1) * math.exp(-(second - 90) / 30)


PACES: dict[str, tuple[Callable[[int], float], float]] = {
    "keeps its pace": (lambda _: 1.0, 1.0),
    "slows at 260 s": (late, SLOWED),
    "slows by degrees": (falls, SLOWED),
}
NOISES = {
    "1 % noise": (0.01, 0.0, 0.0),
    "1 %, autocorrelation 0.5": (0.01, 0.5, 0.0),
    "1 %, autocorrelation 0.9": (0.01, 0.9, 0.0),
    "5 % noise": (0.05, 0.0, 0.0),
    "5 %, autocorrelation 0.9": (0.05, 0.9, 0.0),
    "1 % and swings of 2 %": (0.01, 0.0, 0.02),
}


def covered(pace: str, noise: str, runs: int) -> tuple[float, float, float]:
    """Shares of the runs: interval holds the truth, last quarter drifts; and the mean half-width."""
    shape, truth = PACES[pace]
    held = drifting = 0
    width = 0.0
    for seed in range(runs):
        made = series(shape, *NOISES[noise], seed)
        found = sustained_speed([made], batch=1)
        assert found is not None
        held += (found.slowdown.low or 0) <= truth <= (found.slowdown.high or 0)
        width += (found.slowdown.half_width or 0) / runs
        drifting += drifts([window.median_s for window in made.steady])
    return held / runs, drifting / runs, width


def main() -> None:
    """A line for each shape and noise."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print(f"{runs} runs each; device, noise, covered, half-width, called drifting")
    for pace in PACES:
        for noise in NOISES:
            held, drifting, width = covered(pace, noise, runs)
            print(f"{pace:18} {noise:26} {held:6.1%} ±{width:6.2%} {drifting:6.1%}")


if __name__ == "__main__":
    main()
