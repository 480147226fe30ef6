"""A seat is the same workload elsewhere in memory."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.records.workload import Unit
from bench.worker.inputs import input_array
from bench.worker.runtimes import onnx_runtime, openvino_runtime, pytorch
from bench.worker.runtimes.loaded import Loaded
from bench.worker.seats import LARGEST_PAD, MOST_PADS, SETTLING_CALLS, Seats
from models.export import export
from tests.made_up import unit


class Addressed:
    """A workload that notes where each of its buffers lies."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self.calls = self.restored = 0

    def load(self) -> Loaded:
        buffer = np.ones(1000)
        self.places.append(buffer.ctypes.data)

        def step() -> float:
            self.calls += 1
            return float(buffer[0])

        def restore() -> None:
            self.restored += 1

        return Loaded(step=step, output=step, threads=1, restore=restore, anew=self.load)


def test_a_new_seat_lies_elsewhere_and_has_settled_before_it_is_timed() -> None:
    workload = Addressed()
    seats = Seats(workload.load())
    before = seats.loaded
    seats.change(random.Random(0))
    assert seats.loaded is not before
    assert len(set(workload.places)) == 2
    assert (workload.calls, workload.restored) == (SETTLING_CALLS, SETTLING_CALLS)


def test_the_seed_draws_the_pads_and_another_seed_draws_others() -> None:
    def drawn(seed: int) -> list[int]:
        seats = Seats(Addressed().load())
        seats.change(random.Random(seed))
        return [pad.size for pad in seats._pads]

    assert drawn(1) == drawn(1) != drawn(2)
    assert all(len(drawn(seed)) <= MOST_PADS and max(drawn(seed), default=0) < LARGEST_PAD for seed in range(20))


def test_a_workload_that_cannot_be_set_up_again_stays_where_it_is() -> None:
    fixed = replace(Addressed().load(), anew=None)
    seats = Seats(fixed)
    seats.change(random.Random(0))
    assert seats.loaded is fixed


@pytest.fixture
def graph(tmp_path: Path) -> tuple[Unit, Path]:
    asked = replace(unit("conv"), runtime="onnxruntime")
    export(torch.nn.Conv2d(16, 4, 3), torch.from_numpy(input_array(asked)), tmp_path / "conv.onnx")
    return asked, tmp_path / "conv.onnx"


@pytest.mark.parametrize("load", [onnx_runtime.load, openvino_runtime.load])
def test_a_graph_computes_the_same_on_each_seat(graph: tuple[Unit, Path], load: Callable[[Unit, Path], Loaded]) -> None:
    seats = Seats(load(*graph))
    before = np.asarray(seats.loaded.output()[0])  # type: ignore[index]
    for seed in range(3):
        seats.change(random.Random(seed))
        np.testing.assert_array_equal(np.asarray(seats.loaded.output()[0]), before)  # type: ignore[index]


def test_a_module_computes_the_same_on_each_seat_and_has_weights_of_its_own_there() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(16, 4, 3), torch.nn.ReLU()).eval()
    with torch.inference_mode():
        loaded = pytorch.load_module(network, unit("conv"))
        seats = Seats(loaded)
        before = loaded.output()
        seats.change(random.Random(0))
        torch.nn.init.zeros_(network[0].weight)  # type: ignore[arg-type]  # of the seat that was left
        after = seats.loaded.output()
    np.testing.assert_array_equal(after[0], before[0])  # type: ignore[index]


def test_what_is_compiled_stays_since_compiling_again_takes_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda module, **_: module)
    compiled = pytorch.load_module(torch.nn.Identity(), replace(unit("conv"), runtime="compile"))
    assert compiled.anew is None
