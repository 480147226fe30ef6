"""The paper's ratio claims beside ours, from pairs of live workers.

Verdicts: `reproduced` where our interval meets the printed ratio ±10 %; `direction only` where it lies
wholly on the printed side of 1; `not reproduced` otherwise; `not testable here` where no device of that
class is in the run, a side failed or there are too few pairs to claim an interval.
"""

import math
from collections.abc import Sequence

from bench.pair import PairRecord
from bench.run import Run
from bench.statistics import Interval, log_mean_interval
from bench.verdicts import worst
from bench.workload import Unit
from reports.claims import Claim, claims
from reports.entry import Entry
from reports.paper_tables import COLUMN_NAMES, ColumnName, column_of, network

FEWEST_PAIRS = 4  # below it Student's t on the pairs is too wide to say anything
TOLERANCE = 0.10

REPRODUCED = "reproduced"
DIRECTION_ONLY = "direction only"
NOT_REPRODUCED = "not reproduced"
NOT_TESTABLE = "not testable here"
NOT_PLANNED = "not planned in this run"


def claim_entries(run: Run) -> tuple[Entry, ...]:
    """Every claim on every device and runtime whose pairs were planned; those of absent columns once."""
    planned = [(pair, _column(run, pair.first)) for pair in run.plan.pairs]
    entries: list[Entry] = []
    for column in COLUMN_NAMES:
        places = dict.fromkeys((pair.first.device, pair.first.runtime) for pair, own in planned if own == column)
        for claim in (each for each in claims() if each.column == column):
            if not places:
                entries.append(_untestable(claim, _absence(run, column)))
            entries += [_claim(run, claim, device, runtime) for device, runtime in places]
    return tuple(entries)


def verdict(ours: Interval, printed: float) -> str:
    """What our interval says about the printed ratio; an interval without bounds says nothing."""
    if ours.low is None or ours.high is None:
        return NOT_TESTABLE
    if ours.low <= printed * (1 + TOLERANCE) and ours.high >= printed * (1 - TOLERANCE):
        return REPRODUCED
    # A printed ratio of 1 has no side, so nothing can lie on it.
    if (printed > 1 and ours.low > 1) or (printed < 1 and ours.high < 1):
        return DIRECTION_ONLY
    return NOT_REPRODUCED


def _claim(run: Run, claim: Claim, device: str, runtime: str) -> Entry:
    pairs = {
        pair.id
        for pair in run.plan.pairs
        if (pair.first.device, pair.first.runtime) == (device, runtime)
        and _column(run, pair.first) == claim.column
        and network(claim.first).matches(pair.first)
        and network(claim.second).matches(pair.second)
    }
    if not pairs:
        return _untestable(claim, NOT_PLANNED, device, runtime)
    latest = {record.pair.id: record for record in run.pair_records if record.pair.id in pairs}
    done = [record for record in latest.values() if record.status == "done"]
    ours = log_mean_interval([math.exp(record.log_ratio) for record in done]) if done else None
    if ours is None or len(done) < FEWEST_PAIRS:
        shown = None if ours is None else Interval(centre=ours.centre)
        return _entry(claim, device, runtime, shown, len(done), NOT_TESTABLE, _shortage([*latest.values()], len(pairs)))
    trust = worst(each for record in done for each in record.verdicts)
    caveat = "" if trust == "ok" else f"worst pair {trust}"
    return _entry(claim, device, runtime, ours, len(done), verdict(ours, claim.printed_ratio), caveat)


def _shortage(records: Sequence[PairRecord], planned: int) -> str:
    """Why there are too few pairs: what failed, else how many there are."""
    reasons = [record.reason or record.reason_kind for record in records if record.status != "done"]
    done = len(records) - len(reasons)
    text = f"{done} of {planned} pairs done, {FEWEST_PAIRS} needed"
    return f"{text}: {reasons[-1]}" if reasons else text


def _untestable(claim: Claim, reason: str, device: str = "", runtime: str = "") -> Entry:
    return _entry(claim, device, runtime, None, 0, NOT_TESTABLE, reason)


def _entry(
    claim: Claim, device: str, runtime: str, ours: Interval | None, pairs: int, verdict: str, reason: str
) -> Entry:
    return Entry(
        section="claim",
        column=claim.column,
        device=device,
        runtime=runtime,
        name=claim.first,
        against=claim.second,
        quantity="speed_ratio",
        paper=claim.printed_ratio,
        ours=ours,
        basis="pairs of live workers" if ours else "",
        replicates=pairs,
        verdict=verdict,
        reason=reason,
        headline=claim.headline,
        source=claim.source,
    )


def _absence(run: Run, column: ColumnName) -> str:
    present = {_column(run, unit) for unit in run.plan.units}
    if column in present:
        return "no pairs in this run; `bench models --claims` measures them"
    return {
        "gpu": "no GPU in this run",
        "cpu": "no x86 CPU in this run",
        "arm": "no ARM device in this run",
    }[column]


def _column(run: Run, unit: Unit) -> ColumnName | None:
    return column_of(unit, run.device(unit.device).environment)
