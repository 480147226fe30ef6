"""Whether a change may pass: which rows are confirmed slower, and which counts grew.

A row that came out SLOWER was measured again with fresh pairs. It is confirmed where it is SLOWER in both, and where
Holm's test over all rows measured again rejects that it is no slower than the margin (docs/method.md, The gate).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from bench.records.answer import Answer
from bench.records.counts import Counts
from bench.records.run import Run
from bench.statistics import CONFIDENCE, holm, t_quantile, t_tail
from reports.comparisons import Comparison, comparisons

Label = Literal[Answer, "GREW"]
Outcome = Literal["pass", "slower", "unmeasured"]
COUNTED = tuple(each.name for each in fields(Counts))


@dataclass(frozen=True, kw_only=True)
class Exact:
    """A count of both sides, None where it was not made."""

    name: str
    first: int | None
    second: int | None

    @property
    def grew(self) -> bool:
        """Whether the second side has more of it."""
        return self.first is not None and self.second is not None and self.second > self.first

    @property
    def differs(self) -> bool:
        """Whether both were counted, and are not the same."""
        return None not in (self.first, self.second) and self.first != self.second


@dataclass(frozen=True, kw_only=True)
class Gated:
    """One comparison as the gate sees it; `again` is its second measurement, None where none was called for."""

    comparison: Comparison
    again: Comparison | None = None
    exact: tuple[Exact, ...] = ()
    confirmed: bool = False

    @property
    def grew(self) -> bool:
        """Whether any count did."""
        return any(each.grew for each in self.exact)

    @property
    def label(self) -> Label:
        """The answer in a word: where it was measured again the fresh pairs', since no chance picked those."""
        if self.confirmed:
            return "SLOWER"
        if self.grew:
            return "GREW"
        if self.again is None:
            return self.comparison.answer
        return "UNCLEAR" if self.again.answer in ("SLOWER", "FASTER") else self.again.answer


def gated(run: Run) -> tuple[Gated, ...]:
    """Every comparison of the run, in the order of the plan."""
    second = {made.cell: made for made in comparisons(run, again=True)}
    rows = [(made, second.get(made.cell) if made.answer == "SLOWER" else None) for made in comparisons(run)]
    doubtful = [again for _, again in rows if again is not None]
    rejected = dict(
        zip(
            (again.cell for again in doubtful),
            holm([p_value(again) for again in doubtful]),
            strict=True,
        )
    )
    # Of two workloads, not two revisions of one, each has the counts that it has.
    held = run.pair_records if run.plan.base is not None else ()
    counts = {record.pair.cell: record.counts for record in held if record.counts}
    return tuple(
        Gated(
            comparison=made,
            again=again,
            exact=_exact(counts.get(made.cell, ())),
            confirmed=again is not None and again.answer == "SLOWER" and rejected[made.cell],
        )
        for made, again in rows
    )


def outcome(rows: Sequence[Gated], strict: bool) -> Outcome:
    """Slower where any row is or grew; else unmeasured where any row is, `strict` where any is UNCLEAR as well."""
    labels = {row.label for row in rows}
    if any(row.confirmed or row.grew for row in rows):
        return "slower"
    open_ones = {"UNMEASURED", "UNCLEAR"} if strict else {"UNMEASURED"}
    return "unmeasured" if not rows or labels & open_ones else "pass"


def did_right(rows: Sequence[Gated], planted: float) -> bool:
    """Whether a self-test came out right: all rows confirmed where a slowdown was planted, none at 1."""
    measured = bool(rows) and all(row.label != "UNMEASURED" for row in rows)
    return measured and all(row.confirmed == (planted > 1) for row in rows)


def p_value(made: Comparison) -> float:
    """One-sided, of a ratio at most 1 + its margin, by Student's t on the log ratios; 1 where there is no interval.

    Spread and number of the pairs are in the interval: its half is t(97.5 %) standard errors of the mean logarithm.
    """
    ratio = made.ratio
    if ratio is None or ratio.high is None:
        return 1.0
    distance, half = math.log(ratio.centre) - math.log1p(made.margin), math.log(ratio.high / ratio.centre)
    if half <= 0:  # every pair the same
        return 0.0 if distance > 0 else 1.0
    freedom = made.pairs - 1
    return t_tail(distance / half * t_quantile((1 + CONFIDENCE) / 2, freedom), freedom)


def _exact(counts: Sequence[Counts]) -> tuple[Exact, ...]:
    if not counts:
        return ()
    first, second = counts
    pairs = ((name, getattr(first, name), getattr(second, name)) for name in COUNTED)
    return tuple(Exact(name=name, first=a, second=b) for name, a, b in pairs if a is not None or b is not None)
