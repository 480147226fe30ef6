"""A runtime's converter in a process of its own: what it makes is one file, and how it fails is a line."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.plan.runtimes import Runtime, runtime
from bench.worker.convert import convert

ROW = Runtime(name="toy", title="Toy", package="toy", module="toy", loader="toy:load", graph=True)


def by_weights(program: Path, target: Path, dtype: str) -> None:
    """A converter that writes what it was given: the sum of all weights, the shape it answers, the dtype."""
    saved = torch.export.load(program)
    total = sum(float(each.sum()) for each in saved.state_dict.values())
    (image,) = saved.example_inputs[0]
    target.write_text(f"{total} {tuple(saved.module()(image).shape)} {dtype}")


def failing(program: Path, target: Path, dtype: str) -> None:
    print("0 of 3 parts")  # noqa: T201 - what a converter prints is not its last word on what went wrong
    raise RuntimeError("unknown operator\n  aten::strange")


def dying(program: Path, target: Path, dtype: str) -> None:
    os._exit(7)


def idle(program: Path, target: Path, dtype: str) -> None:
    Path("left-behind").write_text("")


def converted(name: str, folder: Path) -> Path:
    network = nn.Conv2d(3, 2, 1, bias=False)
    nn.init.constant_(network.weight, 0.5)
    target = folder / "network"
    row = replace(ROW, converter=f"{__name__}:{name}")
    convert(row, network, [torch.zeros(4, 3, 5, 6, dtype=torch.float16)], "float16", target, "")
    return target


def test_the_converter_is_given_the_network_its_input_and_its_dtype(tmp_path: Path) -> None:
    made = converted("by_weights", tmp_path)
    assert made.read_text() == "3.0 (4, 2, 5, 6) float16"
    assert list(tmp_path.iterdir()) == [made]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("failing", "Toy's converter ended with 1: RuntimeError: unknown operator / aten::strange"),
        ("dying", "ended with 7: it said nothing"),
        ("idle", "ended with 0: it said nothing"),
    ],
)
def test_a_converter_that_makes_nothing_ends_in_its_last_lines(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        converted(name, tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_only_a_file_is_converted_and_packages_are_for_a_converter() -> None:
    own = {"name": "toy", "title": "Toy", "package": "toy", "module": "toy", "loader": "toy:load"}
    assert runtime("eager").converter == ""
    for wrong in (
        {"graph": False, "converter": "toy:convert"},
        {"graph": True, "needs": ("toy==1",)},
        {"graph": True, "one_image": True},
        {"graph": True, "converter": "toy:convert", "own_environment": True},
        {"graph": True, "converter": "toy:convert", "needs": ("toy; rm -rf /",)},
    ):
        with pytest.raises(ValueError, match=r"expected toy to need|expected a converter"):
            Runtime(**own | wrong)
