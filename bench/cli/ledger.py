"""`--ledger FILE.csv`: a table of printed figures, understood before anything is measured."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import F
from bench.errors import UsageError
from bench.plan.subjects import networks

if TYPE_CHECKING:
    from reports.ledger.printed_table import PrintedTable


def ledger_option(text: str) -> Callable[[F], F]:
    """Add `--ledger`, described by that text."""
    return click.option("--ledger", type=click.Path(dir_okay=False), metavar="FILE.csv", help=text)


def given_ledger(path: str | None) -> "tuple[str, PrintedTable]":
    """The text of that file and the table in it; the PConv paper's, whose text no run needs to hold, without a file.

    UsageError where the file is no such table, or a name in it is not that of one network.
    """
    from reports.ledger.read_table import read_table
    from reports.paper_tables import paper

    if path is None:
        return "", paper()
    text, table = read_table(Path(path))
    for network in table.networks:
        try:
            found = networks((network.name,))
        except ValueError as error:
            raise UsageError(f"{path}: {error}") from None
        if [entry.name for entry in found] != [network.name]:
            raise UsageError(
                f"{path}: expected the name of one network, got the group {network.name}; name its members"
            )
    return text, table
