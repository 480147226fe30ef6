"""What malloc does with freed memory: the choices of `--allocator`, and how to know which one a process has."""

import ctypes.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

# Beyond any size from which glibc's malloc maps a block by itself (32 MiB at most), so that `system` shows.
PROBE_BYTES = 48 << 20


@dataclass(frozen=True, kw_only=True)
class Allocator:
    """One choice. It is made by variables, which malloc reads before a program's first line runs.

    library: the shared library that replaces glibc's malloc, by the name that the linker's cache knows; "" for none.
    package: what Debian calls its package.
    retains: whether freed memory stays in the process; else large blocks go back to the kernel.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    library: str = ""
    package: str = ""
    retains: bool = True


# docs/method.md, "Memory", says what each does to a number.
ALLOCATORS: Mapping[str, Allocator] = {
    "system": Allocator(retains=False),  # as the C library comes
    "retained": Allocator(
        # glibc's own: no block is mapped, none is given back, and the heap grows by 64 MiB at a time.
        variables={
            "MALLOC_MMAP_MAX_": "0",
            "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
            "MALLOC_TOP_PAD_": str(64 << 20),
        },
    ),
    "jemalloc": Allocator(
        # Keeps what was freed, in huge pages.
        variables={"MALLOC_CONF": "thp:always,retain:true,dirty_decay_ms:-1,muzzy_decay_ms:-1"},
        library="jemalloc",
        package="libjemalloc2",
    ),
}
DEFAULT_ALLOCATOR = "retained"


def allocator_environment(name: str) -> dict[str, str]:
    """The variables to start a process with; without the library's where it is not installed (it will say so)."""
    chosen = ALLOCATORS.get(name)
    if chosen is None:
        raise ValueError(f"expected an allocator of {', '.join(ALLOCATORS)}, got {name!r}; choose one of them")
    if not chosen.library:
        return dict(chosen.variables)
    found = _library(chosen.library)
    return {} if found is None else {**chosen.variables, "LD_PRELOAD": found}


@cache
def _library(name: str) -> str | None:
    return ctypes.util.find_library(name)
