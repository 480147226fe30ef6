"""One unit in one worker: what each failure is called, when an output is wrong, what is put back afterwards."""

import gc
import mmap
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from bench.cache.store import Store
from bench.records.measurement import Measurement
from bench.records.workload import Settings
from bench.wire.message import decode_line
from bench.wire.messages import Begin, Fatal
from bench.wire.order import Order
from bench.worker.channel import Channel, one_line
from bench.worker.inputs import input_array
from bench.worker.measure import import_libraries, measure_loaded, measure_unit
from bench.worker.measuring.clock import SystemClock
from bench.worker.measuring.threads import ThreadsError
from bench.worker.output_check import Reference, WrongOutputError
from bench.worker.runtimes.loaded import Loaded, UnsupportedError
from bench.worker.settings import applied
from tests.fast_clock import FastClock
from tests.made_up import measurement, unit

UNIT = replace(unit(), allocator="system")  # what these tests themselves run under
Array = npt.NDArray[np.float32]


def loaded(output: Array, *, step: Callable[[], object] = lambda: None, threads: int = 1) -> Loaded:
    return Loaded(step=step, output=lambda: output, threads=threads)


def array(*values: float) -> Array:
    return np.array(values, dtype=np.float32)


def measure(of: Loaded, reference: Array | None = None) -> Measurement:
    given = None if reference is None else (lambda: Reference(arrays=(reference,)))
    return measure_loaded(UNIT, lambda: of, given, FastClock(), overhead_s=0.0)


def test_other_threads_than_asked_for_fail_before_anything_is_timed() -> None:
    def never() -> None:
        pytest.fail("was called")

    with pytest.raises(ThreadsError, match="set 1 threads, the runtime reports 2"):
        measure(loaded(array(1), step=never, threads=2))


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
def test_a_workload_that_takes_more_cpus_than_it_was_given_is_no_number() -> None:
    before = os.sched_getaffinity(0)

    def widens() -> Loaded:
        os.sched_setaffinity(0, before)
        return loaded(array(1), step=lambda: sum(range(1000)))

    try:
        os.sched_setaffinity(0, {min(before)})
        with pytest.raises(ThreadsError, match=rf"put the threads on CPUs \[{min(before)}\], they could run on"):
            measure_loaded(UNIT, widens, None, SystemClock(), overhead_s=0.0)
    finally:
        os.sched_setaffinity(0, before)


def test_page_faults_of_a_call_are_evidence_and_a_verdict() -> None:
    def step() -> None:
        with mmap.mmap(-1, 4 << 20) as block:
            block.write(bytes(4 << 20))

    found = measure(loaded(array(1), step=step))
    assert "page_faults" in found.verdicts
    assert (found.disturbances.page_faults_per_call or 0) >= 1
    assert any("page faults a call: see --allocator" in note for note in found.notes)
    assert found.disturbances.threads_worked == 1


def test_the_output_is_checked_before_anything_is_sampled() -> None:
    calls: list[int] = []
    with pytest.raises(WrongOutputError):
        measure(loaded(array(1), step=lambda: calls.append(1)), array(2))
    assert len(calls) == 1  # the first call alone


def test_the_checks_own_copies_are_no_memory_of_the_network() -> None:
    checked = 64 << 20

    def output() -> Array:
        # Mapped anew: malloc would hand out again what earlier tests have freed.
        array = np.frombuffer(mmap.mmap(-1, checked), dtype=np.float32)
        array.fill(1)
        return array

    def peak(of: Loaded) -> int:
        return measure(of).peak_memory_bytes or 0

    assert peak(replace(loaded(array(1)), output=output)) - peak(loaded(array(1))) < checked // 2
    # What loading or a call takes still counts.
    assert peak(loaded(array(1), step=lambda: output())) - peak(loaded(array(1))) > checked // 2


def test_the_collector_is_off_while_sampling_and_back_afterwards() -> None:
    seen: set[bool] = set()
    calls: list[int] = []

    def step() -> None:
        calls.append(1)
        if len(calls) > 1:
            seen.add(gc.isenabled())

    found = measure(loaded(array(1), step=step), array(1))
    assert seen == {False}
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert found.max_error == 0
    assert found.cpus == tuple(sorted(os.sched_getaffinity(0)))
    assert len(calls) >= found.warmup_iterations + found.iterations_per_sample * len(found.samples_s)


def test_whatever_a_unit_raises_becomes_its_record(tmp_path: Path) -> None:
    """ONNX Runtime is asked for a graph that is not there."""
    of = replace(UNIT, runtime="onnxruntime")
    record = measure_unit(Order(unit=of, attempt=2, model="0" * 64), Store(tmp_path), SystemClock(), 0.0)
    assert (record.unit, record.attempt, record.status) == (of, 2, "failed")
    assert record.reason
    assert record.measurement is None


def test_libraries_are_imported_before_the_load_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def fails(*_: object) -> Loaded:
        order.append("load")
        raise ValueError("enough")

    monkeypatch.setattr("bench.worker.measure.load", fails)
    monkeypatch.setattr("importlib.import_module", order.append)
    made = Order(unit=replace(UNIT, runtime="openvino"), model="0" * 64)
    assert measure_unit(made, Store(tmp_path), SystemClock(), 0.0).reason == "enough"
    assert order == ["openvino", "bench.worker.runtimes.openvino_runtime", "load"]


