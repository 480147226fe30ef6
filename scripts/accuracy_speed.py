"""What `bench accuracy` costs beside a bare loop: `python scripts/accuracy_speed.py [--images 1000] [--repeats 3]`.

The bare loop is what a user of PyTorch would write: a DataLoader with a process for each CPU, our own way to prepare
an image, and the same exported file in ONNX Runtime on as many threads. Both are asked in turn about JPEGs made here.
Printed are the seconds of the loops alone, from the first image to the last answer, and of the whole commands.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from bench.cache.store import Store, default_cache
from bench.journal import read_plan
from bench.records.accuracy import EvaluationRecord
from bench.wire.messages import Body
from bench.wire.order import Order, Task
from bench.worker.accuracy.evaluate import evaluate, top_classes
from bench.worker.accuracy.pictures import prepared
from bench.worker.accuracy.preprocessing import preprocessing_of
from bench.worker.channel import Channel
from bench.worker.runtimes.onnx_runtime import session
from bench.worker.studies.made_images import made_image
from models.build import build
from models.registry import resolve

MODEL, DISTINCT = "fasternet_t0", 40
TARGET = 1.2
PROGRAM = "import sys; from bench.cli.main import main; sys.exit(main())"


def make(folder: Path, images: int) -> None:
    """JPEGs of ImageNet's usual size, a label for each, and a checkpoint."""
    (folder / "photos").mkdir()
    for number in range(DISTINCT):
        picture = Image.fromarray(made_image(512, 0, number)).crop((0, 0, 500, 375))
        for copy in range(number, images, DISTINCT):
            picture.save(folder / f"photos/{copy}.jpg", quality=90)
    (folder / "labels.csv").write_text("".join(f"{number}.jpg,0\n" for number in range(images)))
    torch.save(build(resolve([MODEL])[0]).state_dict(), folder / "weights.pth")


def command(folder: Path, out: str) -> float:
    """Seconds of `bench accuracy`, the whole of it."""
    words = ["accuracy", MODEL, "--runtime", "onnxruntime", "--no-progress", "--out", str(folder / out)]
    for option, name in {"data": "photos", "labels": "labels.csv", "checkpoint": "weights.pth"}.items():
        words += [f"--{option}", str(folder / name)]
    return _timed([sys.executable, "-c", PROGRAM, *words])[0]


def _timed(words: list[str]) -> tuple[float, str]:
    began = time.monotonic()
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return time.monotonic() - began, done.stdout


class Files(Dataset[npt.NDArray[np.float32]]):
    """What DataLoader reads from."""

    def __init__(self, folder: Path, run: Path) -> None:
        plan = read_plan(run)
        assert plan.evaluation is not None
        self._paths = sorted(folder.glob("photos/*.jpg"))
        self._how = preprocessing_of(plan.units[0].workload, plan.evaluation)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> npt.NDArray[np.float32]:
        return prepared(self._paths[index], self._how)


def bare(folder: Path, run: Path, file: Path) -> float:
    """Seconds of the bare loop."""
    threads = read_plan(run).units[0].threads
    opened = session(file, threads)
    name = opened.get_inputs()[0].name
    loader = DataLoader(Files(folder, run), batch_size=1, num_workers=len(os.sched_getaffinity(0)))
    began = time.monotonic()
    found = [top_classes(opened.run(None, {name: images.numpy()})[0]) for images in loader]
    assert len(found) == len(loader)
    return time.monotonic() - began


class Watch(Channel):
    """Notes when the question is known and when each answer comes."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def send(self, body: Body, order: Order | None = None) -> None:
        """Nobody hears it."""
        assert isinstance(body, EvaluationRecord), body
        self.times.append(time.monotonic())


def ours(run: Path, file: Path) -> float:
    """Seconds of our loop, in a process like a worker's."""
    plan, watch = read_plan(run), Watch()
    order = Order(unit=plan.units[0], model=file.name)
    evaluate(Task(kind="accuracy", orders=(order,), evaluation=plan.evaluation, cache=str(file.parents[1])), watch)
    return watch.times[-1] - watch.times[0]


def compare(images: int, repeats: int) -> None:
    """All four in turn, in fresh processes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, images)
        command(folder, "first")  # exports the file
        asked = json.loads((folder / "first/records.jsonl").read_text().splitlines()[0])["body"]["asked"]
        file = Store(default_cache()).path(asked["artifact"])
        seconds: dict[str, list[float]] = {}
        for repeat in range(repeats):
            for which in ("ours", "bare"):
                words = [sys.executable, __file__, "--loop", which, name, str(file)]
                whole, said = _timed(words)
                seconds.setdefault(f"{which} loop", []).append(float(said))
                if which == "bare":
                    seconds.setdefault("bare command", []).append(whole)
            seconds.setdefault("ours command", []).append(command(folder, f"run{repeat}"))
    for what in ("loop", "command"):
        pairs = list(zip(seconds[f"ours {what}"], seconds[f"bare {what}"], strict=True))
        ratio = median(own / other for own, other in pairs)
        told = ", ".join(f"{own:.1f}/{other:.1f}" for own, other in pairs)
        print(f"{what}: {ratio:.2f}x of the bare one ({told} s), target {TARGET:g}x")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--loop", nargs=3, metavar=("WHICH", "FOLDER", "FILE"), help=argparse.SUPPRESS)
    asked: Any = parser.parse_args(arguments)
    if not asked.loop:
        compare(asked.images, asked.repeats)
        return
    which, folder, file = asked.loop
    run = Path(folder, "first")
    print(ours(run, Path(file)) if which == "ours" else bare(Path(folder), run, Path(file)))


if __name__ == "__main__":
    main()
