"""The rows that meet the conditions, those on the front, and what is left open."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bench.records.workload import Unit
from bench.statistics import Interval
from reports.best.candidate import Candidate
from reports.best.condition import Condition
from reports.best.ends import Ends
from reports.best.quantity import QUANTITIES
from reports.plots.pareto import pareto_front
from reports.results import Results


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What came of the conditions on one device.

    meeting: the candidates that surely meet all, the fastest first.
    open: those of which a condition is undecided, each with it, the fastest first.
    failing: how many fail each condition, by its text; a row counts at the first that it fails.
    unknown: how many rows do not know what a condition asks for, likewise.
    unmeasured: rows without a time.
    unheard: conditions that ask for a word of no row, each with the words that there are: as it may be mistyped.
    """

    device: str
    conditions: tuple[Condition, ...]
    meeting: tuple[Candidate, ...] = ()
    open: tuple[tuple[Candidate, Condition], ...] = ()
    failing: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    unmeasured: int = 0
    unheard: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @cached_property
    def front(self) -> tuple[Candidate, ...]:
        """Of the meeting ones those that no other beats in both accuracy and time, by the middle of its interval."""
        points = [(time_of(each).centre, each.top1_percent or 0.0) for each in self._known]
        return tuple(self._known[index] for index in pareto_front(points))

    @cached_property
    def open_front(self) -> tuple[Candidate, ...]:
        """Those that are not on it, and that no other surely beats either: as accurate and surely faster."""
        first = {each.row.unit for each in self.front}
        highs = ((each.top1_percent or 0.0, time_of(each).high) for each in self._known)
        ends = Ends((accuracy, high) for accuracy, high in highs if high is not None)
        return tuple(each for each in self._known if each.row.unit not in first and not _beaten(each, ends))

    @cached_property
    def marks(self) -> dict[Unit, str]:
        """`front`, or `open` where that is open; the other rows have none."""
        own = {each.row.unit: "front" for each in self.front}
        return own | {each.row.unit: "open" for each in self.open_front}

    @cached_property
    def _known(self) -> tuple[Candidate, ...]:
        return tuple(each for each in self.meeting if each.top1_percent is not None)

    def rivals(self) -> Iterator[tuple[Candidate, Candidate]]:
        """Pairs on the front, open or not, of which the more accurate may also be the faster: their intervals
        overlap. There may be half as many as the square of the rows."""
        found = [each for each in self.meeting if each.row.unit in self.marks]
        ends = Ends((each.top1_percent or 0.0, _latest(each)) for each in found)
        for more in found:
            accuracy = more.top1_percent or 0.0
            if _earliest(more) < ends.most_below(accuracy):
                yield from ((more, less) for less in found if _rivals(more, less))


def time_of(candidate: Candidate) -> Interval:
    """Seconds an image: rows of one device under several batches stand side by side."""
    assert candidate.row.time is not None
    return candidate.row.time.over(candidate.row.unit.batch)


def _beaten(candidate: Candidate, ends: Ends) -> bool:
    """Whether one of these is as accurate and surely faster."""
    low = time_of(candidate).low
    return low is not None and ends.least_from(candidate.top1_percent or 0.0) < low


def _rivals(more: Candidate, less: Candidate) -> bool:
    return (more.top1_percent or 0) > (less.top1_percent or 0) and may_be_faster(more, less)


def may_be_faster(one: Candidate, other: Candidate) -> bool:
    """Whether their intervals leave that open."""
    return _earliest(one) < _latest(other)


def _earliest(candidate: Candidate) -> float:
    time = time_of(candidate)
    return time.centre if time.low is None else time.low


def _latest(candidate: Candidate) -> float:
    time = time_of(candidate)
    return time.centre if time.high is None else time.high


def choices(results: Results, asked: Sequence[Condition], device: str = "") -> tuple[Choice, ...]:
    """A choice for each device of the run, or for that one; none where the run has no networks there."""
    grouped: dict[str, list[Candidate]] = {}
    for row in results.rows:
        if row.unit.workload.kind == "model" and device in ("", row.unit.device):
            candidate = Candidate(row=row, facts=results.accuracies.published(row.unit))
            grouped.setdefault(row.unit.device, []).append(candidate)
    return tuple(_choice(name, tuple(asked), found) for name, found in grouped.items())


def _choice(device: str, asked: tuple[Condition, ...], found: Sequence[Candidate]) -> Choice:
    meeting, left, failing, unknown = [], [], Counter[str](), Counter[str]()
    measured = [each for each in found if each.row.time is not None]
    for each in sorted(measured, key=lambda it: time_of(it).centre):
        judged = {said: condition for condition in reversed(asked) if (said := condition.judged(each)) != "meets"}
        if "fails" in judged:
            failing[judged["fails"].text] += 1
        elif "unknown" in judged:
            unknown[judged["unknown"].text] += 1
        elif "undecided" in judged:
            left.append((each, judged["undecided"]))
        else:
            meeting.append(each)
    return Choice(
        device=device,
        conditions=asked,
        meeting=tuple(meeting),
        open=tuple(left),
        failing=failing,
        unknown=unknown,
        unmeasured=len(found) - len(measured),
        unheard=tuple(_unheard(asked, found)),
    )


def _unheard(asked: Sequence[Condition], found: Sequence[Candidate]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for condition in asked:
        if condition.sign == "=" and not any(condition.judged(each) == "meets" for each in found):
            words = {str(QUANTITIES[condition.name].read(each)) for each in found}
            yield condition.text, tuple(sorted(words - {""}))