@pytest.mark.parametrize(
    ("runtime", "order"), [("openvino", ["measured", "asked"]), ("eager", ["asked", "measured", "asked"])]
)
def test_a_graph_is_opened_for_its_precision_once_it_was_measured(
    runtime: str, order: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, the load time would lack what the first graph of a process costs, and the peak hold what that leaves."""
    seen: list[str] = []

    def measures(*_: object) -> Measurement:
        seen.append("measured")
        return measurement()

    def asked(*_: object) -> tuple[str, ...]:
        seen.append("asked")
        return ("in part",)

    monkeypatch.setattr("bench.worker.measure.measure_loaded", measures)
    monkeypatch.setattr("bench.worker.measure.precision_notes", asked)
    monkeypatch.setattr("bench.worker.measure.with_bytes_moved", lambda taken, *_: taken)
    made = Order(unit=replace(UNIT, runtime=runtime, dtype="bfloat16"), model="0" * 64)
    found = measure_unit(made, Store(tmp_path), SystemClock(), 0.0).measurement
    assert found is not None
    assert (seen, found.notes) == (order, (*measurement().notes, "in part"))


def test_a_graph_in_another_precision_is_skipped_though_it_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> tuple[str, ...]:
        raise UnsupportedError("it computes in float32")

    monkeypatch.setattr("bench.worker.measure.measure_loaded", lambda *_: measurement())
    monkeypatch.setattr("bench.worker.measure.precision_notes", refuses)
    monkeypatch.setattr("bench.worker.measure.with_bytes_moved", lambda taken, *_: taken)
    made = Order(unit=replace(UNIT, runtime="openvino", dtype="bfloat16"), model="0" * 64)
    record = measure_unit(made, Store(tmp_path), SystemClock(), 0.0)
    assert (record.status, record.reason, record.measurement) == ("skipped", "it computes in float32", None)


def test_a_gpus_context_is_made_before_the_load_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr("torch.zeros", lambda *_, device: order.append(f"zeros on {device}"))
    monkeypatch.setattr("torch.cuda.synchronize", lambda device: order.append(f"synchronize {device}"))
    import_libraries(replace(UNIT, accelerator="cuda:1"))
    assert order == ["zeros on cuda:1", "synchronize cuda:1"]
    import_libraries(UNIT)
    assert len(order) == 2


# The first session of a process decides for its thread, so each case has a process of its own.
HALVE = """
import numpy, onnx, sys
from onnx import TensorProto, helper
from pathlib import Path
from bench.worker.runtimes.onnx_runtime import session
halves = [helper.make_tensor("h", TensorProto.FLOAT, (1,), [0.001])]
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (4,)) for name in "xy"]
graph = helper.make_graph([helper.make_node("Mul", ["x", "h"], ["y"])], "g", ends[:1], ends[1:], halves)
path = Path(sys.argv[1]) / "g.onnx"
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
opened = session(path, 1, flush_denormal=sys.argv[2] == "flush")
print(bool(opened.run(None, {"x": numpy.full(4, 1e-38, numpy.float32)})[0].view(numpy.uint32).any()))
"""


@pytest.mark.parametrize(("setting", "left"), [("keep", "True"), ("flush", "False")])
def test_onnx_runtime_flushes_denormal_numbers_when_asked(tmp_path: Path, setting: str, left: str) -> None:
    command = [sys.executable, "-c", HALVE, str(tmp_path), setting]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == left, done.stderr


def test_switches_are_set_and_put_back() -> None:
    before = torch.backends.cudnn.benchmark
    with applied(replace(UNIT, settings=Settings(cudnn_benchmark=not before))):
        assert torch.backends.cudnn.benchmark is not before
        assert torch.is_inference_mode_enabled()
    assert torch.backends.cudnn.benchmark is before
    assert not torch.is_inference_mode_enabled()


def test_switches_are_put_back_after_an_error() -> None:
    before = torch.backends.cudnn.benchmark
    with pytest.raises(KeyError), applied(replace(UNIT, settings=Settings(cudnn_benchmark=not before))):
        raise KeyError
    assert torch.backends.cudnn.benchmark is before


def test_denormal_numbers_are_kept_unless_asked_otherwise() -> None:
    def halved() -> float:
        return float(torch.tensor([1e-38]) / 1000)

    with applied(UNIT):
        assert halved() > 0
    with applied(replace(UNIT, settings=Settings(flush_denormal=True))):
        assert halved() == 0
    assert halved() > 0


def test_the_input_is_random_seeded_and_never_zero() -> None:
    first, again = input_array(UNIT), input_array(UNIT)
    assert first.shape == (1, 16, 4, 4)
    assert first.tobytes() == again.tobytes()
    assert first.all()
    assert input_array(replace(UNIT, seed=1)).tobytes() != first.tobytes()
    # numpy's PCG64 promises its stream: these bytes are the same on every device.
    generator = np.random.Generator(np.random.PCG64(0))
    assert first.ravel()[0] == generator.standard_normal(dtype=np.float32)


def test_a_worker_says_one_line_at_a_time() -> None:
    read, write = os.pipe()
    channel = Channel(write)
    channel.send(Begin(), Order(unit=UNIT))
    channel.send(Fatal(kind="out_of_memory", reason="a long story"))
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        first, second = (decode_line(line) for line in pipe)
    assert (first.type, first.unit, first.attempt, first.seq) == ("begin", UNIT.id, 1, 1)
    assert (second.type, second.seq) == ("fatal", 2)
    assert second.body == {"kind": "out_of_memory", "reason": "a long story"}


def test_a_reason_is_one_short_line_that_every_file_can_hold() -> None:
    assert one_line("a\n b\r\tc") == "a b c"
    assert len(one_line("x" * 1000)) == 300
    assert one_line(MemoryError()) == "MemoryError"
    assert one_line("file \udc80").isprintable()
