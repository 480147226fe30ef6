"""Who is told what happens in a run; called from the machines' threads."""

from collections.abc import Sequence
from typing import Protocol

from bench.records.artifact import Artifact
from bench.records.pair import PairRecord
from bench.records.record import Record
from bench.records.workload import Unit


class Observer(Protocol):
    """A progress bar, a log, nobody."""

    def exporting(self, units: Sequence[Unit]) -> None:
        """The artifacts of these units are to be made first."""

    def exported(self, unit: Unit, artifact: Artifact) -> None:
        """One of them is there, or has failed."""

    def began(self, unit: Unit) -> None:
        """A worker started on the unit."""

    def ended(self, record: Record | PairRecord) -> None:
        """A unit or a pair has its record."""

    def said(self, machine: str, text: str) -> None:
        """Something worth a line: a retry, a lost link."""


class SilentObserver:
    """Nobody."""

    def exporting(self, units: Sequence[Unit]) -> None:
        pass

    def exported(self, unit: Unit, artifact: Artifact) -> None:
        pass

    def began(self, unit: Unit) -> None:
        pass

    def ended(self, record: Record | PairRecord) -> None:
        pass

    def said(self, machine: str, text: str) -> None:
        pass
