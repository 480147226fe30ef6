"""Two workloads beside each other, from pairs of live workers: the ratio of their times and what it says.

Of the interval [low, high] of the ratio and the margin m: SLOWER where it lies wholly above 1 + m, FASTER where wholly
below 1 / (1 + m), SAME where wholly inside, else UNCLEAR with the pairs that are still needed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import stdev

from bench.records.answer import Answer, answer
from bench.records.origin import differing
from bench.records.pair import FEWEST_PAIRS, PairRecord
from bench.records.run import Plan, Run
from bench.records.verdict import Verdict, worst
from bench.records.workload import Unit
from bench.statistics import Interval, log_mean_interval, mean_reach
from reports.ledger.claim_entries import pair_verdicts

MOST_NEEDED = 1000


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The second workload beside the first on one device.

    ratio: time of the second over that of the first: above 1 it is slower. None where no pair was done.
    pairs, planned: how many were done, and how many there might have been.
    margin: below which no change counts, relative.
    needed: about how many more would decide it, where it is UNCLEAR.
    smallest: the smallest change that so many pairs with that spread would have shown, relative.
    trust: the worst that was said of any pair.
    differences: what the sides' Pythons hold in different versions, in words.
    reason: why pairs are missing, in a line.
    """

    first: Unit
    second: Unit
    ratio: Interval | None
    pairs: int
    planned: int
    answer: Answer
    margin: float
    needed: int | None = None
    smallest: float | None = None
    trust: Verdict | None = None
    differences: tuple[str, ...] = ()
    reason: str = ""

    @property
    def cell(self) -> str:
        """That of its pairs."""
        return f"{self.first.cell}:{self.second.cell}"


def comparisons(run: Run, *, again: bool = False) -> tuple[Comparison, ...]:
    """Every comparison that was planned, in that order; or what their second measurement says."""
    ended = {record.pair.id: record for record in run.pair_records}
    cells: dict[str, list[PairRecord | None]] = {}
    sides: dict[str, tuple[Unit, Unit]] = {}
    for pair in (each for each in run.plan.pairs if each.again == again):
        cells.setdefault(pair.cell, []).append(ended.get(pair.id))
        sides.setdefault(pair.cell, (pair.first, pair.second))
    made = (_comparison(*sides[cell], records, run.plan) for cell, records in cells.items())
    return tuple(replace(each, differences=differences(run, each.first, each.second)) for each in made)


def differences(run: Run, first: Unit, second: Unit) -> tuple[str, ...]:
    """`torch 2.13.0 against 2.12.1`, for each package and for Python; none where both have the same (not escaped)."""
    held = {python.path: python for python in run.device(first.device).pythons}
    one, other = held.get(first.origin.python), held.get(second.origin.python)
    if one is None or other is None:
        return ()
    return tuple(f"{name} {mine} against {theirs}" for name, mine, theirs in differing(one, other))


def needed_pairs(log_ratios: Sequence[float], margin: float) -> int | None:
    """About how many pairs in all would decide, if the next ones are like these; None above a thousand."""
    spread, centre = stdev(log_ratios), sum(log_ratios) / len(log_ratios)
    distance = abs(abs(centre) - math.log1p(margin))
    for count in range(len(log_ratios), MOST_NEEDED):
        if mean_reach(spread, count) < distance:
            return count
    return None


def more_pairs(needed: int) -> str:
    """`about 3 more pairs`."""
    return f"about {needed} more pair{'s' * (needed != 1)}"


def _comparison(first: Unit, second: Unit, records: Sequence[PairRecord | None], plan: Plan) -> Comparison:
    done = [record for record in records if record is not None and record.status == "done"]
    failed = [record for record in records if record is not None and record.status != "done"]
    reason = failed[-1].reason or failed[-1].reason_kind if failed else ""
    if not done:
        return Comparison(
            first=first,
            second=second,
            ratio=None,
            pairs=0,
            planned=len(records),
            answer="UNMEASURED",
            margin=plan.margin,
            reason=reason or f"no pair was measured{_in_time(plan)}",
        )
    logs = [record.log_ratio for record in done]
    ratio = log_mean_interval([math.exp(each) for each in logs])
    few = len(done) < FEWEST_PAIRS
    said: Answer = "UNMEASURED" if few else answer(ratio, plan.margin)
    total = needed_pairs(logs, plan.margin) if said == "UNCLEAR" else None
    return Comparison(
        first=first,
        second=second,
        ratio=Interval(centre=ratio.centre) if few else ratio,
        pairs=len(done),
        planned=len(records),
        answer=said,
        margin=plan.margin,
        needed=None if total is None else max(1, total - len(done)),
        smallest=None if few else math.expm1(mean_reach(stdev(logs), len(done))),
        trust=worst(each for record in done for each in pair_verdicts(record)),
        reason=reason or (f"{len(done)} of {FEWEST_PAIRS} pairs that an interval needs{_in_time(plan)}" if few else ""),
    )


def _in_time(plan: Plan) -> str:
    """Where the plan has a budget: that there were so few for want of it."""
    return "" if plan.pairs_budget_s is None else " in the time of --budget; give more, or --resume goes on"
