"""Whatever a device does, every planned unit ends in exactly one record that says why."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import DeviceError, LinkLostError, ProtocolError, StorageError
from bench.journal import Journal, read_run
from bench.records.artifact import Artifact
from bench.wire.messages import Said
from bench.wire.order import Job
from tests.fake_device import FakeDevice, Line, all_well, begin, done, ended, fatal
from tests.made_up import environment, plan, unit
from tests.one_machine import DONE, UNITS, Bench, failing

A, B, C = UNITS


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_all_is_well(bench: Bench) -> None:
    device = FakeDevice()
    assert bench.run(device) is None
    assert bench.ends() == {"conv": DONE, "gconv": DONE, "pconv": DONE}
    assert len(device.jobs) == 1


def test_a_crash_is_tried_once_more(bench: Bench) -> None:
    device = failing(B, ended(signal=signal.SIGSEGV), times=1)
    assert bench.run(device) is None
    assert bench.ends() == {"conv": DONE, "gconv": ("done", "", 2), "pconv": DONE}
    assert [[order.unit.workload.name for order in job.task.orders] for job in device.jobs] == [
        ["conv", "gconv", "pconv"],
        ["gconv", "pconv"],
    ]
    assert "SIGSEGV" in bench.notes.told[0]


def test_a_second_crash_fails_that_unit_and_the_others_go_on(bench: Bench) -> None:
    assert bench.run(failing(B, ended(signal=signal.SIGSEGV, log="bus error"))) is None
    assert bench.ends() == {"conv": DONE, "gconv": ("failed", "crash", 2), "pconv": DONE}
    assert bench.record(B).reason == "crashed twice: killed (signal 11, SIGSEGV): bus error"


def test_a_worker_out_of_turn_is_tried_once_more_and_costs_its_unit_alone(bench: Bench) -> None:
    assert bench.run(failing(B, ended(signal=signal.SIGKILL, broke_wire="expected message 3, got 2"))) is None
    assert bench.ends() == {"conv": DONE, "gconv": ("failed", "protocol", 2), "pconv": DONE}
    assert "out of turn (expected message 3, got 2); does the network fork" in bench.record(B).reason


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (ended(signal=signal.SIGTERM, timed_out=True), "timeout"),
        (ended(signal=signal.SIGKILL, oom=True), "out_of_memory"),
        (ended(1, log="numpy: MemoryError: 3 GiB"), "out_of_memory"),
    ],
)
def test_out_of_memory_or_time_is_not_tried_again(bench: Bench, end: Line, kind: str) -> None:
    device = failing(B, end)
    assert bench.run(device) is None
    assert bench.ends() == {"conv": DONE, "gconv": ("failed", kind, 1), "pconv": DONE}
    assert len(device.jobs) == 2


def test_a_worker_that_never_begins_fails_all_after_a_second_try(bench: Bench) -> None:
    device = FakeDevice(lambda _: [ended(1, log="ImportError: libgomp.so.1")])
    assert bench.run(device) is None
    assert {(status, kind) for status, kind, _ in bench.ends().values()} == {("failed", "crash")}
    assert len(device.jobs) == 2
    assert "libgomp" in bench.record(C).reason


def test_a_worker_that_leaves_silently_has_crashed(bench: Bench) -> None:
    assert bench.run(failing(A, ended(0))) is None
    assert bench.ends()["conv"] == ("failed", "crash", 2)


def test_a_worker_that_gives_way_in_order_has_not_crashed(bench: Bench) -> None:
    """One whose GPU context is spoilt ends after that unit's record: the next unit had no part in it."""

    def script(job: Job) -> Iterator[Line]:
        order = job.task.orders[0]
        yield from (begin(order.unit, order.attempt), done(order.unit, order.attempt), ended(0))

    device = FakeDevice(script)
    assert bench.run(device) is None
    assert bench.ends() == {"conv": DONE, "gconv": DONE, "pconv": DONE}
    assert [len(job.task.orders) for job in device.jobs] == [3, 2, 1]
    assert bench.notes.told == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (fatal("unsupported", "no module named torch"), ("skipped", "unsupported", 1)),
        (fatal("out_of_memory", "out of memory"), ("failed", "out_of_memory", 1)),
        (fatal("", "x"), ("failed", "error", 1)),
    ],
)
def test_what_the_worker_gives_up_is_given_up(bench: Bench, message: Said, expected: tuple[str, str, int]) -> None:
    device = FakeDevice(lambda _: [message, ended()])
    assert bench.run(device) is None
    assert set(bench.ends().values()) == {expected}
    assert len(device.jobs) == 1


