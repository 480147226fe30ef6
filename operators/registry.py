"""The operators by name: one row each, with its layer, its cost and its axes. Starts without torch."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operators import cost

if TYPE_CHECKING:
    from torch import nn

    from operators.cost import LayerInput, OperatorCost
    from operators.spec import OperatorSpec


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One row: `layer` is the "module:class" whose `from_spec` makes one layer, imported when first built."""

    layer: str
    layer_cost: Callable[[LayerInput], OperatorCost]
    axes: frozenset[str]


_SPATIAL = frozenset({"kernel", "dilation", "stride"})
# No stride: the untouched channels would keep the old size.
_PARTIAL = frozenset({"kernel", "ratio", "dilation", "implementation", "selection"})

OPERATORS: dict[str, Operator] = {
    "conv": Operator(layer="operators.conv:Conv", layer_cost=cost.conv_cost, axes=_SPATIAL),
    "gconv": Operator(layer="operators.conv:GConv", layer_cost=cost.gconv_cost, axes=_SPATIAL | {"groups"}),
    "dwconv": Operator(layer="operators.conv:DWConv", layer_cost=cost.dwconv_cost, axes=_SPATIAL),
    "pconv": Operator(layer="operators.pconv:PConv", layer_cost=cost.pconv_cost, axes=_PARTIAL),
    "pwconv": Operator(layer="operators.conv:PWConv", layer_cost=cost.pwconv_cost, axes=frozenset({"stride"})),
    "dwconv+pwconv": Operator(layer="operators.pairs:DWConvPWConv", layer_cost=cost.dwconv_pwconv_cost, axes=_SPATIAL),
    "gconv+pwconv": Operator(
        layer="operators.pairs:GConvPWConv", layer_cost=cost.gconv_pwconv_cost, axes=_SPATIAL | {"groups"}
    ),
    "pconv+pwconv": Operator(layer="operators.pairs:PConvPWConv", layer_cost=cost.pconv_pwconv_cost, axes=_PARTIAL),
    "tconv": Operator(layer="operators.tconv:TConv", layer_cost=cost.tconv_cost, axes=_SPATIAL | {"ratio"}),
}


def build(spec: OperatorSpec) -> nn.Sequential:
    """The stacked layers in eval mode without gradients, weights decided by spec.seed alone; fp32, NCHW."""
    import torch
    from torch import nn

    from operators.weights import fill

    layer = pkgutil.resolve_name(spec.operator.layer)
    # The layers' constructors draw weights, which `fill` replaces: leave the caller's random state alone.
    with torch.random.fork_rng(devices=[]):
        module = nn.Sequential(*(layer.from_spec(spec) for _ in range(spec.stack)))
    fill(module, seed=spec.seed)
    return module.requires_grad_(False).eval()


def overwrites_input(spec: OperatorSpec) -> bool:
    """Whether a call leaves its input changed, so that the caller has to restore it."""
    return "implementation" in spec.operator.axes and spec.implementation == "inplace"
