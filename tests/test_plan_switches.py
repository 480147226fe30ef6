"""What a runtime's own users turn is an axis: part of identity where it is not as usual, and nothing where it is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cli.main import main
from bench.errors import UsageError
from bench.host.artifacts import representative
from bench.plan.axes import Axes, cells
from bench.plan.runtimes import Runtime, runtimes
from bench.plan.schedule import claim_pairs
from bench.plan.sides import comparison_pairs, parse_side
from bench.plan.subjects import OperatorGrid, operator_workloads
from bench.records.device import Device
from bench.records.workload import Unit
from bench.worker.peak.graphs import identity_graph
from bench.worker.runtimes import onnx_runtime
from reports.rows import settings_text
from tests.made_up import unit
from tests.made_up_runs import net
from tests.one_line import one_line

CPU = Device(name="cpu")
ROW: dict[str, Any] = {
    "name": "toy",
    "title": "Toy",
    "package": "toy",
    "module": "toy",
    "loader": "toy:load",
    "graph": True,
}
ORT = runtimes()["onnxruntime"].switches


def table(*names: str, **switches: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    grid = OperatorGrid(operators=("conv",), sizes=((8, 4, 4),))
    found = cells(operator_workloads(grid), Axes(runtimes=names, switches=switches), CPU, ())
    return [(each.runtime, each.switches) for each in found]


def sides(first: str, second: str, threads: int) -> tuple[Unit, Unit]:
    both = parse_side(f"conv@{first},size=8x4x4"), parse_side(f"conv@{second},size=8x4x4")
    (pair,) = comparison_pairs(both, lambda *_: {}, Axes(threads=(threads,)), [CPU], 1)
    return pair.first, pair.second


def test_every_combination_is_a_row_and_a_runtime_without_the_switch_has_one() -> None:
    assert table("onnxruntime", "eager", graph=("all", "basic"), arena=("off",)) == [
        ("onnxruntime", ("arena=off",)),
        ("onnxruntime", ("arena=off", "graph=basic")),
        ("eager", ()),
    ]


def test_what_is_as_usual_leaves_the_id_as_it_was() -> None:
    usual = unit(runtime="onnxruntime")
    other = replace(usual, switches=("graph=basic",))
    assert usual.id == "ea3a85cb735c1994"  # as before there were switches
    assert other.id != usual.id
    assert representative(other) == representative(usual)
    assert settings_text(other) == "graph=basic"


@pytest.mark.parametrize("wrong", [("graph",), ("b=1", "a=1"), ("a=1", "a=2"), ("A=1",), ("a=\x1b[1m",)])
def test_switches_of_a_unit_are_words_by_name_each_once(wrong: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        replace(unit(), switches=wrong)


def test_a_value_that_only_another_runtimes_switch_has_makes_no_row() -> None:
    both = table("onnxruntime", "ncnn", spinning=("stop", "off"))
    assert both == [
        ("onnxruntime", ("spinning=stop",)),
        ("onnxruntime", ("spinning=off",)),
        ("ncnn", ("spinning=off",)),
    ]
    assert table("onnxruntime", "ncnn", spinning=("stop",)) == [("onnxruntime", ("spinning=stop",)), ("ncnn", ())]


@pytest.mark.parametrize(
    ("names", "switches", "said"),
    [
        (("eager",), {"graph": ("all",)}, "which have none"),
        (("onnxruntime",), {"grpah": ("all",)}, "arena, execution, graph, spinning"),
        (("onnxruntime",), {"graph": ("most",)}, "expected graph of all, extended, basic, disabled, got 'most'"),
    ],
)
def test_a_switch_that_none_has_is_refused(names: tuple[str, ...], switches: Any, said: str) -> None:
    with pytest.raises(UsageError, match="expected") as caught:
        table(*names, **switches)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"switches": {"graph": ("all",)}},
        {"switches": {"Graph": ("all", "basic")}},
        {"in_turns": ("graph=basic",)},
        {"switches": {"graph": ("all", "basic")}, "in_turns": ("graph=most",)},
    ],
)
def test_a_row_whose_switches_make_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected .* got"):
        Runtime(**ROW | change)


def test_threads_of_a_side_rest_while_the_other_takes_its_turn() -> None:
    """Where there are several; what the user says himself stays."""
    assert [each.switches for each in sides("onnxruntime", "openvino", 2)] == [("spinning=stop",), ()]
    assert [each.switches for each in sides("onnxruntime", "onnxruntime,spinning=on", 2)] == [("spinning=stop",), ()]
    assert [each.switches for each in sides("onnxruntime,graph=basic", "onnxruntime", 1)] == [("graph=basic",), ()]
    assert [each.switches for each in sides("ncnn", "ncnn,spinning=on", 2)] == [("spinning=off",), ()]


def test_a_claims_pair_rests_its_threads_too() -> None:
    rows = [replace(net(name), runtime="onnxruntime", threads=2) for name in ("a", "b")]
    (pair,) = claim_pairs(rows, [("a", "b")], 1)
    assert pair.first.switches == pair.second.switches == ("spinning=stop",)


@pytest.mark.parametrize("name", ORT)
def test_onnx_runtime_reads_back_what_was_turned(name: str, tmp_path: Path) -> None:
    path = tmp_path / "identity.onnx"
    path.write_bytes(identity_graph())
    seen = []
    for value in ORT[name]:
        opened = onnx_runtime.session(path, 2, {name: value})
        (answer,) = opened.run(None, {"a": np.array([2.5], dtype=np.float32)})
        assert answer == 2.5
        options = opened.get_session_options()
        entries = [
            options.get_session_config_entry(f"session.{key}")
            for key in ("intra_op.allow_spinning", "force_spinning_stop")
        ]
        seen.append(
            (options.graph_optimization_level, options.enable_cpu_mem_arena, options.execution_mode, *entries)
        )  # fmt: skip
    assert len(set(seen)) == len(ORT[name])


def test_the_words_are_found_out_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, said in (("graph", "VALUE"), ("graph=", "VALUE"), ("=all", "got ''")):
        assert said in one_line(capsys, "ops", "--runtime", "onnxruntime", "--switch", wrong, "--dry-run")
    assert main(["ops", "--op", "conv", "--runtime", "onnxruntime", "--switch", "graph=basic,all", "--dry-run"]) == 0
    assert "graph=basic" in capsys.readouterr().out
