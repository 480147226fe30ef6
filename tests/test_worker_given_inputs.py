"""A user's own arrays: what a file may hold, which input each is for, and that the graph is fed these very ones."""

import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from bench.cache.store import Store
from bench.plan.axes import Axes
from bench.plan.support import unsupported
from bench.records.workload import GivenInputs
from bench.wire.order import Order
from bench.worker import given_inputs
from bench.worker.given_inputs import read
from bench.worker.kept_inputs import saved
from bench.worker.output_check import arrays_in
from bench.worker.runtimes import onnx_runtime
from tests.test_worker_inspect import inspected, prepared
from tests.test_worker_onnx_file import FLOAT, INT64, UINT8, Sizes, checked, doubled, planned, save

IMAGE = np.arange(2 * 5 * 6 * 3, dtype="uint8").reshape(2, 5, 6, 3)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker finds arrays in its device's store, which its environment names."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))


def two_inputs(path: Path, length: int | None = None) -> Path:
    """y = x + the sum of index; x are bytes, (N, H, W, 3)."""
    nodes = [
        helper.make_node("Cast", ["x"], ["a"], to=FLOAT),
        helper.make_node("Cast", ["index"], ["b"], to=FLOAT),
        helper.make_node("ReduceSum", ["b"], ["c"], keepdims=0),
        helper.make_node("Add", ["a", "c"], ["y"]),
    ]
    sizes: Sizes = ("n", None, None, 3)
    return save(path, nodes, [("x", UINT8, sizes), ("index", INT64, (1, length))], {})


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_a_graph_is_fed_the_arrays_by_the_names_of_its_inputs(tmp_path: Path) -> None:
    net, index = two_inputs(tmp_path / "net.onnx"), np.array([[3, 4, 5]])
    made = planned(net, arrays=npz(tmp_path / "in.npz", index=index, x=IMAGE))
    assert (made.batch, made.workload.input_shape) == (2, (3, 5, 6))
    output, _ = checked(net, made, tmp_path)
    np.testing.assert_array_equal(output, IMAGE + np.float32(12))
    # A board is sent them.
    assert made.workload.given in Order(unit=made).digests
    assert Store(tmp_path / "cache").has(made.workload.given)
    assert "give --batch 2" in unsupported(replace(made, batch=1), None)


def test_an_npy_file_and_arrays_without_names_stand_in_the_order_of_the_inputs(tmp_path: Path) -> None:
    index = np.array([[1]])
    np.savez(tmp_path / "in.npz", IMAGE, index)
    net = two_inputs(tmp_path / "net.onnx")
    named = npz(tmp_path / "named.npz", index=index, x=IMAGE)
    assert planned(net, arrays=tmp_path / "in.npz").id == planned(net, arrays=named).id
    image = np.asfortranarray(np.ones((4, 3, 8, 8), dtype=">f4"))
    np.save(tmp_path / "in.npy", image)
    path = doubled(tmp_path / "one.onnx", (-1, 3, 8, 8))
    output, _ = checked(path, planned(path, arrays=tmp_path / "in.npy"), tmp_path)
    np.testing.assert_array_equal(output, 2 * image)


def test_other_values_are_another_cell_and_the_path_is_none(tmp_path: Path) -> None:
    path = doubled(tmp_path / "net.onnx", (1, 3, 8, 8))
    ones = np.ones((1, 3, 8, 8), dtype="float32")
    units = [
        planned(path, arrays=npz(tmp_path / f"{name}.npz", x=factor * ones))
        for name, factor in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert units[0].id == units[1].id != units[2].id
    drawn = planned(path)
    assert drawn.workload.model is not None
    assert drawn.workload.model.inputs == GivenInputs()
    assert drawn.id not in {each.id for each in units}
    assert units[0].workload.variant.startswith("data ")


def test_arrays_that_changed_after_planning_are_refused(tmp_path: Path) -> None:
    path = doubled(tmp_path / "net.onnx", (1, 3, 8, 8))
    given = npz(tmp_path / "in.npz", x=np.ones((1, 3, 8, 8), dtype="float32"))
    made = planned(path, arrays=given)
    npz(given, x=np.zeros((1, 3, 8, 8), dtype="float32"))
    artifact = prepared(tmp_path / "cache", made)
    assert artifact.kind == "build"
    assert "they have changed; begin a new run" in artifact.reason


def test_macs_are_those_of_one_image(tmp_path: Path) -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])]
    weights = {"w": np.ones((4, 3, 3, 3), dtype="float32")}
    path = save(tmp_path / "net.onnx", nodes, [("x", FLOAT, ("n", 3, None, None))], weights)
    made = planned(path, arrays=npz(tmp_path / "in.npz", x=np.ones((5, 3, 6, 7), dtype="float32")))
    output, macs = checked(path, made, tmp_path)
    assert output.shape == (5, 4, 6, 7)
    assert macs == 4 * 27 * 6 * 7


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": IMAGE}, "to be named 'x', 'index', got 'x'; save them with numpy.savez(FILE, x=..., index=...)"),
        ({"x": IMAGE, "index": [[1]], "z": [1]}, "got 'x', 'index', 'z'"),
        ({"x": IMAGE.astype("float32"), "index": [[1]]}, "expected uint8 for the input 'x'"),
        ({"x": IMAGE[0], "index": [[1]]}, "expected the sizes (any, any, any, 3) for the input 'x'"),
        ({"x": IMAGE[..., :1], "index": [[1]]}, "got (2, 5, 6, 1)"),
        ({"x": IMAGE, "index": [[1], [2]]}, "expected the sizes (1, any) for the input 'index'"),
        ({"x": IMAGE[:0], "index": [[1]]}, "got none in its shape (0, 5, 6, 3)"),
        ({"x": IMAGE, "index": [[1.0, np.nan]]}, "got NaN"),
        ({"x": IMAGE, "index": np.array([["a"]])}, "to be numbers"),
        ({"x": IMAGE, "index": np.array([[1j]])}, "to be numbers"),
        ({"x": IMAGE, "index\x1b[31m": [[1]]}, "'index\\x1b[31m'"),
        ({}, "expected arrays in"),
    ],
)
def test_what_a_graph_does_not_take_is_said_with_what_it_takes(
    arrays: dict[str, Any], said: str, tmp_path: Path
) -> None:
    found = inspected(str(two_inputs(tmp_path / "net.onnx")), arrays=str(npz(tmp_path / "in.npz", **arrays)))
    assert said in found.reason
    assert "\n" not in found.reason


