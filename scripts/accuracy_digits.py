"""`bench accuracy` beside a bare loop on real images: `python scripts/accuracy_digits.py`.

The images are the handwritten digits that scikit-learn's package holds (UCI ML hand-written digits, 1,797 of 8x8):
`pip install --no-deps scikit-learn` is enough, nothing of it is imported. A small network is trained on the first 1,000
for some seconds. The others are asked about, in a folder for each class as ImageNet's are laid out, in every runtime
that is installed, and by a loop that shares nothing with ours but the exported file. Both must find the same top-1.
"""

import csv
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import nn

from bench.cache.store import Store, default_cache

Array = npt.NDArray[Any]
PX, TRAINED_ON, EPOCHS, BATCH = 32, 1000, 4, 50
GRAPHS, EAGER = ("onnxruntime", "openvino"), ("eager", "float32")
PROGRAM = "import sys; from bench.cli.main import main; sys.exit(main())"
NETWORK = """
from pathlib import Path

import torch
from torch import nn


def block(c_in, c_out):
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride=2, padding=1), nn.BatchNorm2d(c_out), nn.ReLU())


def untrained():
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    return nn.Sequential(block(3, 16), block(16, 32), block(32, 64), head)


def make():
    network = untrained()
    network.load_state_dict(torch.load(Path(__file__).with_name("weights.pth"), weights_only=True))
    return network
"""


def digits() -> tuple[Array, Array]:
    """Images (N, 8, 8) of 0 to 16, and what they show."""
    found = find_spec("sklearn")
    if found is None or not found.submodule_search_locations:
        sys.exit("expected scikit-learn, whose package holds the images; pip install --no-deps scikit-learn")
    with gzip.open(Path(found.submodule_search_locations[0], "datasets/data/digits.csv.gz"), "rt") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.int64)
    return rows[:, :64].reshape(-1, 8, 8), rows[:, 64]


def lay_out(folder: Path, images: Array, labels: Array) -> list[tuple[Path, int]]:
    """A PNG file for each image in the folder of its class."""
    made = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(path)
        made.append((path, int(label)))
    return made


def prepared(path: Path) -> Array:
    """As docs/accuracy.md says of a network without a configuration: 0.875 of the shorter side, bicubic."""
    side = int(PX / 0.875)
    edge = round((side - PX) / 2)
    image = Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    pixels = np.asarray(image.crop((edge, edge, edge + PX, edge + PX)), dtype=np.float32) / 255
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], dtype=np.float32)
    scaled: Array = (pixels - mean) / deviation
    return scaled.transpose(2, 0, 1)[None]  # (1, C, H, W)


def train(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    """Some seconds of Adam, the same each time."""
    optimiser, generator = torch.optim.Adam(network.parameters(), 3e-3), torch.Generator().manual_seed(0)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(images), generator=generator).reshape(-1, BATCH):
            loss = nn.functional.cross_entropy(network(images[chosen]), labels[chosen])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()


def ours(folder: Path, runtime: str, dtype: str) -> tuple[int, str]:
    """Right answers by `bench accuracy`, and the SHA-256 of the file that it asked."""
    out = folder / f"{runtime}-{dtype}"
    words = ["accuracy", "nets:make", "--data", "val", "--input", str(PX), "--no-progress", "--out", str(out)]
    words += ["--runtime", runtime, "--dtype", dtype, *(["--calibration", "train"] if dtype == "int8" else [])]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench {' '.join(words)}: {done.stderr}")
    asked = json.loads((out / "records.jsonl").read_text().splitlines()[0])["body"]["asked"]
    with (out / "accuracy.csv").open() as file:
        return next(int(row["count"]) for row in csv.DictReader(file) if row["measure"] == "top1"), asked["artifact"]


def opened(runtime: str, network: nn.Module, file: Path) -> Callable[[Array], Array]:
    """What answers an image with scores, as its documentation has it."""
    if runtime == "onnxruntime":
        import onnxruntime

        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda image: np.asarray(session.run(None, {name: image})[0])
    if runtime == "openvino":
        import openvino

        compiled = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return lambda image: np.asarray(compiled(image)[0])
    return lambda image: network(torch.from_numpy(image)).numpy()


def set_up(folder: Path) -> tuple[nn.Module, list[tuple[Array, int]]]:
    """All that is asked about in `folder`; the network, trained, and the new images as it takes them, with labels."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    images, labels = digits()
    seen = lay_out(folder / "train", images[:TRAINED_ON], labels[:TRAINED_ON])
    new = lay_out(folder / "val", images[TRAINED_ON:], labels[TRAINED_ON:])
    (folder / "nets.py").write_text(NETWORK)
    sys.path.insert(0, str(folder))
    network: nn.Module = import_module("nets").untrained()
    inputs = torch.from_numpy(np.concatenate([prepared(path) for path, _ in seen]))
    train(network, inputs, torch.tensor([label for _, label in seen]))
    torch.save(network.eval().state_dict(), folder / "weights.pth")
    return network, [(prepared(path), label) for path, label in new]


def agree(folder: Path, network: nn.Module, shown: list[tuple[Array, int]], runtime: str, dtype: str) -> bool:
    """Whether both find the same number of right answers, which is printed."""
    if runtime != EAGER[0] and find_spec(runtime) is None:
        print(f"{runtime} {dtype}: left out, it is not installed")
        return True
    count, digest = ours(folder, runtime, dtype)
    with torch.no_grad():
        answer = opened(runtime, network, Store(default_cache()).path(digest) if digest else folder)
        bare = sum(int(answer(image).argmax()) == label for image, label in shown)
    print(f"{runtime} {dtype}: bench accuracy {count} of {len(shown)}, a bare loop {bare}", flush=True)
    return count == bare


def main() -> None:
    asked = [EAGER, *((runtime, dtype) for runtime in GRAPHS for dtype in ("float32", "int8"))]
    with tempfile.TemporaryDirectory() as name:
        network, shown = set_up(Path(name))
        same = [agree(Path(name), network, shown, *each) for each in asked]
    sys.exit(0 if all(same) else "expected the same top-1 of both, got another")


if __name__ == "__main__":
    main()
