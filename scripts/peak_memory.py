"""Peak memory of a worker against a bare script that runs the same network, each in a fresh process.

    python scripts/peak_memory.py --model fasternet_t0,resnet50

The bare script builds the network (or opens its graph), runs it three times and reads its own peak.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.api import measure
from bench.errors import BenchError

_EAGER = """
import sys, torch
from models.build import build
from models.registry import height_width, resolve
torch.set_num_threads(1)
(entry,) = resolve([sys.argv[1]])
network = build(entry)
image = torch.randn(1, 3, *height_width(entry.input_px))
with torch.inference_mode():
    for _ in range(3):
        network(image)
"""
_EXPORT = """
import sys, torch
from pathlib import Path
from models.build import build
from models.export import export
from models.registry import height_width, resolve
(entry,) = resolve([sys.argv[1]])
export(build(entry), torch.randn(1, 3, *height_width(entry.input_px)), Path(sys.argv[2]))
"""
_GRAPH = """
import sys, numpy as np, onnxruntime as ort
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession(sys.argv[2], options, providers=["CPUExecutionProvider"])
given = session.get_inputs()[0]
image = np.random.default_rng(0).standard_normal(given.shape, dtype=np.float32)
for _ in range(3):
    session.run(None, {given.name: image})
"""
_PEAK = """
with open("/proc/self/status") as file:
    print(next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")))
"""


def main() -> int:
    """One line for each network and runtime: both peaks and their ratio."""
    parser = argparse.ArgumentParser(description="a worker's peak memory against a bare script's")
    parser.add_argument("--model", default="fasternet_t0,mobilevit_xxs,resnet50,fasternet_l")
    names = parser.parse_args().model.split(",")
    worst = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            graph = str(Path(scratch) / f"{name}.onnx")
            _python(_EXPORT, name, graph)
            for runtime, script in (("eager", _EAGER), ("onnxruntime", _GRAPH)):
                bare = int(_python(script + _PEAK, name, graph).split()[-1])
                try:
                    row = measure(name, runtime=runtime, rounds=1)
                except BenchError as error:
                    print(f"{name} {runtime}: {error}")
                    return 1
                peak = row.peak_memory_bytes or 0
                worst = max(worst, peak / bare)
                print(f"{name} {runtime}: worker {peak / 1e6:.0f} MB, bare {bare / 1e6:.0f} MB, {peak / bare:.2f}x")
    print(f"worst: {worst:.2f}x")
    return 0


def _python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
