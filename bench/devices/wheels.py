"""The wheels of a folder that a board without internet needs: those that fit it, and what they require in turn."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.metadata import parse_email
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from bench.errors import UsageError

_MANYLINUX = re.compile(r"^manylinux[\d_]+_(?=[a-z])")  # manylinux2014_, manylinux_2_28_


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

    def tags(self) -> frozenset[Tag]:
        """What its Python takes. `linux` stands for every manylinux: its glibc is not known here, pip sees it there."""
        interpreter, platforms = "cp{}{}".format(*self.release), (f"linux_{self.machine}",)
        own = cpython_tags(self.release, abis=(interpreter,), platforms=platforms)
        return frozenset((*own, *compatible_tags(self.release, interpreter=interpreter, platforms=platforms)))

    def markers(self, extra: str) -> dict[str, str]:
        """What a requirement's marker may ask of it, where it can differ from the host: both are CPython on Linux."""
        return {
            "extra": extra,
            "implementation_version": self.python,
            "platform_machine": self.machine,
            "python_full_version": self.python,
            "python_version": "{}.{}".format(*self.release),
        }


def choose_wheels(
    folder: Path, packages: tuple[str, ...], target: Target, alone: tuple[str, ...] = ()
) -> tuple[Path, ...]:
    """The wheels to send, those `alone` without what they require; UsageError with what is missing and fetches it."""
    if not folder.is_dir():
        raise UsageError(f"expected a folder of wheels at {folder}, there is none; check --wheels")
    fitting = _fitting(folder, target)
    wanted = [("", [each for each in map(canonicalize_name, packages) if each not in fitting])]
    wanted.append(("--no-deps ", [each for each in map(canonicalize_name, alone) if each not in fitting]))
    if any(names for _, names in wanted):
        raise UsageError(_missing(folder, target, wanted))
    asked: set[tuple[str, str]] = set()  # a package and an extra of it, or none
    waiting: list[tuple[str, str]] = [(canonicalize_name(package), "") for package in packages]
    while waiting:
        name, extra = need = waiting.pop()
        # What the folder lacks may be for other systems: pip on the device has the last word.
        if name in fitting and need not in asked:
            asked.add(need)
            waiting += [each for path in fitting[name] for each in _requirements(path, extra, target)]
    names = {name for name, _ in asked} | set(map(canonicalize_name, alone))
    return tuple(path for name in sorted(names) for path in fitting[name])


def _missing(folder: Path, target: Target, wanted: Sequence[tuple[str, Sequence[str]]]) -> str:
    """What is missing, by what else pip must be told, and the commands that fetch it."""
    python = "{}.{}".format(*target.release)
    command = (
        f"pip download --only-binary=:all: --python-version {python} --platform manylinux_2_28_{target.machine}"
        f" --platform manylinux2014_{target.machine} -d {folder}"
    )
    fetch = " and ".join(f"`{command} {option}{' '.join(names)}`" for option, names in wanted if names)
    missing = ", ".join(name for _, names in wanted for name in names)
    return (
        f"expected wheels of {missing} for Python {python} on {target.machine} in {folder}, found none; fetch them"
        f" with {fetch}"
    )


def _fitting(folder: Path, target: Target) -> dict[str, list[Path]]:
    """Those that the target can install, by package."""
    supported = target.tags()
    fitting: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.whl")):
        try:
            name, _, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        if any(Tag(tag.interpreter, tag.abi, _MANYLINUX.sub("linux_", tag.platform)) in supported for tag in tags):
            fitting.setdefault(name, []).append(path)
    return fitting


def _requirements(wheel: Path, extra: str, target: Target) -> Iterator[tuple[str, str]]:
    """Packages that a wheel's metadata asks for on the target, each with "" and with every extra that is wanted."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
            lines = parse_email(archive.read(name))[0].get("requires_dist", [])
        needs = [Requirement(line) for line in lines]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UsageError(f"expected a wheel at {wheel}, it cannot be read ({error}); fetch it again") from None
    for need in needs:
        if need.marker is None or need.marker.evaluate(target.markers(extra)):
            yield from ((canonicalize_name(need.name), each) for each in ("", *need.extras))
