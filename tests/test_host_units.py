"""The rules for a worker that ends too early: the same whether its units are measured or prepared."""

import signal
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import cast, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cache.store import Store
from bench.errors import ProtocolError
from bench.host.artifacts import ArtifactCache
from bench.host.machine import Machine
from bench.host.patience import Patience
from bench.host.prepare import Preparation
from bench.host.units import UnitLoop
from bench.host.work import Work
from bench.journal import Journal
from bench.link.connection import Connection
from bench.records.artifact import Artifact
from bench.records.device import Device
from bench.records.record import FailureKind, Record, status_of
from bench.records.workload import Unit
from bench.wire.messages import Body, Said
from bench.wire.order import Job, Order, Task, TaskKind
from tests.fake_device import FakeDevice, Line, Notes, begin, done, ended, fatal
from tests.made_up import plan, unit

NAMES = ("conv", "gconv", "pconv")
UNITS = tuple(unit(name) for name in NAMES)
KINDS: tuple[TaskKind, ...] = ("measure", "export")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one worker does: so many units end well, the next begins or not, then the worker says its last."""

    well: int = 0
    begins: bool = True
    last: tuple[Line, ...] = (ended(),)


def answer(job: Job, order: Order) -> Said:
    """What ends a unit well."""
    if job.task.kind == "measure":
        return done(order.unit, order.attempt)
    return Said(body=Artifact(seconds=0.1), unit=order.unit.id, attempt=order.attempt)


def played(turns: Sequence[Turn]) -> FakeDevice:
    """One turn for each job; once they are used up all is well."""
    left = iter(turns)

    def script(job: Job) -> Iterator[Line]:
        turn = next(left, Turn(well=len(job.task.orders)))
        for order in job.task.orders[: turn.well]:
            yield begin(order.unit, order.attempt)
            yield answer(job, order)
        if turn.begins and (rest := job.task.orders[turn.well :]):
            yield begin(rest[0].unit, rest[0].attempt)
        yield from turn.last

    return FakeDevice(script)


@dataclass
class MadeUp:
    """Endings that write down what they are told, by the unit's name."""

    told: list[tuple[str, ...]] = field(default_factory=list)

    def began(self, unit: Unit) -> None:
        """Not noted."""

    def done(self, order: Order, body: Body) -> None:
        self.told.append(("done", order.unit.workload.name, str(order.attempt)))

    def failed(self, order: Order, kind: FailureKind, reason: str) -> None:
        self.told.append((status_of(kind), order.unit.workload.name, str(order.attempt), kind, reason))

    def again(self, unit: Unit, reason: str) -> None:
        self.told.append(("again", unit.workload.name, reason))


def looped(kind: TaskKind, *turns: Turn) -> tuple[list[tuple[str, ...]], list[list[str]]]:
    """What the endings were told, and which units each worker was given."""
    device, endings = played(turns), MadeUp()
    loop, left = UnitLoop(endings, Event()), UNITS
    while left:
        job = Job(task=Task(kind=kind, orders=tuple(Order(unit=each) for each in left)))
        left = loop.one_worker(cast(Connection, device), job)
    return endings.told, [[order.unit.workload.name for order in job.task.orders] for job in device.jobs]


