"""Ranking flips: which axis of a sweep changes who of two is faster.

Of two subjects that were measured at several values of one axis, all else equal, a flip is claimed where each is faster
at some value beyond doubt: both ratios' 95% intervals exclude 1, and the p of "there is no flip" (the larger of the two
one-sided p, for intersection-union; times the number of values, for choosing the clearest) passes Holm over all the
orders looked at. A sweep without a flip then shows one with a chance of at most LEVEL.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from bench.plan.subjects import changes_text
from bench.statistics import Interval, holm_adjusted
from reports.row import Row, inverse, labelled
from reports.rows import settings_text
from reports.welch import Logs, Ratio, holds_one

LEVEL = 0.05  # of any false flip in a report
AXES: dict[str, Callable[[Row], str]] = {
    "batch": lambda row: str(row.unit.batch),
    "threads": lambda row: str(row.unit.threads),
    "layout": lambda row: row.unit.layout,
    "form": lambda row: _form(row),
    "runtime": lambda row: row.unit.runtime,
    "allocator": lambda row: row.unit.allocator,
    "dtype": lambda row: row.unit.dtype,
    "size": lambda row: row.size if row.unit.workload.kind == "op" else "",
    "settings": lambda row: settings_text(row.unit),
    "device": lambda row: row.unit.device,
}
_NORMAL = 1.95  # no 95% interval of Student's t is narrower
_Times = Mapping[str, Logs]  # of each subject


@dataclass(frozen=True, kw_only=True)
class Flip:
    """`first` is faster at `at_first`, `second` at `at_second`.

    lead_first, lead_second: how many times as fast as the other the faster one is there, above 1.
    context: what else was set, the same for all, by axis. p: corrected for all orders looked at.
    """

    axis: str
    first: str
    second: str
    at_first: str
    at_second: str
    lead_first: Interval
    lead_second: Interval
    context: Mapping[str, str]
    p: float

    @property
    def clearness(self) -> float:
        """The smaller lead by its lower bound: how far both orders are beyond doubt."""
        return min(self.lead_first.low or 0.0, self.lead_second.low or 0.0)


@dataclass(frozen=True, kw_only=True)
class Flips:
    """Those that are proved, the clearest first, out of `looked` orders over `axes`."""

    found: tuple[Flip, ...] = ()
    looked: int = 0
    axes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Order:
    """Two subjects over the values of one axis: the time of the second over the first's at each."""

    axis: str
    first: str
    second: str
    context: Mapping[str, str]
    ratios: Mapping[str, Ratio]


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """A row by what tells it from others: its value on each axis, in the order of AXES."""

    kind: tuple[str, str, str]
    settings: tuple[str, ...]
    subject: str
    taken: Logs

    @classmethod
    def of(cls, row: Row) -> "_Measured":
        unit, logs = row.unit, [math.log(each.seconds) for each in row.medians]
        return cls(
            kind=(unit.workload.kind, unit.mode, str(unit.workload.stack)),
            settings=tuple(value(row) for value in AXES.values()),
            subject=_subject(row),
            taken=Logs.of(logs),
        )


def flips(rows: Sequence[Row]) -> Flips:
    """Over all rows of a run."""
    looked, found = 0, []
    axes: dict[str, None] = {}
    for order in _orders(rows):
        looked += 1
        axes[order.axis] = None
        if (flip := _flip(order)) is not None:
            found.append(flip)
    adjusted = holm_adjusted([flip.p for flip in found], looked)
    proved = [replace(flip, p=p) for flip, p in zip(found, adjusted, strict=True) if p <= LEVEL]
    return Flips(found=tuple(sorted(proved, key=lambda flip: -flip.clearness)), looked=looked, axes=tuple(axes))


def _orders(rows: Sequence[Row]) -> Iterator[_Order]:
    """Every two subjects that meet at two values of an axis or more."""
    measured = [_Measured.of(row) for row in rows if row.rounds > 1]
    for at, axis in enumerate(AXES):
        if len({each.settings[at] for each in measured}) < 2:
            continue
        groups: dict[tuple[str, ...], dict[str, dict[str, Logs]]] = {}
        for each in measured:
            around = (*each.kind, *each.settings[:at], *each.settings[at + 1 :])
            group = groups.setdefault(around, {})
            group.setdefault(each.settings[at], {})[each.subject] = each.taken
        for key, group in groups.items():
            if len(group) > 1:
                context = dict(zip([name for name in AXES if name != axis], key[3:], strict=True))
                yield from _pairs(axis, context, group)


def _pairs(axis: str, context: Mapping[str, str], group: Mapping[str, _Times]) -> Iterator[_Order]:
    subjects = dict.fromkeys(subject for times in group.values() for subject in times)
    for first, second in combinations(subjects, 2):
        ratios = {
            value: Ratio(first=times[first], second=times[second])
            for value, times in group.items()
            if first in times and second in times
        }
        if len(ratios) > 1:
            yield _Order(axis=axis, first=first, second=second, context=context, ratios=ratios)


def _flip(order: _Order) -> Flip | None:
    """What would be claimed, its p not yet corrected; None where one of the two is ahead everywhere, or in doubt."""
    beyond = [ratio.log / ratio.error for ratio in order.ratios.values()]
    if min(beyond) > -_NORMAL or max(beyond) < _NORMAL:  # which spares most orders the quantiles of Student's t
        return None
    slower = {value: ratio.p_slower for value, ratio in order.ratios.items()}
    at_first, at_second = min(slower, key=slower.__getitem__), max(slower, key=slower.__getitem__)
    lead_first = order.ratios[at_first].interval
    lead_second = inverse(order.ratios[at_second].interval, 1.0)
    if holds_one(lead_first) or holds_one(lead_second):
        return None
    return Flip(
        axis=order.axis,
        first=order.first,
        second=order.second,
        at_first=at_first,
        at_second=at_second,
        lead_first=lead_first,
        lead_second=lead_second,
        context=order.context,
        p=len(slower) * max(slower[at_first], 1 - slower[at_second]),
    )


def _subject(row: Row) -> str:
    """What is ranked: an operator as it is made, or a network as it is built, at its own size."""
    model = row.unit.workload.model
    if model is None:
        return row.label
    return f"{labelled(row.unit.workload.name, changes_text(model.changes))} {row.size}"


def _form(row: Row) -> str:
    """Of a network: how it was changed before it was timed."""
    model = row.unit.workload.model
    if model is None:
        return ""
    return " ".join(filter(None, [model.form or "plain", "" if model.fused else "unfused"]))
