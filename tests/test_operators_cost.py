"""Costs: the paper's figures, cases worked by hand, and two independent counters of MACs."""

import csv
import math
from fractions import Fraction
from importlib import resources
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from operators.build import build
from operators.choice import SELECTIONS
from operators.cost import OperatorCost, layer_costs, operator_cost
from operators.registry import OPERATORS
from operators.spec import OperatorSpec, axes

# The paper's four sizes, Table 1.
PAPER_SIZES = ((96, 56, 56), (192, 28, 28), (384, 14, 14), (768, 7, 7))
PAPER_NAMES = {
    "Conv 3x3": "conv",
    "GConv 3x3": "gconv",
    "DWConv 3x3": "dwconv",
    "PConv 3x3": "pconv",
    "PConv 3x3 + PWConv 1x1": "pconv+pwconv",
}

pytestmark = [
    # fvcore is built on torch.jit, which torch has deprecated.
    pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated:DeprecationWarning"),
]


def paper_rows() -> list[dict[str, str]]:
    text = resources.files("reports").joinpath("paper/table1_operators.csv").read_text(encoding="utf-8")
    return [row for row in csv.DictReader(text.splitlines()) if row["channels"] != "average"]


def small_specs() -> list[OperatorSpec]:
    """Each operator at its defaults, then each axis it has at other values, alone and together."""
    others: dict[str, list[Any]] = {
        "kernel": [1, 5],
        "groups": [1, 4],
        "ratio": [Fraction(1, 2), Fraction(3, 8)],
        "dilation": [2],
        "stride": [2, 3],
        "implementation": ["slice", "inplace"],
        "selection": ["last", "even", "random"],
    }
    specs = []
    for op in OPERATORS:
        base: dict[str, Any] = {"op": op, "channels": 16, "height": 9, "width": 6, "stack": 3}
        own = {axis: values for axis, values in others.items() if axis in axes(op)}
        changes = [{axis: value} for axis, values in own.items() for value in values]
        together = {axis: values[-1] for axis, values in own.items()}
        specs += [OperatorSpec(**{**base, **change}) for change in [{}, *changes, together]]
    return specs


def spec_id(spec: OperatorSpec) -> str:
    return f"{spec.op}-{spec.variant}"


@pytest.mark.parametrize("row", paper_rows(), ids=lambda row: f"{row['operator']}-{row['channels']}")
def test_macs_are_those_of_table_1(row: dict[str, str]) -> None:
    spec = OperatorSpec(
        op=PAPER_NAMES[row["operator"]],
        channels=int(row["channels"]),
        height=int(row["height"]),
        width=int(row["width"]),
        stack=int(row["stacked_layers"]),
    )
    macs = operator_cost(spec, batch=32).macs
    assert f"{macs / 1e6:.2f}" == row["macs_m_exact"]
    # The printed figures truncate where the exact ones round.
    decimals = len(row["macs_m_printed"].partition(".")[2])
    shown = Fraction(macs, 10**6)
    printed = [math.floor(shown * 10**decimals), round(shown * 10**decimals)]
    assert int(Fraction(row["macs_m_printed"]) * 10**decimals) in printed


def test_all_sixteen_rows_of_table_1_are_there() -> None:
    assert sum(PAPER_NAMES[row["operator"]] in ("conv", "gconv", "dwconv", "pconv") for row in paper_rows()) == 16


