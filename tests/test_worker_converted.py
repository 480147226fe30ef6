"""int8 by a runtime's own converter: what it is given to calibrate on, and what the row says of what it made."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.cache.store import Store
from bench.plan import runtimes
from bench.plan.runtimes import Runtime
from bench.records.workload import Unit
from bench.worker.build import build_module
from bench.worker.calibration import calibration_data
from bench.worker.calibration_files import calibration_batches
from bench.worker.inputs import Declared, input_array
from bench.worker.nearness import nearness
from bench.worker.runtimes.loaded import Loaded
from bench.worker.runtimes.pytorch import to_arrays
from tests.made_up import unit
from tests.test_worker_inspect import prepared

ASKED = replace(unit(runtime="toy", size=(16, 6, 6)), dtype="int8", batch=3)
ROW = Runtime(
    name="toy",
    title="Toy",
    package="toy",
    module="toy",
    loader=f"{__name__}:load",
    graph=True,
    converter=f"{__name__}:convert",
    no_int8="",
)


def convert(program: Path, target: Path, dtype: str) -> None:
    """A converter that writes what it is given: the dtypes, sizes and first numbers of all batches."""
    (image,) = torch.export.load(program).example_inputs[0]
    batches = [array for (array,) in calibration_batches(program)]
    told = {"dtypes": [dtype, str(image.dtype)], "sizes": [list(each.shape) for each in (image, *batches)]}
    target.write_text(json.dumps(told | {"first": [float(each.flat[0]) for each in batches]}))


def load(asked: Unit, path: Path) -> Loaded:
    """A runtime that answers with nine tenths of what is right."""
    module = build_module(asked.workload, torch.from_numpy(input_array(asked)))

    def answer(images: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> list[object]:
        with torch.no_grad():
            return [0.9 * array for array in to_arrays(module(torch.from_numpy(images)))]

    return Loaded(step=lambda: None, output=lambda: answer(input_array(asked)), threads=1, answer=answer)


@pytest.mark.parametrize("one_image", [False, True])
def test_a_converter_is_given_the_batches_that_every_runtime_is_calibrated_on(
    one_image: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """32 images in batches of three are eleven batches; the noise of nine tenths is a hundredth of the signal."""
    monkeypatch.setitem(runtimes._OURS, "toy", replace(ROW, one_image=one_image))
    made = prepared(tmp_path / "cache", ASKED)
    assert made.graph_reason == ""
    assert made.cost is not None
    assert made.cost.notes == (
        "int8, calibrated on 33 images of seeded standard normal data: 20.0 dB from float32 there",
    )
    told = json.loads(Store(tmp_path / "cache").path(made.model).read_text())
    assert told["dtypes"] == ["int8", "torch.float32"]
    size = [1 if one_image else 3, 16, 6, 6]
    assert told["sizes"] == [size] * (34 if one_image else 12)
    drawn = calibration_data(ASKED, [Declared(name="", dtype="float32", sizes=(3, 16, 6, 6))])
    images = np.concatenate([arrays[0] for arrays in drawn])
    assert told["first"] == images[:: size[0], 0, 0, 0].tolist()


def test_a_runtime_that_is_not_installed_here_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runtimes._OURS, "toy", replace(ROW, loader="no_such_runtime:load"))
    made = prepared(tmp_path / "cache", ASKED)
    assert made.model
    assert made.cost is not None
    (note,) = made.cost.notes
    assert note.endswith("normal data and not compared with float32 there (No module named 'no_such_runtime')")


def test_there_are_no_batches_for_another_dtype(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected what to calibrate on in .*calibration, got nothing"):
        next(calibration_batches(tmp_path / "network.pt2"))


def test_the_largest_outputs_of_rows_are_classes() -> None:
    right = np.array([[1.0, 3.0], [5.0, 1.0]])
    assert nearness([(right, right[::-1])]).endswith(", the same class in 0 of 2")
    assert nearness([(right, right)] * 3) == "inf dB from float32 there, the same class in 6 of 6"
