"""`bytes_moved` of ONNX Runtime's and OpenVINO's rows against what these say of the same graph in a plain session.

    python scripts/bytes_moved.py --model mobilenetv2,resnet50 --op dwconv,pconv

ONNX Runtime's profile is taken as anyone would: with its kernels free to pack weights, which then are not in it. For
OpenVINO it is all nodes of the runtime model that are neither constant nor made of constants alone. 1.15 passes.
"""

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

_NETWORKS = (
    "shufflenetv2_x1_5,mobilenetv2,mobilevit_xxs,edgenext_xxs,fasternet_t0,ghostnet_x1_3,pvt_tiny,cyclemlp_b1,"
    "poolformer_s12,resnet50"
)
_OPERATORS = "conv,gconv,dwconv,pconv,pwconv,dwconv+pwconv,gconv+pwconv,pconv+pwconv,tconv"
_ALLOWED = 1.15


def main() -> int:
    """A line for each row; 1 where one of ONNX Runtime's is further off than allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=_NETWORKS)
    parser.add_argument("--op", default=_OPERATORS)
    given = parser.parse_args()
    worst = 1.0
    for command, option, names in (("models", "--model", given.model), ("ops", "--op", given.op)):
        for name in filter(None, names.split(",")):
            size = [] if command == "models" else ["--size", "96x56x56"]
            with tempfile.TemporaryDirectory() as scratch:
                rows = _rows(Path(scratch), [command, option, name, *size])
                for row in rows:
                    graph = _graph(Path(scratch))
                    said = _PLAIN[row["runtime"]](graph)
                    ratio = int(row["bytes_moved"]) / said
                    print(f"{name} {row['runtime']}: {int(row['bytes_moved'])}, plain session {said}, {ratio:.2f}x")
                    if row["runtime"] == "onnxruntime":
                        worst = max(worst, ratio, 1 / ratio)
    print(f"ONNX Runtime's worst: {worst:.2f}x")
    return int(worst > _ALLOWED)


def _rows(folder: Path, arguments: list[str]) -> list[dict[str, str]]:
    options = ["--runtime", "onnxruntime,openvino", "--quick", "--no-progress", "--out", str(folder / "run")]
    environment = os.environ | {"BENCH_CACHE": str(folder / "cache")}
    command = [sys.executable, "-W", "ignore", "-m", "bench.cli.main", *arguments, *options]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    with (folder / "run/table.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["status"] == "done"]


def _graph(folder: Path) -> Path:
    artifacts = [json.loads(path.read_text()) for path in (folder / "cache/artifacts").iterdir()]
    (digest,) = [str(artifact["model"]) for artifact in artifacts if artifact["model"]]
    return folder / "cache/files" / digest


def _of_onnxruntime(graph: Path) -> int:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.enable_profiling, options.intra_op_num_threads = True, 1
    options.profile_file_prefix = str(graph.parent / "profile")
    session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    session.run(None, {given.name: np.ones(given.shape, np.float32) for given in session.get_inputs()})
    events = json.loads(Path(session.end_profiling()).read_text())
    nodes: list[dict[str, Any]] = [event["args"] for event in events if event["name"].endswith("_kernel_time")]
    return sum(int(size) for node in nodes for key, size in node.items() if key.endswith("_size"))


def _of_openvino(graph: Path) -> int:
    import openvino

    total, constant = 0, set[str]()
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    for node in openvino.Core().compile_model(graph, "CPU", settings).get_runtime_model().get_ordered_ops():
        kind = node.get_rt_info()["layerType"].astype(str)
        sources = [each.get_source_output().get_node().get_friendly_name() for each in node.inputs()]
        if kind == "Const" or (sources and constant.issuperset(sources)):
            constant.add(node.get_friendly_name())
        elif kind not in ("Input", "Output"):
            ports = (*node.inputs(), *node.outputs())
            total += sum(port.get_element_type().size * math.prod(port.get_shape()) for port in ports)
    return total


_PLAIN = {"onnxruntime": _of_onnxruntime, "openvino": _of_openvino}

if __name__ == "__main__":
    sys.exit(main())
