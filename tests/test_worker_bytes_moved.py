"""What a call moves is read off the graph that its runtime made, after the unit was measured, or it is said why not."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bench.cache.store import Store
from bench.plan import runtimes
from bench.plan.runtimes import runtime
from bench.records.workload import Unit
from bench.wire.order import Order
from bench.worker.bytes_moved import with_bytes_moved
from bench.worker.measure import measure_unit
from bench.worker.measuring.clock import SystemClock
from bench.worker.runtimes import onnx_runtime, openvino_runtime
from bench.worker.runtimes.loaded import UnsupportedError
from tests.made_up import measurement, unit

THREADS = min(2, len(os.sched_getaffinity(0)))
SIZE = (4, 8, 16)
ROWS, INNER, OUTER = 4 * 8, 16, 48


def broken(unit: Unit, model: Path | None) -> int:
    """A reader of a runtime that will not tell."""
    raise UnsupportedError(f"the profile of {unit.workload.name} is empty")


def twenty(unit: Unit, model: Path | None) -> int:
    """A plug-in's reader."""
    return 20


def wrong(unit: Unit, model: Path | None) -> str:
    """One that returns no number of bytes."""
    return "many"


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A product and a ReLU, among what an optimiser takes out: an identity, and a sum of two constants."""
    half = np.ones((INNER, OUTER), dtype=np.float32) / 2
    model = helper.make_model(
        helper.make_graph(
            [
                helper.make_node("Identity", ["x"], ["same"]),
                helper.make_node("Add", ["half", "half"], ["weight"]),
                helper.make_node("MatMul", ["same", "weight"], ["product"]),
                helper.make_node("Relu", ["product"], ["y"]),
            ],
            "product",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, *SIZE))],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, *SIZE[:2], OUTER))],
            [numpy_helper.from_array(half, "half")],
        ),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )
    onnx.save(model, tmp_path / "graph.onnx")
    return tmp_path / "graph.onnx"


def test_onnx_runtime_counts_the_nodes_that_are_left_with_their_packed_weights(graph: Path) -> None:
    of = unit(runtime="onnxruntime", size=SIZE, threads=THREADS)
    product, relu = ROWS * INNER + INNER * OUTER + ROWS * OUTER, 2 * ROWS * OUTER
    assert onnx_runtime.bytes_moved(of, graph) == 4 * (product + relu)


def test_a_profile_leaves_no_file_behind(graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert onnx_runtime.bytes_moved(unit(runtime="onnxruntime", size=SIZE, threads=THREADS), graph)
    assert sorted(tmp_path.rglob("*")) == before


def test_openvino_counts_what_it_executes_with_the_relu_in_the_product(graph: Path) -> None:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    of = unit(runtime="openvino", size=SIZE, threads=THREADS)
    assert openvino_runtime.bytes_moved(of, graph) == 4 * (ROWS * INNER + INNER * OUTER + ROWS * OUTER)


def test_a_measured_unit_has_the_bytes_of_its_runtime(graph: Path, tmp_path: Path) -> None:
    """And nothing of the reading is in its load time or in its samples: it comes after them."""
    of = replace(unit(runtime="onnxruntime", size=SIZE, threads=THREADS), allocator="system")
    store = Store(tmp_path)
    order = Order(unit=of, model=store.add_bytes(graph.read_bytes()), deadline_s=60.0)
    record = measure_unit(order, store, SystemClock(), 1e-7)
    assert record.reason == ""
    assert record.measurement is not None
    assert record.measurement.bytes_moved == onnx_runtime.bytes_moved(of, graph)


def test_eager_is_counted_by_the_host() -> None:
    taken = measurement()
    assert with_bytes_moved(taken, unit(), None) is taken


def test_torch_compile_says_why_it_has_none() -> None:
    seen = with_bytes_moved(measurement(), unit(runtime="compile"), None)
    assert seen.bytes_moved is None
    assert seen.notes == ("bytes_moved is empty: torch.compile does not say what its kernels read and write",)


@pytest.mark.parametrize(
    ("reader", "moved", "said"),
    [
        ("twenty", 20, ()),
        ("broken", None, "the profile of conv is empty"),
        ("wrong", None, "to return bytes as an int, got 'many'"),
        ("gone", None, "gone"),
    ],
)
def test_a_plug_in_names_its_own_reader_and_a_broken_one_costs_its_cell_alone(
    monkeypatch: pytest.MonkeyPatch, reader: str, moved: int | None, said: str
) -> None:
    row = replace(runtime("onnxruntime"), name="toy", moved=f"{__name__}:{reader}")
    monkeypatch.setattr(runtimes, "_OURS", {"toy": row})
    taken = measurement()
    seen = with_bytes_moved(taken, unit(runtime="toy"), None)
    assert seen == replace(taken, bytes_moved=moved, notes=seen.notes)
    assert [note.startswith("bytes_moved is empty: ") and said in note for note in seen.notes] == [True] * bool(said)
