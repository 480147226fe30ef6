"""What a terminal shows of a run: its table, and the heart of its ledger."""

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult

from reports.ledger.terminal_ledger import terminal_ledger
from reports.results import Results
from reports.tables.terminal_table import terminal_table


@dataclass(frozen=True)
class TerminalReport:
    """Printed by a rich console, which says how wide it is."""

    results: Results

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What is printed, from top to bottom; rich asks."""
        yield from terminal_table(self.results, options.max_width)
        yield from terminal_ledger(self.results.entries)
