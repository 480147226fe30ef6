"""The convolutions a backend executes as one call: regular, grouped, depthwise and pointwise."""

from __future__ import annotations

from typing import Self

from torch import nn

from operators.spec import OperatorSpec
from operators.validation import divided_groups, positive_int, same_padding


class GConv(nn.Conv2d):
    """A bare k x k convolution in groups, c in = c out, same padding, no bias."""

    def __init__(self, channels: int, *, groups: int = 16, kernel: int = 3, dilation: int = 1, stride: int = 1) -> None:
        positive_int("channels", channels)
        super().__init__(
            channels,
            channels,
            kernel,
            stride=positive_int("stride", stride),
            padding=same_padding(kernel, dilation),
            dilation=dilation,
            groups=divided_groups(channels, groups),
            bias=False,
        )

    @classmethod
    def from_spec(cls, spec: OperatorSpec) -> Self:
        return cls(spec.channels, **spec.own_axes)


class Conv(GConv):
    """The regular convolution: one group."""

    def __init__(self, channels: int, *, kernel: int = 3, dilation: int = 1, stride: int = 1) -> None:
        super().__init__(channels, groups=1, kernel=kernel, dilation=dilation, stride=stride)


class DWConv(GConv):
    """The depthwise convolution: one group per channel."""

    def __init__(self, channels: int, *, kernel: int = 3, dilation: int = 1, stride: int = 1) -> None:
        super().__init__(channels, groups=channels, kernel=kernel, dilation=dilation, stride=stride)


class PWConv(GConv):
    """The pointwise convolution: 1 x 1, one group."""

    def __init__(self, channels: int, *, stride: int = 1) -> None:
        super().__init__(channels, groups=1, kernel=1, stride=stride)
