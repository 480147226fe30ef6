"""table.md: the table for a repository page or a step summary."""

from collections.abc import Sequence

from reports.results import Results
from reports.row import Row
from reports.rows import workload_notes
from reports.tables.below import below
from reports.tables.flip_table import flip_lines
from reports.tables.sections import CONVENTION, VERDICT_LEGEND, Section, sections
from reports.tables.text_table import pipe_table
from reports.untrusted import safe_markdown


def markdown_table(results: Results) -> str:
    """Every row with its verdict, the conventions and the noise floor. Ends with a newline."""
    parts = [_section(section) for section in sections(results)]
    legend = [CONVENTION + ".", VERDICT_LEGEND + "."]
    said = below(results)
    notes = [safe_markdown(line, 900) for line in said]
    return "\n\n".join([*parts, *_flips(results), *_about(results.rows), *legend, *notes]) + "\n"


def _flips(results: Results) -> list[str]:
    """Which axis changes who is faster; nothing where the run has no axis for it."""
    lines = [safe_markdown(line, 900) for line in flip_lines(results)]
    return [lines[0], *["\n".join(f"- {line}" for line in lines[1:])] * (len(lines) > 1)] if lines else []


def _about(table: Sequence[Row]) -> list[str]:
    """One list of what must be known of the workloads, each note once with the names it holds for."""
    names: dict[str, dict[str, None]] = {}
    for row in table:
        for note in workload_notes(row.unit.workload, row.cost):
            names.setdefault(note, {})[row.label] = None
    items = [f"- {safe_markdown(', '.join(who), 900)}: {safe_markdown(note, 900)}" for note, who in names.items()]
    return ["\n".join(items)] if items else []


def _section(section: Section) -> str:
    # The note is a column of its own only where a row has one.
    notes = any(line.note for line in section.lines)
    headings = [column.heading for column in section.columns] + ["why"] * notes
    numeric = [column.heading for column in section.columns if column.numeric]
    body = [[safe_markdown(cell) for cell in (*line.cells, *[line.note] * notes)] for line in section.lines]
    caption = ". ".join(safe_markdown(part, 900) for part in section.caption)
    return f"### {safe_markdown(section.title)}\n\n{pipe_table(headings, numeric, body)}\n\n{caption}."
