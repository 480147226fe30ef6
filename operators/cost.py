"""What an operator must cost: closed formulas in plain integers.

Conventions (MACs and memory access: section 3 of the paper; GConv, PWConv and everything strided are derived):

- `params` and `macs` do not depend on the batch: MACs are per image, one per multiply-add.
- `elements_ideal` and `elements_moved` are elements per call of the whole batch: activations times batch,
  weights once. Times the element size they are bytes.
- ideal: the paper's memory access. Each touched activation once per convolution, each weight once. A pair is
  the sum of its two convolutions (the tensor between them is written once and read once). For the T-shaped
  convolution, whose access the paper does not print, the input, the output and the weights once each.
- moved: reads plus writes of every primitive the layer executes in eager mode: a convolution its input,
  output and weights; `cat`, `clone`, a gather and a copy what they read and what they write; a sum both terms
  and its result; views (split, slice) nothing. Not counted: index vectors, and what a backend does inside a
  primitive (im2col, layout reorders, packing a view that is not contiguous, as a channel slice of a batch
  above 1 is).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, fields

from operators.choice import choose
from operators.spec import OperatorSpec, out_size
from operators.validation import partial_channels, positive_int


@dataclass(frozen=True, kw_only=True)
class OperatorCost:
    """Counts of one layer or of a stack; adding two is running one after the other."""

    params: int
    macs: int
    elements_ideal: int
    elements_moved: int

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"expected {field.name} to be an integer of 0 or more, got {value!r}; count it")

    def __add__(self, other: OperatorCost) -> OperatorCost:
        return OperatorCost(
            params=self.params + other.params,
            macs=self.macs + other.macs,
            elements_ideal=self.elements_ideal + other.elements_ideal,
            elements_moved=self.elements_moved + other.elements_moved,
        )


@dataclass(frozen=True, kw_only=True)
class LayerInput:
    """One layer of a stack and the feature map that reaches it."""

    spec: OperatorSpec
    height: int
    width: int
    batch: int

    @property
    def pixels_in(self) -> int:
        return self.height * self.width

    @property
    def pixels_out(self) -> int:
        return out_size(self.height, self.spec.stride) * out_size(self.width, self.spec.stride)


def layer_costs(spec: OperatorSpec, batch: int) -> tuple[OperatorCost, ...]:
    """The cost of each stacked layer, first to last."""
    positive_int("batch", batch)
    layer_cost: Callable[[LayerInput], OperatorCost] = pkgutil.resolve_name(spec.operator.layer_cost)
    return tuple(
        layer_cost(LayerInput(spec=spec, height=height, width=width, batch=batch)) for height, width in spec.layer_sizes
    )


def operator_cost(spec: OperatorSpec, batch: int) -> OperatorCost:
    """The cost of the whole stack."""
    first, *rest = layer_costs(spec, batch)
    return sum(rest, start=first)


def conv_cost(layer: LayerInput) -> OperatorCost:
    """h w k^2 c^2 MACs, h w 2c + k^2 c^2 accesses (equations 1 and 2 of section 3)."""
    return _grouped(layer, groups=1)


def gconv_cost(layer: LayerInput) -> OperatorCost:
    return _grouped(layer, groups=layer.spec.groups)


def dwconv_cost(layer: LayerInput) -> OperatorCost:
    return _grouped(layer, groups=layer.spec.channels)


def pwconv_cost(layer: LayerInput) -> OperatorCost:
    return _pointwise(layer, pixels_in=layer.pixels_in)


def dwconv_pwconv_cost(layer: LayerInput) -> OperatorCost:
    return dwconv_cost(layer) + _pointwise(layer, pixels_in=layer.pixels_out)


def gconv_pwconv_cost(layer: LayerInput) -> OperatorCost:
    return gconv_cost(layer) + _pointwise(layer, pixels_in=layer.pixels_out)


def pconv_pwconv_cost(layer: LayerInput) -> OperatorCost:
    return pconv_cost(layer) + pwconv_cost(layer)


def pconv_cost(layer: LayerInput) -> OperatorCost:
    """h w k^2 c_p^2 MACs, h w 2c_p + k^2 c_p^2 accesses (section 3.3)."""
    spec = layer.spec
    partial = partial_channels(spec.channels, spec.ratio)
    weights = spec.kernel**2 * partial**2
    ideal = 2 * layer.batch * layer.pixels_in * partial + weights
    return OperatorCost(
        params=weights,
        macs=layer.pixels_in * weights,
        elements_ideal=ideal,
        elements_moved=ideal + _pconv_copies(layer, partial),
    )


def _pconv_copies(layer: LayerInput, partial: int) -> int:
    """What PConv moves beside its convolution; follows PConv.forward branch by branch."""
    spec = layer.spec
    choice = choose(spec.channels, ratio=spec.ratio, selection=spec.selection, seed=spec.seed)
    copy_all = 2 * layer.batch * layer.pixels_in * spec.channels
    copy_partial = 2 * layer.batch * layer.pixels_in * partial
    if spec.implementation == "split_cat":
        if choice.is_all:
            return 0
        # cat; scattered channels are permuted to the front before it and back after it.
        return copy_all if choice.is_run else 3 * copy_all
    gather = 0 if choice.is_run else copy_partial
    clone = copy_all if spec.implementation == "slice" else 0
    return clone + gather + copy_partial


def tconv_cost(layer: LayerInput) -> OperatorCost:
    """h w (k^2 c_p c + c (c - c_p)) MACs (section 3.3, T-shaped convolution)."""
    spec = layer.spec
    partial = partial_channels(spec.channels, spec.ratio)
    weights = spec.kernel**2 * partial * spec.channels + spec.channels * (spec.channels - partial)
    read = layer.batch * layer.pixels_in * spec.channels
    written = layer.batch * layer.pixels_out * spec.channels
    return OperatorCost(
        params=weights,
        macs=layer.pixels_out * weights,
        elements_ideal=read + written + weights,
        # Two convolutions write one term each; the sum reads both and writes the result.
        elements_moved=read + weights + (2 + 3) * written,
    )


def _grouped(layer: LayerInput, *, groups: int) -> OperatorCost:
    spec = layer.spec
    weights = spec.kernel**2 * spec.channels * (spec.channels // groups)
    return _dense(layer, weights=weights, pixels_in=layer.pixels_in)


def _pointwise(layer: LayerInput, *, pixels_in: int) -> OperatorCost:
    return _dense(layer, weights=layer.spec.channels**2, pixels_in=pixels_in)


def _dense(layer: LayerInput, *, weights: int, pixels_in: int) -> OperatorCost:
    """A convolution from c to c channels that applies each weight once per output pixel."""
    access = layer.batch * layer.spec.channels * (pixels_in + layer.pixels_out) + weights
    return OperatorCost(
        params=weights,
        macs=layer.pixels_out * weights,
        elements_ideal=access,
        elements_moved=access,
    )
