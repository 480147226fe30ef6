"""ExecuTorch in int8 on a small network: what becomes int8, how near its answer is, and that the file tells so."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.plan.runtimes import runtime
from bench.records.workload import Unit
from bench.worker.convert import convert
from bench.worker.inputs import input_array
from bench.worker.output_check import arrays_in, max_error
from bench.worker.precision import precision_notes
from bench.worker.runtimes import executorch_quantise, executorch_runtime
from tests.made_up import unit

if TYPE_CHECKING:
    import numpy.typing as npt

SIZE = (8, 6, 6)
ASKED = replace(unit(runtime="executorch", size=SIZE, threads=min(2, len(os.sched_getaffinity(0)))), dtype="int8")


class Network(nn.Module):
    """A part of a map that is convolved beside one that is passed on, and a product of two activations."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.part, self.point = nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.Conv2d(8, 8, 1)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        touched, rest = torch.split(x, [4, 4], dim=1)
        x = x + self.point(torch.cat((self.part(touched), rest), dim=1))
        x = torch.relu(x).flatten(2)  # -> (n, 8, 36)
        x = (x @ x.transpose(1, 2)).softmax(-1) @ x
        answer: Tensor = self.head(x.mean(2))
        return answer


def drawn() -> "Iterator[list[npt.NDArray[np.float32]]]":
    generator = np.random.Generator(np.random.PCG64(1))
    return ([generator.standard_normal((1, *SIZE), dtype=np.float32)] for _ in range(16))


def test_convolutions_linear_layers_and_products_are_counted() -> None:
    program = torch.export.export(Network().eval(), (torch.from_numpy(input_array(ASKED)),))
    assert executorch_quantise.products(program) == (0, 5)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Unit, Path]:
    pytest.importorskip("executorch.version", reason="the extra executorch is not installed")
    path = tmp_path_factory.mktemp("converted") / "network"
    example = torch.from_numpy(input_array(ASKED))
    convert(runtime("executorch"), Network().eval(), [example], "int8", path, "", drawn())
    return ASKED, path


@pytest.mark.slow
def test_it_computes_near_float32_but_not_in_it(converted: tuple[Unit, Path]) -> None:
    loaded = executorch_runtime.load(*converted)
    with torch.no_grad():
        right = (Network().eval()(torch.from_numpy(input_array(ASKED))).numpy(),)
    outputs = arrays_in(loaded.output())
    error = max_error(outputs, right)
    assert error is not None
    assert 1e-4 < error < 0.1
    assert outputs[0].dtype.name == "float32"


@pytest.mark.slow
def test_the_file_tells_which_products_are_in_int8(converted: tuple[Unit, Path]) -> None:
    """Two convolutions and a linear layer; not what attention multiplies."""
    assert executorch_runtime.precision(*converted) == {"int8": 3, "float32": 2}
    (note,) = precision_notes(*converted)
    assert note == "3 of 5 convolutions and matrix products compute in int8, the others in float32"


@pytest.mark.slow
def test_conversions_that_kernels_take_in_are_no_operations(converted: tuple[Unit, Path]) -> None:
    """Outside are what attention's products repeat, and a mean that is not over a map."""
    loaded = executorch_runtime.load(*converted)
    assert loaded.delegated is not None
    inside, of = loaded.delegated
    assert of - inside == 5
    assert of < 30
    (note,) = loaded.notes
    assert note.endswith(" of the graph, ExecuTorch's own kernels 4 aten_expand_copy_default, 1 aten_mean_dim")
