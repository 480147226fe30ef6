"""Compare our FasterNet with timm's on one thread of this machine, as pairs of live processes.

    python scripts/compare_fasternet.py fasternet_t0 --runtime eager --pairs 6

Each pair is two fresh processes on one core, of which one runs at a time: bursts of 50 ms in ABBA order, so that
drift cancels within a pair and the spread between processes shows between pairs. Prints timm's time over ours.
"""

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

BURST_S = 0.05
WARM_UP_S = 1.0


def main() -> None:
    arguments = _arguments()
    if arguments.side:
        _serve(_step(arguments.name, arguments.runtime, arguments.side, Path(arguments.folder)))
        return
    from bench.statistics import log_mean_interval

    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        if arguments.runtime == "onnxruntime":
            _export(arguments.name, Path(folder))
        for index in range(arguments.pairs):
            a, b = _pair(arguments.name, arguments.runtime, folder, arguments.rounds)
            ratios.append(b / a)
            _say(f"pair {index + 1}: ours {a * 1e3:.2f} ms, timm {b * 1e3:.2f} ms, ratio {b / a:.3f}")
    ratio = log_mean_interval(ratios)
    bounds = f" [{ratio.low:.3f}, {ratio.high:.3f}]" if ratio.low is not None else ""
    _say(f"{arguments.name} {arguments.runtime}: timm / ours = {ratio.centre:.3f}{bounds}, {len(ratios)} pairs")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="our FasterNet against timm's, one thread")
    parser.add_argument("name", choices=[f"fasternet_{size}" for size in ("t0", "t1", "t2", "s", "m", "l")])
    parser.add_argument("--runtime", choices=["eager", "onnxruntime"], default="eager")
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=12, help="ABBA rounds of bursts in a pair")
    parser.add_argument("--side", choices=["ours", "timm"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _pair(name: str, runtime: str, folder: str, rounds: int) -> tuple[float, float]:
    """Return the median burst (s per call) of ours and of timm's, from two fresh processes."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", __file__, name, "--runtime", runtime, "--folder", folder]
    workers = [
        subprocess.Popen(
            [*command, "--side", side],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for side in ("ours", "timm")
    ]
    try:
        for worker in workers:
            _burst(worker, WARM_UP_S)
        times: tuple[list[float], list[float]] = ([], [])
        for round_ in range(rounds):
            for side in (0, 1, 1, 0) if round_ % 2 else (1, 0, 0, 1):
                times[side].append(_burst(workers[side], BURST_S))
        return median(times[0]), median(times[1])
    finally:
        for worker in workers:
            worker.communicate()  # end of input ends it


def _burst(worker: "subprocess.Popen[str]", seconds: float) -> float:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{seconds}\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        raise RuntimeError("expected a time from the worker, got none; its error stands above")
    return float(answer)


def _serve(step: Callable[[], object]) -> None:
    """Run `step` for as long as each line of the input says; answer with the seconds of one call."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    gc.collect()
    gc.freeze()
    gc.disable()
    for line in sys.stdin:
        calls, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < float(line) or calls < 2:
            step()
            calls += 1
        _say(repr(elapsed / calls))


def _step(name: str, runtime: str, side: str, folder: Path) -> Callable[[], object]:
    import numpy as np

    images = np.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype(np.float32)
    if runtime == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(folder / f"{side}.onnx", options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {session.get_inputs()[0].name: images})
    import torch

    from models.fasternet import fasternet
    from models.fasternet_fast import optimise
    from models.torchvision_import import import_timm

    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.from_numpy(images)
    network = optimise(fasternet(name)) if side == "ours" else import_timm().create_model(name).eval()

    def step() -> object:
        with torch.inference_mode():
            return network(x)

    return step


def _export(name: str, folder: Path) -> None:
    import torch

    from models.export import export
    from models.fasternet import fasternet
    from models.fasternet_export import export_form
    from models.torchvision_import import import_timm

    x = torch.zeros(1, 3, 224, 224)
    export(export_form(fasternet(name)), x, folder / "ours.onnx")
    export(import_timm().create_model(name).eval(), x, folder / "timm.onnx")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
