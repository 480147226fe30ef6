"""Graphs of every kind that people export: each is fed what it declares, and answers what numpy does."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from bench.plan.axes import Axes
from bench.worker.inputs import input_arrays
from bench.worker.onnx_file import Graph, self_contained
from tests.test_worker_onnx_file import FLOAT, HALF, INT64, UINT8, Sizes, checked, planned, save

BATCH, HEIGHT, WIDTH = 2, 6, 8
KINDS = {"float32": FLOAT, "float16": HALF, "uint8": UINT8, "int8": TensorProto.INT8, "int64": INT64}
OPEN: dict[str, tuple[Any, Any, Any]] = {
    "fixed": (BATCH, HEIGHT, WIDTH),
    "batch": ("batch", HEIGHT, WIDTH),
    "symbols": ("batch", "height", "width"),
    "minus one": (-1, -1, -1),
    "nothing": (None, None, None),
    "one side": (BATCH, None, WIDTH),
}
# Bytes in every way, the other kinds in the usual ones.
CASES = [
    *product(("NCHW", "NHWC"), (1, 3), ("uint8",), OPEN, (1, 2)),
    *product(("NCHW", "NHWC"), (3,), (kind for kind in KINDS if kind != "uint8"), ("fixed", "symbols"), (1, 2)),
]


@pytest.mark.parametrize(("order", "channels", "kind", "sizes", "inputs"), CASES)
def test_a_graph_is_fed_as_it_declares(
    order: str, channels: int, kind: str, sizes: str, inputs: int, tmp_path: Path
) -> None:
    batch, height, width = OPEN[sizes]
    shape: Sizes = (batch, channels, height, width) if order == "NCHW" else (batch, height, width, channels)
    nodes = [
        helper.make_node("Cast", ["x"], ["a"], to=FLOAT),
        helper.make_node("Add", ["a", "a"], ["d" if inputs > 1 else "y"]),
    ]
    declared = [("x", KINDS[kind], shape)]
    if inputs > 1:
        declared += [("flag", TensorProto.BOOL, (batch, 1, 1, 1))]
        nodes += [helper.make_node("Cast", ["flag"], ["f"], to=FLOAT), helper.make_node("Mul", ["d", "f"], ["y"])]
    path = save(tmp_path / "net.onnx", nodes, declared, {})
    made = planned(path, (HEIGHT, WIDTH), Axes(batches=(BATCH,)))
    assert (made.batch, made.workload.input_shape) == (BATCH, (channels, HEIGHT, WIDTH))
    output, macs = checked(path, made, tmp_path)
    fed = input_arrays(made, Graph.read(path, self_contained(path)).inputs)
    assert fed[0].shape == tuple(
        dict(zip("NCHW", (BATCH, channels, HEIGHT, WIDTH), strict=True))[axis] for axis in order
    )
    assert (fed[0].dtype.name, macs) == (kind, 0)
    if kind == "uint8":
        assert fed[0].max() > 200
    np.testing.assert_array_equal(output, 2 * fed[0].astype("float32") * (fed[1] if inputs > 1 else 1))
