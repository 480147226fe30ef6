"""Layers that no worker can have seen are refused, and come through the wire as they were."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bench.records.layers import MOST_PIECES, Layers, Part, Piece
from bench.wire.decode import decode, encode
from tests.made_up_layers import LAYERS, PIECES


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"pieces": ()}, "expected 1 to"),
        ({"pieces": PIECES * (MOST_PIECES // 2)}, "expected 1 to"),
        ({"plain_s": ()}, "calls with and without"),
        ({"profiled_s": (0.0,)}, "calls with and without"),
        ({"profiled_s": (float("nan"),)}, "calls with and without"),
        ({"taken_out_s": -1.0}, "cost of the profiler"),
        ({"taken_out_s": float("inf")}, "cost of the profiler"),
        ({"asleep": -1}, "cost of the profiler"),
    ],
)
def test_nonsense_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(LAYERS, **changed)


@pytest.mark.parametrize("changed", [{"seconds": -1e-9}, {"seconds": float("nan")}, {"bytes_moved": -1}])
def test_a_piece_takes_some_time(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected 'stem/Conv_0_nchwc' to take 0 to"):
        replace(PIECES[0], **changed)


@pytest.mark.parametrize("changed", [{"macs": -1}, {"params": -1}, {"stride": -1}])
def test_a_part_costs_something_or_nothing(changed: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected counts of 'x'"):
        Part(name="x", layer="x", kind="conv", **changed)  # type: ignore[arg-type]


def test_a_wire_carries_them() -> None:
    assert decode(Layers, json.loads(json.dumps(encode(LAYERS)))) == LAYERS
    assert Piece(name="a", kind="b", seconds=0, ran_on="cpu").seconds == 0, "what is left of a module may be nothing"
