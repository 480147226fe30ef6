"""What an operator's description accepts, refuses and spells."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from fractions import Fraction
from typing import Any

import pytest

from operators.registry import OPERATORS
from operators.spec import OperatorSpec, axes


def spec(op: str = "conv", **options: Any) -> OperatorSpec:
    return OperatorSpec(**{"op": op, "channels": 32, "height": 8, "width": 6, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"op": "dwcon"}, "got 'dwcon'; did you mean 'dwconv'"),
        ({"op": "zzz"}, "expected op to be one of conv, gconv"),
        ({"channels": 0}, "expected channels to be a positive integer, got 0"),
        ({"height": -1}, "expected height to be a positive integer, got -1"),
        ({"width": 5.0}, "expected width to be a positive integer, got 5.0"),
        ({"stack": True}, "expected stack to be a positive integer, got True"),
        ({"seed": -1}, "expected seed to be an integer of 0 or more, got -1"),
        ({"kernel": 4}, "expected an odd kernel, got 4.*use 3 or 5"),
        ({"kernel": 2}, "use 1 or 3"),
        ({"op": "gconv", "groups": 5}, "got 32 channels in 5 groups; choose groups among the divisors"),
        ({"op": "pconv", "ratio": Fraction(1, 5)}, "got 1/5 x 32 = 32/5; use channels divisible by 5"),
        ({"op": "pconv", "ratio": Fraction(3, 2)}, "above 0 and at most 1"),
        ({"op": "pconv", "ratio": Fraction(0)}, "above 0 and at most 1"),
        ({"op": "pconv", "ratio": 0.25}, r"expected ratio to be a Fraction.*give e.g. Fraction\(1, 4\)"),
        ({"op": "pconv", "stride": 2}, "pconv without stride .*keep the old size"),
        ({"op": "pconv+pwconv", "stride": 2}, "without stride"),
        ({"op": "pconv", "implementation": "in_place"}, "did you mean 'inplace'"),
        ({"op": "pconv", "selection": "odd"}, "expected selection to be one of first, last, even, random"),
        ({"op": "tconv", "ratio": Fraction(1)}, "below 1 for tconv.*use conv"),
        ({"ratio": Fraction(1, 8)}, "expected conv without ratio, got ratio 1/8"),
        ({"op": "pwconv", "kernel": 5}, "expected pwconv without kernel"),
        ({"implementation": "inplace"}, "expected conv without implementation"),
    ],
)
def test_nonsense_is_refused_with_a_remedy(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spec(**options)


def test_defaults_of_axes_an_operator_lacks_are_not_checked() -> None:
    # 7 channels divide neither by 16 groups nor by the ratio's 4, which conv has no use for.
    assert spec(channels=7).variant == ""


def test_specs_are_immutable_and_compare_by_value() -> None:
    assert spec() == spec()
    assert hash(spec()) == hash(spec())
    with pytest.raises(FrozenInstanceError):
        spec().channels = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "variant"),
    [
        ({}, ""),
        ({"kernel": 5, "dilation": 2, "stride": 2}, "k5,d2,s2"),
        ({"op": "gconv", "groups": 8}, "g8"),
        ({"op": "pconv", "kernel": 5, "ratio": Fraction(1, 8), "implementation": "inplace"}, "k5,r1/8,inplace"),
        ({"op": "pconv", "implementation": "slice", "selection": "even"}, "slice,even"),
        ({"op": "pconv+pwconv", "selection": "random", "seed": 3}, "random"),
    ],
)
def test_variant_spells_what_differs(options: dict[str, Any], variant: str) -> None:
    assert spec(**options).variant == variant


def test_axes_are_the_fields_an_operator_accepts() -> None:
    other: dict[str, Any] = {
        "kernel": 5,
        "groups": 8,
        "ratio": Fraction(1, 2),
        "dilation": 2,
        "stride": 2,
        "implementation": "inplace",
        "selection": "last",
    }
    for op in OPERATORS:
        accepted = set()
        for axis, value in other.items():
            try:
                spec(op, **{axis: value})
            except ValueError:
                continue
            accepted.add(axis)
        assert axes(op) == accepted, op
    with pytest.raises(ValueError, match="did you mean 'tconv'"):
        axes("tkonv")


def test_what_a_layer_is_given_are_the_axes_of_its_operator() -> None:
    assert spec(kernel=5).own_axes == {"kernel": 5, "dilation": 1, "stride": 1}
    assert spec("pwconv", stride=2).own_axes == {"stride": 2}
    assert all(spec(op).own_axes.keys() == axes(op) for op in OPERATORS)


def test_strided_sizes_are_halved_rounding_up_and_end_at_one() -> None:
    strided = spec(stride=2, stack=5)
    assert strided.layer_sizes == ((8, 6), (4, 3), (2, 2), (1, 1), (1, 1))
    assert strided.input_shape(3) == (3, 32, 8, 6)
    assert strided.output_shape(3) == (3, 32, 1, 1)
    with pytest.raises(ValueError, match="expected batch to be a positive integer, got 0"):
        strided.input_shape(0)


@pytest.mark.parametrize("module", ["axes", "spec", "cost", "registry", "choice", "validation"])
def test_descriptions_and_costs_start_without_torch(module: str) -> None:
    # Each alone in a fresh interpreter: this also proves that no import order is needed.
    code = f"import sys, operators.{module}; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
