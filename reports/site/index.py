"""The first page of a site: the rows of all runs, and the runs with their files."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.html.page import MEMORY_AND_TOP1, TIMES, policy
from reports.html.templates import asset, rendered
from reports.site.entry import Entry
from reports.site.index_table import MOST_ROWS, index_tables
from reports.tables.sections import CONVENTION, VERDICT_LEGEND

TITLE = "Latency and FLOPS of operators and vision models, by device"
_THROUGHPUT = "images/s: of queued calls and of accelerators."
_RECENCY = (
    "recency: earlier where a newer run has the same row on the same model of device, with what of their devices and "
    "code is not the same (table.csv has both values). Two devices of one model are not one device: cooling, memory "
    "and neighbours differ."
)


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """A run as the index lists it: its files lie in runs/NAME/. Nothing in it is escaped.

    rows, comparisons: how many it has, the latter in pairs of live workers.
    """

    name: str
    began: str
    command: str
    devices: tuple[str, ...]
    rows: int
    comparisons: int
    files: tuple[tuple[str, int], ...]  # their names and bytes


def index_page(runs: Sequence[RunLine], entries: Sequence[Entry], table: str) -> str:
    """The page; `entries` in the order of the table, `table` as CSV."""
    script, style = asset("page.js"), asset("page.css")
    heads, *lines = table.splitlines()[: 1 + MOST_ROWS]
    more = len(entries) - MOST_ROWS
    return rendered(
        "site.html",
        title=TITLE,
        runs=runs,
        devices=len({entry.device for entry in entries}),
        rows=len(entries),
        tables=index_tables(entries),
        left_out=f"{MOST_ROWS} of {len(entries)} rows are here, the latest; table.csv has all." if more > 0 else "",
        legends=(f"{TIMES} {_THROUGHPUT} {MEMORY_AND_TOP1}", _RECENCY, f"{CONVENTION}.", f"{VERDICT_LEGEND}."),
        data={"rows": [], "csv": lines, "heads": {"op": heads, "model": heads}},
        script=script,
        style=style,
        policy=policy(script, style),
    )
