"""int8 by hand: what a quantised layer must hold and answer, what it is calibrated on, and that zeros are refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from PIL import Image

from bench.cache.store import Store
from bench.plan.axes import Axes
from bench.plan.calibration import calibration_of
from bench.plan.subjects import network_workload, networks
from bench.records.workload import Unit
from bench.system import cpuinfo
from bench.worker.accuracy.preprocessing import DEVIATION, MEAN
from bench.worker.calibration import SEEDED, calibration_data
from bench.worker.inputs import Declared, input_array
from bench.worker.output_check import WrongOutputError, arrays_in, check, read_reference
from bench.worker.precision import precision_notes
from bench.worker.runtimes import onnx_runtime
from bench.worker.runtimes.loaded import Loaded
from bench.worker.studies.pictures import read_pictures
from tests.made_up import unit
from tests.test_worker_inspect import prepared
from tests.test_worker_onnx_file import FLOAT, planned, save

PX = 8
INT8 = Axes(dtypes=("int8",))
IMAGE = Declared(name="x", dtype="float32", sizes=(1, 3, PX, PX))
# Two output channels of three weights each; the second are a hundred times as large.
WEIGHTS = np.array([[1.27, -0.5, 0.254], [-127.0, 60.0, 3.0]], dtype=np.float32)


def pointwise(folder: Path) -> Unit:
    """y = a 1x1 convolution of x, as `bench models --dtype int8` plans it."""
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"])]
    output = helper.make_tensor_value_info("y", FLOAT, (1, 2, PX, PX))
    weights = {"w": WEIGHTS.reshape(2, 3, 1, 1)}
    return planned(save(folder / "net.onnx", nodes, [("x", FLOAT, (1, 3, PX, PX))], weights, output), PX, INT8)


def pictures(folder: Path, *colours: tuple[int, int, int]) -> Path:
    folder.mkdir()
    for number, colour in enumerate(colours):
        Image.new("RGB", (20, 30), colour).save(folder / f"{number}.png")
    return folder


def arrays_of(path: Path) -> dict[str, Any]:
    return {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}


def test_weights_have_a_scale_for_each_channel_and_activations_the_range_seen(tmp_path: Path) -> None:
    """A weight's scale is its channel's largest over 127, an activation's step its range over 255."""
    asked = pointwise(tmp_path)
    store, made = Store(tmp_path / "cache"), prepared(tmp_path / "cache", asked)
    assert made.graph_reason == ""
    held = arrays_of(store.path(made.model))
    (scale,) = (each for name, each in held.items() if name.startswith("w") and each.shape == (2,) and "scale" in name)
    assert scale == pytest.approx([0.01, 1.0])
    (weights,) = (each for each in held.values() if each.dtype == np.int8 and each.size == 6)
    assert weights.reshape(2, 3).tolist() == [[127, -50, 25], [-127, 60, 3]]
    drawn = np.stack([arrays[0] for arrays in calibration_data(asked, [IMAGE])])
    step = held["x_scale"]
    assert len(drawn) == SEEDED
    assert step == pytest.approx((drawn.max() - drawn.min()) / 255, rel=1e-3)


def test_the_answer_is_that_of_the_rounded_numbers_and_its_error_is_told(tmp_path: Path) -> None:
    asked = pointwise(tmp_path)
    store, made = Store(tmp_path / "cache"), prepared(tmp_path / "cache", asked)
    held = arrays_of(store.path(made.model))
    step, zero = (
        next(v for name, v in held.items() if name.startswith("x") and word in name) for word in ("scale", "zero")
    )
    seen = np.clip(np.rint(input_array(asked) / step) + zero, 0, 255) - zero  # in steps
    weights = np.array([[127, -50, 25], [-127, 60, 3]]) * np.array([[0.01], [1.0]])
    by_hand = np.einsum("oc,nchw->nohw", weights, seen * step)
    loaded = onnx_runtime.load(asked, store.path(made.model))
    (answer,) = arrays_in(loaded.output())
    out = held["y_scale"]
    inside = (by_hand > by_hand.min() * 0.9) & (by_hand < by_hand.max() * 0.9)  # what the range did not cut off
    assert np.abs(answer - by_hand)[inside].max() <= 0.51 * out
    error = check(asked, loaded, lambda: read_reference(store.path(made.reference)))
    assert error is not None
    assert 1e-4 < error < 0.05
    assert precision_notes(asked, store.path(made.model)) == ()


