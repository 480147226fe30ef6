"""A table of text, and how it is written in Markdown; `rich_table` shows it on a terminal."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from reports.untrusted import safe_markdown


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """Cells as text, none of them escaped.

    The columns headed `numeric` are aligned to the right; those headed `folded` alone are broken where a terminal is
    too narrow: half a number is another number.
    """

    headings: Sequence[str]
    numeric: Container[str]
    folded: Container[str]
    rows: Sequence[Sequence[str]]
    title: str = ""

    @property
    def markdown(self) -> str:
        """Escaped, without its title."""
        return pipe_table(self.headings, self.numeric, [[safe_markdown(cell) for cell in row] for row in self.rows])


def pipe_table(headings: Sequence[str], numeric: Container[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table of cells that are already escaped; the columns headed `numeric` are aligned to the right."""
    rule = ["---:" if heading in numeric else "---" for heading in headings]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *body))
