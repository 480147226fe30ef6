"""int8 in ncnn by hand: what the two files must hold, what ncnn answers from them, and what is refused."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bench.cli.main import main
from bench.worker.runtimes import ncnn_ceilings, ncnn_runtime
from bench.worker.runtimes.ncnn_graph import INT8_TERMS, Layer, graph_text, read_graph
from bench.worker.runtimes.ncnn_runtime import GRAPH, WEIGHTS, write_file
from tests.made_up import unit
from tests.ncnn_files import ncnn_file

pytest.importorskip("ncnn", reason="the extra ncnn is not installed")

from bench.worker.runtimes.ncnn_int8 import quantise, split_weights

Floats = npt.NDArray[np.float32]
INT8 = replace(unit(runtime="ncnn", size=(2, 1, 3)), dtype="int8")
# Largest weights of 1.27 and 2.54 make scales of 100 and 50; two biases follow.
POINTWISE = "Convolution {} 1 1 {} {} 0=2 1=1 5=1 6=4"
WEIGHT = np.array([1.27, -0.5, 2.54, 1.0, 0.0, 0.5], np.float32)
SEEN = np.array([[[12.7, 0.0, 0.0]], [[0.0, -1.0, 2.0]]], np.float32)  # its largest value makes a scale of 10


def int8_file(folder: Path, layers: list[str], *weights: Floats, seen: Floats = SEEN) -> Path:
    """Those layers, calibrated on one image, in the file that the runtime opens."""
    path = ncnn_file(folder / "network", layers, *weights)
    quantise(folder / GRAPH, folder / WEIGHTS, [seen])  # as it left them beside
    write_file(folder / GRAPH, folder / WEIGHTS, path)
    return path


def terms(folder: Path) -> dict[str, str]:
    """How each quantised layer says that it is."""
    return {
        each.name: each.parameters[INT8_TERMS[each.kind]]
        for each in read_graph((folder / GRAPH).read_text())
        if each.in_int8
    }


def answered(path: Path, image: Floats) -> "list[npt.NDArray[np.float32]]":
    return ncnn_runtime.Call(ncnn_runtime.opened(INT8, path), image[None]).arrays()


def test_a_pointwise_convolution_answers_with_the_sums_of_its_rounded_numbers(tmp_path: Path) -> None:
    path = int8_file(tmp_path, [POINTWISE.format("conv", "in0", "out0")], WEIGHT)
    image = np.array([[[12.7, 0.04, 25.4]], [[1.26, 0.26, 0.0]]], np.float32)
    (got,) = answered(path, image)
    # 12.7 is 127, 1.26 is 13, 0.04 is lost, 0.26 is 3, and what is larger than was seen is 127 too.
    sums = np.array([[127 * 127 - 50 * 13, -50 * 3, 127 * 127], [127 * 127 + 50 * 13, 50 * 3, 127 * 127]])
    expected = sums / np.array([[100 * 10], [50 * 10]]) + np.array([[0], [0.5]])
    np.testing.assert_allclose(got[0, :, 0], expected, rtol=1e-5)
    assert terms(tmp_path) == {"conv": "2"}
    assert ncnn_runtime.precision(INT8, path) == {"int8": 1}
    assert ncnn_runtime.precision(replace(INT8, dtype="bfloat16"), path) == {}


def test_weights_are_a_byte_each_and_their_scales_follow_the_biases(tmp_path: Path) -> None:
    int8_file(tmp_path, [POINTWISE.format("conv", "in0", "out0")], WEIGHT)
    data = (tmp_path / WEIGHTS).read_bytes()
    assert data[:4] == bytes.fromhex("384b0d00")
    assert np.frombuffer(data[4:8], np.int8).tolist() == [127, -50, 127, 50]
    np.testing.assert_allclose(np.frombuffer(data[8:], np.float32), [0.0, 0.5, 100, 50, 10], rtol=1e-6)


def test_a_convolution_gives_int8_to_convolutions_alone(tmp_path: Path) -> None:
    """The first gives 16.129 at most, in 127 steps; the second's own weights are one."""
    ones = np.array([1, 0, 0, 1, 0, 0], np.float32)
    layers = [POINTWISE.format("first", "in0", "between"), POINTWISE.format("second", "between", "out0")]
    plain = np.array([1.27, 0, 0, 1.27, 0, 0], np.float32)
    path = int8_file(tmp_path, layers, plain, ones)
    assert terms(tmp_path) == {"first": "102", "second": "2"}
    (got,) = answered(path, np.array([[[12.7, 6.4, 0]], [[0, 0, 3.2]]], np.float32))
    steps = np.array([[127, 64, 0], [0, 0, 32]])
    np.testing.assert_allclose(got[0, :, 0], steps * 16.129 / 127, rtol=1e-5)


