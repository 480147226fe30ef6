"""Which code a number was made with: a hash of the sources that decide it."""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from importlib.resources.abc import Traversable

# What is timed, and what runs inside or around the timed region. What only carries, keeps or shows decides no number.
ROOMS = (
    "operators",
    "models",
    "bench/worker",
    "bench/statistics.py",
    "bench/records/workload.py",
    "bench/plan/subjects.py",
)


@lru_cache(maxsize=1)
def code_version() -> str:
    """12 hex digits; two runs with the same ones measured the same way."""
    digest = hashlib.sha256()
    for room in ROOMS:
        package, _, inside = room.partition("/")
        for path, source in sorted(_sources(room, resources.files(package).joinpath(inside))):
            digest.update(f"{path}\0".encode() + source)
    return digest.hexdigest()[:12]


def _sources(path: str, item: Traversable) -> Iterator[tuple[str, bytes]]:
    if item.is_dir():
        for child in item.iterdir():
            yield from _sources(f"{path}/{child.name}", child)
    elif path.endswith(".py"):
        yield path, item.read_bytes()


def package_version() -> str:
    """The installed version; a bare checkout has none."""
    try:
        return version("cross-device-bench")
    except PackageNotFoundError:
        return "checkout"