def test_what_cannot_run_is_skipped_before_anything_is_sent(bench: Bench) -> None:
    device = FakeDevice(found=environment(runtimes=("numpy",)))
    assert bench.run(device) is None
    assert {end[:2] for end in bench.ends().values()} == {("skipped", "unsupported")}
    assert bench.record(A).reason == "torch is not installed on this device; `bench runtimes` says what installs it"
    assert device.jobs == []


def test_what_could_not_be_made_is_failed_with_the_reason(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lambda of: Artifact(kind="build", reason="no such layer") if of == B else Artifact())
    assert bench.run(FakeDevice()) is None
    assert bench.ends() == {"conv": DONE, "gconv": ("failed", "build", 1), "pconv": DONE}
    assert bench.record(B).reason == "no such layer"


def test_a_full_disk_ends_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Journal, event: object) -> None:
        raise StorageError("no space")

    monkeypatch.setattr(Journal, "append", full)
    device = FakeDevice()
    with Journal.create(bench.folder / "run", plan(A)) as journal:
        _, work = bench.work(device, journal)
        with pytest.raises(StorageError):
            work.run((A,), ())
    assert device.connected == 1


def test_stopping_begins_nothing_more(bench: Bench) -> None:
    units = tuple(unit(round_number=number) for number in range(3))
    device, stop = FakeDevice(), Event()

    def script(job: Job) -> list[Line]:
        stop.set()
        return [begin(job.task.orders[0].unit), ended(signal=signal.SIGKILL)]

    device.script = script
    with Journal.create(bench.folder / "run", plan(*units)) as journal:
        _, work = bench.work(device, journal, stop)
        assert work.run(units, ()) is None
    assert len(device.jobs) == 1
    assert bench.ends() == {}  # nothing ended: --resume runs them all


ENDS: list[Line] = [
    ended(),
    ended(3),
    ended(signal=signal.SIGKILL, oom=True),
    ended(signal=signal.SIGTERM, timed_out=True),
    fatal("unsupported", "missing"),
    LinkLostError("gone"),
    DeviceError("disk full"),
    ProtocolError("nonsense"),
]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_every_unit_ends_exactly_once_whatever_happens(data: st.DataObject) -> None:
    units = tuple(unit(name, round_number=number) for number in range(2) for name in ("conv", "gconv", "pconv"))
    bad = data.draw(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(ENDS), st.booleans()), max_size=12))
    connects = data.draw(
        st.lists(st.sampled_from([None, LinkLostError("no route"), DeviceError("refused")]), max_size=6)
    )
    turns = iter(bad)

    def script(job: Job) -> Iterator[Line]:
        turn = next(turns, None)
        if turn is None:
            yield from all_well(job)
            return
        count, end, begins = turn
        for order in job.task.orders[:count]:
            yield begin(order.unit, order.attempt)
            yield done(order.unit, order.attempt)
        if begins and count < len(job.task.orders):
            yield begin(job.task.orders[count].unit, job.task.orders[count].attempt)
        yield end

    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        lost = bench.run(FakeDevice(script, connects=[None, *connects]), units)
        assert bench.written() == {"conv": 2, "gconv": 2, "pconv": 2}
        records = read_run(Path(folder) / "run").records
        assert {end.unit for end in records} == set(units)
        # A link may also break when all is done; but nothing is lost without saying why.
        assert lost is not None or not any(end.status == "lost" for end in records)
        assert len(bench.notes.ends) == len(units)
