"""A paper's claims beside ours: ratios of speed from pairs of live workers, accuracy from its own table.

Verdicts of a ratio: `reproduced` where our interval meets the printed ratio ±10 %, or its printed digits where they are
coarser; `direction only` where it lies wholly on the printed side of 1; `not reproduced` otherwise; `not testable here`
where no device of that class is in the run, a side failed or there are too few pairs to claim an interval.
"""

import math
from collections.abc import Sequence

from bench.records.pair import FEWEST_PAIRS, PairRecord
from bench.records.run import Run
from bench.records.verdict import Verdict, of_half_width, worst
from bench.statistics import Interval, log_mean_interval
from reports.ledger.entry import NOT_PLANNED, Entry, Place
from reports.ledger.printed_column import PrintedColumn
from reports.ledger.printed_table import Claim, PrintedClaim, PrintedTable, half_step

TOLERANCE = 0.10

REPRODUCED = "reproduced"
DIRECTION_ONLY = "direction only"
NOT_REPRODUCED = "not reproduced"
NOT_TESTABLE = "not testable here"
VERDICTS = (REPRODUCED, DIRECTION_ONLY, NOT_REPRODUCED, NOT_TESTABLE)
_Place = tuple[Place, str]  # where pairs ran, and in which form the first network did


def claim_entries(run: Run, table: PrintedTable) -> tuple[Entry, ...]:
    """Every ratio on every device and runtime whose pairs were planned, those of absent columns once; then accuracy."""
    planned = _planned(run, table)
    entries: list[Entry] = []
    for column in table.columns:
        places = [place for place in planned if place[0].column == column.name]
        nowhere, absence = (Place(column.name, "", "", ""), ""), "" if places else _absence(column, run)
        for claim in table.claims(column):
            if not places:
                entries.append(_entry(claim, nowhere, reason=absence))
            entries += [_claim(claim, at, planned[at].get((claim.first, claim.second), [])) for at in places]
    return (*entries, *(_accuracy(claim, table) for claim in table.printed_claims if claim.top1_points))


def _planned(run: Run, table: PrintedTable) -> dict[_Place, dict[tuple[str, str], list[PairRecord | None]]]:
    """The pairs of the table's networks, by where they may stand and by their two names; None for one not ended."""
    ended = {record.pair.id: record for record in run.pair_records}
    planned: dict[_Place, dict[tuple[str, str], list[PairRecord | None]]] = {}
    for pair in run.plan.pairs:
        unit, names = pair.first, (pair.first.workload.name, pair.second.workload.name)
        if not all(table.published(each) for each in (pair.first, pair.second)):
            continue
        for column in table.columns_of(unit, run.device(unit.device).environment):
            place = (Place(column.name, unit.device, unit.runtime, unit.allocator), unit.workload.variant)
            planned.setdefault(place, {}).setdefault(names, []).append(ended.get(pair.id))
    return planned


def verdict(ours: Interval, printed: float, half_step: float = 0.0) -> str:
    """What our interval says about the printed ratio; an interval without bounds says nothing."""
    if ours.low is None or ours.high is None:
        return NOT_TESTABLE
    reach = max(TOLERANCE * printed, half_step)
    if ours.low <= printed + reach and ours.high >= printed - reach:
        return REPRODUCED
    # A printed ratio of 1 has no side, so nothing can lie on it.
    if (printed > 1 and ours.low > 1) or (printed < 1 and ours.high < 1):
        return DIRECTION_ONLY
    return NOT_REPRODUCED


def _claim(claim: Claim, place: _Place, records: Sequence[PairRecord | None]) -> Entry:
    if not records:
        return _entry(claim, place, reason=NOT_PLANNED)
    done = [record for record in records if record is not None and record.status == "done"]
    if not done:
        return _entry(claim, place, reason=_shortage(records))
    ours = log_mean_interval([math.exp(record.log_ratio) for record in done])
    if len(done) < FEWEST_PAIRS:
        return _entry(claim, place, Interval(centre=ours.centre), len(done), reason=_shortage(records))
    trust = worst(each for record in done for each in pair_verdicts(record))
    caveats = [] if trust == "ok" else [f"worst pair {trust}"]
    found = verdict(ours, claim.printed_ratio, claim.half_step)
    if found == REPRODUCED and (side := _side(ours, claim.printed_ratio)):
        caveats.append(side)
    return _entry(claim, place, ours, len(done), found, ", ".join([*caveats, *filter(None, [claim.caveat])]))


def _side(ours: Interval, printed: float) -> str:
    """Where a ratio within ±10 % of the printed one says nothing, or the opposite, about which network is faster."""
    if ours.low is None or ours.high is None or printed == 1:
        return ""
    if ours.low <= 1 <= ours.high:
        return "1 lies in our interval too: more --pairs would tell"
    return "on the other side of 1" if (printed > 1) != (ours.low > 1) else ""


def pair_verdicts(record: PairRecord) -> tuple[Verdict, ...]:
    """What was recorded with the pair, and how far its own bursts leave its ratio open.

    The limits are those of a worker's interval: noisy over ±2 %, very_noisy over ±10 %.
    """
    ratios = [second / first for first, second in zip(record.first_s, record.second_s, strict=True)]
    return (*record.verdicts, *of_half_width(log_mean_interval(ratios).half_width))


def _shortage(records: Sequence[PairRecord | None]) -> str:
    """Why there are too few pairs: how many there are, and what ended the last failed one."""
    failures = [record for record in records if record is not None and record.status != "done"]
    done = sum(record is not None and record.status == "done" for record in records)
    text = f"{done} of {len(records)} pairs done, {FEWEST_PAIRS} needed"
    return f"{text}: {failures[-1].reason or failures[-1].reason_kind}" if failures else text


def _entry(
    claim: Claim,
    place: _Place,
    ours: Interval | None = None,
    pairs: int = 0,
    verdict: str = NOT_TESTABLE,
    reason: str = "",
) -> Entry:
    where, variant = place
    return Entry(
        section="claim",
        **where._asdict(),
        name=claim.first,
        variant=variant,
        against=claim.second,
        quantity="speed_ratio",
        paper=claim.printed_ratio,
        ours=ours,
        replicates=pairs,
        verdict=verdict,
        reason=reason,
        headline=claim.headline,
        source=claim.source,
    )


def _absence(column: PrintedColumn, run: Run) -> str:
    units = run.plan.units
    if any(column.matches(unit, run.device(unit.device).environment) for unit in units):
        return "no pairs in this run; `bench models --claims` measures them"
    return column.absent


def _accuracy(claim: PrintedClaim, table: PrintedTable) -> Entry:
    """The printed difference beside that of the two printed accuracies: nothing of it is measured here."""
    printed = float(claim.top1_points)
    first, second = (table.by_name[name].top1_percent for name in (claim.first, claim.second))
    apart = None if first is None or second is None else first - second
    agrees = apart is not None and abs(apart - printed) <= half_step(claim.top1_points) + 1e-9
    return Entry(
        section="accuracy_claim",
        column=None,
        name=claim.first,
        against=claim.second,
        quantity="top1_points",
        paper=printed,
        verdict=NOT_TESTABLE if apart is None else "agrees with its table" if agrees else "differs from its table",
        reason="no accuracy of both is printed" if apart is None else f"{first:g} - {second:g} = {apart:.4g}",
        headline=claim.headline,
        source=claim.source,
    )
