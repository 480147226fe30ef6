"""The parts of a visit: real memory, real runtimes, products that are right, graphs that ONNX itself accepts."""

import os
import pkgutil
import threading
from collections.abc import Sequence
from itertools import pairwise
from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from bench.plan.runtimes import NO_RUNTIMES, Runtime
from bench.records.ceilings import ACCESSES, Ceilings
from bench.wire.decode import decode
from bench.wire.messages import Body, Fatal
from bench.wire.order import Task, Visit
from bench.worker.channel import Channel
from bench.worker.measuring.clock import Clock, SystemClock
from bench.worker.peak import memory, task
from bench.worker.peak.crew import Crew
from bench.worker.peak.graphs import identity_graph, product_graph
from bench.worker.peak.numpy_part import visit_numpy
from bench.worker.peak.printed import printed
from bench.worker.peak.products import LONGEST_CALL_S, SHAPES, empty_call, sweep
from bench.worker.peak.ways import SLIDE_BYTES, SMALL_BYTES, ways
from bench.worker.runtimes import onnx_runtime_ceilings
from bench.worker.runtimes.onnx_runtime import session
from bench.worker.runtimes.onnx_runtime_ceilings import write_product

CPUS = tuple(sorted(os.sched_getaffinity(0)))
SMALL = (16, 8, 24)


