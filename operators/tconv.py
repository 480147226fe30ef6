"""The T-shaped convolution: what PConv followed by PWConv looks like as one convolution (section 3.3)."""

from __future__ import annotations

from fractions import Fraction
from typing import Self

import torch
from torch import Tensor, nn

from operators.spec import OperatorSpec
from operators.validation import partial_channels, positive_int, same_padding


class TConv(nn.Module):
    """k x k over the first c_p channels plus 1 x 1 over the others, both to all c; no bias."""

    def __init__(
        self,
        channels: int,
        *,
        kernel: int = 3,
        ratio: Fraction = Fraction(1, 4),
        dilation: int = 1,
        stride: int = 1,
    ) -> None:
        super().__init__()
        partial = partial_channels(channels, ratio)
        if partial == channels:
            raise ValueError("expected a ratio below 1, got 1: no channel is left to the 1x1; use Conv")
        self._sizes = [partial, channels - partial]
        self.spatial = nn.Conv2d(
            partial,
            channels,
            kernel,
            stride=positive_int("stride", stride),
            padding=same_padding(kernel, dilation),
            dilation=dilation,
            bias=False,
        )
        self.pointwise = nn.Conv2d(channels - partial, channels, 1, stride=stride, bias=False)

    @classmethod
    def from_spec(cls, spec: OperatorSpec) -> Self:
        return cls(spec.channels, **spec.own_axes)

    def forward(self, x: Tensor) -> Tensor:
        head, tail = torch.split(x, self._sizes, dim=1)  # (n, c, h, w) -> (n, c_p, h, w), (n, c - c_p, h, w)
        output: Tensor = self.spatial(head) + self.pointwise(tail)  # -> (n, c, ceil(h / stride), ceil(w / stride))
        return output
