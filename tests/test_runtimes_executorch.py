"""ExecuTorch itself on a small network: what it computes, on how many threads, and how much of it XNNPACK does."""

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.plan.runtimes import runtime
from bench.records.workload import Unit
from bench.worker.convert import convert
from bench.worker.inputs import input_array
from bench.worker.output_check import ERROR_LIMITS, arrays_in, max_error
from bench.worker.runtimes import executorch_convert, executorch_runtime
from bench.worker.runtimes.loaded import UnsupportedError
from tests.made_up import unit

THREADS = min(2, len(os.sched_getaffinity(0)))
ASKED = replace(unit(runtime="executorch", size=(8, 6, 6), threads=THREADS), batch=2)


class Network(nn.Module):
    """The three ways to cut a map into parts, and a sum that XNNPACK does not know between two that it does."""

    def forward(self, x: Tensor) -> Tensor:
        first, second = torch.split(x, [2, 6], dim=1)
        third, fourth = torch.split(second, 4, dim=1)  # of 4 and 2 channels
        parts = torch.cat((fourth, third, first), dim=1).chunk(3, dim=1)  # of 3, 3 and 2
        return (torch.cat(parts[::-1], dim=1) + x).cumsum(dim=1) * x


def expected(asked: Unit) -> "tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], ...]":
    """What eager answers in float32."""
    return (Network()(torch.from_numpy(input_array(asked))).numpy(),)


@pytest.fixture(scope="module", params=["float32", "float16"])
def converted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Unit, Path]:
    pytest.importorskip("executorch.version", reason="the extra executorch is not installed")
    asked, path = replace(ASKED, dtype=request.param), tmp_path_factory.mktemp("converted") / "network"
    example = torch.from_numpy(input_array(asked)).to(getattr(torch, asked.dtype))
    convert(runtime("executorch"), Network(), [example], asked.dtype, path, "")
    return asked, path


@pytest.mark.slow
def test_it_computes_the_network_on_the_threads_it_was_given(converted: tuple[Unit, Path]) -> None:
    asked, path = converted
    for threads in (THREADS, 1):
        loaded = executorch_runtime.load(replace(asked, threads=threads), path)
        loaded.step()
        outputs = arrays_in(loaded.output())
        error = max_error(outputs, expected(asked))
        assert error is not None
        assert error < ERROR_LIMITS[asked.dtype]
        assert (loaded.threads, outputs[0].dtype.name) == (threads, asked.dtype)
        assert (error > 1e-6) is (asked.dtype == "float16")  # it was not computed in float32


@pytest.mark.slow
def test_it_answers_to_other_images(converted: tuple[Unit, Path]) -> None:
    asked, path = converted
    other = replace(asked, seed=asked.seed + 1)
    loaded = executorch_runtime.load(asked, path)
    assert loaded.answer is not None
    for arrays, unit_of in ((loaded.answer(input_array(other)), other), (loaded.output(), asked)):
        error = max_error(arrays_in(arrays), expected(unit_of))
        assert error is not None
        assert error < ERROR_LIMITS[asked.dtype]


@pytest.mark.slow
def test_the_file_tells_what_xnnpack_computes_of_it(converted: tuple[Unit, Path]) -> None:
    """Seven slices, two times cat, add and mul; not the sum."""
    loaded = executorch_runtime.load(*converted)
    assert loaded.delegated == (11, 12)
    assert loaded.notes == ("XNNPACK computes 2 parts of the graph, ExecuTorch's own kernels 1 aten_cumsum_default",)


@pytest.mark.slow
def test_an_answer_stays_what_it_was_when_the_network_is_called_again(converted: tuple[Unit, Path]) -> None:
    loaded = executorch_runtime.load(*converted)
    (first,) = arrays_in(loaded.output())
    kept = first.copy()
    other = executorch_runtime.load(replace(converted[0], seed=1), converted[1])
    for each in (loaded, other):
        each.step()
        each.output()
    np.testing.assert_array_equal(first, kept)


@pytest.mark.slow
def test_a_file_of_another_dtype_is_refused(converted: tuple[Unit, Path]) -> None:
    asked, path = converted
    other = "float16" if asked.dtype == "float32" else "float32"
    with pytest.raises(ValueError, match=rf"expected a \.pte file in {other}, got one in {asked.dtype}"):
        executorch_runtime.load(replace(asked, dtype=other), path)


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # torch's own, of what it calls itself
def test_nothing_is_left_of_splits_but_slices() -> None:
    program = torch.export.export(Network(), (torch.from_numpy(input_array(ASKED)),))
    kinds = [str(node.target) for node in program.graph.nodes]
    assert {"aten.split_with_sizes.default", "aten.split.Tensor", "aten.chunk.default"} <= set(kinds)
    sliced = executorch_convert.without_splits(program)
    kinds = [str(node.target) for node in sliced.graph.nodes]
    assert not [kind for kind in kinds if "split" in kind or "chunk" in kind]
    assert kinds.count("aten.slice.Tensor") == 7
    np.testing.assert_array_equal(sliced.module()(torch.from_numpy(input_array(ASKED))), expected(ASKED)[0])


def test_a_version_without_a_switch_for_its_threads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executorch_runtime, "bindings", SimpleNamespace)
    with pytest.raises(UnsupportedError, match="no switch for its threads; update executorch"):
        executorch_runtime.set_threads(1)


def refused(name: str) -> None:
    """As ExecuTorch says it on a Cortex-A72."""
    raise RuntimeError(f"Failed to load method {name}, error: 0x:1")


def test_a_cpu_without_float16_is_skipped_and_any_other_network_fails() -> None:
    opened = SimpleNamespace(load_method=refused)
    with pytest.raises(UnsupportedError, match=r"no float16 network on this CPU: Failed to load method forward"):
        executorch_runtime._network(opened, "float16")
    with pytest.raises(RuntimeError, match="Failed to load method forward"):
        executorch_runtime._network(opened, "float32")


def test_an_executorch_of_another_torch_is_told_from_a_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As version 1.5.1 says it on an ARM board with torch 2.9."""
    symbol = "_ZNK3c1010TensorImpl15decref_pyobjectEv"
    folder = tmp_path / "executorch/extension/pybindings"
    folder.mkdir(parents=True)
    (folder / "_C.py").write_text(f'raise ImportError("{folder}/_C.so: undefined symbol: {symbol}")')
    for name in [each for each in sys.modules if each.partition(".")[0] == "executorch"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnsupportedError, match=rf"than {re.escape(torch.__version__)}, which has no {symbol}; install"):
        executorch_runtime.bindings()
