"""The terminal's two streams, either of which may lose its reader."""

import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.cli.streams import silence
from bench.plain_text import plain_line

NARROWEST = 80  # columns that every table is made for


class SturdyConsole(Console):
    """A console that goes on without a reader (`| head`, a `tee` that Ctrl-C ended), where rich would end the process.

    What is left is said to nobody: a run that has measured for hours is worth more than its last lines.
    """

    def on_broken_pipe(self) -> None:
        """Let everything that still goes to this stream vanish, also what others write to it."""
        self.quiet = True
        silence(self.file)

    def _check_buffer(self) -> None:
        try:
            super()._check_buffer()
        except OSError:  # a full disk, say: results have to arrive, what is said on the way does not
            if not self.stderr:
                raise
            self.on_broken_pipe()


def stdout_console(piped: int = 100) -> SturdyConsole:
    """One for tables: as wide as the terminal, where half a number would be another number 80 at least, whose lines it
    then breaks itself; a pipe has no width."""
    console = SturdyConsole(width=None if sys.stdout.isatty() else piped)
    return console if console.width >= NARROWEST else SturdyConsole(width=NARROWEST)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout; what its cells say may come from outside."""
    table = Table(box=box.SIMPLE)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:  # Text, so that no device's word is read as markup
        table.add_row(*(Text(plain_line(cell)) for cell in row))
    stdout_console(120).print(table)