def test_a_quantisation_to_zeros_is_wrong(tmp_path: Path) -> None:
    asked = pointwise(tmp_path)
    store, made = Store(tmp_path / "cache"), prepared(tmp_path / "cache", asked)
    zeros = Loaded(step=lambda: None, output=lambda: np.zeros((1, 2, PX, PX), dtype=np.float32), threads=1)
    with pytest.raises(WrongOutputError, match=r"differs from fp32 eager by 1 of its maximum, allowed 0\.5"):
        check(asked, zeros, lambda: read_reference(store.path(made.reference)))


def test_counts_are_those_of_the_float32_network_and_its_note_says_how_it_was_made(tmp_path: Path) -> None:
    asked = pointwise(tmp_path)
    made, plain = (prepared(tmp_path / "cache", each) for each in (asked, replace(asked, dtype="float32")))
    assert made.cost is not None
    assert plain.cost is not None
    assert replace(made.cost, notes=()) == plain.cost
    assert made.model != plain.model
    (note,) = made.cost.notes
    assert note.startswith(f"int8, calibrated on {SEEDED} images of seeded standard normal data: ")
    assert float(note.split(": ")[1].split(" dB")[0]) > 30
    assert "class" not in note  # a map has none


def test_a_users_pictures_give_the_range_and_bad_files_are_counted_and_named(tmp_path: Path) -> None:
    """Black and white are the ends of the range; the file that is none is left out."""
    folder = pictures(tmp_path / "pictures", (0, 0, 0), (255, 255, 255))
    (folder / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    asked = replace(pointwise(tmp_path), calibration=calibration_of(str(folder)))
    made = prepared(tmp_path / "cache", asked)
    assert made.graph_reason == ""
    assert made.cost is not None
    assert f"calibrated on 2 pictures of {folder} and not on 1 that cannot be read (cut.jpg: " in made.cost.notes[0]
    held = arrays_of(Store(tmp_path / "cache").path(made.model))
    black, white = ((value - np.array(MEAN)) / np.array(DEVIATION) for value in (0.0, 1.0))
    step = held["x_scale"]
    assert step == pytest.approx((white.max() - black.min()) / 255, rel=1e-3)


def test_pictures_that_changed_or_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pictures", (0, 0, 0))
    asked = replace(pointwise(tmp_path), calibration=calibration_of(str(folder)))
    (folder / "0.png").write_bytes(b"no picture")
    assert "that were planned with, got others; begin a new run" in prepared(tmp_path / "cache", asked).graph_reason
    again = replace(asked, calibration=calibration_of(str(folder)))
    reason = prepared(tmp_path / "cache", again).graph_reason
    assert f"expected pictures in {folder} to calibrate on, got 1 that cannot be read (0.png: " in reason


def test_what_is_quantised_already_is_not_quantised_again(tmp_path: Path) -> None:
    asked = pointwise(tmp_path)
    made = prepared(tmp_path / "cache", asked)
    file = tmp_path / "int8.onnx"
    file.write_bytes(Store(tmp_path / "cache").path(made.model).read_bytes())
    again = prepared(tmp_path / "cache", planned(file, PX, INT8))
    assert (again.kind, again.reason) == ("unsupported", f"{file} is quantised as it is; leave --dtype out")


@pytest.mark.parametrize(("dtype", "sizes"), [("float32", (2, PX, PX, 3)), ("uint8", (2, 3, PX, PX))])
def test_pictures_take_the_order_and_dtype_of_the_graphs_input(
    dtype: str, sizes: tuple[int, ...], tmp_path: Path
) -> None:
    """Five pictures for batches of two: the last batch begins again at the first."""
    colours = [(10 * number, 0, 200) for number in range(5)]
    folder = pictures(tmp_path / "pictures", *colours)
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    nodes = [helper.make_node("Cast", ["x"], ["y"], to=FLOAT)]
    asked = planned(save(tmp_path / "net.onnx", nodes, [("x", kind, sizes)], {}), PX, INT8)
    asked = replace(asked, batch=2, calibration=calibration_of(str(folder)))
    batches = [arrays[0] for arrays in calibration_data(asked, [Declared(name="x", dtype=dtype, sizes=sizes)])]
    assert [(each.shape, each.dtype.name) for each in batches] == [(sizes, dtype)] * 3
    red = [image[0, 0, 0] for batch in batches for image in batch]
    assert red[5] == red[0]
    seen = np.array(red[:5]) if dtype == "uint8" else 255 * (np.array(red[:5]) * DEVIATION[0] + MEAN[0])
    assert sorted(np.rint(seen).tolist()) == [0, 10, 20, 30, 40]


def test_pictures_are_normalised_as_the_network_was_trained(tmp_path: Path) -> None:
    """timm's EfficientNet-Lite takes -1 to 1."""
    folder = pictures(tmp_path / "pictures", (0, 0, 0), (255, 255, 255))
    (entry,) = networks(["timm:tf_efficientnet_lite1"])
    workload = network_workload(entry, (3, PX, PX))
    asked = replace(unit(), workload=workload, dtype="int8", calibration=calibration_of(str(folder)))
    batches = [arrays[0] for arrays in calibration_data(asked, [IMAGE])]
    assert sorted((float(each.min()), float(each.max())) for each in batches) == [(-1.0, -1.0), (1.0, 1.0)]


def test_no_other_program_is_started_for_what_only_has_a_pictures_name(tmp_path: Path) -> None:
    """Pillow goes by a file's contents, and would have Ghostscript run PostScript."""
    folder = pictures(tmp_path / "pictures", (0, 0, 0))
    (folder / "code.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
    )
    asked = replace(pointwise(tmp_path), calibration=calibration_of(str(folder)))
    assert "(code.png: cannot identify image file" in calibration_data(asked, [IMAGE]).source
    paths = [folder / "code.png", folder / "0.png"]
    assert read_pictures(folder, paths, 2, PX, PX).trouble[0].startswith("code.png: cannot identify image file")


def test_layer_norms_that_share_a_weight_stay_in_float32(tmp_path: Path) -> None:
    """As a transformer's do; between them is a product in int8."""
    nodes = [
        helper.make_node("LayerNormalization", ["x", "one"], ["a"], axis=-1),
        helper.make_node("MatMul", ["a", "w"], ["b"]),
        helper.make_node("LayerNormalization", ["b", "one"], ["y"], axis=-1),
    ]
    output = helper.make_tensor_value_info("y", FLOAT, (1, 3, PX, PX))
    weights = {"one": np.ones(PX, dtype=np.float32), "w": np.eye(PX, dtype=np.float32)}
    path = save(tmp_path / "net.onnx", nodes, [("x", FLOAT, (1, 3, PX, PX))], weights, output)
    asked = planned(path, PX, INT8)
    store, made = Store(tmp_path / "cache"), prepared(tmp_path / "cache", asked)
    assert made.graph_reason == ""
    assert "one" in arrays_of(store.path(made.model))
    assert precision_notes(asked, store.path(made.model)) == ()


@pytest.mark.parametrize(
    ("flags", "exact"), [("avx2 avx512f avx512_vnni", False), ("avx2 avx_vnni", False), ("avx2 avx512f", True)]
)
def test_only_a_cpu_whose_sums_overflow_gets_the_slower_kernels(
    flags: str, exact: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpuinfo, "text_of", lambda _: f"flags : fpu {flags}\n")
    asked = pointwise(tmp_path)
    for each, wanted in ((asked, exact), (replace(asked, dtype="float32"), False)):
        options = onnx_runtime.opened_for(each, tmp_path / "net.onnx").get_session_options()
        if wanted:
            assert options.get_session_config_entry("session.x64quantprecision") == "1"
        else:
            with pytest.raises(RuntimeError, match="does not have configuration"):
                options.get_session_config_entry("session.x64quantprecision")
