"""The replication ledger: every value the paper prints that this run can be held against."""

from collections.abc import Sequence

from bench.records.run import Run
from reports.ledger.claim_entries import claim_entries
from reports.ledger.entry import Entry
from reports.ledger.network_entries import network_entries
from reports.ledger.operator_entries import operator_entries
from reports.rows import Row, rows


def ledger(run: Run, table: Sequence[Row] | None = None) -> tuple[Entry, ...]:
    """Operators for `bench ops`; networks and claims for `bench models`."""
    measured = rows(run) if table is None else table
    if run.plan.command == "ops":
        return operator_entries(run, measured)
    return (*claim_entries(run), *network_entries(run, measured))
