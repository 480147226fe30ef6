"""A run as its folder holds it: what was planned, on what, and what came of it."""

from dataclasses import dataclass

from bench.records.accuracy import Evaluation, EvaluationRecord, MeasuredAccuracy
from bench.records.answer import MARGIN
from bench.records.base import Base
from bench.records.ceilings import Ceilings
from bench.records.environment import Environment
from bench.records.measurement import NoiseFloor
from bench.records.origin import PythonEnvironment
from bench.records.pair import Pair, PairRecord
from bench.records.record import Record
from bench.records.study import Study, StudyRecord
from bench.records.workload import Unit

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class DeviceState:
    """One device of a run: its environment at the start, the noise floor seen in each round, its other Pythons."""

    name: str
    environment: Environment | None = None  # None where it was never reached
    noise: tuple[NoiseFloor, ...] = ()
    pythons: tuple[PythonEnvironment, ...] = ()  # that units name, and the usual one; none where no unit names any
    ceilings: tuple[Ceilings, ...] = ()  # of the dtypes and thread counts of its units; none in older runs


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option of the command line as it was understood; `--resume` compares by it."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is to be run, written to run.json before anything runs."""

    schema: int = SCHEMA
    command: str  # "ops", "models", "layers", "compare", "accuracy" or the name of a study
    argv: tuple[str, ...]
    options: tuple[Option, ...] = ()
    created_utc: str
    version: str  # of this package
    code_version: str  # hash of the source files that decide a number
    units: tuple[Unit, ...]  # in the table's order; each round is run in an order of its own, drawn by `seed`
    seed: int = 0
    pairs: tuple[Pair, ...] = ()
    devices: tuple[DeviceState, ...] = ()
    base: Base | None = None  # of a gate: what the first sides are
    margin: float = MARGIN  # below which no change counts, relative
    ledger: str = ""  # the printed figures that `--ledger` named, its file whole; empty: the PConv paper's
    accuracy: str = ""  # the accuracies of timm's networks that `--accuracy` named, its file whole
    accuracies: tuple[MeasuredAccuracy, ...] = ()  # what the runs that `--accuracy` named have found
    study: Study | None = None  # that the command asks for, in place of units
    evaluation: Evaluation | None = None  # that the command asks for, about its one unit

    def option(self, name: str) -> str:
        """What the command line said, or its default; empty where there was no such option."""
        return next((option.value for option in self.options if option.name == name), "")

    def flag(self, name: str) -> bool:
        """Whether a switch was given."""
        return self.option(name) == str(True)

    def __post_init__(self) -> None:
        if not 0 < self.margin <= 1:
            raise ValueError(f"expected a margin over 0 and up to 1, got {self.margin}")
        for name in ("budget", "until", "self_test"):
            limit = self._limit(name)
            if limit is not None and not 0 < limit <= 1e9:
                raise ValueError(f"expected {name} over 0, got {limit}")

    @property
    def rounds(self) -> int:
        """The number of rounds each cell was planned for."""
        return 1 + max((unit.round for unit in self.units), default=-1)

    @property
    def budget_s(self) -> float | None:
        """Of a table that takes as many rounds as fit into so many seconds; None of one that is measured whole."""
        return self._limit("budget") if self.units else None

    @property
    def pairs_budget_s(self) -> float | None:
        """Of a comparison: seconds after which no pair begins that would end later; None where none were given."""
        return None if self.units else self._limit("budget")

    @property
    def until(self) -> float | None:
        """Half-width of the ratio's interval at which a comparison ends, relative; None where none was given."""
        return self._limit("until")

    def _limit(self, name: str) -> float | None:
        given = self.option(name)
        return float(given) if given else None


@dataclass(frozen=True, kw_only=True)
class Run:
    """A plan with the records that count (the last one of each unit); a unit without one has not ended."""

    plan: Plan
    records: tuple[Record, ...]
    pair_records: tuple[PairRecord, ...] = ()
    devices: tuple[DeviceState, ...] = ()
    study_records: tuple[StudyRecord, ...] = ()
    evaluation_records: tuple[EvaluationRecord, ...] = ()

    def device(self, name: str) -> DeviceState:
        """The state of that device; an empty one where it was never reached."""
        return next((state for state in self.devices if state.name == name), DeviceState(name=name))
