"""What every report is made from: a run with its rows, ledger and panels."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bench.records.record import Record, latest
from bench.records.run import Run
from bench.records.workload import Kind, Unit
from reports.ci.finding import Finding, findings
from reports.comparisons import Comparison, comparisons
from reports.flips import Flips, flips
from reports.gate import Gated, gated
from reports.layers.profile import Profile, profiles
from reports.ledger.ablation_entries import ablation_entries
from reports.ledger.accuracy_entries import again_entries
from reports.ledger.claim_entries import claim_entries
from reports.ledger.detection_entries import detection_entries
from reports.ledger.entry import Entry
from reports.ledger.measured_accuracy import with_measured
from reports.ledger.network_entries import network_entries
from reports.ledger.operator_entries import operator_entries
from reports.ledger.printed_column import PrintedColumn
from reports.ledger.printed_table import PrintedTable
from reports.ledger.read_accuracy import parse_accuracies
from reports.ledger.read_table import parse_table
from reports.ledger.study_entries import study_entries
from reports.paper_tables import COLUMNS, paper, rivals
from reports.plots.panel import Panel, candidates
from reports.row import Row
from reports.rows import rows

if TYPE_CHECKING:
    from reports.memory.claim import MemoryClaim


@dataclass(frozen=True, kw_only=True)
class Results:
    """Each part is made when it is first asked for, and once for all who ask.

    other: the table that the networks are set beside instead of the run's own.
    undistilled: whether accuracy pictures leave out networks that were trained with a teacher.
    """

    run: Run
    other: PrintedTable | None = None
    undistilled: bool = False

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """One per planned cell, in the order of the plan; a study or an evaluation times nothing."""
        return () if self.run.plan.command == "accuracy" else rows(self.run)

    @cached_property
    def ended(self) -> Mapping[Unit, Record]:
        """The record that counts of each unit that has one."""
        return latest(self.run.records)

    @cached_property
    def rounds(self) -> int:
        """The number of rounds each cell was planned for."""
        return self.run.plan.rounds

    @cached_property
    def printed(self) -> PrintedTable:
        """The networks that a paper prints: what the run was given, the PConv paper where it was given none.

        Raises UsageError where the run holds a table that is none.
        """
        if self.other is not None:
            return self.other
        return parse_table(self.run.plan.ledger, "the ledger in run.json") if self.run.plan.ledger else paper()

    @cached_property
    def accuracies(self) -> PrintedTable:
        """What pictures take accuracy, title and family from: the same, what the run was given, and the rivals.

        Raises UsageError where the run holds accuracies that are none.
        """
        plan, table = self.run.plan, self.printed
        if plan.accuracy:
            table = table.extended(parse_accuracies(plan.accuracy, "the accuracies in run.json").table(plan.units))
        return with_measured(table.extended(rivals()), plan.accuracies)

    @property
    def columns(self) -> Mapping[str, PrintedColumn]:
        """The columns of printed speeds that entries name."""
        ops = self.run.plan.command == "ops"
        return {column.name: column for column in (COLUMNS.values() if ops else self.printed.columns)}

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The ledger, an entry per printed value: operators for `bench ops`, claims and networks for `bench models`."""
        if self.run.plan.command == "ops":
            return operator_entries(self.run, self.rows)
        if self.run.plan.command in ("compare", "layers", "accuracy"):
            return ()
        if self.run.plan.study is not None:
            return study_entries(self.run)
        own = (*claim_entries(self.run, self.printed), *network_entries(self.run, self.rows, self.printed))
        own = (*own, *again_entries(own, rivals()))
        if self.printed is not paper():
            return own
        return (*own, *ablation_entries(self.run, self.rows), *detection_entries(self.run, self.rows))

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """What `bench compare` asked for."""
        return comparisons(self.run) if self.run.plan.command == "compare" else ()

    @cached_property
    def profiles(self) -> tuple[Profile, ...]:
        """What `bench layers` asked for."""
        return profiles(self.run, self.rows) if self.run.plan.command == "layers" else ()

    @cached_property
    def flips(self) -> Flips:
        """Which axis changes who of two is faster."""
        return flips(self.rows)

    @cached_property
    def memory(self) -> "tuple[MemoryClaim, ...]":
        """Whether operators are slow because of memory access, by device, runtime, dtype, threads and switches."""
        from reports.memory.claim import memory_claims  # it needs numpy, which importing the surface does not

        return memory_claims(self.rows)

    @cached_property
    def gated(self) -> tuple[Gated, ...]:
        """The same as a gate sees them."""
        return gated(self.run) if self.run.plan.command == "compare" else ()

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The same as continuous integration is told of them."""
        return findings(self.run, self.gated)

    @cached_property
    def panels(self) -> Mapping[Kind, tuple[Panel, ...]]:
        """What is worth a picture, by the kind of workload."""
        return {"op": candidates(self.run, self.rows, "op"), "model": candidates(self.run, self.rows, "model")}
