"""The replication ledger: every value the paper prints that this run can be held against."""

from collections.abc import Sequence

from bench.records.run import Run
from reports.entry import Entry
from reports.ledger_claims import claim_entries
from reports.ledger_networks import network_entries
from reports.ledger_operators import operator_entries
from reports.rows import Row, rows


def ledger(run: Run, table: Sequence[Row] | None = None) -> tuple[Entry, ...]:
    """Operators for `bench ops`; networks and claims for `bench models`."""
    measured = rows(run) if table is None else table
    if run.plan.command == "ops":
        return operator_entries(run, measured)
    return (*claim_entries(run), *network_entries(run, measured))
