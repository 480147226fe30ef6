"""Whatever a device does, a pair ends in one record that says why."""

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from bench.journal import read_run
from bench.records.artifact import Artifact
from bench.records.counts import Counts
from bench.records.pair import Pair, PairRecord
from bench.records.record import FailureKind
from bench.wire.messages import Bursts, Said, SideFailed
from bench.wire.order import Job, Order
from tests.fake_device import FakeDevice, ended
from tests.made_up import unit
from tests.one_machine import Bench

A, B = unit("conv"), unit("gconv")
PAIR = Pair(first=A, second=B)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def bursts(side: int) -> Said:
    return Said(body=Bursts(seconds=(0.5,)), worker=side)


def side_failed(kind: FailureKind) -> Said:
    return Said(body=SideFailed(kind=kind, reason="no such kernel"), worker=1)


def end_of_pair(bench: Bench, device: FakeDevice) -> tuple[str, str, int]:
    assert bench.run(device, (), (PAIR,)) is None
    (found,) = [end for end in bench.notes.ends if isinstance(end, PairRecord)]
    return found.status, found.reason_kind, found.attempt


def test_a_pair_that_crashes_is_tried_once_more(bench: Bench) -> None:
    ways = iter([[ended(signal=signal.SIGSEGV)], [bursts(0), bursts(1), ended(), ended()]])
    assert end_of_pair(bench, FakeDevice(lambda job: next(ways))) == ("done", "", 2)


def test_a_pair_keeps_what_both_sides_count(tmp_path: Path) -> None:
    """And its second side is told of a slowdown that is planted."""
    bench = Bench(tmp_path, lambda of: Artifact(graph_nodes=len(of.workload.name), peak_bytes=8))
    orders: list[Order] = []

    def answers(job: Job) -> list[Said]:
        orders.extend(job.task.orders)
        return [bursts(0), bursts(1), ended(), ended()]

    assert bench.run(FakeDevice(answers), (), (replace(PAIR, slowdown=1.5),)) is None
    (found,) = read_run(tmp_path / "run").pair_records
    assert found.counts == (Counts(graph_nodes=4, peak_bytes=8), Counts(graph_nodes=5, peak_bytes=8))
    assert [order.slowdown for order in orders] == [1.0, 1.5]
    assert found.pair.slowdown == 1.5


def test_a_pair_that_crashes_twice_has_failed(bench: Bench) -> None:
    assert end_of_pair(bench, FakeDevice(lambda job: [ended(signal=signal.SIGSEGV)])) == ("failed", "crash", 2)


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("unsupported", ("skipped", "unsupported", 1)),
        ("wrong_output", ("failed", "wrong_output", 1)),
        ("out_of_memory", ("failed", "out_of_memory", 1)),
        ("", ("failed", "error", 1)),
    ],
)
def test_a_pair_ends_as_its_side_says(bench: Bench, kind: FailureKind, end: tuple[str, str, int]) -> None:
    assert end_of_pair(bench, FakeDevice(lambda job: [side_failed(kind), ended(1), ended(1)])) == end


@pytest.mark.parametrize(
    ("artifact", "end"),
    [
        (Artifact(kind="unsupported", reason="no"), ("skipped", "unsupported", 1)),
        (Artifact(kind="build", reason="no"), ("failed", "build", 1)),
        (Artifact(graph_reason="no"), ("failed", "build", 1)),
    ],
)
def test_a_pair_of_which_a_side_was_not_made_says_so(
    tmp_path: Path, artifact: Artifact, end: tuple[str, str, int]
) -> None:
    bench = Bench(tmp_path, lambda _: artifact)
    device = FakeDevice(lambda job: pytest.fail("nothing is to be sent"))
    graphs = Pair(first=replace(A, runtime="onnxruntime"), second=replace(B, runtime="onnxruntime"))
    assert bench.run(device, (), (graphs,)) is None
    (found,) = [one for one in bench.notes.ends if isinstance(one, PairRecord)]
    assert (found.status, found.reason_kind, found.attempt) == end
