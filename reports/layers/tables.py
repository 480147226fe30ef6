"""Profiles as text, the dearest first: on a terminal and as Markdown."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports.environment_text import device_title, surroundings
from reports.layers.difference import Difference, differences
from reports.layers.profile import Profile, Slice
from reports.layers.words import ABOUT, CELLS, MOST_LAYERS, NUMERIC, checks, title
from reports.numbers import MILLI, significant
from reports.results import Results
from reports.tables.markdown_table import pipe_table
from reports.untrusted import safe_markdown, visible

_DIFFERENCE = ("", "first ms", "second ms", "difference ms", "of it")
_SPARED = ("GB/s", "limit", "bound")  # where they are empty


def terminal_layers(results: Results) -> RenderableType:
    """For each network: its kinds, its dearest layers, the checks; then what the difference of two is made of."""
    return Group(*_terminal(results))


def markdown_layers(results: Results) -> str:
    """The same with every layer. Ends with a newline."""
    devices = dict.fromkeys(profile.unit.device for profile in results.profiles)
    parts = ["# Layers", *(safe_markdown(device_title(results.run, device)) for device in devices)]
    for profile in results.profiles:
        parts += [f"## {safe_markdown(title(profile))}"]
        parts += ["\n".join(f"- {safe_markdown(line, 900)}" for line in checks(profile))]
        parts += [_markdown(profile, "kind", profile.kinds), _markdown(profile, "layer", _dearest(profile))]
    for made in differences(results.profiles):
        body = [[safe_markdown(cell) for cell in cells] for cells in _difference_cells(made)]
        parts += [f"## {safe_markdown(made.title)}", pipe_table(_DIFFERENCE, _DIFFERENCE[1:], body)]
    parts += [*_failures(results), *[ABOUT] * bool(results.profiles), *surroundings(results.run)]
    return "\n\n".join(parts) + "\n"


def _markdown(profile: Profile, by: str, slices: Sequence[Slice]) -> str:
    headings, body = _table(profile, by, slices)
    return pipe_table(headings, NUMERIC, [[safe_markdown(cell) for cell in cells] for cells in body])


def _terminal(results: Results) -> Iterator[RenderableType]:
    for profile in results.profiles:
        yield Text(visible(title(profile)), style="bold")
        yield _rich(*_table(profile, "kind", profile.kinds))
        yield _rich(*_table(profile, "layer", _dearest(profile)[:MOST_LAYERS]))
        if (more := len(profile.layers) - MOST_LAYERS) > 0:
            yield Text(f"{more} more layers are in layers.md and layers.csv", style="dim")
        for line in checks(profile):
            yield Text(visible(line, 900))
        yield Text("")
    for made in differences(results.profiles):
        yield Text(visible(made.title), style="bold")
        yield _rich(list(_DIFFERENCE), _difference_cells(made))
        yield Text("")
    for line in _failures(results):
        yield Text(visible(line, 900), style="red")
    if results.profiles:
        yield Text(ABOUT, style="dim")


def _rich(headings: Sequence[str], body: Sequence[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        # Half a number is another number: a name is all that is ever folded.
        numeric = heading in (*NUMERIC, *_DIFFERENCE[1:])
        table.add_column(
            heading, justify="right" if numeric else "left", overflow="fold", no_wrap=heading not in ("layer", "")
        )
    for cells in body:
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table


def _table(profile: Profile, by: str, slices: Sequence[Slice]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells, without columns that say nothing here."""
    body = {heading: [cell(profile, each) for each in slices] for heading, cell in CELLS.items()}
    empty = [heading for heading in _SPARED if not any(body[heading])]
    headings = [each for each in CELLS if each not in empty and (by == "layer" or each != "layer")]
    return headings, [list(cells) for cells in zip(*(body[heading] for heading in headings), strict=True)]


def _dearest(profile: Profile) -> list[Slice]:
    return sorted(profile.layers, key=lambda each: -each.seconds)


def _difference_cells(made: Difference) -> list[list[str]]:
    return [
        [
            f"{line.by} {line.name}".strip(),
            significant(line.first_s, MILLI),
            significant(line.second_s, MILLI),
            f"{'+' if line.difference_s > 0 else ''}{significant(line.difference_s, MILLI)}",
            "" if line.share is None else f"{line.share:.0%}",
        ]
        for line in made.lines
    ]


def _failures(results: Results) -> list[str]:
    """What gave no layers, and why."""
    return list(
        dict.fromkeys(
            f"{row.unit.workload.name}, {row.unit.runtime}: {row.status}: {row.reason}"
            for row in results.rows
            if row.reason
        )
    )
