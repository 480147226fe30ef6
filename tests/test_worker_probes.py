"""Whether an int8 network's answers follow its inputs, by hand; no answer that is the same to all passes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import helper

from bench.cache.store import Store, default_cache
from bench.plan.axes import Axes
from bench.records.workload import Unit
from bench.worker.inputs import input_array
from bench.worker.kept_inputs import saved
from bench.worker.output_check import Reference, WrongOutputError, arrays_in, check, max_error, read_reference
from bench.worker.probes import MOST_KEPT, PROBES, kept, probe_images, unexplained
from bench.worker.runtimes import onnx_runtime, openvino_runtime
from bench.worker.runtimes.loaded import Loaded
from tests.made_up import unit
from tests.test_worker_inspect import prepared
from tests.test_worker_onnx_file import FLOAT, planned, save

Array = npt.NDArray[Any]
PX = 8
LOADERS = {"onnxruntime": onnx_runtime.load, "openvino": openvino_runtime.load}


def rows(*values: list[float]) -> Array:
    return np.array(values, dtype="float32")


def test_an_error_is_held_against_the_spread_by_hand() -> None:
    """About their means 2 and 10 the answers are spread by the root of 2; one of them is off by 1."""
    right = rows([1, 10], [3, 10])
    assert unexplained([rows([1, 10], [2, 10])], [right]) == pytest.approx(1 / np.sqrt(2))
    assert unexplained([right], [right]) == 0
    assert unexplained([right, rows([0], [0])], [right, rows([1], [-1])]) == 1  # the worst of all outputs


@pytest.mark.parametrize("constant", ["zeros", "the mean number", "the mean", "the first", "another"])
@pytest.mark.parametrize("kind", ["softmax", "sigmoids", "one sigmoid", "logits"])
def test_no_answer_that_is_the_same_to_all_inputs_is_nearer_than_their_spread(kind: str, constant: str) -> None:
    """Though all of these constants but zeros are within 0.5 of the maximum where outputs share an offset."""
    logits = np.random.default_rng(1).standard_normal((PROBES, 1 if kind == "one sigmoid" else 1000)) * 0.1
    powers = np.exp(logits)
    right = {"softmax": powers / powers.sum(axis=1, keepdims=True), "logits": logits}.get(kind, powers / (1 + powers))
    answer = {
        "zeros": np.zeros_like(right[0]),
        "the mean number": np.full_like(right[0], right.mean()),
        "the mean": right.mean(axis=0),
        "the first": right[0],
        "another": right[0] * 1.01,
    }[constant]
    same = np.stack([answer] * PROBES)
    error = max_error([same], [right])
    assert error is not None
    assert kind == "logits" or (error > 0.5) == (constant == "zeros")
    assert unexplained([same], [right]) >= 1 - 1e-12
    assert unexplained([0.9 * right + 0.1 * same], [right]) == pytest.approx(0.1 * unexplained([same], [right]))


def test_where_fp32_answers_the_same_to_all_or_nothing_can_be_compared_that_is_no_error() -> None:
    least = float(np.finfo("float32").min)
    assert unexplained([rows([1.01], [0.99])], [rows([1], [1.0001])]) == 0
    assert unexplained([rows([0], [0])], [rows([0], [0])]) == 0
    assert unexplained([rows([1, -6e4], [3, -6e4])], [rows([1, least], [3, least])]) == 0
    assert unexplained([rows([1, 7], [3, 7])], [rows([1, np.nan], [3, np.inf])]) == 0
    for wrong in (rows([1], [np.nan]), rows([1, 1], [3, 3])):
        assert unexplained([wrong], [rows([1], [3])]) == np.inf


def test_of_an_output_a_part_is_kept_and_choices_and_changing_sizes_are_left_out() -> None:
    large = np.arange(3 * MOST_KEPT, dtype="float32")
    answers = [(large + number, np.array([number]), np.zeros(number, dtype="float32")) for number in range(PROBES)]
    whole, choices, boxes = kept(answers)
    assert whole.shape == (PROBES, MOST_KEPT)
    assert whole[2, :3].tolist() == [2, 5, 8]
    assert (choices.size, boxes.size) == (0, 0)
    assert unexplained(kept(answers), kept(answers)) == 0


def test_probes_are_the_draws_that_are_calibrated_on_one_weaker_than_the_next() -> None:
    asked = unit()
    for number, images in enumerate(probe_images(asked), 1):
        drawn = input_array(replace(asked, seed=asked.seed + number))
        np.testing.assert_array_equal(images, drawn * np.float32(number / PROBES))


def test_a_users_images_are_given_as_the_network_has_them_channels_first(tmp_path: Path) -> None:
    """For a graph that has them last; nor are bytes made fractions of."""
    nodes = [helper.make_node("Cast", ["x"], ["y"], to=FLOAT)]
    path = save(
        tmp_path / "net.onnx", nodes, [("x", helper.np_dtype_to_tensor_dtype(np.dtype("uint8")), (2, PX, 6, 3))], {}
    )
    pixels = np.arange(2 * PX * 6 * 3).reshape(2, PX, 6, 3).astype("uint8")
    np.save(tmp_path / "in.npy", pixels)
    asked = planned(path, None, Axes(dtypes=("int8",), runtimes=("onnxruntime",)), tmp_path / "in.npy")
    Store(default_cache()).add_bytes(saved([pixels]))
    *_, half, _, _, _, whole = probe_images(asked)
    assert (whole.dtype.name, whole.shape) == ("uint8", (2, 3, PX, 6))
    np.testing.assert_array_equal(whole.transpose(0, 2, 3, 1), pixels)
    np.testing.assert_array_equal(half, np.rint(whole / 2))


def sigmoid(folder: Path, runtime: str) -> Unit:
    """The sigmoid of one weighted mean of the image: about 0.5, whatever is asked."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("GlobalAveragePool", ["a"], ["b"]),
        helper.make_node("Sigmoid", ["b"], ["y"]),
    ]
    output = helper.make_tensor_value_info("y", FLOAT, (1, 1, 1, 1))
    weights = {"w": np.array([1, -2, 3], dtype=np.float32).reshape(1, 3, 1, 1)}
    path = save(folder / "net.onnx", nodes, [("x", FLOAT, (1, 3, PX, PX))], weights, output)
    return planned(path, PX, Axes(dtypes=("int8",), runtimes=(runtime,)))


@pytest.mark.parametrize("runtime", LOADERS)
def test_a_sigmoid_in_int8_passes_and_one_half_does_not(runtime: str, tmp_path: Path) -> None:
    pytest.importorskip(runtime)
    asked = sigmoid(tmp_path, runtime)
    store, made = Store(tmp_path / "cache"), prepared(tmp_path / "cache", asked)
    assert (made.reason, made.graph_reason) == ("", "")

    def reference() -> Reference:
        return read_reference(store.path(made.reference))

    loaded = LOADERS[runtime](asked, store.path(made.model))
    error = check(asked, loaded, reference)
    assert error is not None
    assert error < 0.1
    half = np.full((1, 1, 1, 1), 0.5, dtype="float32")
    constant = Loaded(step=lambda: half, output=lambda: half, answer=lambda _: half, threads=1)
    error = max_error(arrays_in(half), reference().arrays)
    assert error is not None
    assert error < 0.5
    with pytest.raises(WrongOutputError, match=f"its answers to {PROBES} inputs are off by .*: one answer to all of"):
        check(asked, constant, reference)
