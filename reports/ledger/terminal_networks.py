"""A table of printed figures beside ours on a terminal: counts once, speeds for each device and runtime."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from reports.ledger.entry import Entry
from reports.numbers import GIGA, MEGA, MILLI, bounds, significant
from reports.results import Results
from reports.untrusted import visible

_UNITS = {"latency_s": MILLI, "images_per_s": 1.0, "params": MEGA, "macs": GIGA}
_STYLES = {"equal": "green", "differs": "red"}


def terminal_networks(results: Results) -> Iterator[RenderableType]:
    """Nothing where the run was given no table: the usual one is long, and ledger.md has it."""
    if results.other is None and not results.run.plan.ledger:
        return
    counts = [entry for entry in results.entries if entry.section == "network_count"]
    if counts:
        yield Text(visible(f"Counts beside those of {results.printed.papers}", 900), style="bold")
        yield _counts(counts)
    speeds = [entry for entry in results.entries if entry.section == "network" and entry.ours]
    for place in dict.fromkeys(entry.place for entry in speeds if entry.place):
        column = results.columns[place.column]
        unit = "ms" if column.quantity == "latency_s" else "images/s"
        where = f"{place.device}, {place.runtime}, {place.allocator} memory"
        yield Text(visible(f"{where}, {unit}, beside the {column.shown} column", 900), style="bold")
        yield _speeds([entry for entry in speeds if entry.place == place])
        yield from _orders([e for e in results.entries if e.section == "network_order" and e.place == place])
    if not speeds and results.columns:
        wanted = "; ".join(f"{column.shown}: {column.settings}, NCHW" for column in results.columns.values())
        yield Text(visible(f"no row may stand beside a printed speed; they ask for {wanted}", 900), style="yellow")


def _table(*headings: str, words: Sequence[str] = ("network", "verdict", "is")) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for heading in headings:
        wordy = heading in words
        table.add_column(heading, justify="left" if wordy else "right", overflow="fold", no_wrap=not wordy)
    return table


def _counts(entries: Sequence[Entry]) -> Table:
    table = _table("network", "params, M", "ours", "is", "MACs, G", "ours", "is")
    by = {(entry.name, entry.quantity): entry for entry in entries}
    for name in dict.fromkeys(entry.name for entry in entries):
        cells = [cell for what in ("params", "macs") for cell in _count(by.get((name, what)))]
        table.add_row(Text(visible(name)), *cells)
    return table


def _count(entry: Entry | None) -> list[Text]:
    if entry is None or entry.ours is None:
        return [Text(), Text(), Text()]
    unit = _UNITS[entry.quantity]
    ours = significant(entry.ours.centre, unit, 4)
    return [_paper(entry), Text(ours), Text(entry.verdict, style=_STYLES.get(entry.verdict.split(" ")[0], ""))]


def _speeds(entries: Sequence[Entry]) -> Table:
    table = _table("network", "paper", "ours", "ours/paper", "rank there", "rank here", "verdict")
    for entry in entries:
        ranks = (Text(str(rank or "")) for rank in (entry.rank_paper, entry.rank_ours))
        ours = bounds(entry.ours, 3, _UNITS[entry.quantity])
        verdict = Text(visible(entry.verdict))
        table.add_row(Text(visible(entry.label)), _paper(entry), Text(ours), Text(bounds(entry.ratio)), *ranks, verdict)
    return table


def _paper(entry: Entry) -> Text:
    return Text("" if entry.paper is None else f"{entry.paper / _UNITS[entry.quantity]:.5g}")


def _orders(entries: Sequence[Entry]) -> Iterator[Text]:
    for entry in entries:
        said = entry.reason if entry.ours is None else f"Kendall's tau-b {entry.ours.centre:.2f}"
        yield Text(f"order of {entry.ranked} networks against the paper's: {said}", style="dim")
