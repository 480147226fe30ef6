"""table.md: the table for a repository page or a step summary."""

from collections.abc import Sequence

from bench.records.run import Run
from reports.plots.pictured import picture_notes
from reports.rows import Row, rows, workload_notes
from reports.tables.noise_floor import noise_lines
from reports.tables.sections import CONVENTION, VERDICT_LEGEND, Section, sections
from reports.untrusted import markdown_text as safe


def markdown_text(run: Run, table: Sequence[Row] | None = None) -> str:
    """Every row with its verdict, the conventions and the noise floor. Ends with a newline."""
    table = rows(run) if table is None else table
    parts = [_section(section) for section in sections(run, table)]
    legend = [CONVENTION + ".", VERDICT_LEGEND + "."]
    notes = [safe(line, 900) for line in (*noise_lines(run), *picture_notes(run, table))]
    return "\n\n".join([*parts, *_about(table), *legend, *notes]) + "\n"


def _about(table: Sequence[Row]) -> list[str]:
    """One list of what must be known of the workloads, each note once with the names it holds for."""
    names: dict[str, dict[str, None]] = {}
    for row in table:
        for note in workload_notes(row.unit.workload, row.cost):
            names.setdefault(note, {})[row.unit.workload.name] = None
    items = [f"- {safe(', '.join(who), 900)}: {safe(note, 900)}" for note, who in names.items()]
    return ["\n".join(items)] if items else []


def pipe_table(headings: Sequence[str], numeric: Sequence[bool], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table of cells that are already escaped."""
    rule = ["---:" if right else "---" for right in numeric]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *body))


def _section(section: Section) -> str:
    # The note is a column of its own only where a row has one.
    notes = any(line.note for line in section.lines)
    headings = [column.heading for column in section.columns] + ["why"] * notes
    numeric = [column.numeric for column in section.columns] + [False] * notes
    body = [[safe(cell) for cell in line.cells] + ([safe(line.note)] if notes else []) for line in section.lines]
    caption = ". ".join(safe(part, 900) for part in section.caption)
    return f"### {safe(section.title)}\n\n{pipe_table(headings, numeric, body)}\n\n{caption}."
