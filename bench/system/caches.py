"""The data caches that a set of CPUs has together, level by level, as the kernel describes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.system.affinity import SYS
from bench.system.files import number_of, text_of

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, kw_only=True)
class CacheLevel:
    """One level: its name as people say it, and the bytes of all its caches that these CPUs reach."""

    name: str
    size_bytes: int


def cache_levels(cpus: Iterable[int], sys: Path = SYS) -> tuple[CacheLevel, ...]:
    """Smallest first; empty where the kernel does not tell. A cache that several of the CPUs share counts once."""
    caches: dict[tuple[str, str], int] = {}
    for cpu in cpus:
        for folder in (sys / f"cpu/cpu{cpu}/cache").glob("index[0-9]*"):
            kind, size = text_of(folder / "type"), _bytes(text_of(folder / "size"))
            if kind != "Instruction" and size:
                name = f"L{number_of(folder / 'level') or 0}{'d' * (kind == 'Data')}"
                caches[name, text_of(folder / "shared_cpu_list") or str(cpu)] = size
    names = dict.fromkeys(name for name, _ in caches)
    levels = [
        CacheLevel(name=name, size_bytes=sum(size for (own, _), size in caches.items() if own == name))
        for name in names
    ]
    return tuple(sorted(levels, key=lambda each: each.size_bytes))


def _bytes(text: str) -> int:
    """`32K`, `1024K`; 0 for what is no size."""
    unit = _UNITS.get(text[-1:], 0)
    return int(text[:-1]) * unit if unit and text[:-1].isdigit() else 0
