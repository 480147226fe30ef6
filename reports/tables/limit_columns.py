"""How far rows are from what their device can do, and what holds them there: columns where that is known."""

from collections.abc import Sequence

from reports.numbers import significant
from reports.row import Row
from reports.tables.column import Column, number

LIMIT_LEGEND = (
    "% of limit: the least time that the device's measured ceilings (bench peak) allow, over the time taken; bound: "
    "the largest of the parts that compute, memory, page faults and the call itself take at least"
)


def limit_columns(rows: Sequence[Row]) -> list[Column]:
    """Two columns; none where no row has a limit."""
    if not any(row.standing for row in rows):
        return []
    return [
        number("% of limit", lambda row: significant(row.standing.percent_of_limit, digits=2) if row.standing else ""),
        Column(heading="bound", text=lambda row: row.standing.bound if row.standing else ""),
    ]


def limit_caption(rows: Sequence[Row]) -> list[str]:
    """What the columns are."""
    return [LIMIT_LEGEND] if any(row.standing for row in rows) else []
