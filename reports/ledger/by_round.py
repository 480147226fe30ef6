"""An entry of several rows, made round by round."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bench.records.verdict import worst
from bench.statistics import log_mean_interval
from reports.ledger.entry import Entry
from reports.over_rounds import over_rounds
from reports.row import Row


def by_round(
    entry: Entry,
    rows: Sequence[Row | None],
    speeds_of: Callable[[Row], Mapping[int, float]],
    combine: Callable[[Sequence[float]], float],
) -> Entry:
    """The entry with `combine` of the rows' speeds in each round they share, as one interval over the rounds.

    `speeds_of` gives a row's speeds by round. The entry is worth what the worst of the rows is; None is a row that is
    not there.
    """
    present = [row for row in rows if row is not None]
    if len(present) < len(rows):
        missing = f"needs {len(rows)} rows, {len(present)} of them in this run"
        return replace(entry, reason=missing if len(rows) > 2 else "a side is not in this run")
    values = over_rounds([speeds_of(row) for row in present], combine)
    if not values:
        return replace(entry, reason="no round in which all sides were measured")
    verdicts = [row.verdict for row in present if row.verdict is not None]
    return replace(
        entry,
        ours=log_mean_interval(values),
        replicates=len(values),
        verdict=worst([*verdicts, "unreplicated"] if len(values) < 2 else verdicts),
    )


def images_per_s(row: Row) -> Mapping[int, float]:
    """The speed of a network by round."""
    return {each.round: row.unit.batch / each.seconds for each in row.medians}
