"""Accuracies that runs of `bench accuracy` have found, in the place of printed ones."""

from collections.abc import Sequence
from dataclasses import replace

from bench.records.accuracy import MeasuredAccuracy
from reports.ledger.printed_table import PrintedNetwork, PrintedTable
from reports.untrusted import visible


def with_measured(table: PrintedTable, found: Sequence[MeasuredAccuracy]) -> PrintedTable:
    """The table that has them too, each for the runtime, dtype and calibration that it was found in.

    The first of two counts.
    """
    return replace(table, measured=tuple(_network(each, table) for each in found))


def _network(found: MeasuredAccuracy, table: PrintedTable) -> PrintedNetwork:
    """Titled as the table has it; what was printed of its speeds and counts is no part of it."""
    known = table.by_name.get(found.network)
    return PrintedNetwork(
        name=found.network,
        title=known.title if known else found.network,
        family=known.family if known else found.network,
        input_px=(found.input_shape[1], found.input_shape[2]),
        top1_percent=100 * found.top1,
        recipe=known.recipe if known else "",
        computed=(found.runtime, found.dtype, found.calibration),
        source=f"run {visible(found.run, 60)} ({found.images} images)",
    )
