"""The front of accuracy and time: what nothing beats by the middle of its interval, and what cannot be told from it."""

from collections.abc import Sequence

from reports.best.candidate import Candidate
from reports.best.choice import Choice, time_of
from reports.plots.pareto import pareto_front


def front(choice: Choice) -> list[Candidate]:
    """The fastest first; empty where no accuracy is known."""
    known = [each for each in choice.meeting if each.top1_percent is not None]
    points = [(time_of(each).centre, each.top1_percent or 0.0) for each in known]
    return [known[index] for index in pareto_front(points)]


def open_front(choice: Choice, own: Sequence[Candidate]) -> list[Candidate]:
    """Those that are not on it, and that nothing surely beats either."""
    units = {each.row.unit for each in own}
    return [each for each in choice.front if each.row.unit not in units]
