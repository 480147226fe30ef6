"""What runs of `bench accuracy` have found: a column where a row knows it."""

from collections.abc import Sequence

from reports.row import Row
from reports.tables.column import Column, number
from reports.untrusted import visible

HEADING = "top-1 %"


def accuracy_columns(rows: Sequence[Row]) -> list[Column]:
    """One column; none where no row has a measured accuracy."""
    if not any(row.accuracy for row in rows):
        return []
    return [number(HEADING, accuracy_text)]


def accuracy_text(row: Row) -> str:
    """`78.2 [77.1, 79.3]`; empty where none was measured."""
    found = row.accuracy
    return f"{100 * found.top1:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]" if found else ""


def accuracy_caption(rows: Sequence[Row]) -> list[str]:
    """Whose accuracies they are."""
    found = dict.fromkeys((row.accuracy.run, row.accuracy.images) for row in rows if row.accuracy)
    told = ", ".join(f"{visible(run, 60)} ({images} images)" for run, images in found)
    return [f"top-1 %: with its 95% interval, of the runs of bench accuracy {told}"] if found else []
