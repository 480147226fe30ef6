"""What the kernel tells of the CPU."""

from pathlib import Path

from bench.system.files import text_of


def cpuinfo() -> dict[str, str]:
    """The first value of each line's name in /proc/cpuinfo."""
    info: dict[str, str] = {}
    for line in text_of(Path("/proc/cpuinfo")).splitlines():
        key, colon, value = line.partition(":")
        if colon:
            info.setdefault(key.strip(), value.strip())
    return info


def cpu_features(info: dict[str, str]) -> frozenset[str]:
    """The instruction sets by the kernel's names: `flags` on x86, `Features` on Arm."""
    return frozenset((info.get("flags") or info.get("Features") or "").split())
