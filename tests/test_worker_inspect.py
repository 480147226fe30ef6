"""A network from outside the zoo: what identifies it, and that another one under the same name is refused."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from torch import nn

from bench.cache.store import Store
from bench.host.artifacts import ArtifactCache, cost_of
from bench.records.artifact import Artifact
from bench.records.workload import ModelArguments, Unit, Workload
from bench.wire.messages import Begin, Body, Network
from bench.wire.order import Order, Task
from bench.worker import build
from bench.worker.channel import Channel
from bench.worker.inspect import inspect_networks
from bench.worker.onnx_file import digest_of, self_contained
from bench.worker.prepare import _refuse_another, export_units
from models.registry import Pixels, height_width, resolve


class Heard:
    """Keeps what a task sends."""

    def __init__(self) -> None:
        self.said: list[Body] = []

    def send(self, body: Body, order: Order | None = None) -> None:
        if not isinstance(body, Begin):
            self.said.append(body)


def inspected(source: str, input_px: Pixels = 8, arrays: str = "") -> Network:
    heard, image = Heard(), height_width(input_px) if input_px and not arrays else ()
    task = Task(kind="inspect", sources=(source,), image=image, arrays=arrays)
    inspect_networks(task, cast(Channel, heard))
    (found,) = heard.said
    assert isinstance(found, Network)
    return found


def prepared(cache: Path, unit: Unit) -> Artifact:
    heard = Heard()
    export_units(Task(kind="export", orders=(Order(unit=unit),), cache=str(cache)), cast(Channel, heard))
    (made,) = heard.said
    assert isinstance(made, Artifact)
    return made


def of_source(source: str, digest: str, runtime: str = "eager") -> Unit:
    model = ModelArguments(source=source, fused=False, digest=digest)
    return Unit(
        workload=Workload(kind="model", name=source, input_shape=(3, 8, 8), model=model),
        runtime=runtime,
        dtype="float32",
        layout="nchw",
        batch=1,
        threads=1,
        device="cpu",
        mode="latency",
        round=0,
    )


def graph(path: Path, scale: float = 1.0, dtype: str = "float32") -> Path:
    """y = x * w with 3 x 8 x 8 weights, kept in a file of their own."""
    weights = numpy_helper.from_array(np.full((3, 8, 8), scale, dtype=dtype), "w")
    element, sizes = helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), (1, 3, 8, 8)
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node("Mul", ["x", "w"], ["y"])],
            "scaled",
            [helper.make_tensor_value_info("x", element, sizes)],
            [helper.make_tensor_value_info("y", element, sizes)],
            [weights],
        ),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )
    onnx.save(model, path, save_as_external_data=True, location=f"{path.name}.data", size_threshold=0)
    return path


def test_weights_beside_the_file_become_part_of_the_model(tmp_path: Path) -> None:
    path = graph(tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx.data").exists()
    data = self_contained(path)
    (weights,) = onnx.load_from_string(data).graph.initializer
    assert numpy_helper.to_array(weights).shape == (3, 8, 8)
    assert inspected(str(path)) == Network(
        source=str(path), input_shape=(3, 8, 8), digest=digest_of(data), batch=1, dtype="float32"
    )
    # Other weights in the second file alone are another network.
    beside = tmp_path / "net.onnx.data"
    beside.write_bytes(bytes(len(beside.read_bytes())))
    assert self_contained(path) != data


def test_weights_that_are_gone_are_said_in_one_line(tmp_path: Path) -> None:
    path = graph(tmp_path / "net.onnx")
    (tmp_path / "net.onnx.data").unlink()
    reason = inspected(str(path)).reason
    assert "external_data=False" in reason
    assert "\n" not in reason


def test_a_file_that_changed_after_planning_is_refused(tmp_path: Path) -> None:
    path = graph(tmp_path / "net.onnx")
    planned = of_source(str(path), digest_of(self_contained(path)), "onnxruntime")
    first = prepared(tmp_path / "cache", planned)
    graph(path, scale=2.0)
    second = prepared(tmp_path / "cache", planned)
    assert first.cost is not None
    assert (first.kind, first.cost.params) == ("", 192)
    assert Store(tmp_path / "cache").has(first.model)
    assert (second.kind, second.model) == ("build", "")
    assert "it has changed; begin a new run" in second.reason


def test_a_factory_is_known_by_its_source_and_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "digested_net.py"
    source.write_text("import torch\ndef net():\n    return torch.nn.Conv2d(3, 1, 1)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    name = "digested_net:net"
    seen, again = inspected(name), inspected(name)
    assert seen.reason == ""
    assert seen.digest == again.digest != ""
    (entry,) = resolve([name])
    workload = of_source(name, seen.digest).workload
    module = build.plain_network(workload)
    _refuse_another(module, workload)
    source.write_text(source.read_text() + "# edited\n")
    with pytest.raises(ValueError, match="weights have changed since"):
        _refuse_another(module, workload)
    edited = build.factory_digest(entry, module)
    assert isinstance(module, nn.Conv2d)
    with torch.no_grad():
        module.weight += 1
    assert len({seen.digest, edited, build.factory_digest(entry, module)}) == 3


@pytest.mark.filterwarnings("ignore:.*torch.ao.quantization is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*quantized tensor creation:UserWarning")
@pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated:DeprecationWarning")
@pytest.mark.parametrize("kind", ["scripted", "exported", "quantised"])
def test_factories_of_every_kind_of_network(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kinds_of_net.py").write_text(
        "import torch\nfrom torch import nn\n"
        "def net():\n    torch.manual_seed(0)\n    return nn.Sequential(nn.Flatten(), nn.Linear(192, 5)).eval()\n"
        "def scripted():\n    return torch.jit.script(net())\n"
        "def exported():\n    return torch.export.export(net(), (torch.zeros(1, 3, 8, 8),))\n"
        "def quantised():\n    return torch.ao.quantization.quantize_dynamic(net(), {nn.Linear}, dtype=torch.qint8)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    seen = inspected(f"kinds_of_net:{kind}")
    assert (seen.reason, seen.input_shape) == ("", (3, 8, 8))
    made = prepared(tmp_path / "cache", of_source(f"kinds_of_net:{kind}", seen.digest))
    assert made.reason == ""
    assert made.cost is not None
    assert (made.cost.params, made.cost.macs) == (965, 960)


def test_the_cost_is_that_of_the_graph_that_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph runtime executes other operations than the module has: the same work, and bytes that only it knows."""
    monkeypatch.setattr("bench.worker.build.export_graph", lambda *given, **_: given[3].write_bytes(b""))
    model = ModelArguments(source="fasternet_t0")
    workload = Workload(kind="model", name="fasternet_t0", input_shape=(3, 64, 64), model=model)
    planned = replace(of_source("fasternet_t0", "", "onnxruntime"), workload=workload)
    made = prepared(tmp_path, planned)
    assert made.reason == ""
    graph_cost, eager_cost = cost_of(made, planned), cost_of(made, replace(planned, runtime="eager"))
    assert graph_cost is not None
    assert eager_cost is not None
    assert graph_cost == replace(eager_cost, bytes_moved=None)
    assert eager_cost.bytes_moved
    other = replace(eager_cost, bytes_moved=1)
    eager_last = replace(planned, runtime="eager", layout="channels_last")
    last = cost_of(replace(made, channels_last_cost=other), eager_last)
    assert last == other


def test_nothing_of_a_factory_outlives_its_run(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path, "torch 1.0")
    for source, kept in (("digested_net:net", False), ("fasternet_t0", True)):
        planned = of_source(source, "")
        cache.put(planned, Artifact())
        assert (cache.get(planned) is not None) == kept
