"""Both sides of a gate: a revision of the user's project, and the working tree."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import UsageError
from bench.host.base_environment import python_of_base
from bench.host.checkout import checked_out, missing_parts
from bench.host.repository import Repository, find_repository
from bench.plain_text import plain_line
from bench.records.base import SHORT, Base
from bench.records.origin import Origin
from bench.records.run import Plan

LONGEST_PLACE = 160


@dataclass(frozen=True, kw_only=True)
class Revisions:
    """Where the first and the second side come from; without a base both are what is here."""

    base: Base | None = None
    origins: tuple[Origin, Origin] = (Origin(), Origin())


@contextmanager
def both_revisions(
    ref: str, planned: Base | None, folder: Path, cache: Path, say: Callable[[str], None]
) -> Iterator[Revisions]:
    """What `ref` stands for in the project of `folder`, or what a run was `planned` with, until the end of the block.

    UsageError where there is no such revision, or its packages cannot be installed.
    """
    repository = find_repository(folder)
    base = repository.base(ref) if planned is None else _as_planned(planned, repository)
    head = repository.top / repository.inside
    with checked_out(repository, base.commit, cache) as tree:
        there = tree / repository.inside
        python, notes = python_of_base(there, head, cache, say)
        yield Revisions(
            base=replace(base, notes=(*missing_parts(repository, tree), *notes)),
            origins=(
                Origin(python=python, folder=str(there), label=f"base {base.commit[:SHORT]}"),
                Origin(folder=str(head), label="head"),
            ),
        )


def check_same_places(plan: Plan, found: Revisions) -> None:
    """UsageError where a planned side would come from elsewhere now: each of its pairs would fail for good."""
    for pair in plan.pairs:
        for unit, now in zip((pair.first, pair.second), found.origins, strict=True):
            was = unit.origin
            if was.python != now.python or was.folder not in ("", now.folder):
                raise UsageError(
                    f"expected to go on with {_place(was)}, here it would be {_place(now)}; go on from that folder,"
                    " with the Python and the BENCH_CACHE of then, or start a new run"
                )


def _place(origin: Origin) -> str:
    return plain_line(" by ".join(filter(None, (origin.folder, origin.python))) or "the running Python", LONGEST_PLACE)


def _as_planned(planned: Base, repository: Repository) -> Base:
    """The same commits on both sides, and the same working tree: pairs of two states make no ratio."""
    now = repository.base(planned.commit)
    if now.head != planned.head:
        raise UsageError(
            f"expected to go on with the head {planned.head[:SHORT]}, it is {now.head[:SHORT]} now;"
            " check that out, or start a new run"
        )
    if planned.state and now.state != planned.state:
        raise UsageError(
            "expected to go on with the working tree that the run began with, its files have changed since;"
            " bring them back, or start a new run"
        )
    return planned
