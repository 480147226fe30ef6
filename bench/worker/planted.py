"""A slowdown planted on purpose, so that whoever trusts a gate can see it found: real work inside the timed step."""

from collections.abc import Callable
from dataclasses import replace

from bench.worker.measuring.clock import Clock
from bench.worker.runtimes.loaded import Loaded

CALIBRATION_S = 0.3
FEWEST_CALLS, MOST_CALLS = 5, 2000
_SPINS = 20_000  # of one timed loop: half a millisecond


def slowed(loaded: Loaded, factor: float, clock: Clock) -> Loaded:
    """The same workload, each step followed by a loop that makes it `factor` times as long; untouched at 1.

    Both are timed here, before the measurement: the loop is a number of turns, so it slows down with the machine as the
    step does.
    """
    if factor == 1:
        return loaded
    step_s, turn_s = _fastest_s(loaded.step, clock), _fastest_s(lambda: _spin(range(_SPINS)), clock) / _SPINS
    if loaded.restore is not None:
        loaded.restore()
    turns, step = range(max(1, round((factor - 1) * step_s / turn_s))), loaded.step

    def longer() -> object:
        answer = step()
        _spin(turns)
        return answer

    return replace(loaded, step=longer)


def _spin(turns: range) -> None:
    for _ in turns:
        pass


def _fastest_s(call: Callable[[], object], clock: Clock) -> float:
    """Of calls over `CALIBRATION_S`, after some that are not timed.

    Not a typical one: on a busy machine a long call is interrupted, and a short one is not.
    """
    for _ in range(FEWEST_CALLS):
        call()
    seconds: list[float] = []
    while len(seconds) < FEWEST_CALLS or (sum(seconds) < CALIBRATION_S and len(seconds) < MOST_CALLS):
        start = clock.now_ns()
        call()
        seconds.append(max(clock.now_ns() - start, 1) / 1e9)
    return min(seconds)