def test_an_open_size_that_nothing_is_drawn_for_is_filled_by_arrays(tmp_path: Path) -> None:
    net = str(two_inputs(tmp_path / "net.onnx"))
    assert "give all arrays with --input-data" in inspected(net).reason
    assert inspected(str(two_inputs(tmp_path / "fixed.onnx", 3))).reason == ""


def _compressed_zeros(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", bytes(1 << 20))


def _lying_header(path: Path) -> None:
    """An array of 8 TB in a file of a hundred bytes."""
    np.save(path, np.ones(1))
    data = path.read_bytes().replace(b"(1,), ", b"(1000000000000,), ".ljust(6))
    path.write_bytes(data.replace(b" " * 12 + b"\n", b"\n"))


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (lambda path: None, "found none; check the path"),
    "folder": (lambda path: path.mkdir(), "found none; check the path"),
    "empty": (lambda path: path.write_bytes(b""), "save it with numpy.savez"),
    "text": (lambda path: path.write_text("1, 2, 3"), "another kind of file; save it with numpy.savez"),
    "pickle": (lambda path: path.write_bytes(pickle.dumps([1, 2])), "another kind of file; save it"),
    "objects": (lambda path: np.save(path, np.array([{}, None]), allow_pickle=True), "Object arrays cannot be loaded"),
    "torn": (lambda path: path.write_bytes(saved([IMAGE])[:-30]), "save it with numpy.savez"),
    "no array": (lambda path: _write_member(path, "x.txt", b"hello"), "got no array"),
    "lying header": (_lying_header, "save it with numpy.savez"),
    "large": (_compressed_zeros, "expected at most 0 MiB of arrays"),
}


def _write_member(path: Path, name: str, data: bytes) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(name, data)


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_without_plain_arrays_is_refused_in_a_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, said = BAD_FILES[name]
    monkeypatch.setattr(given_inputs, "MOST_BYTES", 100_000)
    path = tmp_path / "in.npy"
    make(path)
    with pytest.raises(ValueError, match="expected") as caught:
        read(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_network_that_answers_otherwise_to_other_bytes_shows_which_it_was_fed(tmp_path: Path) -> None:
    path = doubled(tmp_path / "net.onnx", (1, 3, 8, 8), UINT8)
    drawn, given = planned(path), planned(path, arrays=npz(tmp_path / "in.npz", x=np.full((1, 3, 8, 8), 7, "uint8")))
    outputs: list[Any] = []
    for made in (drawn, given):
        artifact = prepared(tmp_path / "cache", made)
        loaded = onnx_runtime.load(made, Store(tmp_path / "cache").path(artifact.model))
        outputs += arrays_in(loaded.output())
    assert (outputs[1] == 14).all()
    assert not (outputs[0] == 14).all()


def test_two_rows_of_one_graph_at_its_own_batch(tmp_path: Path) -> None:
    """The axis of batches does not reach arrays: what disagrees is skipped, with the option to give."""
    path = doubled(tmp_path / "net.onnx", ("n", 3, 8, 8))
    given = npz(tmp_path / "in.npz", x=np.ones((3, 3, 8, 8), dtype="float32"))
    made = planned(path, axes=Axes(batches=(4,)), arrays=given)
    assert unsupported(made, None) == "the arrays of in.npz are batches of 3, not 4; give --batch 3"