@pytest.mark.parametrize("other", ["AbsVal abs 1 1 b out0", "Noop no 1 1 b out0", ""])
def test_a_convolution_gives_float32_to_anything_else(other: str, tmp_path: Path) -> None:
    """Also where the network gives it, beside a convolution that takes it."""
    shared = "b" if other else "out0"
    layers = [
        POINTWISE.format("first", "in0", "between"),
        f"Split split 1 2 between a {shared}",
        POINTWISE.format("second", "a", "out1"),
        *[other] * bool(other),
    ]
    path = int8_file(tmp_path, layers, WEIGHT, WEIGHT)
    assert terms(tmp_path) == {"first": "2", "second": "2"}
    outputs = answered(path, SEEN)
    np.testing.assert_allclose(np.abs(outputs[0][0, 0, 0]), np.abs([16.129, 0.5, -1.0]), rtol=1e-5)


def test_a_split_hands_int8_on_to_convolutions(tmp_path: Path) -> None:
    layers = [
        POINTWISE.format("first", "in0", "between"),
        "Split split 1 2 between a b",
        POINTWISE.format("second", "a", "out0"),
        POINTWISE.format("third", "b", "out1"),
    ]
    left, right = answered(int8_file(tmp_path, layers, WEIGHT, WEIGHT, WEIGHT), SEEN)
    assert terms(tmp_path) == {"first": "102", "second": "2", "third": "2"}
    np.testing.assert_array_equal(left, right)
    exact = WEIGHT[:4].reshape(2, 2) @ (WEIGHT[:4].reshape(2, 2) @ SEEN[:, 0] + WEIGHT[4:, None]) + WEIGHT[4:, None]
    assert np.abs(left[0, :, 0] - exact).max() < np.abs(exact).max() / 50


def test_a_depthwise_convolution_has_a_scale_for_each_group(tmp_path: Path) -> None:
    """The weights of the other are zero, whose scale is one."""
    path = int8_file(
        tmp_path, ["ConvolutionDepthWise depth 1 1 in0 out0 0=2 1=1 6=2 7=2"], np.array([2.54, 0], np.float32)
    )
    (got,) = answered(path, np.array([[[12.7, 1.0, 0.0]], [[12.7, 1.0, 0.0]]], np.float32))
    assert terms(tmp_path) == {"depth": "1"}
    sums = np.array([[127 * 127, 127 * 10, 0], [0, 0, 0]])
    np.testing.assert_allclose(got[0, :, 0], sums / 500, rtol=1e-3)


def test_a_product_of_rows_has_one_scale_for_its_weights_and_finds_each_rows(tmp_path: Path) -> None:
    """Two rows whose largest numbers are ten times apart are both in 127 steps."""
    rows = np.array([[12.7, 1.0], [1.27, 0.1]], np.float32)
    weights, added = np.array([[1.27, -0.5], [0.64, 1.0]], np.float32), np.array([0.0, 2.0], np.float32)
    line = "Gemm rows 1 1 in0 out0 3=1 5=1 6=1 8=2 9=2 10=4"
    path = int8_file(tmp_path, [line], weights, added, seen=rows)
    (got,) = answered(path, rows)
    sums = np.array([[127 * 127 - 50 * 10, 64 * 127 + 100 * 10]] * 2)
    np.testing.assert_allclose(got[0], sums / np.array([[1000], [10000]]) + added, rtol=1e-5)
    assert terms(tmp_path) == {"rows": "2"}


