"""Which code a number was made with: a hash of the sources that decide it."""

import hashlib
from functools import lru_cache
from importlib import resources
from importlib.metadata import PackageNotFoundError, version

from bench.plan.plugins import sources
from bench.plan.sources import files_of

# What is timed, and what runs inside or around the timed region. What only carries, keeps or shows decides no number.
ROOMS = (
    "operators",
    "models",
    "bench/worker",
    "bench/statistics.py",
    "bench/system/allocator.py",
    "bench/system/inherited.py",
    "bench/system/priority.py",
    "bench/system/power.py",
    "bench/system/spinning.py",
    "bench/records/sustained.py",
    "bench/records/workload.py",
    "bench/plan/runtime_row.py",
    "bench/plan/runtimes.py",
    "bench/plan/subjects.py",
)


@lru_cache(maxsize=1)
def code_version() -> str:
    """12 hex digits; two runs with the same ones measured the same way. Plug-ins that are installed count."""
    digest = hashlib.sha256()
    for room in ROOMS:
        package, _, inside = room.partition("/")
        for path, source in sorted(files_of(room, resources.files(package).joinpath(inside))):
            digest.update(f"{path}\0".encode() + source)
    for path, source in sorted(sources(pure=False)):
        digest.update(f"{path}\0".encode() + source)
    return digest.hexdigest()[:12]


def package_version() -> str:
    """The installed version; a bare checkout has none."""
    try:
        return version("cross-device-bench")
    except PackageNotFoundError:
        return "checkout"
