"""`--input` with several sizes, and `--input-data`, as a user gives them."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.bench_process import BenchProcess
from tests.one_line import one_line

NETS = """\
import torch
from torch import nn

class Fixed(nn.Conv2d):
    def forward(self, images):
        assert images.shape[-1] == 8, "eight wide"
        return super().forward(images)

class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(1, 4, 3)
    def forward(self, image, depth):
        return self.a(image) + self.b(depth)

def seeded(make):
    torch.manual_seed(0)
    return make()

def fixed():
    return seeded(lambda: Fixed(3, 4, 3, padding=1))

def two():
    return seeded(Two)
"""


@pytest.fixture
def bench(tmp_path: Path) -> BenchProcess:
    (tmp_path / "input_nets.py").write_text(NETS)
    rng = np.random.default_rng(0)
    depth, image = rng.standard_normal((2, 1, 9, 8)), rng.standard_normal((2, 3, 9, 8))
    np.savez(tmp_path / "in.npz", depth=depth, image=image)
    return BenchProcess(tmp_path, tmp_path / "cache")


def rows_in(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.slow
def test_each_size_is_a_row_of_its_own_and_one_that_a_network_refuses_says_which_helps(bench: BenchProcess) -> None:
    common = ("--runtime", "eager", "--quick", "--format", "csv")
    done = bench.run("models", "--model", "input_nets:fixed", "--input", "8,16x8,8x8,16", "--out", "out", *common)
    assert done.returncode == 3, done.stderr
    found = {row["input_shape"]: row for row in rows_in(done.stdout)}
    assert {size: row["macs"] for size, row in found.items() if row["status"] == "done"} == {
        "3x8x8": str(4 * 27 * 64),
        "3x16x8": str(4 * 27 * 128),
    }
    refused = found["3x16x16"]
    assert (refused["status"], len(found)) == ("failed", 3)
    assert "eight wide" in refused["reason"]


@pytest.mark.slow
def test_arrays_are_fed_in_every_runtime(bench: BenchProcess) -> None:
    common = ("--input-data", "in.npz", "--quick", "--format", "csv", "--out", "out")
    done = bench.run("models", "--model", "input_nets:two", "--runtime", "eager,onnxruntime", *common)
    assert done.returncode == 0, done.stderr
    found = rows_in(done.stdout)
    assert [(row["runtime"], row["batch"], row["input_shape"]) for row in found] == [
        ("eager", "2", "3x9x8"),
        ("onnxruntime", "2", "3x9x8"),
    ]
    assert {row["macs"] for row in found} == {str(4 * 36 * 7 * 6)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--input", "224,0"), "expected an input of N or HxW pixels"),
        (("--input", "224,,256"), "expected an input of N or HxW pixels"),
        (("--input", "224x224x3"), "expected an input of N or HxW pixels"),
        (("--input", "9" * 5000), "expected an input of N or HxW pixels"),
        (("--input", "224", "--input-data", "in.npz"), "expected --input or --input-data, got both"),
        (("--input-data", "gone.npz"), "found none; check the path"),
        (("--input-data", "."), "is a directory"),
        (("--input-data", "a\nb.npz"), "plain characters"),
    ],
)
def test_a_wrong_input_is_one_line(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert said in one_line(capsys, "models", "--model", "fasternet_t0", "--out", "out", *arguments)
    assert not (elsewhere / "out").exists()
