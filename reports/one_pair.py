"""Everything that is known of one comparison in pairs, in groups of lines."""

import math
import shlex
from collections.abc import Iterator

from bench.errors import UsageError
from bench.plan.side_text import compare_command, side_text
from bench.records.pair import PairRecord
from bench.records.run import Run
from reports.comparisons import Comparison, comparisons
from reports.numbers import about_percent, bounds, significant
from reports.one_row import MOST_NAMED, Group
from reports.results import Results
from reports.verdicts import told


def found_pair(results: Results, text: str, device: str = "") -> Comparison:
    """The comparison that has a side written so, or as much of it as its subject.

    UsageError with those there are where several fit, or none.
    """
    every = [each for each in comparisons(results.run) if device in ("", each.first.device)]
    fits = [each for each in every if text in _words(each)]
    if len(fits) == 1:
        return fits[0]
    listed = [f"{side_text(each.second)} on {each.second.device}" for each in fits or every]
    more = f" and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
    raise UsageError(
        f"expected a side of one comparison, {len(fits)} of {len(every)} have {text[:80]!r}; "
        f"choose from: {'; '.join(listed[:MOST_NAMED])}{more}"
    )


def _words(made: Comparison) -> set[str]:
    sides = side_text(made.second), side_text(made.first)
    return {*sides, *(side.partition("@")[0] for side in sides)}


def described_pair(run: Run, made: Comparison) -> Iterator[Group]:
    """The two sides, what came of them, each pair with what disturbed it, and how to measure them again."""
    sides = side_text(made.first), side_text(made.second)
    yield Group(title="what", lines=(("first", sides[0]), ("second", sides[1]), ("device", made.first.device)))
    yield Group(title="numbers", lines=tuple(_numbers(made)))
    for record in pairs_of(run, made):
        yield Group(title=f"pair {record.pair.first.round + 1}", lines=tuple(_pair(record)))
    yield Group(title="again", lines=(("the run", shlex.join(["bench", *run.plan.argv])), *_alone(made)))


def pairs_of(run: Run, made: Comparison) -> tuple[PairRecord, ...]:
    """Its pairs that have ended."""
    return tuple(each for each in run.pair_records if each.pair.cell == made.cell)


def _alone(made: Comparison) -> Iterator[tuple[str, str]]:
    """The command of this comparison; of two revisions or Pythons only the whole run's says which they were."""
    if made.first.origin == made.second.origin:
        yield "this comparison", shlex.join(compare_command(made.first, made.second))


def _numbers(made: Comparison) -> Iterator[tuple[str, str]]:
    yield "ratio of times", bounds(made.ratio)
    yield "answer", made.answer
    yield "pairs", f"{made.pairs}/{made.planned}"
    if made.smallest is not None:
        yield "smallest change", f"{about_percent(made.smallest)} would have been seen"
    yield from (("note", each) for each in (*made.differences, made.reason) if each)


def _pair(record: PairRecord) -> Iterator[tuple[str, str]]:
    yield "began", f"{record.started_utc}, attempt {record.attempt}, {significant(record.seconds)} s in all"
    if record.status != "done":
        yield record.status, record.reason
        return
    yield "ratio", significant(math.exp(record.log_ratio), digits=4)
    if record.verdicts:
        yield "verdicts", ", ".join(map(told, record.verdicts))
