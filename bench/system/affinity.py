"""Which CPUs a worker may use, and the thread variables that its libraries read at import (measurement.md rule 1)."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.system.files import number_of, text_of

SYS = Path("/sys/devices/system")
# Every library that might start a pool reads one of these, once, when it is imported.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

# Cores within a tenth of the fastest are its equals: chips bin clusters and favour single cores by a few percent,
# while efficient cores are a fifth slower or more.
SAME_CLASS = 0.9


@dataclass(frozen=True, kw_only=True)
class Cpu:
    """One logical CPU: its physical core, NUMA node and relative capacity (1024 = the fastest)."""

    number: int
    core: tuple[int, ...]  # the same for hyper-threads of one core, and only for them
    node: int
    capacity: int


def topology(allowed: set[int] | None = None, sys: Path = SYS) -> tuple[Cpu, ...]:
    """The CPUs this process may use, as the kernel describes them; unknown parts are taken as equal."""
    numbers = sorted(os.sched_getaffinity(0) if allowed is None else allowed)
    nodes = _nodes(sys)
    return tuple(
        Cpu(
            number=number,
            core=_core(sys / f"cpu/cpu{number}/topology", number),
            node=nodes.get(number, 0),
            capacity=_capacity(sys / f"cpu/cpu{number}"),
        )
        for number in numbers
    )


def choose(cpus: tuple[Cpu, ...], threads: int) -> tuple[int, ...]:
    """CPUs for `threads` threads: big cores first, one hyper-thread a core, one node, and not core 0 if it can be.

    Raises ValueError where there are fewer CPUs than threads.
    """
    if not 1 <= threads <= len(cpus):
        raise ValueError(f"expected 1 to {len(cpus)} threads (the CPUs this process may use), got {threads}")
    big = big_cpus(cpus) or tuple(cpu.number for cpu in cpus)
    seen: set[tuple[int, ...]] = set()
    first_of_core = set()
    for cpu in cpus:
        if cpu.core not in seen:
            first_of_core.add(cpu.number)
            seen.add(cpu.core)
    # Interrupts and daemons live on core 0: it comes last, unless every core is needed.
    core0 = cpus[0].core if cpus[0].number == 0 else None
    room = {cpu.node: 0 for cpu in cpus}
    for cpu in cpus:
        room[cpu.node] += cpu.number in first_of_core and cpu.number in big and cpu.core != core0
    home = max(room, key=lambda node: (room[node] >= threads, -node if room[node] >= threads else room[node]))
    ranked = sorted(
        cpus,
        key=lambda cpu: (
            cpu.number not in big,
            0 if cpu.number in big else -cpu.capacity,
            cpu.number not in first_of_core,
            cpu.node != home,
            cpu.core == core0,
            cpu.number,
        ),
    )
    return tuple(sorted(cpu.number for cpu in ranked[:threads]))


def thread_environment(threads: int) -> dict[str, str]:
    """The variables to set before a runtime is imported."""
    return {name: str(threads) for name in THREAD_VARIABLES} | {"OMP_DYNAMIC": "FALSE", "MKL_DYNAMIC": "FALSE"}


@contextmanager
def pinned(cpus: Iterable[int]) -> Iterator[None]:
    """All threads of this process on these CPUs; each back on its own afterwards, new ones where their maker was."""
    wanted, own, before = set(cpus), os.sched_getaffinity(0), {}
    for task in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended
            before[int(task.name)] = os.sched_getaffinity(int(task.name))
            os.sched_setaffinity(int(task.name), wanted)
    try:
        yield
    finally:
        for task in Path("/proc/self/task").iterdir():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), before.get(int(task.name), own))


def big_cpus(cpus: tuple[Cpu, ...]) -> tuple[int, ...]:
    """The fast cores of a big.LITTLE or hybrid machine; empty where all CPUs are of one class."""
    fastest = max(cpu.capacity for cpu in cpus)
    big = tuple(cpu.number for cpu in cpus if cpu.capacity >= SAME_CLASS * fastest)
    return big if len(big) < len(cpus) else ()


def _core(folder: Path, number: int) -> tuple[int, ...]:
    # The CPUs that share the core. Its id counts anew in each cluster of an ARM chip, and older kernels know only that.
    shared = parse_cpu_list(text_of(folder / "core_cpus_list") or text_of(folder / "thread_siblings_list"))
    core = number_of(folder / "core_id")
    return shared or (number_of(folder / "physical_package_id") or 0, number if core is None else core)


def _capacity(folder: Path) -> int:
    # ARM kernels give cpu_capacity; elsewhere the top clock tells a fast core from a slow one.
    return number_of(folder / "cpu_capacity") or number_of(folder / "cpufreq/cpuinfo_max_freq") or 1024


def _nodes(sys: Path) -> dict[int, int]:
    found = {}
    for folder in (sys / "node").glob("node[0-9]*"):
        for number in parse_cpu_list(text_of(folder / "cpulist")):
            found[number] = int(folder.name[4:])
    return found


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """The kernel's list format: "0-3,8" is 0, 1, 2, 3, 8."""
    numbers: list[int] = []
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return tuple(numbers)
