"""A table of text on a terminal."""

from rich import box
from rich.table import Table
from rich.text import Text

from reports.tables.text_table import TextTable
from reports.untrusted import visible


def rich_table(table: TextTable) -> Table:
    """Escaped, without its title."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for heading in table.headings:
        made.add_column(
            heading,
            justify="right" if heading in table.numeric else "left",
            overflow="fold",
            no_wrap=heading not in table.folded,
        )
    for row in table.rows:
        made.add_row(*(Text(visible(cell)) for cell in row))
    return made
