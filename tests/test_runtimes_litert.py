"""LiteRT itself on files of its own: what it computes, on how many threads, and what its delegate takes over."""

import os
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.records.measurement import Measurement
from bench.records.workload import Unit
from bench.worker.inputs import input_array
from bench.worker.measure import measure_loaded
from bench.worker.measuring.clock import SystemClock
from bench.worker.measuring.threads import ThreadsError
from bench.worker.output_check import Reference, arrays_in, max_error
from bench.worker.runtimes import litert_graphs, litert_runtime
from bench.worker.runtimes.litert_ceilings import multiply
from bench.worker.runtimes.litert_graphs import copy_graph, marked_for_float16, product_graph
from bench.worker.runtimes.litert_runtime import Node, delegated, interpreter
from bench.worker.runtimes.loaded import UnsupportedError
from tests import litert_network
from tests.made_up import unit

pytest.importorskip("ai_edge_litert", reason="the extra litert is not installed")

THREADS = min(2, len(os.sched_getaffinity(0)))
UNIT = replace(unit(runtime="litert", size=litert_network.SIZE), allocator="system")
SHAPE = (16, 8, 24)


def node(name: str, inputs: set[int], *outputs: int) -> Node:
    return Node(name=name, inputs=frozenset(inputs), outputs=outputs)


def reference(of: Unit) -> tuple[Any, ...]:
    with torch.inference_mode():
        return arrays_in([each.numpy() for each in litert_network.network()(torch.from_numpy(input_array(of)))])


def measured(of: Unit) -> Measurement:
    def load() -> Any:
        return litert_runtime.load(of, litert_network.FILE)

    return measure_loaded(of, load, lambda: Reference(arrays=reference(of)), SystemClock(), overhead_s=0.0)


def test_its_outputs_are_those_of_eager_in_their_order() -> None:
    loaded = litert_runtime.load(UNIT, litert_network.FILE)
    for _ in range(3):  # the input stays in place
        loaded.step()
    error = max_error(arrays_in(loaded.output()), reference(UNIT))
    assert error is not None
    assert error < 1e-6
    assert max_error(arrays_in(loaded.output())[::-1], reference(UNIT)) != error, "or the order would not show"


def test_it_answers_to_other_images_and_keeps_its_own() -> None:
    other = replace(UNIT, seed=UNIT.seed + 1)
    loaded = litert_runtime.load(UNIT, litert_network.FILE)
    assert loaded.answer is not None
    told, own = arrays_in(loaded.answer(input_array(other))), arrays_in(loaded.output())
    for arrays, expected in ((told, reference(other)), (own, reference(UNIT))):
        error = max_error(arrays, expected)
        assert error is not None
        assert error < 1e-6


@pytest.mark.parametrize("threads", sorted({1, THREADS}))
def test_it_runs_on_the_threads_that_it_was_given(threads: int) -> None:
    found = measured(replace(UNIT, threads=threads))
    assert found.threads_seen == threads
    assert (found.max_error or 0) < 1e-6


@pytest.mark.skipif(THREADS < 2, reason="needs two CPUs")
def test_threads_that_were_not_started_are_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteRT says nothing of it: the kernel does."""
    monkeypatch.setattr(litert_runtime, "interpreter", lambda path, threads, dtype: interpreter(path, 1))
    with pytest.raises(ThreadsError, match="set 2 threads, the runtime reports 1"):
        measured(replace(UNIT, threads=2))


def test_float16_is_float16_or_refused() -> None:
    """Where the CPU has no such instructions XNNPACK says nothing and computes in float32."""
    loaded = litert_runtime.load(replace(UNIT, dtype="float16"), litert_network.FILE)
    try:
        output = arrays_in(loaded.output())
    except UnsupportedError as refused:
        assert "on this CPU it computes in float32" in str(refused)  # noqa: PT017 - the other outcome is below
        return
    error = max_error(output, reference(UNIT))
    assert error is not None
    assert 1e-5 < error < 1e-2


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_nothing_is_computed_while_it_is_loaded(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be part of the load time, and of no other runtime's."""
    calls: list[str] = []
    monkeypatch.setattr("ai_edge_litert.interpreter.Interpreter.invoke", lambda _: calls.append(dtype))
    litert_runtime.load(replace(UNIT, dtype=dtype), litert_network.FILE).step()
    assert calls == [dtype]


