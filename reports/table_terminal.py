"""The table on a terminal, readable at 100 columns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.run import Run
from reports.noise import noise_lines
from reports.rows import Row
from reports.text_table import CONVENTION, Line, Section, sections
from reports.untrusted import visible

_SPARED = ("GB/s", "Mparams", "GMACs", "GMAC/s")  # in the order in which they go
_COLOURS = {"ok": "green", "noisy": "yellow", "unreplicated": "yellow", "done": "green"}


def print_table(run: Run, rows: Sequence[Row], console: Console) -> None:
    """One table per device and kind; a row without numbers shows why beneath it."""
    for section in sections(run, rows):
        console.print(_renderable(_narrowed(section, console.width)))
    console.print(Text(CONVENTION, style="dim"))
    for line in noise_lines(run):
        console.print(Text(visible(line, 900), style="dim"))


def _narrowed(section: Section, width: int) -> Section:
    """Without the columns that can be spared where the table is too wide: a cropped number would be a lie."""
    left_out = []
    for heading in _SPARED:
        if _least_width(section) > width and any(column.heading == heading for column in section.columns):
            section = section.without(heading)
            left_out.append(heading)
    if not left_out:
        return section
    return replace(section, caption=(*section.caption, f"{', '.join(left_out)}: in table.csv, the terminal is narrow"))


def _least_width(section: Section) -> int:
    """Characters that the table needs with its names folded at their spaces."""
    total = 0
    for index, column in enumerate(section.columns):
        cells = [visible(line.cells[index]) for line in section.lines]
        longest = cells if column.numeric else [word for cell in cells for word in cell.split(" ")]
        total += max(len(text) for text in (column.heading, *longest)) + 3
    return total


def _renderable(section: Section) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for column in section.columns:
        # Numbers are never folded: a digit on the next line would be another number.
        justify: Literal["left", "right"] = "right" if column.numeric else "left"
        table.add_column(column.heading, justify=justify, no_wrap=column.numeric, overflow="fold")
    for index, line in enumerate(section.lines):
        following = section.lines[index + 1 : index + 2]
        last_of_group = bool(following) and following[0].group != line.group
        table.add_row(*_cells(line), end_section=last_of_group)
    notes = _notes(section)
    caption = Text("; ".join(visible(part, 900) for part in section.caption), style="dim")
    return Group(Text(visible(section.title), style="bold"), table, *notes, caption, Text(""))


def _cells(line: Line) -> list[Text]:
    *cells, verdict = line.cells
    style = _COLOURS.get(verdict, "red")
    # Text, not str: a name that looks like rich markup stays the characters it is.
    return [*(Text(visible(cell)) for cell in cells), Text(visible(verdict), style=style)]


def _notes(section: Section) -> list[Text]:
    """Why rows have no numbers, or not from all rounds; rows with one reason share a line."""
    by_reason: dict[str, list[str]] = {}
    for line in section.lines:
        if line.note:
            by_reason.setdefault(line.note, []).append(line.name)
    return [
        Text(f"{visible(', '.join(names[:3]))}{f' and {len(names) - 3} more' * (len(names) > 3)}: ")
        + Text(visible(reason), style="red")
        for reason, names in by_reason.items()
    ]
