"""What a machine's CPUs do while this process sleeps, from two looks at the kernel's counters (proc(5))."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.records.health import Load, ProcessUse
from bench.system.files import text_of

MOST_PROCESSES = 3
LEAST_PERCENT = 1.0  # of one CPU, below which nobody asks for a name


@dataclass(frozen=True, kw_only=True)
class _Look:
    """Ticks of 1/100 s (SC_CLK_TCK) since boot: of the CPUs in question, and by process."""

    passed: int
    idle: int
    stolen: int
    processes: dict[int, tuple[str, int]]  # name and ticks on a CPU


def watch(cpus: tuple[int, ...], seconds: float, wait: Callable[[float], None] = time.sleep, root: str = "/") -> Load:
    """What others did on these CPUs within the next seconds."""
    before = _look(cpus, Path(root))
    wait(seconds)
    after = _look(cpus, Path(root))
    passed, stolen = after.passed - before.passed, max(after.stolen - before.stolen, 0)
    used = max(passed - stolen - max(after.idle - before.idle, 0), 0)  # idle time may go back (proc(5))
    return Load(
        seconds=seconds,
        others_percent=100 * used / passed if passed > 0 else 0.0,
        steal_percent=100 * stolen / passed if passed > 0 else 0.0,
        processes=_busiest(before, after, seconds),
    )


def _busiest(before: _Look, after: _Look, seconds: float) -> tuple[ProcessUse, ...]:
    ticks = os.sysconf("SC_CLK_TCK") * seconds
    used = [
        ProcessUse(name=name, percent=100 * (spent - before.processes.get(number, (name, 0))[1]) / ticks)
        for number, (name, spent) in after.processes.items()
        if number in before.processes
    ]
    busy = sorted((each for each in used if each.percent >= LEAST_PERCENT), key=lambda each: -each.percent)
    return tuple(busy[:MOST_PROCESSES])


def _look(cpus: tuple[int, ...], root: Path) -> _Look:
    wanted, passed, idle, stolen = {f"cpu{cpu}" for cpu in cpus}, 0, 0, 0
    for line in text_of(root / "proc/stat").splitlines():
        name, *ticks = line.split()
        if name in wanted and len(ticks) >= 8:
            counts = list(map(int, ticks[:8]))
            passed, idle, stolen = passed + sum(counts), idle + counts[3] + counts[4], stolen + counts[7]
    own = os.getpid()
    found = {int(each.name): _process(each) for each in (root / "proc").glob("[0-9]*") if each.name != str(own)}
    return _Look(passed=passed, idle=idle, stolen=stolen, processes=found)


def _process(folder: Path) -> tuple[str, int]:
    # The name in brackets may hold blanks and brackets; user and system time are the 12th and 13th word after it.
    head, _, rest = text_of(folder / "stat").rpartition(")")
    words = rest.split()
    return head.partition("(")[2], sum(map(int, words[11:13])) if len(words) > 12 else 0
