"""Minor page faults: how many there are, what one costs here, and whether freed memory is used again without any."""

import ctypes
import mmap
import resource
from pathlib import Path
from statistics import median

from bench.system.allocator import ALLOCATORS, PROBE_BYTES
from bench.system.files import text_of
from bench.worker.measuring.clock import Clock
from bench.worker.runtimes.loaded import UnsupportedError

_PAGES = 1024
_REPEATS = 5
_TOUCHED = 64


def minor_faults() -> int:
    """Of this process since it began, all its threads."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def page_fault_s(clock: Clock) -> float:
    """Seconds that a first write to a page takes beyond a second one; the median of a few thousand of them."""
    differences = []
    for _ in range(_REPEATS):
        with mmap.mmap(-1, _PAGES * mmap.PAGESIZE) as block:
            if hasattr(mmap, "MADV_NOHUGEPAGE"):
                block.madvise(mmap.MADV_NOHUGEPAGE)  # one fault for each page, whatever the machine prefers
            first, second = (_write(block, clock) for _ in range(2))
        differences.append((first - second) / _PAGES)
    return max(median(differences), 0.0)


def _write(block: mmap.mmap, clock: Clock) -> float:
    start = clock.now_ns()
    for offset in range(0, _PAGES * mmap.PAGESIZE, mmap.PAGESIZE):
        block[offset] = 1
    return (clock.now_ns() - start) / 1e9


def page_faults_note(per_call: float | None, fault_s: float | None, call_s: float, limit: float) -> tuple[str, ...]:
    """What to say where they take more than the part `limit` of a call; nothing where they do not."""
    share = (per_call or 0.0) * (fault_s or 0.0) / call_s
    if share <= limit:
        return ()
    return (f"about {min(share, 1):.0%} of the time went into {per_call:.0f} page faults a call: see --allocator",)


def check_allocator(name: str) -> None:
    """Read back what malloc does with freed memory; UnsupportedError where it isn't what was asked for."""
    chosen = ALLOCATORS[name]
    remedy = f"install {chosen.package} there or take another --allocator" if chosen.library else "take another one"
    if chosen.library and not _loaded(chosen.library):
        raise UnsupportedError(f"{chosen.library} is not installed on this device; {remedy}")
    if chosen.retains and not keeps_freed_memory():
        raise UnsupportedError(
            f"expected malloc to keep what was freed (--allocator {name}), on this device it gives it back; {remedy}"
        )


def _loaded(library: str) -> bool:
    return f"/lib{library}" in text_of(Path("/proc/self/maps"))


def keeps_freed_memory() -> bool:
    """Whether a large block that was freed and is asked for again is there without page faults."""
    process = ctypes.CDLL(None)
    process.malloc.restype, process.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    process.free.restype, process.free.argtypes = None, [ctypes.c_void_p]
    faults = []
    for _ in range(2):
        before = minor_faults()
        block = process.malloc(PROBE_BYTES)
        if not block:
            return False
        for page in range(_TOUCHED):
            ctypes.memset(block + page * mmap.PAGESIZE, 1, 1)
        process.free(block)
        faults.append(minor_faults() - before)
    # Where malloc gives memory back, each of the pages faults again.
    return faults[1] < _TOUCHED // 2