def test_a_product_of_two_inputs_stays_in_float32_and_is_counted(tmp_path: Path) -> None:
    layers = [POINTWISE.format("conv", "in0", "a"), "Split split 1 2 a b c", "MatMul product 2 1 b c out0 0=1"]
    path = int8_file(tmp_path, layers, WEIGHT)
    assert ncnn_runtime.precision(INT8, path) == {"int8": 1, "float32": 1}


def test_what_has_no_int8_keeps_its_weights_wherever_they_lie(tmp_path: Path) -> None:
    """A norm's follow those of the convolution before it, and have no mark before them."""
    layers = [
        POINTWISE.format("conv", "in0", "a"),
        "BatchNorm norm 1 1 a b 0=2",
        "Flatten flat 1 1 b c",
        "InnerProduct out 1 1 c out0 0=1 1=0 2=6",
    ]
    norm = np.array([2, 2, 0, 0, 1, 1, 0, 0], np.float32)  # slopes, means, variances, biases
    path = int8_file(tmp_path, layers, np.concatenate([WEIGHT, norm]), np.full(6, 1.27, np.float32))
    assert terms(tmp_path) == {"conv": "2", "out": "2"}
    (got,) = answered(path, SEEN)
    exact = 1.27 * 2 * (WEIGHT[:4].reshape(2, 2) @ SEEN[:, 0] + WEIGHT[4:, None]).sum()
    np.testing.assert_allclose(got[0, 0], exact, rtol=0.02)


def test_weights_that_are_not_those_of_the_graph_are_refused() -> None:
    layer = Layer(kind="PReLU", name="slope", takes=("a",), gives=("b",), parameters={0: "2"})
    assert split_weights([layer], bytes(8)) == [bytes(8)]
    with pytest.raises(ValueError, match="expected 8 bytes of weights in that graph, got 12"):
        split_weights([layer], bytes(12))
    with pytest.raises(ValueError, match="expected the weights of PReLU slope, ncnn cannot read them"):
        split_weights([layer], bytes(4))


def test_what_cannot_be_quantised_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a convolution or a product with weights to quantise"):
        int8_file(tmp_path, ["AbsVal abs 1 1 in0 out0"])
    with pytest.raises(ValueError, match="expected finite numbers to calibrate on, blob in0 of the network"):
        int8_file(tmp_path, [POINTWISE.format("conv", "in0", "out0")], WEIGHT, seen=SEEN * np.float32(np.nan))


def test_a_graph_is_written_as_it_was_read() -> None:
    text = "7767517\n3 4\nInput in0 0 1 in0\nSplit s 1 2 in0 a b\nClip c 1 1 a d 0=0.0 -23310=2,0.0,6.0\n"
    layers = read_graph(text)
    assert graph_text(layers) == text
    assert (layers[2].takes, layers[2].gives, layers[2].parameters[-23310]) == (("a",), ("d",), "2,0.0,6.0")
    with pytest.raises(ValueError, match=r"expected a \.param file, which begins with 7767517, got 'other'"):
        read_graph("other\n1 1\n")
    with pytest.raises(ValueError, match=r"which begins with 7767517, got ''"):
        read_graph("")


def test_its_int8_product_is_that_of_the_same_numbers(tmp_path: Path) -> None:
    """What `bench peak` multiplies: the float32 product within a step of its 127."""
    plain, int8 = (
        ncnn_ceilings.product_step(tmp_path, (6, 32, 8), 1, dtype).arrays()[0] for dtype in ("float32", "int8")
    )
    assert 0 < np.abs(plain - int8).max() < plain.max() / 50


@pytest.mark.slow
def test_an_int8_row_says_how_near_it_is_and_where_it_was_calibrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    arguments = ["ops", "--op", "pconv", "--size", "16x8x8", "--stack", "2", "--runtime", "ncnn", "--dtype", "int8"]
    assert main([*arguments, "--quick", "--no-limit", "--no-progress", "--out", "out"]) == 0
    with Path("out/table.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["status"], row["dtype"]) == ("done", "int8")
    assert 0 < float(row["max_error"]) < 0.05
    assert "int8, calibrated on 32 images of seeded standard normal data: " in row["notes"]
    assert "convolutions and matrix products compute in" not in row["notes"]  # all of them do
