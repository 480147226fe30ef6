"""Where a worker's packages and a user's own networks come from, where that is not this command's own Python."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from bench.records.environment import RuntimeVersion

LONGEST_PATH = 1024  # characters: a job of many units is one line of at most 1 MiB
LONGEST_LABEL = 80
NOT_THERE = "none"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One place of origin; each part is empty where it is the usual one. Our own code is never part of it.

    python: of the device that measures; its packages are loaded.
    folder: of this machine; `package.module:factory` and FILE.onnx are taken from it, and it is the working folder.
    label: what reports call it, in place of the Python's path.
    """

    python: str = ""
    folder: str = ""
    label: str = ""

    def __post_init__(self) -> None:
        for what, path in (("a Python", self.python), ("a project's folder", self.folder)):
            if path and not _whole(path):
                raise ValueError(
                    f"expected {what} by its whole path, of at most {LONGEST_PATH} characters, got {path[:60]!r};"
                    " begin it with /"
                )
        if len(self.label) > LONGEST_LABEL:
            raise ValueError(f"expected a label of at most {LONGEST_LABEL} characters, got {len(self.label)}")

    @property
    def words(self) -> str:
        """What people call it; empty for the usual one."""
        return self.label or self.python or self.folder


def _whole(path: str) -> bool:
    return PurePosixPath(path).is_absolute() and "\0" not in path and len(path) <= LONGEST_PATH


@dataclass(frozen=True, kw_only=True)
class PythonEnvironment:
    """A Python on a device: its version and the packages in it that decide a number."""

    path: str = ""  # empty: the one that workers there have where nothing else is said
    version: str
    packages: tuple[RuntimeVersion, ...] = ()

    def has(self, package: str) -> bool:
        """Whether the package is installed there."""
        return any(each.name == package for each in self.packages)

    @property
    def versions(self) -> dict[str, str]:
        """By name; Python is one of them."""
        return {"Python": self.version, **{each.name: _version(each) for each in self.packages}}


def differing(first: PythonEnvironment, second: PythonEnvironment) -> tuple[tuple[str, str, str], ...]:
    """Each name with its version in the first and in the second where they are not the same, those of both first."""
    one, other = first.versions, second.versions
    names = sorted(one.keys() | other.keys(), key=lambda name: (name not in one or name not in other, name))
    pairs = ((name, one.get(name, NOT_THERE), other.get(name, NOT_THERE)) for name in names)
    return tuple(pair for pair in pairs if pair[1] != pair[2])


def _version(package: RuntimeVersion) -> str:
    return f"{package.version} ({package.note})" if package.note else package.version
