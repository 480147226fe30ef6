"""A small network of convolution, depthwise convolution and a part that is passed on, and LiteRT's files of it.

`python -m tests.litert_network` converts it again, where `bench runtimes setup litert` was run; the files stand in the
repository because the converter takes gigabytes.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    import numpy.typing as npt

FILE = Path(__file__).with_suffix(".tflite")
INT8 = FILE.with_stem(f"{FILE.stem}_int8")
SIZE = (3, 16, 16)


class Network(nn.Module):
    """Two outputs of one shape, so that their order shows; a running sum, which XNNPACK leaves to LiteRT."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.depth = nn.Conv2d(3, 8, 4, stride=4), nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.part, self.point = nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.Conv2d(8, 8, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.depth(self.stem(x)))  # (n, 3, 16, 16) -> (n, 8, 4, 4)
        touched, rest = x[:, :2], x[:, 2:]
        x = x + self.point(torch.cat((self.part(touched), rest), dim=1))
        return x.mean((2, 3)), x.amax((2, 3)).cumsum(1)  # -> (n, 8), (n, 8)


def network() -> nn.Module:
    """The network with weights that numpy promises to draw alike everywhere."""
    made, draw = Network().eval(), np.random.Generator(np.random.PCG64(0))
    for parameter in made.parameters():
        parameter.data = torch.from_numpy(0.3 * draw.standard_normal(parameter.shape, dtype=np.float32))
    return made


def drawn(batches: int) -> "Iterator[list[npt.NDArray[np.float32]]]":
    """To calibrate on, one image each."""
    draw = np.random.Generator(np.random.PCG64(1))
    return ([draw.standard_normal((1, *SIZE), dtype=np.float32)] for _ in range(batches))


def convert_again(target: Path, dtype: str, cache: Path) -> None:
    """Write the network in that dtype to `target`, by LiteRT's converter."""
    from bench.host.converters import python_of
    from bench.plan.runtimes import runtime
    from bench.worker.convert import convert

    row = runtime("litert")
    convert(row, network(), [torch.zeros(1, *SIZE)], dtype, target, python_of(row, cache), drawn(8))


if __name__ == "__main__":
    from bench.cache.store import default_cache

    for file, dtype in ((FILE, "float32"), (INT8, "int8")):
        convert_again(file, dtype, default_cache())
        sys.stdout.write(f"{file.name}: {file.stat().st_size} bytes\n")