class SlowClock:
    """A second passes for every million multiply-adds that were made, and a nanosecond at each look."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        self.ns += 1
        return self.ns

    def sleep(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)


def test_a_sweep_takes_the_fastest_call_of_each_shape() -> None:
    clock, seconds = SlowClock(), iter((0.0, 0.04, 0.01, 0.03))
    (found,) = sweep("numpy", "float32", lambda _: lambda: clock.sleep(next(seconds)), [(10, 10, 10)], clock)
    assert found.macs_per_s[0] == pytest.approx(1000 / 0.01, rel=1e-6)


def test_a_sweep_leaves_out_what_would_take_too_long() -> None:
    """An emulated board would take minutes for the largest."""
    clock, speed = SlowClock(), 1e8
    found = list(sweep("numpy", "float32", lambda shape: lambda: clock.sleep(prod(shape) / speed), (), clock))
    assert {prod(each.shape) for each in found} == {prod((256, 256, 256))}
    assert min(prod(shape) for shape in SHAPES if shape != (256, 256, 256)) / speed > LONGEST_CALL_S


def test_an_empty_call_costs_what_the_fastest_batch_took() -> None:
    clock = SlowClock()
    assert empty_call("eager", lambda: clock.sleep(1e-6), clock).seconds[0] == pytest.approx(1e-6, rel=0.01)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_a_graph_multiplies_rightly_and_is_onnx(dtype: str, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    path, left = write_product(tmp_path, SMALL, dtype)
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    right = onnx.numpy_helper.to_array(model.graph.initializer[0])
    (product,) = session(path, 1).run(["c"], {"a": left})
    wide = np.int32 if dtype == "int8" else np.float64
    expected = left.astype(wide) @ right.astype(wide)
    assert product.dtype == (np.int32 if dtype == "int8" else left.dtype)
    assert np.allclose(product, expected, rtol=5e-3 if dtype == "float16" else 1e-5)


def test_an_identity_gives_back_what_it_got(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    onnx.checker.check_model(onnx.load_from_string(identity_graph()), full_check=True)
    (tmp_path / "identity.onnx").write_bytes(identity_graph())
    (found,) = session(tmp_path / "identity.onnx", 1).run(["c"], {"a": np.array([3.5], dtype=np.float32)})
    assert found == np.array([3.5], dtype=np.float32)


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 192 weights, got 5 bytes"):
        product_graph(SMALL, "float32", b"12345")


def test_a_crew_is_a_thread_on_each_cpu() -> None:
    with Crew(CPUS, SystemClock()) as crew:
        seen = crew.each(lambda: (threading.get_ident(), frozenset(os.sched_getaffinity(0))))
        assert crew.seconds([lambda: None] * crew.size) > 0
    assert len({thread for thread, _ in seen}) == len(CPUS)
    assert {cpus for _, cpus in seen} == {frozenset({cpu}) for cpu in CPUS}


def test_what_goes_wrong_in_one_thread_is_raised_and_the_others_end() -> None:
    def fail() -> None:
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"), Crew(CPUS, SystemClock()) as crew:
        crew.seconds([fail] * crew.size)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("size", [4096, SMALL_BYTES + (16 << 10)])
def test_each_way_does_what_it_is_called(times: int, size: int) -> None:
    """Else its speed would be that of something else."""
    for access, count in memory.ARRAYS.items():
        for way in ways(access, size):
            *sources, target = memory.arrays_of(count, size)
            for number, source in enumerate(sources):
                source.view(np.float32)[:] = 2.5 + number
            target.view(np.float32)[:] = 7.0
            result: Any = way.make(times, *sources, target)()
            found = np.unique(np.abs(target.view(np.float32))).tolist()
            if access == "read":
                assert result.shape[0] == times
                assert result.max() in (np.float32(7.0).view(np.int32), 49.0 * size / 8, 49.0 * 2048)
            elif access == "write":
                assert set(target.tolist()) == {1}
            else:
                assert found == ([6.0] if access == "triad" else [2.5]), "a copy may turn the sign"


def test_arrays_begin_with_a_page_and_rows_that_slide_stay_within_the_room_behind_them() -> None:
    arrays = memory.arrays_of(3, 1 << 16)
    starts = [array.ctypes.data for array in arrays]
    assert all(start % 4096 == 0 for start in starts)
    assert all(array.nbytes == 1 << 16 for array in arrays)
    assert all(after - start >= (1 << 16) + SLIDE_BYTES for start, after in pairwise(starts))
    room: Any = arrays[-1].base
    assert starts[-1] + (1 << 16) + SLIDE_BYTES <= room.ctypes.data + room.nbytes


def test_memory_is_measured_at_every_level_and_in_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = [memory.Level(name="L1d", size_bytes=32 << 10, set_bytes=16 << 10)]
    levels.append(memory.Level(name="DRAM", size_bytes=0, set_bytes=4 << 20))
    monkeypatch.setattr(memory, "levels_of", lambda _: (levels, ()))
    found = memory.visit_memory(Visit(part="memory", dtype="float32"), CPUS, SystemClock())
    assert [(each.level, each.access) for each in found.bandwidths] == [
        (level, access) for level in ("L1d", "DRAM") for access in ACCESSES
    ]
    assert found.threads == len(CPUS)
    assert found.page_fault_s[0] > 0
    assert all(0.8 * 16384 < each.set_bytes <= 16384 for each in found.bandwidths if each.level == "L1d")


def test_memory_itself_takes_room_and_says_so_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory_bytes", lambda: {"MemAvailable": 40 << 20})
    monkeypatch.setattr(memory, "cache_levels", lambda _: ())
    levels, (missing,) = memory.levels_of(CPUS)
    assert [level.name for level in levels] == ["16KiB", "64KiB", "256KiB", "1024KiB", "4096KiB"]
    assert missing.reason == "DRAM takes arrays of 256 MiB, a quarter of what is free is 10 MiB"


@pytest.mark.parametrize("visit", [visit_numpy, onnx_runtime_ceilings.ceilings])
def test_a_runtime_that_is_there_has_a_speed(visit: object) -> None:
    assert callable(visit)
    found = visit(Visit(part="numpy", dtype="float32", shapes=(SMALL,)), (0,), SystemClock())
    (gemm,) = found.gemms
    assert gemm.shape == SMALL
    assert gemm.macs_per_s[0] > 1e6


def test_what_a_c_library_prints_is_taken() -> None:
    assert printed(lambda: os.write(1, b"onednn_verbose")) == "onednn_verbose"


def visited(part: str, dtype: str = "float32") -> Body:
    """What a worker sends that is asked for one product in that part."""
    sent: list[Body] = []
    channel = cast("Channel", SimpleNamespace(send=sent.append))
    task.visit_ceilings(Task(kind="peak", visit=Visit(part=part, dtype=dtype, shapes=(SMALL,))), channel)
    (body,) = sent
    return body


def toy_ceilings(visit: Visit, cpus: Sequence[int], clock: Clock) -> object:
    speeds = sweep(visit.part, visit.dtype, lambda _: lambda: None, visit.shapes, clock)
    return Ceilings(dtype=visit.dtype, threads=len(cpus), gemms=tuple(speeds)) if visit.dtype != "int8" else 7


def test_a_row_says_how_its_runtime_is_visited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in's as ours."""
    row = Runtime(
        name="toy", title="Toy", package="toy", module="toy", loader="toy:load", graph=True,
        ceilings=f"{__name__}:toy_ceilings",
    )  # fmt: skip
    monkeypatch.setattr(task, "runtime", {"toy": row}.__getitem__)
    found = visited("toy")
    assert isinstance(found, Ceilings)
    assert [(gemm.runtime, gemm.shape) for gemm in found.gemms] == [("toy", SMALL)]
    why = visited("toy", "int8")
    assert isinstance(why, Fatal)
    assert why.reason == f"expected {row.ceilings} to return Ceilings, got int; mend it"


def test_a_runtime_that_this_device_does_not_know_is_a_reason() -> None:
    why = visited("gone")
    assert isinstance(why, Fatal)
    assert "expected a runtime of eager" in why.reason


@pytest.mark.parametrize("part", ["", "a b", "../x", "os:system", "\x1b[31m", "x" * 41])
def test_what_is_no_plain_name_is_not_visited(part: str) -> None:
    with pytest.raises(ValueError, match="expected the plain name of a part"):
        decode(Visit, {"part": part, "dtype": "float32"})


def test_the_parts_that_are_no_runtimes_are_those_whose_names_are_taken() -> None:
    assert task.PARTS.keys() == set(NO_RUNTIMES)
    assert all(callable(pkgutil.resolve_name(function)) for function in task.PARTS.values())
