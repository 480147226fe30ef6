"""The kernel's settings that decide numbers, from its small files."""

import os
import resource
from collections.abc import Iterable
from pathlib import Path

from bench.records.health import Tuning
from bench.system.files import number_of, text_of

_CPU = "sys/devices/system/cpu"
_CAP_SYS_NICE = 23


def tuning(cpus: Iterable[int], root: Path = Path("/")) -> Tuning:
    """Those of the machine, and of these CPUs where they differ."""
    memory = memory_bytes(root)
    total, free = memory.get("SwapTotal"), memory.get("SwapFree")
    folders = [root / _CPU / f"cpu{cpu}/cpufreq" for cpu in cpus]
    return Tuning(
        governor=",".join(sorted({text_of(each / "scaling_governor") for each in folders} - {""})),
        max_frequency_hz=_lowest_hz(folders, "cpuinfo_max_freq"),
        boost=_boost(root),
        clock_source=text_of(root / "sys/devices/system/clocksource/clocksource0/current_clocksource"),
        numa_nodes=max(1, len(list((root / "sys/devices/system/node").glob("node[0-9]*")))),
        memory_available_bytes=memory.get("MemAvailable"),
        swap_bytes=total,
        swap_used_bytes=None if total is None or free is None else total - free,
        huge_pages=_chosen(text_of(root / "sys/kernel/mm/transparent_hugepage/enabled")),
        aslr=number_of(root / "proc/sys/kernel/randomize_va_space"),
        lowest_nice=_lowest_nice(root),
    )


def frequency_hz(cpus: Iterable[int], root: Path = Path("/")) -> int | None:
    """The lowest present clock of these CPUs; None where the kernel does not tell, as in most virtual machines."""
    return _lowest_hz([root / _CPU / f"cpu{cpu}/cpufreq" for cpu in cpus], "scaling_cur_freq")


def _lowest_hz(folders: Iterable[Path], name: str) -> int | None:
    found = [khz for each in folders if (khz := number_of(each / name))]
    return min(found) * 1000 if found else None


def _boost(root: Path) -> bool | None:
    """Whether clocks go beyond the nominal one: acpi-cpufreq and amd-pstate say so, intel_pstate says the contrary."""
    on, off = number_of(root / _CPU / "cpufreq/boost"), number_of(root / _CPU / "intel_pstate/no_turbo")
    return None if on is None and off is None else on == 1 or off == 0


def memory_bytes(root: Path = Path("/")) -> dict[str, int]:
    """What the kernel says of its memory, by name (MemAvailable, SwapFree), in bytes."""
    lines = (line.split() for line in text_of(root / "proc/meminfo").splitlines())
    return {words[0].rstrip(":"): 1024 * int(words[1]) for words in lines if len(words) == 3 and words[1].isdigit()}


def _chosen(text: str) -> str:
    """`always [madvise] never` is madvise."""
    return text.partition("[")[2].partition("]")[0]


def _lowest_nice(root: Path) -> int:
    capable = any(
        int(line.split()[1], 16) >> _CAP_SYS_NICE & 1
        for line in text_of(root / "proc/self/status").splitlines()
        if line.startswith("CapEff:")
    )
    limit = 40 if capable else max(0, resource.getrlimit(resource.RLIMIT_NICE)[0])
    return max(-20, min(os.nice(0), 20 - limit))
