"""PyTorch networks on a user's own arrays: several inputs, bytes, and what a factory says that it takes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.cache.store import Store
from bench.plan.axes import Axes, cells
from bench.plan.names import network_workloads
from bench.records.device import Device
from bench.records.workload import Unit
from bench.wire.messages import Network
from bench.worker.kept_inputs import kept
from bench.worker.output_check import WrongOutputError, check, read_reference
from bench.worker.runtimes import onnx_runtime, pytorch, pytorch_layers
from tests.test_worker_inspect import inspected, prepared

SOURCE = """
import torch
from torch import nn

class Two(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.n, self.b = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(1, 4, 3)
    def forward(self, image, depth, scale=None):
        answer = self.n(self.a(image)) + self.b(depth)
        return answer if scale is None else answer * scale

class Bytes(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.a = nn.Conv2d(3, 4, 3)
    def forward(self, pixels):
        return self.a(pixels.float() / 255)

class Told(Two):
    def example_inputs(self):
        return {"depth": torch.rand(2, 1, 9, 8), "image": torch.rand(2, 3, 9, 8)}

class Overwriting(Two):
    def forward(self, image, depth):
        return super().forward(image, depth.add_(1))

def overwriting():
    return Overwriting()

class Asking(Two):
    def example_inputs(self, batch):
        return torch.rand(batch, 3, 9, 8)

def asking():
    return Asking()

def lazy():
    network = Two()
    network.b = nn.LazyConv2d(4, 3)
    return network

def two():
    return Two()

def told():
    return Told()

def pixels():
    return Bytes()
"""
IMAGE = np.random.default_rng(0).standard_normal((2, 3, 9, 8))  # float64, as numpy makes them
DEPTH = np.random.default_rng(1).standard_normal((2, 1, 9, 8)).astype("float32")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "several_nets.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)


def planned(source: str, runtime: str = "eager", dtype: str = "float32", **arrays: Any) -> Unit:
    """With `--input-data` where arrays are given."""
    path = str(Path("in.npz").absolute()) if arrays else ""
    if arrays:
        np.savez("in.npz", **arrays)

    def inspect(sources: Any, _: object) -> dict[str, Network]:
        return {source: inspected(source, 0, path) for source in sources}

    workloads = network_workloads(inspect, [source], [path] if path else [], forms=("plain",), fused=True)
    (made,) = cells(workloads, Axes(dtypes=(dtype,)), Device(name="cpu"), (runtime,))
    return made


def errors(made: Unit) -> dict[str, float | None]:
    """The largest error of its output in eager and in ONNX Runtime."""
    torch.manual_seed(0)  # as each worker begins, and lazy layers draw from it
    artifact = prepared(Path("cache"), replace(made, runtime="onnxruntime"))
    assert (artifact.reason, artifact.graph_reason) == ("", "")
    store = Store(Path("cache"))
    reference = read_reference(store.path(artifact.reference))
    graph = onnx_runtime.load(made, store.path(artifact.model))
    torch.manual_seed(0)
    with torch.inference_mode():
        return {
            "eager": check(made, pytorch.load(made), lambda: reference),
            "graph": check(made, graph, lambda: reference),
        }


@pytest.mark.parametrize("name", ["two", "lazy"])
def test_a_network_of_two_inputs_is_fed_by_their_names(name: str) -> None:
    torch.manual_seed(0)
    made = planned(f"several_nets:{name}", depth=DEPTH, image=IMAGE)
    assert (made.batch, made.workload.input_shape) == (2, (3, 9, 8))
    assert max(value or 0 for value in errors(made).values()) < 1e-5
    image, depth = kept(made.workload.given)
    np.testing.assert_array_equal(image, IMAGE.astype("float32"))
    np.testing.assert_array_equal(depth, DEPTH)


def test_both_branches_are_counted_and_neither_is_folded_away_in_the_graph() -> None:
    made = planned("several_nets:two", "onnxruntime", depth=DEPTH, image=IMAGE)
    artifact = prepared(Path("cache"), made)
    assert artifact.cost is not None
    assert artifact.cost.macs == 4 * (27 + 9) * 7 * 6  # the norm is folded
    assert artifact.cost.params == 4 * (27 + 1) + 4 * (9 + 1)
    opened = onnx_runtime.session(Store(Path("cache")).path(artifact.model), 1)
    assert [value.shape for value in opened.get_inputs()] == [[2, 3, 9, 8], [2, 1, 9, 8]]


def test_an_optional_input_is_left_out_or_given() -> None:
    made = planned("several_nets:two", depth=DEPTH, image=IMAGE, scale=np.full((1, 1, 1, 1), 3.0))
    assert max(value or 0 for value in errors(made).values()) < 1e-5
    assert len(kept(made.workload.given)) == 3


PIXELS = np.random.default_rng(2).integers(0, 256, (2, 3, 9, 8)).astype("uint8")


@pytest.mark.parametrize(
    ("name", "arrays"), [("two", {"depth": DEPTH, "image": IMAGE}), ("pixels", {"pixels": PIXELS})]
)
def test_in_int8_it_is_asked_about_weaker_images_with_the_other_inputs_as_they_are(
    name: str, arrays: dict[str, Any]
) -> None:
    made = planned(f"several_nets:{name}", "onnxruntime", "int8", **arrays)
    artifact = prepared(Path("cache"), made)
    assert (artifact.reason, artifact.graph_reason) == ("", "")
    reference = read_reference(Store(Path("cache")).path(artifact.reference))
    loaded = onnx_runtime.load(made, Store(Path("cache")).path(artifact.model))
    assert (check(made, loaded, lambda: reference) or 1) < 0.1
    frozen = replace(loaded, answer=lambda _: loaded.output())
    with pytest.raises(WrongOutputError, match="one answer to all of them would be as near"):
        check(made, frozen, lambda: reference)


def test_half_precision_casts_every_input() -> None:
    made = planned("several_nets:two", dtype="bfloat16", depth=DEPTH, image=IMAGE)
    artifact = prepared(Path("cache"), made)
    reference = read_reference(Store(Path("cache")).path(artifact.reference))
    with torch.inference_mode():
        assert (check(made, pytorch.load(made), lambda: reference) or 0) < 5e-2


def test_bytes_stay_bytes() -> None:
    image = np.random.default_rng(0).integers(0, 255, (1, 3, 9, 8), endpoint=True).astype("uint8")
    made = planned("several_nets:pixels", pixels=image)
    assert max(value or 0 for value in errors(made).values()) < 1e-5


def test_what_a_network_says_that_it_takes_needs_no_option() -> None:
    made = planned("several_nets:told")
    assert made.workload.model is not None
    assert (made.batch, made.workload.input_shape, made.workload.variant) == (2, (3, 9, 8), "")
    assert made.workload.model.inputs.source == "several_nets:example_inputs"
    assert made.id == planned("several_nets:told").id  # drawn from one seed
    assert max(value or 0 for value in errors(made).values()) < 1e-5


def test_so_does_its_module(tmp_path: Path) -> None:
    more = "\ndef example_inputs():\n    return torch.zeros(1, 3, 9, 8), torch.zeros(1, 1, 9, 8)\n"
    (tmp_path / "module_nets.py").write_text(SOURCE + more)
    assert inspected("module_nets:two", 0).input_shape == (3, 9, 8)
    assert "--input-data" in inspected("module_nets:two", 9).reason  # a size asks for an image alone


def test_an_input_that_a_call_overwrites_is_found_out() -> None:
    made = prepared(Path("cache"), planned("several_nets:overwriting", depth=DEPTH, image=IMAGE))
    assert made.kind == "wrong_output"
    assert "answers differently each time" in made.reason


def test_layers_are_timed_on_the_arrays_too() -> None:
    made = planned("several_nets:two", depth=DEPTH, image=IMAGE)
    prepared(Path("cache"), made)
    with torch.inference_mode():
        found = pytorch_layers.profiled(made)
    assert {"network.a", "network.b"} <= {piece.name for piece in found.pieces}


@pytest.mark.parametrize(
    ("source", "arrays", "said"),
    [
        ("several_nets:two", {"image": IMAGE}, "to be named 'image', 'depth', got 'image'"),
        ("several_nets:two", {"image": IMAGE, "deep": DEPTH}, "got 'image', 'deep'"),
        ("several_nets:two", {"image": IMAGE, "depth": DEPTH[:, :, 1:]}, "to take the arrays of"),
        ("several_nets:asking", {}, "without arguments, to give the tensors that the network takes, got TypeError"),
        ("several_nets:two", {"image": IMAGE[0], "depth": DEPTH[0]}, "add the batch"),
        ("resnet50", {"x": np.zeros((1, 4, 64, 64))}, "expected resnet50 to take the arrays of"),
    ],
)
def test_arrays_that_a_network_does_not_take_are_refused_in_a_line(
    source: str, arrays: dict[str, Any], said: str, tmp_path: Path
) -> None:
    np.savez("in.npz", **arrays)
    reason = inspected(source, 0, str(tmp_path / "in.npz") if arrays else "").reason
    assert said in reason
    assert "\n" not in reason
