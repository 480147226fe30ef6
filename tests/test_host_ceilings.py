"""Visits to a device that follows a script: what becomes of each answer, and what a run does with the whole."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench.errors import LinkLostError, ProtocolError, StoppedError
from bench.host import ceilings
from bench.host.ceilings import KEPT_SHAPES, VISITS, CeilingSource, measured, parts_of
from bench.host.machine import Machine
from bench.host.observer import SilentObserver
from bench.host.peak_cache import PeakCache
from bench.journal import Journal, read_run
from bench.plan.runtimes import runtime, runtimes
from bench.records.ceilings import Ceilings, Gemm
from bench.records.device import Device
from bench.records.record import utc_now
from bench.wire.messages import Body, Fatal
from bench.wire.order import Task
from tests.made_up import environment, plan, unit
from tests.made_up_ceilings import FLOAT32

CPU = Device(name="cpu")
MEASURED = tuple(row for row in runtimes().values() if row.ceilings)
ALL = ("numpy", *(row.package for row in MEASURED))
DAY_S = 86_400.0
Answer = Callable[[Task], tuple[Body | None, str]]


def machine(answer: Answer, packages: Sequence[str] = ALL) -> tuple[Machine, list[Task]]:
    """One whose workers answer so; what they were asked."""
    asked: list[Task] = []

    def ask(task: Task, threads: int = 1) -> tuple[Body | None, str]:
        asked.append(task)
        return answer(task)

    found = environment(runtimes=tuple(packages))
    made: Any = SimpleNamespace(
        ask=ask, stopped=False, environments={"cpu": found}, devices=(CPU,), recover=lambda error: None
    )
    return cast("Machine", made), asked


def visited(task: Task) -> tuple[Body | None, str]:
    """A product in each of five shapes, the larger the faster."""
    assert task.visit is not None
    shapes = task.visit.shapes or tuple((size,) * 3 for size in range(1, 6))
    name = "numpy" if task.visit.part == "memory" else task.visit.part
    gemms = (Gemm(runtime=name, dtype="float32", shape=s, macs_per_s=(float(s[0]),)) for s in shapes)
    return Ceilings(dtype=task.visit.dtype, threads=1, gemms=tuple(gemms)), ""


def silence(text: str) -> None:
    pass


def test_every_part_is_visited_so_often_in_a_changing_order_and_only_the_fastest_shapes_again() -> None:
    there, asked = machine(visited)
    found = measured(there, CPU, "float32", 1, silence)
    visits = [task.visit for task in asked if task.visit]
    each = 2 + len(MEASURED)
    rounds = [[v.part for v in visits[n : n + each]] for n in range(0, len(visits), each)]
    assert all(set(parts) == {"memory", "numpy", *(row.name for row in MEASURED)} for parts in rounds)
    assert len(rounds) == VISITS
    assert len({tuple(parts) for parts in rounds}) > 1
    assert {v.shapes for v in visits[:each]} == {()}
    assert {v.shapes for v in visits[each:]} == {((5, 5, 5), (4, 4, 4), (3, 3, 3))}
    best = found.best()
    assert best is not None
    assert (best.shape, len(best.macs_per_s), len({g.shape for g in found.gemms})) == ((5, 5, 5), VISITS, 5)
    assert KEPT_SHAPES == 3


def test_each_dtype_of_a_product_keeps_its_own_fastest_shapes() -> None:
    """A GPU's float32 may be fastest in another shape than its TF32, which is faster in all."""

    def answer(task: Task) -> tuple[Body | None, str]:
        assert task.visit is not None
        shapes = task.visit.shapes or tuple((size,) * 3 for size in range(1, 6))
        gemms = [Gemm(runtime="eager", dtype="tf32", shape=s, macs_per_s=(100.0 + s[0],)) for s in shapes]
        gemms += [Gemm(runtime="eager", dtype="float32", shape=s, macs_per_s=(10.0 - s[0],)) for s in shapes]
        return Ceilings(dtype="float32", threads=1, accelerator="cuda:0", gemms=tuple(gemms)), ""

    there, asked = machine(answer)
    gpu = Device(name="cpu", accelerator="cuda:0")
    best = measured(there, gpu, "float32", 1, silence).best()
    assert best is not None
    assert (best.shape, len(best.macs_per_s)) == ((1, 1, 1), VISITS)
    assert {len(task.visit.shapes) for task in asked[1:] if task.visit} == {5}


def test_a_part_that_fails_is_left_out_with_its_reason_and_the_others_go_on() -> None:
    def answer(task: Task) -> tuple[Body | None, str]:
        assert task.visit is not None
        if task.visit.part == "openvino":
            return Fatal(kind="unsupported", reason="no such\nkernel\x1b[0m"), ""
        if task.visit.part == "eager":
            return None, "killed (signal 11, SIGSEGV)"
        return visited(task)

    there, asked = machine(answer)
    found = measured(there, CPU, "float32", 1, silence)
    assert {each.part: each.reason for each in found.unmeasured} == {
        "openvino": r"no such kernel\x1b[0m",
        "eager": "killed (signal 11, SIGSEGV)",
    }
    assert sum(task.visit.part == "eager" for task in asked if task.visit) == 1
    assert {gemm.runtime for gemm in found.gemms} == {"numpy", *(row.name for row in MEASURED)} - {"openvino", "eager"}


def test_a_board_without_torch_and_openvino_says_so() -> None:
    parts, lacking = parts_of(environment(runtimes=("numpy", "onnxruntime")), CPU, "float32")
    assert parts == ["memory", "numpy", "onnxruntime"]
    assert [each.reason for each in lacking][:2] == ["torch is not installed there", "openvino is not installed there"]


