"""The wheels of a folder that a board without internet needs: those that fit it, and what they require in turn."""

import re
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from bench.errors import UsageError

# name-version(-build)-python-abi-platform.whl
_FILE = re.compile(
    r"(?P<name>[A-Za-z0-9_.]+)-[^-]+(-\d[^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a wheel must fit: the device's Python ("3.11.2") and machine ("aarch64")."""

    python: str
    machine: str

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version."""
        major, minor = self.python.split(".")[:2]
        return int(major), int(minor)


def choose_wheels(folder: Path, packages: tuple[str, ...], target: Target) -> tuple[Path, ...]:
    """The wheels to send; UsageError naming what is missing and how to fetch it."""
    if not folder.is_dir():
        raise UsageError(f"expected a folder of wheels at {folder}, there is none; check --wheels")
    fitting: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.whl")):
        if (match := _FILE.fullmatch(path.name)) and _fits(match, target):
            fitting.setdefault(normal(match["name"]), []).append(path)
    chosen: dict[str, list[Path]] = {}
    waiting = [normal(package) for package in packages]
    if missing := [name for name in waiting if name not in fitting]:
        major, minor = target.release
        raise UsageError(
            f"expected wheels of {', '.join(missing)} for Python {major}.{minor} on {target.machine} in {folder}, found"
            f" none; fetch them with `pip download --only-binary=:all: --python-version {major}.{minor}"
            f" --platform manylinux_2_28_{target.machine} --platform manylinux2014_{target.machine}"
            f" -d {folder} {' '.join(missing)}`"
        )
    while waiting:
        name = waiting.pop()
        # What the folder lacks may be for other systems: pip on the device has the last word.
        if name in fitting and name not in chosen:
            chosen[name] = fitting[name]
            waiting += [need for path in fitting[name] for need in requirements(path)]
    return tuple(path for name in sorted(chosen) for path in chosen[name])


def requirements(wheel: Path) -> list[str]:
    """Names that a wheel's metadata asks for outside of its extras."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
            metadata = HeaderParser().parsestr(archive.read(name).decode("utf-8", "replace"))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UsageError(f"expected a wheel at {wheel}, it cannot be read ({error}); fetch it again") from None
    lines = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line.partition(";")[2]]
    return [normal(match[0]) for line in lines if (match := _REQUIREMENT.match(line))]


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _fits(wheel: re.Match[str], target: Target) -> bool:
    major, minor = target.release
    machine = any(tag == "any" or tag.endswith(f"_{target.machine}") for tag in wheel["platform"].split("."))
    stable = "abi3" in wheel["abi"].split(".")
    for tag in wheel["python"].split("."):
        if tag in (f"py{major}", f"py{major}{minor}", f"cp{major}{minor}"):
            return machine and "musllinux" not in wheel["platform"]
        if stable and (match := re.fullmatch(rf"cp{major}(\d+)", tag)) and int(match[1]) <= minor:
            return machine
    return False
