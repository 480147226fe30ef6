"""What page faults have to do with Table 1: DWConv, and the ratios to it, with each allocator."""

from collections.abc import Sequence

from reports.ledger.entry import Entry
from reports.numbers import MILLI, bounds, significant
from reports.results import Results
from reports.row import Row
from reports.tables.text_table import pipe_table
from reports.untrusted import safe_markdown

_BASELINE = "dwconv"
_ABOUT = (
    "Where malloc gives freed memory back, the kernel clears and maps every page of a large result anew at each call. "
    "DWConv has few multiply-adds for each byte of its result, so it pays the most. The same layers, with memory that "
    "stays in the process:"
)
_NUMERIC = ("ms", "faults a call", "part of the time")


def page_fault_chapter(results: Results) -> list[str]:
    """A chapter for each device and runtime that was measured with several allocators; empty where none was."""
    places: dict[tuple[str, str], dict[str, None]] = {}
    for entry in results.entries:
        if entry.section == "operator" and entry.place is not None:
            places.setdefault((entry.device, entry.runtime), {})[entry.allocator] = None
    parts = []
    for (device, runtime), found in places.items():
        if len(found) > 1:
            title = f"## Page faults: {safe_markdown(device)}, {safe_markdown(runtime)}"
            own = [entry for entry in results.entries if (entry.device, entry.runtime) == (device, runtime)]
            rows = [row for row in results.rows if (row.unit.device, row.unit.runtime) == (device, runtime)]
            parts += [title, _ABOUT, _baseline(own, rows), _ratios(own, list(found))]
    return parts


def _baseline(entries: Sequence[Entry], rows: Sequence[Row]) -> str:
    """DWConv by size and allocator: its time, its faults and their part of the time."""
    sizes = dict.fromkeys(e.input_shape for e in entries if e.section == "operator" and e.name == _BASELINE)
    body = [
        [
            size,
            row.unit.allocator,
            bounds(row.latency, 3, MILLI) if row.latency else significant(row.time.centre, MILLI),
            significant(row.page_faults_per_call, digits=2),
            "" if row.page_fault_share is None else f"{row.page_fault_share:.0%}",
            row.verdict or "",
        ]
        for size in sizes
        for row in rows
        if row.unit.workload.name == _BASELINE and row.size == size and row.time
    ]
    return pipe_table(["DWConv at", "memory", "ms", "faults a call", "part of the time", "verdict"], _NUMERIC, body)


def _ratios(entries: Sequence[Entry], allocators: Sequence[str]) -> str:
    """The speed of each operator over DWConv's, a column for each allocator."""
    ratios = [e for e in entries if e.against == _BASELINE and e.quantity == "speed_ratio"]
    keys = dict.fromkeys((e.label, e.input_shape, e.paper) for e in ratios if e.ours)
    headings = ["speed over DWConv's", "size", "paper", *allocators]
    body = []
    for label, size, paper in keys:
        by = {e.allocator: e.ours for e in ratios if (e.label, e.input_shape) == (label, size)}
        body.append(
            [safe_markdown(label), size or "mean of all", significant(paper), *(bounds(by.get(a)) for a in allocators)]
        )
    return pipe_table(headings, headings[2:], body)
