"""Profiles as text, the dearest first: on a terminal and as Markdown."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from reports.environment_text import device_title, surroundings
from reports.layers.difference import Difference, differences
from reports.layers.profile import Profile, Slice
from reports.layers.words import ABOUT, CELLS, MOST_LAYERS, NUMERIC, checks, title
from reports.numbers import MILLI, significant
from reports.results import Results
from reports.tables.rich_table import rich_table
from reports.tables.text_table import TextTable
from reports.untrusted import safe_markdown, visible

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
        parts += [_table(profile, "kind", profile.kinds).markdown, _table(profile, "layer", _dearest(profile)).markdown]
    for made in differences(results.profiles):
        parts += [f"## {safe_markdown(made.title)}", _difference(made).markdown]
    parts += [*_failures(results), *[ABOUT] * bool(results.profiles), *surroundings(results.run)]
    return "\n\n".join(parts) + "\n"


def _terminal(results: Results) -> Iterator[RenderableType]:
    for profile in results.profiles:
        yield Text(visible(title(profile)), style="bold")
        yield rich_table(_table(profile, "kind", profile.kinds))
        yield rich_table(_table(profile, "layer", _dearest(profile)[:MOST_LAYERS]))
        if (more := len(profile.layers) - MOST_LAYERS) > 0:
            yield Text(f"{more} more layers are in layers.md and layers.csv", style="dim")
        for line in checks(profile):
            yield Text(visible(line, 900))
        yield Text("")
    for made in differences(results.profiles):
        yield Text(visible(made.title), style="bold")
        yield rich_table(_difference(made))
        yield Text("")
    for line in _failures(results):
        yield Text(visible(line, 900), style="red")
    if results.profiles:
        yield Text(ABOUT, style="dim")


def _table(profile: Profile, by: str, slices: Sequence[Slice]) -> TextTable:
    """Without columns that say nothing here."""
    body = {heading: [cell(profile, each) for each in slices] for heading, cell in CELLS.items()}
    empty = [heading for heading in _SPARED if not any(body[heading])]
    headings = [each for each in CELLS if each not in empty and (by == "layer" or each != "layer")]
    rows = list(zip(*(body[heading] for heading in headings), strict=True))
    return TextTable(headings=headings, numeric=NUMERIC, folded=("layer",), rows=rows)


def _dearest(profile: Profile) -> list[Slice]:
    return sorted(profile.layers, key=lambda each: -each.seconds)


def _difference(made: Difference) -> TextTable:
    rows = [
        [
            f"{line.by} {line.name}".strip(),
            significant(line.first_s, MILLI),
            significant(line.second_s, MILLI),
            f"{'+' if line.difference_s > 0 else ''}{significant(line.difference_s, MILLI)}",
            "" if line.share is None else f"{line.share:.0%}",
        ]
        for line in made.lines
    ]
    headings = ("", "first ms", "second ms", "difference ms", "of it")
    return TextTable(headings=headings, numeric=headings[1:], folded=headings[:1], rows=rows)


def _failures(results: Results) -> list[str]:
    """What gave no layers, and why."""
    return list(
        dict.fromkeys(
            f"{row.unit.workload.name}, {row.unit.runtime}: {row.status}: {row.reason}"
            for row in results.rows
            if row.reason
        )
    )
