"""The versions of installed packages, read from their metadata: importing torch would take seconds."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from bench.records.environment import RuntimeVersion
from bench.system.files import text_of

PACKAGE_FOLDERS = frozenset({"site-packages", "dist-packages"})  # where a Python keeps what is installed


def installed(name: str) -> RuntimeVersion | None:
    """The package of that name in this process's Python, None where it is missing."""
    try:
        package = distribution(name)
    except (PackageNotFoundError, ValueError):
        return None
    return RuntimeVersion(name=name, version=package.version or "unknown", note=_note(name, package.locate_file("")))


def versions(packages: Iterable[str]) -> tuple[RuntimeVersion, ...]:
    """Those of the packages that are installed, in their order."""
    return tuple(version for name in packages if (version := installed(name)) is not None)


def _note(name: str, site: object) -> str:
    if name != "torch":
        return ""
    # torch/version.py is a few assignments; they tell a CPU build from a CUDA one without importing it.
    for line in text_of(Path(str(site)) / "torch/version.py").splitlines():
        if line.startswith("cuda") and "=" in line:
            value = line.rpartition("=")[2].strip().strip("'\"")
            return "CPU build" if value == "None" else f"CUDA {value} build"
    return ""
