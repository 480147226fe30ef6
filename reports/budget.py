"""What a table says that was measured in a given time: how many rounds its rows got, and which got too few."""

from collections.abc import Iterable

from bench.host.budget import FEWEST_ROUNDS, SETTLED_ROUNDS, is_narrow
from bench.records.run import Run
from bench.records.verdict import NOISY
from reports.row import Row

MOST_NAMED = 10


def too_few(run: Run, rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows that the budget left with fewer rounds than a row needs; none of a run without a budget."""
    least = min(FEWEST_ROUNDS, run.plan.rounds)
    budgeted = run.plan.budget_s is not None
    return tuple(row for row in rows if budgeted and row.status in ("done", "partial", "lost") and row.rounds < least)


def budget_lines(run: Run, rows: Iterable[Row]) -> tuple[str, ...]:
    """A sentence or two (not escaped); none of a run without a budget."""
    table = tuple(rows)
    measured, few = [row for row in table if row.rounds], too_few(run, table)
    if run.plan.budget_s is None or not measured:
        return ()
    counts = sorted({row.rounds for row in measured})
    most = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    narrow = sum(row.time is not None and is_narrow(row.time) for row in measured)
    told = [
        f"Every row is within ±{NOISY:.0%} after {most} rounds: the rest of the budget was not needed."
        if narrow == len(measured) and counts[0] >= SETTLED_ROUNDS and not few
        else f"Stopped by the budget after {most} round{'s' * (counts[-1] > 1)} a row: "
        f"{narrow} of {len(measured)} rows are within ±{NOISY:.0%}."
    ]
    if few:
        named = ", ".join(f"{row.label} {row.size} ({row.rounds})" for row in few[:MOST_NAMED])
        more = f" and {len(few) - MOST_NAMED} more" if len(few) > MOST_NAMED else ""
        told.append(f"Fewer than {FEWEST_ROUNDS} rounds: {named}{more}; --resume goes on.")
    return tuple(told)
