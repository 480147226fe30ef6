"""Distributions made up on the spot: modules and a hand-written dist-info, as pip would leave them in a folder."""

from collections.abc import Mapping
from pathlib import Path

TOY_RUNTIME = """
from bench.plan.runtimes import Runtime

ROW = Runtime(name="toy", title="Toy", package="onnx", module="onnx", loader="toy_runtime:load", graph=True,
              lacks={"channels_last": "the toy knows one layout"})

def load(unit, model):
    from bench.worker.inputs import input_array
    from bench.worker.runtimes.loaded import Loaded
    from onnx.reference import ReferenceEvaluator

    session, image = ReferenceEvaluator(str(model)), input_array(unit)
    run = lambda: session.run(None, {session.input_names[0]: image})[0]
    return Loaded(step=run, output=run, threads=1)
"""
TOY_NETWORK = """
from models.registry import NetworkEntry

ROW = NetworkEntry(name="toy_net", title="Toy net", library="own", library_name="toy_network:make", input_px=8)

def make():
    from torch import nn

    return nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""
TOY_OPERATOR = """
from operators.cost import OperatorCost
from operators.registry import Operator

def cost(layer):
    channels = layer.spec.channels
    moved = 2 * layer.batch * layer.pixels_in * channels + channels
    macs = layer.pixels_in * channels
    return OperatorCost(params=channels, macs=macs, elements_ideal=moved, elements_moved=moved)

ROW = Operator(layer="toy_layer:Scale", layer_cost="toy_operator:cost", axes=frozenset())
"""
TOY_FORMAT = """
from reports.formats import Format

ROW = Format(name="best", writer="toy_format:best", file="best.txt", stdout=True)

def best(results):
    rows = [row for row in results.rows if row.time is not None]
    fastest = min(rows, key=lambda row: row.time.centre)
    return f"{fastest.unit.workload.name} in {fastest.unit.runtime}\\n"
"""
TOY_LAYER = """
from torch import nn

class Scale(nn.Conv2d):
    @classmethod
    def from_spec(cls, spec):
        return cls(spec.channels, spec.channels, 1, groups=spec.channels, bias=False)
"""


def distribution(folder: Path, name: str, modules: Mapping[str, str], entries: str) -> None:
    """Version 1.0 of it: its modules by file name, and what its entry_points.txt says."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)
    for path, source in modules.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(source)


def toy(folder: Path) -> Path:
    """One distribution that offers a runtime, an operator and a network."""
    modules = {
        "runtime": TOY_RUNTIME,
        "network": TOY_NETWORK,
        "operator": TOY_OPERATOR,
        "layer": TOY_LAYER,
        "format": TOY_FORMAT,
    }
    distribution(
        folder,
        "toy-bench",
        {f"toy_{name}.py": source for name, source in modules.items()},
        "[bench.runtimes]\ntoy = toy_runtime:ROW\n[bench.operators]\ntoy_op = toy_operator:ROW\n"
        "[bench.models]\ntoy_net = toy_network:ROW\n[bench.reports]\nbest = toy_format:ROW\n",
    )
    (folder / "toy_bench-1.0.dist-info/top_level.txt").write_text(
        "toy_format\ntoy_layer\ntoy_network\ntoy_operator\ntoy_runtime\n"
    )
    return folder
