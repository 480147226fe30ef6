"""A runtime's names for its pieces, and the parts of the graph that they stand for."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.host.layers import mapped, parts_in
from bench.records.layers import Part
from tests.made_up_layers import LAYERS, PIECES

PARTS = (
    Part(name="stem.conv/Conv_1", layer="stem.conv", kind="conv"),
    Part(name="stem.conv/Conv_12", layer="stem.conv", kind="conv"),
    Part(name="/old/conv/Conv", layer="old/conv", kind="conv", also=("/old/conv/Conv_output_0",)),
    Part(name="node_7", layer="node_7", kind="elementwise", also=("output",)),
)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("stem.conv/Conv_1", "stem.conv/Conv_1"),
        ("stem.conv/Conv_12_nchwc", "stem.conv/Conv_12"),
        ("fused stem.conv/Conv_1", "stem.conv/Conv_1"),
        ("stem.conv/Conv_1/MatMulAddFusion", "stem.conv/Conv_1"),
        ("/old/conv/Conv_output_0_nchwc", "/old/conv/Conv"),
        ("/old/conv/Conv_token_3", "/old/conv/Conv"),
        ("output", "node_7"),
        ("stem.conv/Conv_123", ""),
        ("xnode_7", ""),
        ("ReorderInput_2", ""),
        ("", ""),
        ("a.b " * 100_000, ""),
    ],
)
def test_the_longest_name_that_stands_in_whole_words_is_meant(told: str, found: str) -> None:
    made = mapped(replace(LAYERS, pieces=(replace(PIECES[0], name=told, parts=()),)), PARTS)
    assert made.pieces[0].parts == ((found,) if found else ())
    assert made.parts == PARTS


def test_a_fused_piece_stands_for_all_that_it_names() -> None:
    piece = replace(PIECES[0], name="x", parts=("stem.conv/Conv_1", "node_7", "node_7", "nobody"))
    assert mapped(replace(LAYERS, pieces=(piece,)), PARTS).pieces[0].parts == ("stem.conv/Conv_1", "node_7")


def test_a_damaged_file_of_parts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "parts").write_text('{"parts": [{"name": "x"}]}')
    with pytest.raises(ValueError, match="missing field"):
        parts_in(tmp_path / "parts")


def test_what_no_piece_names_is_in_that_of_its_neighbour() -> None:
    """As ONNX Runtime fuses: a convolution goes by the activation behind it, or by itself with a sum behind it."""
    parts = (
        Part(name="stem/Conv_0", layer="stem", kind="conv", macs=9),
        Part(name="norm/BatchNormalization_1", layer="norm", kind="norm", takes=("stem/Conv_0",)),
        Part(name="act/Relu_2", layer="act", kind="activation", takes=("norm/BatchNormalization_1",)),
        Part(name="mix/Conv_3", layer="mix", kind="dwconv", macs=3, takes=("act/Relu_2",)),
        Part(name="Add_4", layer="Add_4", kind="elementwise", takes=("act/Relu_2", "mix/Conv_3")),
        Part(name="head/Gemm_5", layer="head", kind="linear", macs=1, takes=("Add_4",)),
        Part(name="lost/Gemm_6", layer="lost", kind="linear", macs=1),
    )
    names = ("act/Relu_2_nchwc", "mix/Conv_3_nchwc", "head/Gemm_5")
    pieces = tuple(replace(PIECES[0], name=name, parts=()) for name in names)
    made = mapped(replace(LAYERS, pieces=pieces), parts)
    assert [piece.parts for piece in made.pieces] == [
        ("act/Relu_2", "stem/Conv_0", "norm/BatchNormalization_1"),
        ("mix/Conv_3", "Add_4"),
        ("head/Gemm_5",),
    ]
