"""A row of a run as the index of a site has it, beside what other runs say of the same cell on such a device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bench.records.environment import Environment
from bench.records.run import Run
from bench.records.workload import Unit
from reports.best.candidate import Candidate
from reports.cell_identity import identity
from reports.environment_text import processor, versions
from reports.results import Results
from reports.row import Row
from reports.runs_compared import environment_changes


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A row, by its number in its run.

    run: the name of the run's folder.
    began: when the run did, UTC.
    code: the hash of the source that measured it.
    device: the model of what computed it, whatever the run calls it.
    runtime: the version of the package behind its runtime; empty where that is not known.
    candidate: with what is known of its accuracy; None of an operator.
    latest: the newest run's measured entry of the same cell on such a device, which may be this one; None where this
        one was not measured.
    """

    run: str
    began: str
    code: str
    number: int
    row: Row
    device: str
    environment: Environment | None
    runtime: str
    candidate: Candidate | None = None
    latest: "Entry | None" = None

    @property
    def recency(self) -> str:
        """Of a row with a number: `latest`, or `earlier` where a newer run has its cell too."""
        return "" if self.latest is None else "latest" if self.latest.run == self.run else "earlier"

    @property
    def differences(self) -> tuple[tuple[str, str, str], ...]:
        """What of the device and the code is not as where the latest one was measured: its name, here and there."""
        if self.latest is None or self.latest.run == self.run:
            return ()
        codes = [("code version", self.code, self.latest.code)] if self.code != self.latest.code else []
        return (*codes, *environment_changes(self.environment, self.latest.environment))


def entries_of(name: str, results: Results) -> Iterator[Entry]:
    """Those of all rows of a run."""
    run = results.run
    for number, row in enumerate(results.rows):
        facts = results.accuracies.published(row.unit) if row.unit.workload.kind == "model" else None
        state = run.device(row.unit.device)
        yield Entry(
            run=name,
            began=run.plan.created_utc,
            code=run.plan.code_version,
            number=number,
            row=row,
            device=_device(run, row.unit),
            environment=state.environment,
            runtime=", ".join(versions(run, state, row.unit.runtime)),
            candidate=Candidate(row=row, facts=facts) if row.unit.workload.kind == "model" else None,
        )


def _device(run: Run, unit: Unit) -> str:
    """`NVIDIA H100` of "cuda:0 NVIDIA H100, driver ..."; the board, CPU and cores elsewhere."""
    environment = run.device(unit.device).environment
    if environment is None:
        return f"{unit.device}, never reached"
    named = processor(environment, unit.accelerator)
    return named.partition(" ")[2].partition(", driver")[0] if named in environment.accelerators else named


def by_recency(ordered: Sequence[Entry]) -> tuple[Entry, ...]:
    """The same, given the latest run first; each that was measured knows the latest one of its cell."""
    measured = [entry for entry in ordered if entry.row.time is not None]
    latest = {_cell(entry): entry for entry in reversed(measured)}
    return tuple(
        replace(entry, latest=latest[_cell(entry)]) if entry.row.time is not None else entry for entry in ordered
    )


def _cell(entry: Entry) -> object:
    """The same wherever the same was measured on such a device, under whatever name."""
    return entry.device, replace(identity(entry.row.unit), device="", accelerator="")
