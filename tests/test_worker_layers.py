"""What the runtimes' own clocks say of a network's layers, beside what was counted of them."""

import random
import re
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.cache.store import Store
from bench.host.layers import mapped, parts_in
from bench.plan import runtimes
from bench.plan.runtimes import runtime
from bench.records.layers import Layers
from bench.records.workload import Unit
from bench.wire.order import Order
from bench.worker.interleaved import BURST, Interleaved, Side, interleaved
from bench.worker.layers import with_layers
from bench.worker.measure import measure_unit
from bench.worker.measuring.clock import SystemClock
from bench.worker.peak.graphs import chain_graph
from bench.worker.runtimes import onnx_runtime, onnx_runtime_layers, openvino_runtime
from bench.worker.runtimes.pytorch_layers import NETWORK, Stopwatch, own_ns
from tests.made_up import record
from tests.test_worker_inspect import of_source, prepared


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.act = nn.Conv2d(3, 16, 2, stride=2), nn.ReLU()
        self.mix, self.head = nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.stem(x))
        scores: Tensor = self.head((x + self.mix(x)).mean((2, 3)))
        return scores


class Scripted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.jit.script(nn.Conv2d(3, 4, 3))

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.inner(x)
        return made


class FakeClock:
    """Each call takes as long as it says; nothing else takes time."""

    def __init__(self) -> None:
        self.now, self.log = 0, ""

    def now_ns(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def call(self, letter: str, nanoseconds: int) -> None:
        self.log += letter
        self.now += nanoseconds


@pytest.mark.parametrize(("call_s", "untimed", "length"), [(1e-3, 1, BURST), (0.3, 0, 1)])
def test_calls_with_and_without_take_turns(call_s: float, untimed: int, length: int) -> None:
    clock, ns = FakeClock(), int(1e9 * call_s)
    plain, profiled = Side(step=lambda: clock.call("a", ns)), Side(step=lambda: clock.call("b", 2 * ns))
    taken = interleaved(plain, profiled, clock)
    burst = untimed + length
    bursts = len(taken.plain_s) // length
    assert bursts >= 3
    assert clock.log == "aabb" + ("a" * burst + "b" * burst) * bursts
    assert taken.plain_s == pytest.approx([call_s] * len(taken.plain_s))
    assert taken.profiled_s == pytest.approx([2 * call_s] * len(taken.plain_s))
    assert taken.calls == clock.log.count("b")
    assert taken.kept == tuple(n for n in range(2, taken.calls) if (n - 2) % burst >= untimed)


def test_a_module_has_the_time_that_its_children_do_not() -> None:
    """In the order in which they end: two leaves in a block, then a leaf, then the network around both."""
    seen = [(2, 10, 20), (3, 25, 45), (1, 5, 50), (4, 60, 70), (0, 0, 100)]
    assert own_ns(seen) == [(2, 10), (3, 20), (1, 15), (4, 10), (0, 45)]


def test_own_times_of_any_tree_add_up_to_the_whole() -> None:
    draw = random.Random(3)

    def forwards(start: int, depth: int) -> tuple[list[tuple[int, int, int]], int]:
        now, seen = start + draw.randrange(5), []
        for _ in range(draw.randrange(3) if depth < 4 else 0):
            inner, now = forwards(now + draw.randrange(3), depth + 1)
            seen += inner
        end = now + draw.randrange(1, 5)
        return [*seen, (depth, start, end)], end

    for _ in range(50):
        seen, end = forwards(0, 0)
        assert sum(own for _, own in own_ns(seen)) == end


def test_a_stopwatch_leaves_a_network_as_it_was() -> None:
    module = Net().eval()
    watch = Stopwatch(module)
    step = watch.stepping(lambda: module(torch.zeros(1, 3, 8, 8)))
    with watch:
        watch.on()
        step()
        watch.off()
        module(torch.zeros(1, 3, 8, 8))
        watch.on()
    assert all("forward" not in vars(child) for child in module.modules())
    assert [len(call) for call in watch.calls] == [5], "the network, and four modules once each"
    own = watch.own_times(watch.calls)
    assert own.keys() == {"", "stem", "act", "mix", "head"}
    assert all(seconds > 0 and calls == 1 for seconds, calls in own.values())


def layers_of(name: str, runtime_name: str, tmp_path: Path) -> tuple[Unit, Layers]:
    asked = of_source(f"{__name__}:{name}", "", runtime_name)
    made = prepared(tmp_path, asked)
    assert made.reason == made.graph_reason == ""
    order, store = Order(unit=asked, reference=made.reference, model=made.model), Store(tmp_path)
    ended = with_layers(measure_unit(order, store, SystemClock(), 1e-7), order, store)
    assert ended.reason == ""
    assert ended.layers is not None
    graph = runtime(runtime_name).graph
    return asked, mapped(ended.layers, parts_in(store.path(made.parts))) if graph else ended.layers


@pytest.mark.parametrize("name", ["eager", "onnxruntime", "openvino"])
def test_every_layer_that_multiplies_has_a_time(name: str, tmp_path: Path) -> None:
    if name == "openvino":
        pytest.importorskip("openvino", reason="the extra openvino is not installed")
    _, found = layers_of("Net", name, tmp_path)
    parts = {part.name: part for part in found.parts}
    timed = {parts[each].layer for piece in found.pieces for each in piece.parts}
    assert {"stem", "mix", "head"} <= timed
    by_layer = {part.layer: part.macs for part in found.parts if part.macs}
    assert by_layer["stem"] == 16 * 4 * 4 * 3 * 4
    assert by_layer["mix"] == 16 * 4 * 4 * 9
    assert by_layer["head"] == 16 * 4
    assert all(piece.ran_on for piece in found.pieces)
    assert 0 < sum(piece.seconds for piece in found.pieces) < 100 * median(found.plain_s)


def test_eager_counts_what_lies_between_modules_as_their_parents(tmp_path: Path) -> None:
    _, found = layers_of("Net", "eager", tmp_path)
    kinds = {piece.name: piece.kind for piece in found.pieces}
    assert kinds == {NETWORK: "functional", "stem": "conv", "act": "activation", "mix": "dwconv", "head": "linear"}
    moved = {piece.name: piece.bytes_moved for piece in found.pieces}
    assert moved["act"] == 2 * 4 * 16 * 4 * 4, "a map read and written"


def test_bytes_of_the_nodes_are_those_of_the_whole(tmp_path: Path) -> None:
    asked, found = layers_of("Net", "onnxruntime", tmp_path)
    model = Store(tmp_path).path(prepared(tmp_path, asked).model)
    assert sum(piece.bytes_moved or 0 for piece in found.pieces) == onnx_runtime.bytes_moved(asked, model)


def test_openvino_moves_the_same_as_in_its_rows(tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    asked, found = layers_of("Net", "openvino", tmp_path)
    model = Store(tmp_path).path(prepared(tmp_path, asked).model)
    assert sum(piece.bytes_moved or 0 for piece in found.pieces) == openvino_runtime.bytes_moved(asked, model)


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
def test_what_cannot_be_watched_is_a_reason(tmp_path: Path) -> None:
    asked = of_source(f"{__name__}:Scripted", "")
    order, store = Order(unit=asked), Store(tmp_path)
    ended = with_layers(measure_unit(order, store, SystemClock(), 1e-7), order, store)
    assert (ended.status, ended.reason_kind, ended.measurement) == ("failed", "build", None)
    assert "scripted or compiled" in ended.reason
    assert "at inner; give the network" in ended.reason


def nothing(unit: Unit, model: Path | None) -> str:
    """A plug-in's profiler that does not keep to its contract."""
    return "fast"


@pytest.mark.parametrize(
    ("profiled", "said"),
    [
        ("", "does not say what its layers take"),
        (f"{__name__}:nothing", "expected .* to return Layers, got str; mend it"),
    ],
)
def test_a_runtime_that_tells_nothing_is_a_reason(
    profiled: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = replace(runtime("eager"), profiled=profiled)
    monkeypatch.setitem(runtimes._OURS, "eager", row)
    asked = of_source(f"{__name__}:Net", "")
    ended = with_layers(record(asked), Order(unit=asked), Store(tmp_path))
    assert ended.layers is None
    assert ended.status in ("failed", "skipped")
    assert re.search(said, ended.reason)


def test_a_profile_that_names_no_node_is_a_reason() -> None:
    with pytest.raises(ValueError, match="expected nodes in the profile of ONNX Runtime, it names none"):
        onnx_runtime_layers._by_node([{"cat": "Node", "name": "_kernel_time", "dur": 3, "args": {}}])


def test_half_a_microsecond_is_what_the_profiler_cuts_off() -> None:
    """Of whole microseconds below the true times, half of one is missing on average."""
    taken = np.random.default_rng(0).uniform(20, 60, 4000)
    events = [{"dur": int(each), "args": {"op_name": "Conv", "provider": "CPU"}} for each in taken]
    piece = onnx_runtime_layers._piece("x", events, range(4000), 4000, 0.0, None)
    assert piece.seconds == pytest.approx(np.median(taken) * 1e-6, abs=0.6e-6)
    again = onnx_runtime_layers._piece("x", [*events, *events], range(4000), 4000, 0.0, None)
    assert again.seconds > 1.5 * piece.seconds, "a node that runs twice in each call takes both times"


def test_what_the_profiler_does_within_a_node_is_taken_out_of_each_run() -> None:
    events: list[dict[str, Any]] = [{"dur": dur, "args": {}} for dur in (10, 12, 10, 12)]
    (once, twice) = (onnx_runtime_layers._piece("x", events, (0, 1), calls, 2e-6, None) for calls in (4, 2))
    assert once.seconds == pytest.approx(9.5e-6), "11, and half of one that is cut off, less 2"
    assert twice.seconds == pytest.approx(19e-6)
    assert onnx_runtime_layers._piece("x", events, (0,), 4, 1e-3, None).seconds == 0


def test_the_profilers_cost_is_what_a_chain_takes_more_than_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred nodes of 3 us and as many of 4, in a call of 300 us: 2 us each and the half that is cut off."""
    taken = Interleaved(plain_s=(300e-6, 300e-6, 9e-3), profiled_s=(1e-3,) * 3, kept=(2, 3, 4))
    nodes = {str(index): [{"dur": dur} for dur in (90, 90, *[3 + index % 2] * 2, 500)] for index in range(200)}
    monkeypatch.setattr(onnx_runtime_layers, "_profile", lambda *_: (taken, nodes))
    assert onnx_runtime_layers.profiler_s(of_source(f"{__name__}:Net", "")) == pytest.approx(2.5e-6)


def test_every_node_of_the_chain_is_executed_and_timed(tmp_path: Path) -> None:
    """Were it fused or folded, it would tell nothing of a node's cost."""
    (tmp_path / "chain.onnx").write_bytes(chain_graph(7, 1, 2))
    opened = onnx_runtime.session(tmp_path / "chain.onnx", 1, profile=tmp_path)
    (made,) = opened.run(["c"], {"a": np.array([[0, 5]], dtype=np.float32)})
    expected = np.array([[0, 5]], dtype=np.float64)
    for _ in range(7):
        expected = 1 / (1 + np.exp(-expected))
    assert made == pytest.approx(expected, rel=1e-5)
    assert len(onnx_runtime_layers._by_node(onnx_runtime.profile_of(opened))) == 7


def test_layers_on_a_gpu_are_refused(tmp_path: Path) -> None:
    asked = replace(of_source(f"{__name__}:Net", ""), accelerator="cuda:0")
    ended = with_layers(record(asked), Order(unit=asked), Store(tmp_path))
    assert (ended.status, ended.layers) == ("skipped", None)
    assert "layers are timed on CPUs only" in ended.reason
