"""Calls without and with a profiler, in turn, so that whatever drifts meets both."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from bench.worker.measure import collector_off
from bench.worker.measuring.clock import Clock

BUDGET_S = 1.5  # of both together
BURST = 5  # calls of a side that are kept in a row
SLOW_S = 0.1  # a call that long is a burst, and needs none before it
FEWEST, MOST = 3, 20  # bursts of each side


@dataclass(frozen=True, kw_only=True)
class Side:
    """`step` is one call, `begin` makes ready for a burst of them, `restore` puts back an input that a call changes."""

    step: Callable[[], object]
    begin: Callable[[], object] = lambda: None
    restore: Callable[[], object] | None = None


@dataclass(frozen=True, kw_only=True)
class Interleaved:
    """Seconds of the calls that are kept, and which of all profiled calls, from 0, those are."""

    plain_s: tuple[float, ...]
    profiled_s: tuple[float, ...]
    kept: tuple[int, ...]

    @property
    def calls(self) -> int:
        """Profiled calls, kept or not: the last one is kept."""
        return 1 + self.kept[-1]


def interleaved(plain: Side, profiled: Side, clock: Clock) -> Interleaved:
    """Bursts of the two in turn. Not kept: the first call of a burst, which settles the caches, and the first two."""
    with collector_off():
        settle = [_burst(side, 2, clock) for side in (plain, profiled)]
        call_s = median(each[-1] for each in settle)
        length, untimed = (1, 0) if call_s >= SLOW_S else (BURST, 1)
        bursts = max(FEWEST, min(MOST, int(BUDGET_S / (2 * (length + untimed) * call_s))))
        plain_s: list[float] = []
        profiled_s: list[float] = []
        kept: list[int] = []
        done = 2
        for _ in range(bursts):
            plain_s += _burst(plain, untimed + length, clock)[untimed:]
            profiled_s += _burst(profiled, untimed + length, clock)[untimed:]
            kept += range(done + untimed, done + untimed + length)
            done += untimed + length
    return Interleaved(plain_s=tuple(plain_s), profiled_s=tuple(profiled_s), kept=tuple(kept))


def _burst(side: Side, calls: int, clock: Clock) -> list[float]:
    side.begin()
    taken = []
    for _ in range(calls):
        if side.restore is not None:
            side.restore()
        start = clock.now_ns()
        side.step()
        # A clock that stands still (coarse ones do) must not give a zero.
        taken.append(max(clock.now_ns() - start, 1) / 1e9)
    return taken