@pytest.mark.parametrize(("channels", "height", "width"), PAPER_SIZES)
@pytest.mark.parametrize("batch", [1, 32])
def test_ideal_access_is_the_papers_formula(channels: int, height: int, width: int, batch: int) -> None:
    def ideal(op: str) -> int:
        spec = OperatorSpec(op=op, channels=channels, height=height, width=width)
        return operator_cost(spec, batch).elements_ideal

    pixels, partial = batch * height * width, channels // 4
    # Section 3, ten layers: h w 2c + k^2 c^2 and its relatives.
    assert ideal("conv") == 10 * (pixels * 2 * channels + 9 * channels**2)
    assert ideal("gconv") == 10 * (pixels * 2 * channels + 9 * channels**2 // 16)
    assert ideal("dwconv") == 10 * (pixels * 2 * channels + 9 * channels)
    assert ideal("pconv") == 10 * (pixels * 2 * partial + 9 * partial**2)
    assert ideal("pwconv") == 10 * (pixels * 2 * channels + channels**2)


def test_a_ratio_of_a_quarter_needs_a_sixteenth_of_the_macs() -> None:
    def macs(op: str) -> int:
        return operator_cost(OperatorSpec(op=op, channels=96, height=56, width=56), 1).macs

    assert 16 * macs("pconv") == macs("conv")
    # Section 3.3: h w (k^2 c_p c + c (c - c_p)) against h w (k^2 c_p^2 + c^2).
    assert macs("tconv") == 10 * 56 * 56 * (9 * 24 * 96 + 96 * 72)
    assert macs("pconv+pwconv") == 10 * 56 * 56 * (9 * 24 * 24 + 96 * 96)


@pytest.mark.parametrize(
    ("options", "moved"),
    [
        # By hand, one layer, 8 channels of 2 x 3 pixels: 48 elements per image, of which PConv touches 12.
        ({"op": "conv"}, 48 + 48 + 576),
        ({"op": "dwconv"}, 48 + 48 + 72),
        ({"op": "pconv"}, (12 + 12 + 36) + (48 + 48)),
        ({"op": "pconv", "selection": "last"}, (12 + 12 + 36) + (48 + 48)),
        ({"op": "pconv", "ratio": Fraction(1)}, 48 + 48 + 576),
        ({"op": "pconv", "selection": "even"}, (48 + 48) + (12 + 12 + 36) + (48 + 48) + (48 + 48)),
        ({"op": "pconv", "implementation": "slice"}, (48 + 48) + (12 + 12 + 36) + (12 + 12)),
        ({"op": "pconv", "implementation": "inplace"}, (12 + 12 + 36) + (12 + 12)),
        (
            {"op": "pconv", "implementation": "inplace", "selection": "even"},
            (12 + 12) + (12 + 12 + 36) + (12 + 12),
        ),
        ({"op": "tconv"}, (12 + 48 + 144) + (36 + 48 + 48) + (48 + 48 + 48)),
        ({"op": "conv", "stride": 2}, 48 + 16 + 576),
        ({"op": "dwconv+pwconv", "stride": 2}, (48 + 16 + 72) + (16 + 16 + 64)),
    ],
)
def test_moved_elements_worked_by_hand(options: dict[str, Any], moved: int) -> None:
    spec = OperatorSpec(**{"channels": 8, "height": 2, "width": 3, "stack": 1, **options})
    assert operator_cost(spec, batch=1).elements_moved == moved


def test_activations_scale_with_the_batch_and_weights_do_not() -> None:
    for spec in small_specs():
        one, three = operator_cost(spec, 1), operator_cost(spec, 3)
        assert (one.macs, one.params) == (three.macs, three.params)
        assert three.elements_ideal - one.params == 3 * (one.elements_ideal - one.params)
        assert three.elements_moved - one.params == 3 * (one.elements_moved - one.params)
        assert one.elements_moved >= one.elements_ideal


def test_the_stack_is_the_sum_of_its_layers() -> None:
    spec = OperatorSpec(op="conv", channels=2, height=5, width=5, stack=3, stride=2)
    layers = layer_costs(spec, batch=1)
    # 5x5 -> 3x3 -> 2x2 -> 1x1, 36 weights each.
    assert [layer.macs for layer in layers] == [9 * 36, 4 * 36, 1 * 36]
    assert [layer.elements_ideal for layer in layers] == [50 + 18 + 36, 18 + 8 + 36, 8 + 2 + 36]
    assert operator_cost(spec, batch=1).macs == 14 * 36


@pytest.mark.parametrize("spec", small_specs(), ids=spec_id)
def test_formula_fvcore_and_flop_counter_agree(spec: OperatorSpec) -> None:
    module, cost = build(spec), operator_cost(spec, batch=1)
    x = torch.randn(spec.input_shape(1))
    with FlopCounterMode(display=False) as counter:
        output = module(x.clone())
    assert counter.get_total_flops() == 2 * cost.macs
    # Imported here because the filter above covers tests, not the collection of this file.
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(module, x.clone()).unsupported_ops_warnings(False)
    assert analysis.total() == cost.macs
    assert sum(p.numel() for p in module.parameters()) == cost.params
    assert tuple(output.shape) == spec.output_shape(1)


class MovedElements(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sums what the executed primitives read and write; refuses one it doesn't know."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.total += self._moved(func.overloadpacket.__name__, args, result)
        return result

    def _moved(self, name: str, args: tuple[Any, ...], result: Any) -> int:
        if name in ("slice", "split_with_sizes"):
            return 0
        if name == "convolution":
            return sum(int(tensor.numel()) for tensor in (args[0], args[1], result))
        if name == "cat":
            return sum(int(tensor.numel()) for tensor in (*args[0], result))
        if name == "add":
            return sum(int(tensor.numel()) for tensor in (*args[:2], result))
        if name in ("clone", "index_select"):
            return 2 * int(result.numel())
        if name == "copy_":
            return 2 * int(args[1].numel())
        if name == "index_copy_":
            return 2 * int(args[3].numel())
        raise AssertionError(f"no rule for {name}")


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("spec", small_specs(), ids=spec_id)
def test_moved_elements_are_those_of_the_executed_primitives(spec: OperatorSpec, batch: int) -> None:
    module, x = build(spec), torch.randn(spec.input_shape(batch))
    with torch.no_grad(), MovedElements() as mode:
        module(x)
    assert mode.total == operator_cost(spec, batch).elements_moved


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("implementation", ["split_cat", "slice", "inplace"])
def test_every_implementation_of_every_choice_is_counted(implementation: str, selection: str) -> None:
    spec = OperatorSpec(
        op="pconv",
        channels=16,
        height=4,
        width=4,
        stack=2,
        implementation=implementation,
        selection=selection,
        seed=5,
    )
    module, x = build(spec), torch.randn(spec.input_shape(1))
    with torch.no_grad(), MovedElements() as mode:
        module(x)
    assert mode.total == operator_cost(spec, 1).elements_moved


def test_a_cost_holds_counts_only() -> None:
    with pytest.raises(ValueError, match="expected macs to be an integer of 0 or more, got -1"):
        OperatorCost(params=0, macs=-1, elements_ideal=0, elements_moved=0)
    with pytest.raises(ValueError, match="expected batch to be a positive integer, got 0"):
        operator_cost(OperatorSpec(op="conv", channels=2, height=2, width=2), 0)
