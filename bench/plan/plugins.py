"""What installed distributions offer beside our own rows: entry points, read when a table is first asked for them."""

import contextlib
import logging
import re
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from bench.plain_text import plain_line
from bench.plan.sources import files_of

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

Row = TypeVar("Row")

ON_DEVICES = ("bench.runtimes", "bench.operators", "bench.models")
GROUPS = (*ON_DEVICES, "bench.reports")
_OURS = ("bench", "models", "operators", "reports")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,39}")
_COMPILED = (*EXTENSION_SUFFIXES, ".so", ".pyd", ".dll", ".dylib")


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One entry point; `problem` says why it is left out, as far as its table has been read."""

    group: str
    name: str
    distribution: str
    version: str
    problem: str = ""

    @property
    def remedy(self) -> str:
        """What its user can do about it."""
        return f"mend {self.distribution} {self.version}, or `pip uninstall {self.distribution}`"


_problems: dict[Offer, str] = {}
_takers: dict[tuple[str, str], Offer] = {}  # who offers the row of that name


def rows(
    group: str,
    kind: type[Row],
    *,
    taken: Collection[str] = (),
    check: Callable[[str, Row], object] = lambda name, row: None,
) -> dict[str, Row]:
    """The rows of plug-ins in that group, by name: the row's own, else that of its entry point.

    One that raises, is no `kind`, has a name that is taken or fails the check is left out with one line on stderr.
    """
    found: dict[str, Row] = {}
    for offer, point in _offered():
        if offer.group != group:
            continue
        try:
            with contextlib.redirect_stdout(sys.stderr):  # stdout is for results
                row = point.load()
                if not isinstance(row, kind):
                    raise TypeError(f"expected a row of type {kind.__name__}, got {type(row).__name__}")
                name = getattr(row, "name", offer.name)
                if not isinstance(name, str) or not _NAME.fullmatch(name):
                    raise ValueError(f"expected a plain name such as {group.rpartition('.')[2]}_2, got {name!r}")
                if name in taken or name in found:
                    raise ValueError(f"the name {name} is taken")
                check(name, row)
            found[name], _takers[group, name] = row, offer
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's module may raise anything
            _leave_out(offer, f"{type(error).__name__}: {error}")
    return found


def offers() -> tuple[Offer, ...]:
    """All that is offered, with what is known to be wrong with it."""
    known = [offer for offer, _ in _offered()]
    strays = [offer for offer in _problems if offer not in known]
    return tuple(replace(offer, problem=_problems.get(offer, "")) for offer in (*known, *strays))


def remedy(group: str, name: str) -> str:
    """What to do about a row that answers nonsense only when it is used."""
    return _takers[group, name].remedy if (group, name) in _takers else "mend it"


def sources(*, pure: bool) -> Iterator[tuple[str, bytes]]:
    """The files of the plug-ins that a worker may need, by their path in an archive that Python imports from.

    `pure` leaves out a distribution with compiled files: those are a device's own, and are to be installed there.
    """
    carried = {offer.distribution: point.dist for offer, point in _offered() if offer.group in ON_DEVICES}
    for name, distribution in carried.items():
        files = {} if distribution is None else dict(_files_of(name, distribution))
        if not (pure and any(path.endswith(_COMPILED) for path in files)):
            yield from files.items()


def _leave_out(offer: Offer, reason: str) -> None:
    _problems[offer] = plain_line(f"{reason}; {offer.remedy}")
    logging.getLogger("bench").warning(
        "bench: %s", plain_line(f"left out {offer.name!r} of {offer.group}: {_problems[offer]}", 500)
    )


@cache
def _offered() -> "tuple[tuple[Offer, EntryPoint], ...]":
    # It costs milliseconds that most processes need not pay.
    from importlib.metadata import distributions

    found: dict[str, list[tuple[Offer, EntryPoint]]] = {}
    for distribution in distributions():
        text = distribution.read_text("entry_points.txt") or ""
        if "[bench." not in text:
            continue
        metadata = distribution.metadata
        name, version = plain_line(metadata["Name"], 80), plain_line(metadata["Version"], 40)
        if name in found:  # hidden by the one that comes first on the path
            continue
        try:
            points = [point for point in distribution.entry_points if point.group in GROUPS]
        except Exception as error:  # noqa: BLE001 - what is raised for a file in no known form has changed with versions
            stray = Offer(group="bench", name="entry_points.txt", distribution=name, version=version)
            _leave_out(stray, f"{type(error).__name__}: {error}")
            points = []
        found[name] = [
            (Offer(group=p.group, name=plain_line(p.name, 80), distribution=name, version=version), p) for p in points
        ]
    return tuple(pair for name in sorted(found) for pair in found[name])


def _files_of(name: str, distribution: "Distribution") -> Iterator[tuple[str, bytes]]:
    folder = f"{re.sub(r'[-_.]+', '_', name)}-{distribution.version}.dist-info"
    told = {each: distribution.read_text(each) or "" for each in ("METADATA", "entry_points.txt", "top_level.txt")}
    told["METADATA"] = told["METADATA"] or distribution.read_text("PKG-INFO") or ""  # one that `pip install -e` left
    yield from ((f"{folder}/{each}", text.encode()) for each, text in told.items())
    modules = {point.module.partition(".")[0] for offer, point in _offered() if offer.distribution == name}
    modules |= {*told["top_level.txt"].split()}
    for module in sorted(modules.difference(_OURS)):
        spec = find_spec(module)
        loader: Any = spec and spec.loader  # found, not imported: whatever its body does, it does when it is used
        if loader is None or spec is None or spec.origin is None:
            continue
        if spec.submodule_search_locations is None:
            yield spec.origin.rpartition("/")[2], loader.get_data(spec.origin)
        else:
            yield from files_of(module, loader.get_resource_reader(module).files(), (".py", *_COMPILED))
