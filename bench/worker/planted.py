"""A slowdown planted on purpose, so that whoever trusts a gate can see it found: real work inside the timed step."""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

from bench.worker.runtimes.loaded import Loaded

CALIBRATION_S = 0.3
FEWEST_CALLS, MOST_CALLS = 5, 2000
_SPINS = 20_000  # of one timed loop: half a millisecond


def slowed(loaded: Loaded, factor: float) -> Loaded:
    """The same workload, each step followed by a loop that makes it `factor` times as long; untouched at 1.

    Both are measured here, before anything is timed. The loop is a number of turns: it slows down with the machine, as
    the step does. By processor time: on a busy machine a long step is interrupted and a short loop is not. Threads that
    wait for each other without using it make the slowdown smaller than was asked for, never larger.
    """
    if factor == 1:
        return loaded
    step_s = _typical_s(loaded.step, time.process_time_ns) / loaded.threads
    turn_s = _typical_s(lambda: _spin(range(_SPINS)), time.thread_time_ns) / _SPINS
    if loaded.restore is not None:
        loaded.restore()
    return _longer(loaded, range(max(1, round((factor - 1) * step_s / turn_s))))


def _longer(loaded: Loaded, turns: range) -> Loaded:
    """Also when it is set up anew on another seat."""
    step, anew = loaded.step, loaded.anew

    def longer() -> object:
        answer = step()
        _spin(turns)
        return answer

    return replace(loaded, step=longer, anew=None if anew is None else lambda: _longer(anew(), turns))


def _spin(turns: range) -> None:
    for _ in turns:
        pass


def _typical_s(call: Callable[[], object], now_ns: Callable[[], int]) -> float:
    """The median of calls over `CALIBRATION_S`, after some that do not count."""
    for _ in range(FEWEST_CALLS):
        call()
    seconds: list[float] = []
    while len(seconds) < FEWEST_CALLS or (sum(seconds) < CALIBRATION_S and len(seconds) < MOST_CALLS):
        start = now_ns()
        call()
        seconds.append(max(now_ns() - start, 1) / 1e9)
    return median(seconds)
