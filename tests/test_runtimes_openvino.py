"""OpenVINO itself on a small graph: what it computes, and in which precision."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bench.worker.inputs import input_array
from bench.worker.output_check import arrays_in
from bench.worker.quantise import quantise
from bench.worker.runtimes import openvino_runtime
from bench.worker.runtimes.loaded import UnsupportedError
from tests.made_up import unit

openvino = pytest.importorskip("openvino", reason="the extra openvino is not installed")

THREADS = min(2, len(os.sched_getaffinity(0)))
FLOAT32 = unit(runtime="openvino", size=(8, 6, 6), threads=THREADS)
BFLOAT16 = replace(FLOAT32, dtype="bfloat16")
# Every second channel is doubled, the others are passed on.
SCALES = np.tile(np.array([2, 1], dtype=np.float32), 4)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A pointwise convolution with a diagonal kernel, so that its output is known."""
    sizes = (1, 8, 6, 6)
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node("Conv", ["x", "w"], ["y"])],
            "scaled",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, sizes)],
            [numpy_helper.from_array(np.diag(SCALES).reshape(8, 8, 1, 1), "w")],
        ),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )
    onnx.save(model, tmp_path / "graph.onnx")
    return tmp_path / "graph.onnx"


def test_it_computes_the_graph_on_the_threads_it_was_given(graph: Path) -> None:
    loaded = openvino_runtime.load(FLOAT32, graph)
    loaded.step()
    expected = input_array(FLOAT32) * SCALES.reshape(1, 8, 1, 1)
    (output,) = arrays_in(loaded.output())
    np.testing.assert_allclose(output, expected, rtol=1e-6)
    assert loaded.threads == THREADS


def test_bfloat16_is_bfloat16_or_refused(graph: Path) -> None:
    """Rounding to eight bits is seen in the output; a CPU without such instructions says so."""
    (exact,) = arrays_in(openvino_runtime.load(FLOAT32, graph).output())
    try:
        (rounded,) = arrays_in(openvino_runtime.load(BFLOAT16, graph).output())
    except UnsupportedError as error:
        assert "on this CPU it computes in f32" in str(error)  # noqa: PT017 - the other outcome is below
        return
    np.testing.assert_allclose(rounded, exact, rtol=2**-7)
    assert np.abs(rounded - exact).max() > 0


def test_a_hint_that_is_not_followed_is_refused(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a CPU without bfloat16, where the plugin computes in float32 and raises nothing."""
    compile_model = openvino.Core.compile_model

    def in_float32(core: Any, model: Any, device: str, settings: dict[str, Any]) -> Any:
        return compile_model(core, model, device, settings | {"INFERENCE_PRECISION_HINT": "f32"})

    monkeypatch.setattr(openvino.Core, "compile_model", in_float32)
    assert openvino_runtime.load(FLOAT32, graph).threads == THREADS
    with pytest.raises(UnsupportedError, match="asked OpenVINO for bfloat16, on this CPU it computes in f32"):
        openvino_runtime.load(BFLOAT16, graph)


def test_the_compiled_graph_tells_what_its_convolutions_take(graph: Path, tmp_path: Path) -> None:
    assert openvino_runtime.precision(FLOAT32, graph) == {"float32": 1}
    int8 = replace(FLOAT32, dtype="int8")
    assert openvino_runtime.precision(int8, graph) == {"float32": 1}  # which nobody has quantised
    note = quantise(graph, tmp_path / "int8.onnx", int8)
    assert "calibrated on" in note
    assert openvino_runtime.precision(int8, tmp_path / "int8.onnx") == {"int8": 1}
    (exact,), (answer,) = (
        arrays_in(openvino_runtime.load(each, path).output())
        for each, path in ((FLOAT32, graph), (int8, tmp_path / "int8.onnx"))
    )
    assert 0 < np.abs(answer - exact).max() < 0.02 * np.abs(exact).max()
