"""False alarms and power of the gate on this machine: `python scripts/alarms.py --gates 20`.

Each gate holds ten operators against themselves (ONNX Runtime, one thread), with nothing planted or with a slowdown;
beside it the same by the way of timm's benchmark.py, where nothing is planted: one process a side, the mean of 40 calls
after 10, slower where the ratio is beyond the margin. A line for each gate, then the sums so far.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

import torch

from bench.journal import read_run
from bench.plan.sides import parse_side
from bench.plan.subjects import OperatorGrid, operator_spec, operator_workloads
from bench.plan.values import size
from bench.records.answer import GATE_MARGIN
from models.export import export
from operators.build import build
from reports.gate import gated

OPERATORS = ("conv", "gconv", "dwconv", "pconv", "pwconv")
SIZES = ("96x28x28", "192x14x14")
RUNTIME = "onnxruntime"
_MEAN_OF_40 = """\
import sys, time
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
(port,) = session.get_inputs()
feed = {port.name: numpy.random.default_rng(0).standard_normal(port.shape, numpy.float32)}
for _ in range(10):
    session.run(None, feed)
started = time.perf_counter()
for _ in range(40):
    session.run(None, feed)
print((time.perf_counter() - started) / 40)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", type=int, default=20, help="of ten rows each (default 20)")
    parser.add_argument("--planted", type=float, default=1.0, help="slowdown of the second side (default none)")
    parser.add_argument("--pairs", type=int, default=10)
    given = parser.parse_args()
    subjects = [f"{name}@{RUNTIME},size={size}" for size in SIZES for name in OPERATORS]
    for subject in subjects:
        parse_side(subject)
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        graphs = [] if given.planted > 1 else _graphs(Path(scratch))
        for number in range(given.gates):
            started = time.monotonic()
            found = _gate(subjects, given.planted, given.pairs, number, Path(scratch) / f"{number}")
            seconds = time.monotonic() - started
            found.update(Counter({"timm's way: slower": sum(map(_timm_says_slower, graphs))}))
            total.update(found)
            print(f"gate {number + 1}, {seconds:.0f} s: {_words(found)} | all: {_words(total)}", flush=True)


def _gate(subjects: list[str], planted: float, pairs: int, seed: int, folder: Path) -> Counter[str]:
    test = f"slowdown:{planted:g}" if planted > 1 else "noop"
    options = ["--self-test", test, "--pairs", str(pairs), "--seed", str(seed), "--out", str(folder), "--no-progress"]
    subprocess.run(
        [sys.executable, "-m", "bench.cli.main", "compare", *options, *subjects], check=False, stdout=subprocess.DEVNULL
    )
    rows = gated(read_run(folder))
    halves = [row.comparison.smallest for row in rows if row.comparison.smallest is not None]
    print(f"smallest visible change: median {median(halves):.2%}, largest {max(halves):.2%};", end=" ")
    return Counter({"rows": len(rows)}) + Counter(
        [*(row.label for row in rows), *("came out slower at first" for row in rows if row.again is not None)]
    )


def _graphs(folder: Path) -> list[Path]:
    made = []
    grid = OperatorGrid(operators=OPERATORS, sizes=tuple(map(size, SIZES)), axes={})
    for number, workload in enumerate(operator_workloads(grid)):
        path = folder / f"{number}.onnx"
        export(build(operator_spec(workload)), torch.randn(1, *workload.input_shape), path)
        made.append(path)
    return made


def _timm_says_slower(graph: Path) -> bool:
    first, second = (
        float(subprocess.run([sys.executable, "-c", _MEAN_OF_40, str(graph)], check=True, capture_output=True).stdout)
        for _ in range(2)
    )
    return second / first > 1 + GATE_MARGIN


def _words(found: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in found.items())


if __name__ == "__main__":
    main()
