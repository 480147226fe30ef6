"""Which code a number was made with: a hash of the sources that decide it."""

import hashlib
from functools import lru_cache
from importlib import resources
from importlib.metadata import PackageNotFoundError, version

# What runs inside or around the timed region, and what is timed. Tables, commands and transports decide no number.
_PACKAGES = ("operators", "models", "bench.measuring", "bench.runtimes", "bench.worker")
_MODULES = ("building.py", "inputs.py", "statistics.py", "workload.py", "workloads.py")


@lru_cache(maxsize=1)
def code_version() -> str:
    """12 hex digits; two runs with the same ones measured the same way."""
    digest = hashlib.sha256()
    sources = [(package, item) for package in _PACKAGES for item in resources.files(package).iterdir()]
    sources += [("bench", resources.files("bench") / name) for name in _MODULES]
    for package, item in sorted(sources, key=lambda source: (source[0], source[1].name)):
        if item.name.endswith(".py"):
            digest.update(f"{package}/{item.name}\0".encode() + item.read_bytes())
    return digest.hexdigest()[:12]


def package_version() -> str:
    """The installed version; a bare checkout has none."""
    try:
        return version("cross-device-bench")
    except PackageNotFoundError:
        return "checkout"