def test_a_file_marked_for_float16_is_the_same_network(tmp_path: Path) -> None:
    (tmp_path / "marked.tflite").write_bytes(marked_for_float16(litert_network.FILE))
    loaded = litert_runtime.load(UNIT, tmp_path / "marked.tflite")
    assert loaded.delegated == litert_runtime.load(UNIT, litert_network.FILE).delegated
    assert (max_error(arrays_in(loaded.output()), reference(UNIT)) or 0) < 1e-2


def test_marking_a_file_takes_twice_its_size_and_no_more(tmp_path: Path) -> None:
    """A small board loads what it has memory for."""
    from ai_edge_litert import schema_py_generated as schema

    network = schema.ModelT.InitFromObj(schema.Model.GetRootAs(litert_network.FILE.read_bytes(), 0))
    network.buffers += [litert_graphs._buffer(bytes(10_000)) for _ in range(200)]
    path = tmp_path / "large.tflite"
    path.write_bytes(litert_graphs._packed(network, 2_100_000))
    size = path.stat().st_size
    tracemalloc.start()
    try:
        marked = marked_for_float16(path)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(marked) > size > 2_000_000
    assert kept < 1.2 * size
    assert peak < 2.2 * size


def test_what_its_delegate_leaves_is_counted_and_named() -> None:
    loaded = litert_runtime.load(UNIT, litert_network.FILE)
    assert loaded.delegated is not None
    done, of = loaded.delegated
    assert done == of - 1
    assert loaded.notes == ("XNNPACK computes 1 part of the graph, LiteRT's own kernels 1 CUMSUM",)


def test_a_delegates_node_stands_for_what_lies_between_its_borders() -> None:
    """0 -> A -> 1 -> B -> 2 -> C -> 3 -> D -> 4, and 1 -> D: one delegate has A and B, the other D alone."""
    plain = (node("A", {0, 9}, 1), node("B", {1}, 2), node("C", {2}, 3), node("D", {1, 3}, 4))
    assert delegated(plain) == frozenset()
    first, second = node("DELEGATE", {0}, 1, 2), node("DELEGATE", {1, 3}, 4)
    assert delegated((*plain, first)) == {0, 1}
    assert delegated((*plain, first, second)) == {0, 1, 3}
    assert delegated((*plain, node("DELEGATE", {0}, 4))) == {0, 1, 2, 3}


def test_the_product_of_its_ceilings_is_one(tmp_path: Path) -> None:
    opened = multiply(tmp_path / "product.tflite", SHAPE, 1)
    opened.invoke()
    draw = np.random.Generator(np.random.PCG64(0))
    left, right = draw.random(SHAPE[:2], dtype=np.float32), draw.random((24, 8), dtype=np.float32)
    found = opened.get_tensor(opened.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, left @ right.T, rtol=1e-6)
    with pytest.raises(ValueError, match="expected 192 weights of float32, got 5 bytes"):
        product_graph(SHAPE, b"12345")


def test_a_copy_gives_back_what_it_got(tmp_path: Path) -> None:
    (tmp_path / "copy.tflite").write_bytes(copy_graph())
    opened = interpreter(tmp_path / "copy.tflite", 1)
    opened.set_tensor(opened.get_input_details()[0]["index"], np.array([3.5], dtype=np.float32))
    opened.invoke()
    assert opened.get_tensor(opened.get_output_details()[0]["index"]) == np.array([3.5], dtype=np.float32)
