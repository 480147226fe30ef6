"""How much of a graph a runtime's fast backend computes: a column where a row knows it."""

from collections.abc import Sequence

from reports.row import Row
from reports.tables.column import Column, number

DELEGATED_LEGEND = "delegated: how many of the graph's operations the runtime's fast backend computes, of all"


def delegated_columns(rows: Sequence[Row]) -> list[Column]:
    """One column; none where no row has such a backend."""
    if not any(row.delegated for row in rows):
        return []
    return [number("delegated", lambda row: f"{row.delegated[0]}/{row.delegated[1]}" if row.delegated else "")]


def delegated_caption(rows: Sequence[Row]) -> list[str]:
    """What the column is."""
    return [DELEGATED_LEGEND] if any(row.delegated for row in rows) else []
