"""What a terminal shows of a run: its table, and the heart of its ledger."""

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from reports.ledger.terminal_ledger import terminal_ledger
from reports.ledger.terminal_memory import terminal_memory
from reports.ledger.terminal_networks import terminal_networks
from reports.results import Results
from reports.tables.flip_table import flip_lines
from reports.tables.terminal_table import terminal_table
from reports.untrusted import visible


@dataclass(frozen=True)
class TerminalReport:
    """Printed by a rich console, which says how wide it is."""

    results: Results

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What is printed, from top to bottom; rich asks."""
        yield from terminal_table(self.results, options.max_width)
        for line in flip_lines(self.results):
            yield Text(visible(line, 900))
        yield from terminal_networks(self.results)
        yield from terminal_ledger(self.results.entries)
        yield from terminal_memory(self.results.memory)
