"""A spatial convolution followed by a pointwise one, the pairs of Table 2."""

from __future__ import annotations

from typing import Self

from torch import nn

from operators.conv import DWConv, GConv, PWConv
from operators.pconv import PConv
from operators.spec import OperatorSpec


class DWConvPWConv(nn.Sequential):
    """The depthwise separable convolution; a stride belongs to the depthwise part."""

    @classmethod
    def from_spec(cls, spec: OperatorSpec) -> Self:
        return cls(DWConv.from_spec(spec), PWConv(spec.channels))


class GConvPWConv(nn.Sequential):
    """A grouped convolution, then channels mixed; a stride belongs to the grouped part."""

    @classmethod
    def from_spec(cls, spec: OperatorSpec) -> Self:
        return cls(GConv.from_spec(spec), PWConv(spec.channels))


class PConvPWConv(nn.Sequential):
    """A partial convolution, then channels mixed."""

    @classmethod
    def from_spec(cls, spec: OperatorSpec) -> Self:
        return cls(PConv.from_spec(spec), PWConv(spec.channels))
