"""The threads of this process: which of them worked while a unit was sampled, and on which CPUs they might."""

import os
import time
from contextlib import suppress
from pathlib import Path

from bench.system.files import text_of
from bench.system.priority import PRIORITIES, is_realtime

BUSY_SHARE = 0.05  # of the time that calls took


class ThreadsError(Exception):
    """The runtime does not use the threads or the CPUs that it was told to use."""


class ThreadWatch:
    """Time on a CPU by thread, as the kernel counts it (proc_pid_schedstat, else the ticks of proc_pid_stat)."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._tasks = root / "proc/self/task"
        self.start()

    def start(self) -> None:
        """Take the counters' present values."""
        self._started, self._before = time.monotonic(), self._seconds()

    def worked(self, calls_share: float = 1.0) -> tuple[int, ...]:
        """The threads that were busy since `start`, by their kernel's number; calls took `calls_share` of the time."""
        least = BUSY_SHARE * calls_share * (time.monotonic() - self._started)
        return tuple(
            number for number, spent in self._seconds().items() if spent - self._before.get(number, 0.0) >= least
        )

    def _seconds(self) -> dict[int, float]:
        return {int(each.name): _cpu_seconds(each) for each in self._tasks.glob("[0-9]*")}


def check_cpus(worked: tuple[int, ...], wanted: int, cpus: frozenset[int]) -> None:
    """ThreadsError where threads that worked might leave the CPUs, or were bound to fewer than they needed."""
    allowed: set[int] = set()
    for number in worked:
        with suppress(ProcessLookupError):  # it has ended since
            allowed |= os.sched_getaffinity(number)
    if allowed - cpus:
        raise ThreadsError(
            f"put the threads on CPUs {sorted(cpus)}, they could run on {sorted(allowed)}: something in the workload"
            " changes the affinity; leave it alone"
        )
    if allowed and len(allowed) < min(len(worked), wanted):
        raise ThreadsError(
            f"{len(worked)} threads worked on CPUs {sorted(allowed)} alone of {sorted(cpus)}: something in the"
            " workload binds them; leave the affinity alone"
        )


def check_priority(worked: tuple[int, ...], *, realtime: bool) -> None:
    """ThreadsError where threads that worked run at another priority than they were given."""
    others = 0
    for number in worked:
        with suppress(ProcessLookupError):  # it has ended since
            others += is_realtime(number) is not realtime
    if others:
        raise ThreadsError(
            f"expected {len(worked)} threads of {PRIORITIES[realtime]} priority to work, {others} of them had another:"
            " something in the workload changes it; leave the scheduling policy alone"
        )


def threads_note(worked: tuple[int, ...], wanted: int) -> tuple[str, ...]:
    """What to say where other threads worked than were asked for."""
    count = len(worked)
    if not count or count == wanted:
        return ()
    return (f"{count} thread{'s' * (count > 1)} worked, {wanted} {'were' if wanted > 1 else 'was'} asked for",)


def _cpu_seconds(task: Path) -> float:
    nanoseconds = text_of(task / "schedstat").partition(" ")[0]
    if nanoseconds.isdigit() and int(nanoseconds):
        return int(nanoseconds) / 1e9
    # The name in brackets may hold blanks; user and system time are the 12th and 13th word after it.
    words = text_of(task / "stat").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK") if len(words) > 12 else 0.0
