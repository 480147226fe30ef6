"""The heart of the ledger on a terminal: the ratios that the paper claims, beside ours."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from reports.ledger.entry import Entry
from reports.numbers import bounds, significant
from reports.untrusted import visible

MOST_NAMED = 3  # ratios that a caveat spells out
_STYLES = {"reproduced": "green", "direction only": "yellow", "not reproduced": "red"}


def terminal_ledger(entries: Sequence[Entry]) -> Iterator[RenderableType]:
    """The average ratios to DWConv or the planned claims, a table per place; nothing where the run has neither."""
    places: dict[tuple[str, str, str, str], list[Entry]] = {}
    hearts = [entry for entry in entries if _is_heart(entry)]
    several = len({entry.column for entry in hearts}) > 1
    for entry in hearts:
        memory = f"{entry.allocator} memory" if entry.allocator else ""
        beside = f"beside {entry.column}" if several else ""
        places.setdefault((entry.device, entry.runtime, memory, beside), []).append(entry)
    for place, shown in places.items():
        title = f"Speed ratios beside the paper's: {', '.join(filter(None, place))}"
        yield Text(visible(title), style="bold")
        yield _table(shown)
        for line in _caveats(shown):
            yield Text(visible(line, 900), style="yellow")
    if places:
        kinds = dict.fromkeys(entry.basis for shown in places.values() for entry in shown if entry.basis)
        kind = " or ".join(kinds) or "round medians"
        yield Text(f"ours: ratios of {kind} with their 95% interval where one can be claimed", style="dim")


def _table(shown: Sequence[Entry]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for heading in ("faster", "than"):
        table.add_column(heading, overflow="fold")
    for heading in ("paper", "ours"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for entry in shown:
        table.add_row(
            *(Text(visible(text)) for text in (entry.label, entry.against)),
            f"{significant(entry.paper)}x",
            f"{bounds(entry.ours)}x" if entry.ours else "",
            Text(visible(entry.verdict), style=_STYLES.get(entry.verdict, "")),
        )
    return table


def _caveats(shown: Sequence[Entry]) -> list[str]:
    """What limits the trust in a verdict, or why there is none; ratios with one reason share a line."""
    by_reason: dict[str, list[str]] = {}
    for entry in shown:
        if entry.reason:
            by_reason.setdefault(entry.reason, []).append(f"{entry.label} over {entry.against}")
    return [
        f"{'; '.join(names[:MOST_NAMED])}{f' and {len(names) - MOST_NAMED} more' * (len(names) > MOST_NAMED)}: {reason}"
        for reason, names in by_reason.items()
    ]


def _is_heart(entry: Entry) -> bool:
    if entry.section == "claim":
        return entry.planned
    return entry.section == "operator_average" and bool(entry.against)
