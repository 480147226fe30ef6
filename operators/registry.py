"""The operators by name: one row each, with its layer, its cost and its axes. Imports nothing of ours."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One row; what it names as "module:name" is imported when it is used."""

    layer: str  # a class whose from_spec(OperatorSpec) makes one layer
    layer_cost: str  # a function that takes a LayerInput and returns an OperatorCost
    axes: frozenset[str]  # the fields of OperatorSpec that it has


_SPATIAL = frozenset({"kernel", "dilation", "stride"})
# No stride: the untouched channels would keep the old size.
_PARTIAL = frozenset({"kernel", "ratio", "dilation", "implementation", "selection"})

OPERATORS: dict[str, Operator] = {
    "conv": Operator(layer="operators.conv:Conv", layer_cost="operators.cost:conv_cost", axes=_SPATIAL),
    "gconv": Operator(layer="operators.conv:GConv", layer_cost="operators.cost:gconv_cost", axes=_SPATIAL | {"groups"}),
    "dwconv": Operator(layer="operators.conv:DWConv", layer_cost="operators.cost:dwconv_cost", axes=_SPATIAL),
    "pconv": Operator(layer="operators.pconv:PConv", layer_cost="operators.cost:pconv_cost", axes=_PARTIAL),
    "pwconv": Operator(
        layer="operators.conv:PWConv", layer_cost="operators.cost:pwconv_cost", axes=frozenset({"stride"})
    ),
    "dwconv+pwconv": Operator(
        layer="operators.pairs:DWConvPWConv", layer_cost="operators.cost:dwconv_pwconv_cost", axes=_SPATIAL
    ),
    "gconv+pwconv": Operator(
        layer="operators.pairs:GConvPWConv", layer_cost="operators.cost:gconv_pwconv_cost", axes=_SPATIAL | {"groups"}
    ),
    "pconv+pwconv": Operator(
        layer="operators.pairs:PConvPWConv", layer_cost="operators.cost:pconv_pwconv_cost", axes=_PARTIAL
    ),
    "tconv": Operator(layer="operators.tconv:TConv", layer_cost="operators.cost:tconv_cost", axes=_SPATIAL | {"ratio"}),
}