SEGFAULT = (ended(signal=signal.SIGSEGV),)
KILLED = "killed (signal 11, SIGSEGV)"


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_is_tried_once_more_in_a_fresh_worker(kind: TaskKind) -> None:
    told, jobs = looped(kind, Turn(well=1, last=SEGFAULT))
    assert told == [("done", "conv", "1"), ("again", "gconv", KILLED), ("done", "gconv", "2"), ("done", "pconv", "1")]
    assert jobs == [["conv", "gconv", "pconv"], ["gconv", "pconv"]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_crash_ends_that_unit_alone(kind: TaskKind) -> None:
    told, jobs = looped(kind, Turn(well=1, last=SEGFAULT), Turn(last=SEGFAULT))
    assert told[2:] == [("failed", "gconv", "2", "crash", f"crashed twice: {KILLED}"), ("done", "pconv", "1")]
    assert jobs[2:] == [["pconv"]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("end", "failure"),
    [
        (ended(signal=signal.SIGTERM, timed_out=True), "timeout"),
        (ended(signal=signal.SIGKILL, oom=True), "out_of_memory"),
        (ended(1, log="MemoryError"), "out_of_memory"),
    ],
)
def test_out_of_memory_or_time_is_not_tried_again(kind: TaskKind, end: Line, failure: str) -> None:
    told, jobs = looped(kind, Turn(last=(end,)))
    assert told[0][:4] == ("failed", "conv", "1", failure)
    assert told[1:] == [("done", "gconv", "1"), ("done", "pconv", "1")]
    assert jobs == [["conv", "gconv", "pconv"], ["gconv", "pconv"]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_twice_dies_before_its_first_unit_ends_all(kind: TaskKind) -> None:
    dies = Turn(begins=False, last=(ended(1, log="ImportError: libgomp.so.1"),))
    told, jobs = looped(kind, dies, dies)
    # Only the first unit was tried twice.
    assert [each[:4] for each in told[1:]] == [
        ("failed", "conv", "2", "crash"),
        ("failed", "gconv", "1", "crash"),
        ("failed", "pconv", "1", "crash"),
    ]
    assert all("libgomp" in each[-1] for each in told)
    assert len(jobs) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_gives_way_leaves_the_rest_to_a_fresh_one(kind: TaskKind) -> None:
    told, jobs = looped(kind, Turn(well=1, begins=False))
    assert told == [("done", name, "1") for name in NAMES]
    assert jobs == [["conv", "gconv", "pconv"], ["gconv", "pconv"]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_leaves_in_the_middle_of_a_unit_has_crashed(kind: TaskKind) -> None:
    told, _ = looped(kind, Turn(well=1))
    assert told[1][:2] == ("again", "gconv")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("failure", get_args(FailureKind))
def test_what_no_worker_can_do_is_not_tried_again(kind: TaskKind, failure: FailureKind) -> None:
    told, jobs = looped(kind, Turn(well=1, begins=False, last=(fatal(failure, "x" * 400), ended())))
    status = "skipped" if failure == "unsupported" else "failed"
    assert told[1:] == [(status, name, "1", failure or "error", "x" * 300) for name in NAMES[1:]]
    assert len(jobs) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "said",
    [
        begin(unit("tconv")),
        begin(UNITS[0], attempt=2),
        done(unit("tconv")),
        done(UNITS[0], attempt=2),
        Said(body=Artifact(), unit=unit("tconv").id, attempt=1),
    ],
)
def test_nothing_is_taken_about_another_unit_or_attempt(kind: TaskKind, said: Said) -> None:
    with pytest.raises(ProtocolError, match=r"^the device: expected .* unit of (a|this) job"):
        looped(kind, Turn(begins=False, last=(said,)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_that_has_ended_does_not_end_again(kind: TaskKind) -> None:
    with pytest.raises(ProtocolError, match=r"that has not ended, got 'record'"):
        looped(kind, Turn(well=1, begins=False, last=(done(UNITS[0]),)))


ENDS: list[tuple[Line, ...]] = [
    (ended(),),
    (ended(3),),
    (),
    SEGFAULT,
    (ended(signal=signal.SIGKILL, oom=True),),
    (ended(signal=signal.SIGTERM, timed_out=True),),
    (fatal("unsupported", "missing"), ended()),
    (fatal("out_of_memory", "2 GiB"), ended()),
]
TURNS = st.lists(st.builds(Turn, well=st.integers(0, 3), begins=st.booleans(), last=st.sampled_from(ENDS)), max_size=8)


@given(TURNS)
def test_measuring_and_preparing_keep_the_same_rules(turns: list[Turn]) -> None:
    """The real two, with devices that do the same: the same workers are started, the same units fail alike."""
    with tempfile.TemporaryDirectory() as folder:
        measuring, ends = measured(Path(folder) / "measured", turns)
        preparing, kinds = prepared(Path(folder) / "prepared", turns)
    assert workers(measuring) == workers(preparing)
    assert ends == kinds


def workers(device: FakeDevice) -> list[list[tuple[str, int]]]:
    return [[(order.unit.workload.name, order.attempt) for order in job.task.orders] for job in device.jobs]


def measured(folder: Path, turns: list[Turn]) -> tuple[FakeDevice, dict[str, str]]:
    """How each unit failed, by its name; empty where it did not."""
    device, notes, stop = played(turns), Notes(), Event()
    machine = Machine((Device(name="cpu"),), device, "run", Patience(), notes, stop)
    machine.connect()
    machine.identify()
    with Journal.create(folder, plan(*UNITS)) as journal:
        work = Work("cpu", machine, lambda _: Artifact(), Store(folder), journal, notes, stop)
        assert work.run(UNITS, ()) is None
    return device, {end.unit.workload.name: end.reason_kind for end in notes.ends if isinstance(end, Record)}


def prepared(folder: Path, turns: list[Turn]) -> tuple[FakeDevice, dict[str, str]]:
    device, preparation = played(turns), Preparation(ArtifactCache(folder, "torch 1.0"), threads=1)
    kinds: dict[str, str] = {}

    def noted(of: Unit, artifact: Artifact) -> None:
        kinds[of.workload.name] = artifact.kind

    preparation.make(cast(Connection, device), UNITS, Event(), noted)
    return device, kinds
