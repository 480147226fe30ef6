"""ncnn itself on small networks: what it computes, in which dtype, and how it says that it cannot."""

import os
import platform
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from bench.wire.order import Visit
from bench.worker.inputs import input_array
from bench.worker.measuring.clock import SystemClock
from bench.worker.output_check import arrays_in
from bench.worker.runtimes import ncnn_ceilings, ncnn_runtime
from bench.worker.runtimes.loaded import UnsupportedError
from tests.made_up import unit
from tests.ncnn_files import ncnn_file

ncnn = pytest.importorskip("ncnn", reason="the extra ncnn is not installed")

THREADS = min(2, len(os.sched_getaffinity(0)))
FLOAT32 = unit(runtime="ncnn", size=(8, 6, 6), threads=THREADS)
# Every second channel is doubled, the others are passed on.
SCALES = np.tile(np.array([2, 1], dtype=np.float32), 4)
SCALED = "Convolution scaled 1 1 in0 out0 0=8 1=1 6=64"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A pointwise convolution with a diagonal kernel, so that its output is known."""
    return ncnn_file(tmp_path / "network", [SCALED], np.diag(SCALES))


@pytest.mark.parametrize("batch", [1, 3])
def test_it_computes_each_image_of_a_batch_on_the_threads_it_was_given(network: Path, batch: int) -> None:
    asked = replace(FLOAT32, batch=batch)
    loaded = ncnn_runtime.load(asked, network)
    loaded.step()
    (output,) = arrays_in(loaded.output())
    np.testing.assert_allclose(output, input_array(asked) * SCALES.reshape(1, 8, 1, 1), rtol=1e-6)
    assert loaded.threads == THREADS
    assert [note for note in loaded.notes if "3 calls" in note] == list(loaded.notes[: batch > 1])


def test_it_answers_to_other_images_and_keeps_its_own(network: Path) -> None:
    asked, other = replace(FLOAT32, batch=2), input_array(replace(FLOAT32, batch=2, seed=FLOAT32.seed + 1))
    loaded = ncnn_runtime.load(asked, network)
    assert loaded.answer is not None
    (told,), (own,) = arrays_in(loaded.answer(other)), arrays_in(loaded.output())
    np.testing.assert_allclose(told, other * SCALES.reshape(1, 8, 1, 1), rtol=1e-6)
    np.testing.assert_allclose(own, input_array(asked) * SCALES.reshape(1, 8, 1, 1), rtol=1e-6)


def test_its_weights_are_not_unpacked_to_be_loaded(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be part of the load time, and of no other runtime's."""
    unpacked: list[str] = []
    extract = ZipFile.extract

    def seen(archive: ZipFile, member: str, path: str) -> str:
        unpacked.append(member)
        return extract(archive, member, path)

    monkeypatch.setattr(ZipFile, "extract", seen)
    ncnn_runtime.load(FLOAT32, network)
    assert unpacked == [ncnn_runtime.GRAPH]
    with ZipFile(network) as archive:
        assert archive.namelist() == [ncnn_runtime.GRAPH]


def test_half_precision_is_off_and_switches_are_turned_as_asked(network: Path) -> None:
    """As it comes, ncnn keeps weights in float16."""
    usual, turned = (
        ncnn_runtime.opened(replace(FLOAT32, switches=switches), network).opt for switches in ((), ("winograd=off",))
    )
    assert ncnn.Option().use_fp16_storage
    assert not any(getattr(usual, name) for name in dir(usual) if name.startswith(("use_fp16", "use_bf16")))
    assert (usual.use_winograd_convolution, usual.use_sgemm_convolution, usual.use_packing_layout) == (True,) * 3
    assert (turned.use_winograd_convolution, turned.use_sgemm_convolution) == (False, True)


def test_a_layer_that_writes_over_what_it_is_given_leaves_the_input_as_it_was(tmp_path: Path) -> None:
    path = ncnn_file(tmp_path / "network", ["AbsVal abs 1 1 in0 twice", "BinaryOp out 1 1 twice out0 0=2 1=1 2=2.0"])
    loaded = ncnn_runtime.load(FLOAT32, path)
    for _ in range(2):
        (output,) = arrays_in(loaded.output())
        np.testing.assert_allclose(output, 2 * np.abs(input_array(FLOAT32)), rtol=1e-6)


