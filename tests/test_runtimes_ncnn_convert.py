"""From a PyTorch network to ncnn's answer: pnnx itself, and what it cannot translate."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bench.cli.main import main
from bench.plan.runtimes import runtime
from bench.worker.convert import convert
from bench.worker.inputs import input_array
from bench.worker.output_check import ERROR_LIMITS, arrays_in, max_error
from bench.worker.runtimes import ncnn_runtime
from bench.worker.runtimes.ncnn_convert import expect_known, only_image, say_otherwise
from tests.made_up import unit

pytest.importorskip("ncnn", reason="the extra ncnn is not installed")
pytest.importorskip("pnnx", reason="the extra ncnn is not installed")

PAIR = replace(unit(runtime="ncnn", size=(3, 16, 16)), batch=2)


class Branches(nn.Module):
    """What the zoo is made of: a depthwise and a partial convolution, a sum, GELU, layer norm, a mean, two answers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.partial = nn.Conv2d(2, 2, 3, padding=1, bias=False)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 5)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        maps = nn.functional.gelu(self.stem(images))
        maps = maps + self.depthwise(maps)
        touched, kept = maps.split([2, 6], dim=1)
        maps = torch.cat([self.partial(touched), kept], dim=1)
        return self.head(self.norm(maps.mean(dim=(2, 3)))), maps


class Sorted(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.sort(images, dim=1).values


def converted(network: nn.Module, folder: Path) -> Path:
    target = folder / "network"
    convert(runtime("ncnn"), network, [torch.zeros(1, 3, 16, 16)], "float32", target, "")
    return target


@pytest.mark.slow
def test_a_converted_network_answers_as_eager_does_for_each_image(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Branches().eval()
    path = converted(network, tmp_path)
    with torch.no_grad():
        expected = [each.numpy() for each in network(torch.from_numpy(input_array(PAIR)))]
    answered = arrays_in(ncnn_runtime.load(PAIR, path).output())
    error = max_error(answered, expected)
    assert error is not None
    assert error < ERROR_LIMITS["float32"]
    assert np.abs(expected[0][0] - expected[0][1]).max() > 0.01  # the images differ, so do their answers


@pytest.mark.slow
def test_what_pnnx_cannot_translate_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"ncnn's converter ended with 1: ValueError: ncnn has no layer for .*aten::sort \(1\)"
    ):
        converted(Sorted(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_batch_is_a_row_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its network is converted for one image, its answer checked for all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    arguments = ["ops", "--op", "pconv", "--size", "16x8x8", "--stack", "2", "--runtime", "ncnn", "--batch", "3"]
    assert main([*arguments, "--quick", "--no-limit", "--no-progress", "--out", "out"]) == 0
    with Path("out/table.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["status"], row["batch"]) == ("done", "3")
    assert float(row["max_error"]) < ERROR_LIMITS["float32"]
    assert "a batch of 3 is 3 calls" in row["notes"]


class Added(nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        aten = torch.ops.aten
        once: torch.Tensor = aten.addcmul.default(aten.alias.default(a), b, c)
        twice: torch.Tensor = aten.addcmul.default(once, b, c, value=2)
        return twice


def test_what_pnnx_does_not_know_is_said_otherwise_with_the_same_result() -> None:
    module, given = torch.fx.symbolic_trace(Added()), torch.arange(6.0).reshape(3, 2)
    say_otherwise(module)
    left = {node.target for node in module.graph.nodes if node.op == "call_function"}
    assert left == {torch.ops.aten.mul.Tensor, torch.ops.aten.add.Tensor}
    assert module(*given).tolist() == Added()(*given).tolist() == [0 + 3 * 2 * 4, 1 + 3 * 3 * 5]


def test_a_network_is_refused_that_takes_more_than_an_image_or_no_floats() -> None:
    image, mask = torch.zeros(1, 3, 2, 2), torch.zeros(1, 2, dtype=torch.int64)
    assert only_image([image]) is image
    for inputs, said in (([image, mask], "float32, int64"), ([mask], "int64")):
        with pytest.raises(ValueError, match=f"expected a network with one input of floats, .* got {said}$"):
            only_image(inputs)


def test_layers_of_another_make_are_counted_in_a_graph() -> None:
    known = "7767517\n2 2\nInput in0 0 1 in0\nConvolution1D conv 1 1 in0 out0 0=8"
    expect_known(known)
    with pytest.raises(ValueError, match=r"^ncnn has no layer for aten::sort \(2\), pnnx\.Expression \(1\)$"):
        expect_known(f"{known}\naten::sort a 1 1 b c\npnnx.Expression e 0 1 d\naten::sort b 1 1 c d\n")
