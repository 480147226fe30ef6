"""The runs of a page, and the numbers by which its parts name their rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bench.records.workload import Unit
from reports.accuracy.page import accuracy_page
from reports.best.candidate import Candidate
from reports.best.choice import Choice, choices
from reports.comparisons import Comparison, comparisons
from reports.results import Results
from reports.row import Row
from reports.studies.page import StudyPage
from reports.studies.text import study_page

MOST_ROWS = 1000  # of all runs together: what a browser opens at once


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A run under the name that the page gives it; its rows are numbered from `first`, at most `most` are shown, its
    comparisons from `first_pair`."""

    name: str
    results: Results
    first: int
    most: int
    first_pair: int = 0

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Those that have a place in the page, in the order of the plan."""
        return self.results.rows[: self.most]

    @cached_property
    def numbers(self) -> dict[Unit, int]:
        """The number of each of them."""
        return {row.unit: number for number, row in enumerate(self.rows, self.first)}

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """What was measured in pairs, for `bench compare` or a claim."""
        return comparisons(self.results.run)[: self.most] if self.results.run.plan.pairs else ()

    @cached_property
    def pair_numbers(self) -> dict[str, int]:
        """The number of each of them, by its cell."""
        return {made.cell: number for number, made in enumerate(self.comparisons, self.first_pair)}

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """All networks of the run by device, and their front."""
        return choices(self.results, ())

    @cached_property
    def candidates(self) -> dict[Unit, Candidate]:
        """The measured networks with what is known of their accuracy."""
        return {each.row.unit: each for choice in self.choices for each in choice.meeting}

    @cached_property
    def study(self) -> StudyPage | None:
        """What a study or `bench accuracy` found, in sentences and tables; None of a run that times."""
        run = self.results.run
        if run.plan.command == "accuracy":
            return accuracy_page(run)
        return study_page(self.results) if run.plan.study is not None else None

    @property
    def left_out(self) -> str:
        """How many rows have no place; empty where all have one."""
        total, here = len(self.results.rows), len(self.rows)
        return "" if here == total else f"{self.name}: {here} of {total} rows are in this page; table.csv has all."


def shown_runs(named: Sequence[tuple[str, Results]]) -> tuple[Shown, ...]:
    """The runs in that order, equal names numbered."""
    total = sum(len(results.rows) for _, results in named)
    most = MOST_ROWS if total <= MOST_ROWS else max(1, MOST_ROWS // len(named))
    made: list[Shown] = []
    for name, results in named:
        first = made[-1].first + len(made[-1].rows) if made else 0
        same = sum(each.name == name or each.name.startswith(f"{name} (") for each in made)
        told = f"{name} ({same + 1})" if same else name
        made.append(Shown(name=told, results=results, first=first, most=most))
    return tuple(_with_pairs(made))


def _with_pairs(runs: Sequence[Shown]) -> Iterator[Shown]:
    """Comparisons are numbered after all rows."""
    next_pair = sum(len(shown.rows) for shown in runs)
    for shown in runs:
        yield replace(shown, first_pair=next_pair)
        next_pair += len(shown.comparisons)


def usual_name(results: Results) -> str:
    """`bench ops, 2026-11-27T22:34:00Z`."""
    return f"bench {results.run.plan.command}, {results.run.plan.created_utc}"
