"""A runtime that computes in another precision than asked says so or is skipped, by what it tells of itself."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bench.plan import runtimes
from bench.plan.runtimes import runtime
from bench.records.workload import ModelArguments, Unit, Workload
from bench.system import cpuinfo
from bench.worker.precision import precision_notes
from bench.worker.runtimes import onnx_runtime
from bench.worker.runtimes.loaded import UnsupportedError
from bench.worker.runtimes.onnx_runtime_precision import precision
from tests.made_up import unit

HALF = replace(unit(runtime="onnxruntime", size=(8, 6, 6)), dtype="float16")
COUNTS: dict[str, int] = {}


def told(unit: Unit, model: Path | None) -> Mapping[str, int]:
    """What a plug-in's row would say."""
    return COUNTS


@pytest.fixture
def half_graph(tmp_path: Path) -> Path:
    """Two convolutions and what multiplies nothing, in float16 as a network is exported."""
    sizes, weights = (1, 8, 6, 6), np.ones((8, 8, 1, 1), dtype=np.float16)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "w"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT16, sizes) for name in "xy"]
    graph = helper.make_graph(nodes, "half", ends[:1], ends[1:], [numpy_helper.from_array(weights, "w")])
    path = tmp_path / "half.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


def test_onnx_runtimes_profile_tells_what_its_kernels_take(half_graph: Path) -> None:
    """Where it has no kernel it converts to float32, multiplies and converts back: its output is still float16."""
    counts = precision(HALF, half_graph)
    assert sum(counts.values()) == 2
    opened = onnx_runtime.session(half_graph, 1)
    assert opened.get_outputs()[0].type == "tensor(float16)"
    if counts == {"float32": 2}:  # as on any x86 CPU
        with pytest.raises(
            UnsupportedError, match="asked ONNX Runtime for float16, on this CPU it computes in float32"
        ):
            precision_notes(HALF, half_graph)
    else:
        assert precision_notes(HALF, half_graph) == ()


def test_a_users_own_file_in_float16_is_timed_as_it_is_taken(half_graph: Path) -> None:
    model = ModelArguments(source=str(half_graph), fused=False, dtype="float16", digest="0" * 64)
    workload = Workload(kind="model", name="half", input_shape=(8, 6, 6), model=model)
    notes = precision_notes(replace(HALF, workload=workload), half_graph)
    if precision(HALF, half_graph) == {"float32": 2}:
        assert notes == ("0 of 2 convolutions and matrix products compute in float16, the others in float32",)
    else:
        assert notes == ()


@pytest.mark.parametrize(
    ("counts", "note"),
    [
        ({"int8": 3}, ()),
        ({}, ()),
        (
            {"int8": 2, "float32": 1},
            ("2 of 3 convolutions and matrix products compute in int8, the others in float32",),
        ),
    ],
)
def test_a_part_in_another_precision_is_a_note(
    counts: dict[str, int], note: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = replace(runtime("onnxruntime"), name="mine", title="Mine", precision=f"{__name__}:told")
    monkeypatch.setattr(runtimes, "_OURS", {**runtimes._OURS, "mine": row})
    monkeypatch.setattr(f"{__name__}.COUNTS", counts)
    mine = replace(HALF, runtime="mine", dtype="int8")
    assert precision_notes(mine, None) == note
    assert precision_notes(replace(mine, dtype="float32"), None) == ()
    monkeypatch.setattr(f"{__name__}.COUNTS", {"float32": 3})
    with pytest.raises(UnsupportedError, match="asked Mine for int8, on this CPU it computes in float32"):
        precision_notes(mine, None)


@pytest.mark.parametrize(
    ("dtype", "flags", "native"),
    [
        ("bfloat16", "flags : fpu avx2 avx512f avx512_bf16", True),
        ("bfloat16", "flags : fpu avx2 avx512f avx512_vnni", False),
        ("bfloat16", "Features : fp asimd asimdhp", False),
        ("bfloat16", "Features : fp asimd bf16", True),
        ("float16", "Features : fp asimd asimdhp", True),
        ("float16", "flags : fpu f16c avx512f avx512_bf16", False),
        ("float16", "flags : fpu avx512_fp16", True),
    ],
)
def test_pytorch_computes_in_what_the_cpu_multiplies(
    dtype: str, flags: str, native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpuinfo, "text_of", lambda _: f"processor : 0\n{flags}\n")
    asked = replace(unit(), dtype=dtype)
    if native:
        assert precision_notes(asked, None) == ()
    else:
        with pytest.raises(UnsupportedError, match=f"asked PyTorch for {dtype}, on this CPU it computes in float32"):
            precision_notes(asked, None)
    assert precision_notes(replace(asked, accelerator="cuda:0"), None) == ()