def test_what_a_runtime_lacks_is_not_tried() -> None:
    parts, lacking = parts_of(environment(runtimes=ALL), CPU, "bfloat16")
    assert parts == ["memory", "eager", "openvino", "ncnn"]
    assert next(each.reason for each in lacking) == "ONNX Runtime has no bfloat16 kernels on a CPU"
    parts, _ = parts_of(environment(runtimes=ALL), Device(name="cuda", accelerator="cuda:0"), "float16")
    assert parts == ["cuda"]


def test_a_row_of_a_plug_in_is_a_part_where_it_has_ceilings(monkeypatch: pytest.MonkeyPatch) -> None:
    row = runtime("eager")
    rows = {name: replace(row, name=name, package="toy", ceilings=own) for name, own in (("a", "toy:a"), ("b", ""))}
    monkeypatch.setattr(ceilings, "runtimes", lambda: rows)
    assert parts_of(environment(runtimes=("numpy", "toy")), CPU, "float32") == (["memory", "numpy", "a"], [])


def test_nothing_there_is_a_reason_for_each_part_and_no_error() -> None:
    there, asked = machine(visited, packages=())
    found = measured(there, CPU, "float32", 1, silence)
    assert (asked, found.gemms, len(found.unmeasured)) == ([], (), 2 + len(MEASURED))


@pytest.mark.parametrize("other", [{"dtype": "int8"}, {"threads": 2}, {"accelerator": "cuda:0"}])
def test_a_device_that_speaks_of_something_else_breaks_the_protocol(other: dict[str, Any]) -> None:
    there, _ = machine(lambda task: (replace(Ceilings(dtype="float32", threads=1), **other), ""))
    with pytest.raises(ProtocolError, match="the ceilings of what was asked for"):
        measured(there, CPU, "float32", 1, silence)


def test_a_run_that_is_ended_meanwhile_keeps_nothing(tmp_path: Path) -> None:
    there, asked = machine(visited)
    cast("Any", there).stopped = True
    with pytest.raises(StoppedError):
        measured(there, CPU, "float32", 1, silence)
    assert len(asked) == 1
    source = CeilingSource(cache=PeakCache(tmp_path / "cache"), max_age_s=DAY_S)
    with Journal.create(tmp_path / "run", plan(unit())) as journal:
        source.write(there, [unit()], journal, SilentObserver())
    assert read_run(tmp_path / "run").devices[0].ceilings == ()
    assert not (tmp_path / "cache").exists()


def of_run(folder: Path, source: CeilingSource, there: Machine, *threads: int) -> tuple[Ceilings, ...]:
    """What the journal of a run has of the device, whose units take so many threads."""
    units = [unit(threads=count) for count in threads]
    if not folder.exists():
        Journal.create(folder, plan(*units)).close()
    with Journal.open(folder) as journal:
        source.write(there, units, journal, SilentObserver())
    return read_run(folder).devices[0].ceilings


def test_a_run_measures_once_what_the_cache_lacks(tmp_path: Path) -> None:
    there, asked = machine(visited)
    source = CeilingSource(cache=PeakCache(tmp_path / "cache"), max_age_s=DAY_S)
    (first,) = of_run(tmp_path / "one", source, there, 1)
    assert first.gemms
    before = len(asked)
    assert of_run(tmp_path / "two", source, there, 1, 1) == (first,)
    assert len(asked) == before


def test_old_ones_are_measured_again_or_left_out(tmp_path: Path) -> None:
    cache = PeakCache(tmp_path / "cache")
    cache.put("f00d", FLOAT32)
    there, asked = machine(visited)
    assert of_run(tmp_path / "a", CeilingSource(cache=cache, max_age_s=float("inf")), there, 1) == (FLOAT32,)
    assert of_run(tmp_path / "b", CeilingSource(cache=cache, max_age_s=1.0, measure=False), there, 1) == ()
    assert asked == []
    (anew,) = of_run(tmp_path / "c", CeilingSource(cache=cache, max_age_s=DAY_S), there, 1)
    assert anew != FLOAT32


def test_a_resumed_run_keeps_what_its_journal_has_and_adds_what_it_lacks(tmp_path: Path) -> None:
    cache = PeakCache(tmp_path / "cache")
    other = replace(FLOAT32, threads=2, taken_utc=utc_now())
    cache.put("f00d", other)
    there, asked = machine(visited)
    source = CeilingSource(cache=cache, max_age_s=DAY_S, known={"cpu": (FLOAT32,)})
    assert of_run(tmp_path / "run", source, there, 1, 2) == (FLOAT32, other)
    assert asked == []


def test_a_lost_link_is_built_again_and_the_rows_have_no_limit(tmp_path: Path) -> None:
    def lost(task: Task) -> tuple[Body | None, str]:
        raise LinkLostError("cpu: gone")

    there, _ = machine(lost)
    source = CeilingSource(cache=PeakCache(tmp_path / "cache"), max_age_s=DAY_S)
    assert of_run(tmp_path / "run", source, there, 1) == ()
    cast("Any", there).recover = lambda error: error
    with pytest.raises(LinkLostError, match="gone"):
        of_run(tmp_path / "run", source, there, 1)


def test_a_cache_that_cannot_be_written_costs_no_run(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    there, _ = machine(visited)
    source = CeilingSource(cache=PeakCache(tmp_path / "cache"), max_age_s=DAY_S)
    (found,) = of_run(tmp_path / "run", source, there, 1)
    assert found.gemms
