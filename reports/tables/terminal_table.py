"""The table on a terminal, readable at 100 columns."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports.results import Results
from reports.rows import uncounted
from reports.tables.below import below
from reports.tables.sections import CONVENTION, SHORT, Line, Section, sections
from reports.untrusted import visible

GAP = 2  # blanks between columns
MOST_NAMED = 3  # rows that a note spells out
_SHORT_HEADINGS = {"threads": "thr"}
_SPARED = ("GB/s", "Mparams", "GMACs", "GMAC/s", "idle W")  # in the order in which they go
_COLOURS = {"ok": "green", "noisy": "yellow", "unreplicated": "yellow", "done": "green"}


def terminal_table(results: Results, width: int) -> Iterator[RenderableType]:
    """One table per device and kind; a row without numbers shows why beneath it."""
    for section in sections(results):
        yield _renderable(_fitted(section, width), width)
    yield Text(CONVENTION, style="dim")
    for line in dict.fromkeys(
        f"{row.unit.workload.name}: {missing}" for row in results.rows if (missing := uncounted(row.cost))
    ):
        yield Text(visible(line, 900))
    for line in below(results):
        yield Text(visible(line, 900), style="dim")


def _fitted(section: Section, width: int) -> Section:
    """Shorter words, then fewer columns where the table is too wide: a cropped number would be a lie."""
    if _width(section) > width:
        section = _shortened(section)
    left_out = []
    for heading in _SPARED:
        if _width(section) > width and any(column.heading == heading for column in section.columns):
            section = section.without(heading)
            left_out.append(heading)
    if not left_out:
        return section
    return replace(section, caption=(*section.caption, f"{', '.join(left_out)}: in table.csv, the terminal is narrow"))


def _width(section: Section) -> int:
    """Characters that the table takes, a line a row."""
    cells = zip(*(line.cells for line in section.lines), strict=True)
    longest = [
        max(len(visible(text)) for text in {column.heading, *texts})
        for column, texts in zip(section.columns, cells, strict=True)
    ]
    return sum(longest) + GAP * (len(longest) - 1)


def _shortened(section: Section) -> Section:
    """The same table in shorter words, those that need it explained in the caption."""
    words = [SHORT.get(column.heading, {}) for column in section.columns]
    columns = [replace(c, heading=_SHORT_HEADINGS.get(c.heading, c.heading)) for c in section.columns]
    lines = [
        replace(line, cells=tuple(short.get(text, text) for short, text in zip(words, line.cells, strict=True)))
        for line in section.lines
    ]
    headings = {column.heading for column in section.columns}
    legend = [f"{short}: {long}" for long, short in _SHORT_HEADINGS.items() if long in headings]
    legend += ["NHWC: channels_last"] if "layout" in headings else []
    caption = (*section.caption, ", ".join(legend)) if legend else section.caption
    return replace(section, columns=tuple(columns), lines=tuple(lines), caption=caption)


def _renderable(section: Section, width: int) -> RenderableType:
    # SIMPLE_HEAD puts a blank between columns; the rest of the gap is padding.
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, GAP - 1, 0, 0), show_edge=False)
    columns = section.columns
    body = [[visible(text) for text in line.cells] for line in section.lines]
    widths = [max(map(cell_len, texts)) for texts in zip((column.heading for column in columns), *body, strict=True)]

    def joined(cells: Sequence[str]) -> Text:
        padded = [
            " " * (room - cell_len(text)) + text if column.numeric else text + " " * (room - cell_len(text))
            for text, column, room in zip(cells, columns[1:], widths[1:], strict=True)
        ]
        return Text((" " * GAP).join(padded))

    # Nothing is ever folded but a name that is wider than the terminal: half a number is another number. The other
    # columns are one to rich, which takes a tenth of a millisecond for each cell, and told their width: it would render
    # each cell to learn it.
    rest_width = sum(widths[1:]) + GAP * (len(widths) - 2)
    fits = widths[0] + GAP + rest_width <= width
    table.add_column(columns[0].heading, overflow="fold", width=widths[0] if fits else None)
    table.add_column(joined([column.heading for column in columns[1:]]), no_wrap=True, width=rest_width)

    def rest(at: int) -> Text:
        text = joined(body[at][1:])
        text.stylize(_COLOURS.get(section.lines[at].cells[-1], "red"), len(text) - widths[-1])
        return text

    ends = [*(one.group != other.group for one, other in pairwise(section.lines)), False]
    for block in _blocks(section.lines, by_group=fits):
        # Text, not str: a name that looks like rich markup stays the characters it is.
        names = Text("\n".join(body[at][0] for at in block))
        table.add_row(names, Text("\n").join(map(rest, block)), end_section=ends[block[-1]])
    caption = Text("; ".join(visible(part, 900) for part in section.caption), style="dim")
    return Group(Text(visible(section.title), style="bold"), table, *_notes(section), caption, Text(""))


def _blocks(lines: Sequence[Line], *, by_group: bool) -> list[Sequence[int]]:
    """The numbers of the lines that are one row to rich: those of a group where no name is folded, else each alone."""
    if not by_group:
        return [[at] for at in range(len(lines))]
    return [[*block] for _, block in groupby(range(len(lines)), key=lambda at: lines[at].group)]


def _notes(section: Section) -> list[Text]:
    """Why rows have no numbers, or not from all rounds; rows with one reason share a line."""
    by_reason: dict[str, list[Line]] = {}
    for line in section.lines:
        if line.note:
            by_reason.setdefault(line.note, []).append(line)
    return [
        Text(f"{visible(_subject(lines))}: ") + Text(visible(reason), style="red")
        for reason, lines in by_reason.items()
    ]


def _subject(lines: Sequence[Line]) -> str:
    """The rows by name, or many of them by what they share: `24 rows of onnxruntime, channels_last`."""
    if len(lines) <= MOST_NAMED:
        return ", ".join(" ".join(line.identity) for line in lines)
    parts = zip(*(line.identity for line in lines), strict=True)
    shared = [values[0] for values in parts if len(set(values)) == 1 and values[0]]
    return f"{len(lines)} rows of {', '.join(shared)}" if shared else f"{len(lines)} rows"
