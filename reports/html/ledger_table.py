"""The ledger of the page: each printed value that has one of ours beside it."""

from collections.abc import Sequence

from reports.html.shown import Shown
from reports.ledger.entry import Entry
from reports.ledger.markdown_ledger import UNITS
from reports.numbers import bounds, significant
from reports.tables.text_table import TextTable

MOST_ENTRIES = 600
_HEADINGS = (
    "run",
    "what",
    "name",
    "against",
    "size",
    "where",
    "unit",
    "paper",
    "ours",
    "ours/paper",
    "verdict",
    "source",
)


def ledger_table(runs: Sequence[Shown]) -> TextTable | None:
    """All runs together; None where none has a value beside a printed one."""
    found = [(shown.name, entry) for shown in runs for entry in shown.results.entries if entry.ours is not None]
    if not found:
        return None
    rows = [_cells(name, entry) for name, entry in found[:MOST_ENTRIES]]
    sources = {entry.source for _, entry in found}
    dull = {"run": len(runs) == 1, "source": len(sources) == 1}
    keep = [index for index, name in enumerate(_HEADINGS) if not dull.get(name) and any(row[index] for row in rows)]
    printed = f"printed in {min(sources)}" if len(sources) == 1 else "printed"
    return TextTable(
        headings=[_HEADINGS[index] for index in keep],
        numeric={"paper", "ours", "ours/paper"},
        folded=(),
        rows=[[row[index] for index in keep] for row in rows],
        title=f"{len(rows)} of {len(found)} values that are {printed} and were measured or counted here",
    )


def _cells(run: str, entry: Entry) -> tuple[str, ...]:
    unit, size = UNITS[entry.quantity]
    where = [entry.device, entry.runtime, f"{entry.allocator} memory" if entry.allocator else "", entry.column or ""]
    return (
        run,
        entry.section.replace("_", " "),
        entry.label,
        entry.against,
        entry.input_shape,
        ", ".join(filter(None, where)),
        unit,
        significant(entry.paper, size),
        bounds(entry.ours, unit=size),
        bounds(entry.ratio),
        entry.verdict,
        entry.source,
    )
