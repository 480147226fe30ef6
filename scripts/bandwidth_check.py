"""Hold `bench peak`'s memory against loops in C, as STREAM has them: `python scripts/bandwidth_check.py [--threads N]`.

Both go over the same arrays with the same threads, in turn, visit by visit. The loops are compiled here by gcc twice:
as -O3 makes them (it turns a copy into memcpy, a fill into memset), and as plain loops. Printed for each level and
access: both speeds of C in GB/s, ours, and ours over the faster of the two. Target: a copy within 10 %.
"""

import argparse
import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.records.ceilings import ACCESSES, Access
from bench.system.affinity import choose, pinned, topology
from bench.worker.measuring.clock import SystemClock
from bench.worker.peak import memory
from bench.worker.peak.crew import Crew
from bench.worker.peak.ways import Way, ways

SOURCE = """
#include <stddef.h>
#include <stdint.h>
#define AGAIN for (; times; times--, seen())
static inline void seen(void) { __asm__ volatile("" ::: "memory"); }
void c_read(size_t times, size_t n, const float *restrict a, uint64_t *out) {
    const uint64_t *x = (const uint64_t *)a; uint64_t found = 0;
    AGAIN for (size_t i = 0; i < n / 2; i++) found |= x[i];
    *out = found;
}
void c_write(size_t times, size_t n, float *restrict a) { AGAIN for (size_t i = 0; i < n; i++) a[i] = 0; }
void c_copy(size_t times, size_t n, const float *restrict a, float *restrict b) {
    AGAIN for (size_t i = 0; i < n; i++) b[i] = a[i];
}
void c_triad(size_t times, size_t n, const float *restrict a, const float *restrict b, float *restrict c) {
    AGAIN for (size_t i = 0; i < n; i++) c[i] = a[i] + 3 * b[i];
}
"""
FLAGS = {"gcc -O3": (), "plain loops": ("-fno-tree-loop-distribute-patterns",)}
TARGET = 0.10


def compiled(folder: Path, name: str, flags: tuple[str, ...]) -> ctypes.CDLL:
    """The loops as a shared library."""
    source, library = folder / "loops.c", folder / f"{name.replace(' ', '')}.so"
    source.write_text(SOURCE)
    command = ["gcc", "-O3", "-march=native", *flags, "-shared", "-fPIC", str(source), "-o", str(library)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


def way_in_c(library: ctypes.CDLL, access: Access) -> Way:
    """A way as ours are."""
    loop = getattr(library, f"c_{access}")
    out = ctypes.c_uint64()

    def make(times: int, *arrays: Any) -> Callable[[], object]:
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        tail = [ctypes.byref(out)] if access == "read" else []
        return partial(loop, ctypes.c_size_t(times), ctypes.c_size_t(arrays[0].nbytes // 4), *pointers, *tail)

    return Way(make=make)


def visit(level: memory.Level, access: Access, libraries: dict[str, ctypes.CDLL], crew: Crew) -> dict[str, float]:
    """The speed of every way over one set of arrays, in bytes a second."""
    count = memory.ARRAYS[access]
    size = memory.bytes_each(level, access, crew.size)
    arrays = crew.each(partial(memory.arrays_of, count, size))
    found = {
        name: memory.rate(way_in_c(library, access), arrays, crew, level.parts) for name, library in libraries.items()
    }
    return found | {"ours": max(memory.rate(way, arrays, crew, level.parts) for way in ways(access, size))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--visits", type=int, default=6)
    given = parser.parse_args()
    cpus = choose(topology(), given.threads)
    levels, _ = memory.levels_of(cpus)
    rates: dict[tuple[str, Access], list[dict[str, float]]] = {}
    with TemporaryDirectory() as scratch, pinned(cpus), Crew(cpus, SystemClock()) as crew:
        libraries = {name: compiled(Path(scratch), name, flags) for name, flags in FLAGS.items()}
        for _ in range(given.visits):
            for level in levels:
                for access in ACCESSES:
                    rates.setdefault((level.name, access), []).append(visit(level, access, libraries, crew))
    show(rates, os.cpu_count() or 1, given.threads)


def show(rates: dict[tuple[str, Access], list[dict[str, float]]], cpus: int, threads: int) -> None:
    """A line for each level and access, then the copies that miss the target."""
    print(
        f"{threads} of {cpus} CPUs; GB/s, medians of {len(next(iter(rates.values())))} visits; ours over the better C"
    )
    names, missed = [*FLAGS, "ours"], []
    print(f"{'':12s}" + "".join(f"{name:>14s}" for name in [*names, "ratio"]))
    for (level, access), visits in rates.items():
        centres = {name: median(each[name] for each in visits) / 1e9 for name in names}
        ratio = median(each["ours"] / max(each[name] for name in FLAGS) for each in visits)
        print(f"{level:6s}{access:6s}" + "".join(f"{centres[name]:14.1f}" for name in names) + f"{ratio:14.3f}")
        if access == "copy" and abs(ratio - 1) > TARGET:
            missed.append(f"{level} {ratio:.3f}")
    print(f"copies outside {TARGET:.0%}: {', '.join(missed) or 'none'}")


if __name__ == "__main__":
    main()