def test_outputs_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = [f"out{number}" for number in range(11)]
    split = f"Split split 1 11 in0 {' '.join(f's{number}' for number in range(11))}"
    scaled = [f"BinaryOp o{n} 1 1 s{n} out{n} 0=2 1=1 2={n}.0" for n in reversed(range(len(names)))]
    outputs = arrays_in(ncnn_runtime.load(FLOAT32, ncnn_file(tmp_path / "network", [split, *scaled])).output())
    for number, output in enumerate(outputs):
        np.testing.assert_allclose(output, number * input_array(FLOAT32), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_another_dtype_is_had_or_refused(tmp_path: Path, dtype: str) -> None:
    """Rounding is seen in the output, in float32 there is none; a CPU without it says so, whatever a Concat takes."""
    halves = ["Slice cut 1 2 in0 a b -23300=2,4,4", "Concat joined 2 1 a b c", SCALED.replace("in0", "c")]
    network = ncnn_file(tmp_path / "network", halves, np.diag(SCALES))
    (exact,) = arrays_in(ncnn_runtime.load(FLOAT32, network).output())
    try:
        loaded = ncnn_runtime.load(replace(FLOAT32, dtype=dtype), network)
    except UnsupportedError as error:
        assert f"ncnn computes in {dtype} on ARM" in str(error)  # noqa: PT017 - the other outcome is below
        assert not ncnn.cpu_support_arm_asimdhp()
        return
    (rounded,) = arrays_in(loaded.output())
    np.testing.assert_allclose(rounded, exact, rtol=2**-7)
    assert np.abs(rounded - exact).max() > 0
    assert any(dtype in note for note in loaded.notes)


def test_its_ceilings_are_products_and_a_call_that_gives_back_its_input(tmp_path: Path) -> None:
    m, k, n = shape = (5, 3, 4)
    step = ncnn_ceilings.product_step(tmp_path, shape, THREADS, "float32")
    left, right = ncnn_ceilings.random_array(1, m, k), ncnn_ceilings.random_array(n, k)
    np.testing.assert_allclose(step.arrays()[0], left @ right.T, rtol=1e-6)
    np.testing.assert_array_equal(ncnn_ceilings.empty_step(tmp_path, 1).arrays()[0], ncnn_ceilings.random_array(1, 1))
    found = ncnn_ceilings.ceilings(Visit(part="ncnn", dtype="float32", shapes=(shape,)), (0,), SystemClock())
    assert [gemm.shape for gemm in found.gemms] == [shape]
    assert all(gemm.macs_per_s[0] > 0 for gemm in found.gemms)
    assert found.overheads[0].seconds[0] > 0


def test_products_of_a_dtype_that_it_lacks_are_refused_in_a_line() -> None:
    if platform.machine() != "x86_64":
        pytest.skip("an ARM CPU may have float16")
    with pytest.raises(UnsupportedError, match=r"ncnn .*float16"):
        ncnn_ceilings.ceilings(Visit(part="ncnn", dtype="float16", shapes=((5, 3, 4),)), (0,), SystemClock())


def test_a_layer_that_ncnn_lacks_ends_in_a_line(tmp_path: Path) -> None:
    path = ncnn_file(tmp_path / "network", ["Strange strange 1 1 in0 out0"])
    with pytest.raises(ValueError, match="expected a network that ncnn opens"):
        ncnn_runtime.load(FLOAT32, path)


def test_a_call_that_fails_is_no_output(tmp_path: Path) -> None:
    path = ncnn_file(tmp_path / "network", ["InnerProduct product 1 1 nothing out0 0=2 1=0 2=2"], np.ones(2))
    with pytest.raises(ValueError, match="expected ncnn to compute every layer"):
        ncnn_runtime.load(FLOAT32, path).output()
