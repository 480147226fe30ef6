"""A runtime is one row: it refuses nonsense, every other file reads it, and what is gone can still be reported."""

import ast
import pkgutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.errors import UsageError
from bench.plan.axes import Axes, cells
from bench.plan.runtimes import Runtime, find_runtime, packages, runtime, runtimes, usual_runtime
from bench.records.device import Device
from bench.records.run import DeviceState, Plan, Run
from reports.environment_text import device_title
from reports.rows import rows
from tests.made_up import environment, record, unit

ROOT = Path(__file__).resolve().parents[1]
ROW: dict[str, Any] = {
    "name": "toy",
    "title": "Toy",
    "package": "toy",
    "module": "toy.core",
    "loader": "toy.core:load",
    "graph": True,
}
# Files that name a runtime themselves, each with its reason.
MAY_NAME_THEM = {
    "bench/plan/runtimes.py": "the table",
    "bench/worker/runtimes/pytorch.py": "its own module: it serves two rows",
    "bench/worker/runtimes/onnx_runtime.py": "its own module",
    "bench/worker/runtimes/openvino_runtime.py": "its own module",
    "bench/worker/runtimes/onnx_runtime_cuda.py": "its own module",
    "bench/agent/environment.py": "what a device looks for until its host says what",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "a b"}, "name"),
        ({"name": 3}, "got 3"),
        ({"title": ""}, "title"),
        ({"package": "../x"}, "package"),
        ({"module": "toy core"}, "module"),
        ({"loader": "toy.core"}, "module:function"),
        ({"moved": "toy.core"}, "module:function"),
        ({"moved": None}, "moved"),
        ({"profiled": "toy.core"}, "module:function"),
        ({"ceilings": "toy.core"}, "module:function"),
        ({"precision": "toy.core"}, "module:function"),
        ({"no_int8": None}, "no_int8"),
        ({"beside": ("a; rm",)}, "packages as pip takes them"),
        ({"graph": "yes"}, "True or False"),
        ({"lacks": {"int3": "no such dtype here"}}, "int3"),
        ({"lacks": {"float16": ""}}, "reason"),
        ({"start_s": -1.0}, "start_s"),
        ({"macs_per_s": 0.0}, "macs_per_s"),
        ({"macs_per_s": float("nan")}, "macs_per_s"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(change: dict[str, Any], said: str) -> None:
    assert Runtime(**ROW).lacks == {}
    with pytest.raises(ValueError, match=r"expected .* got") as caught:
        Runtime(**ROW | change)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["eager", "compile", "onnxruntime", "openvino", "litert", "ncnn", "executorch"])
def test_the_loader_of_each_of_ours_is_there(name: str) -> None:
    """Its module imports without the runtime: whether that is installed is found out when it loads."""
    row = runtime(name)
    named = (row.loader, row.moved, row.profiled, row.ceilings, row.precision, row.converter)
    assert all(callable(pkgutil.resolve_name(each)) for each in named if each)


@pytest.mark.parametrize(
    ("names", "usual"),
    [(("resnet50",), "eager"), (("a/Net.ONNX",), "onnxruntime"), (("resnet50", "net.onnx"), "onnxruntime")],
)
def test_networks_of_which_one_is_a_graph_run_as_graphs(names: tuple[str, ...], usual: str) -> None:
    assert usual_runtime(*names) == usual


def test_only_the_table_and_the_runtimes_own_modules_name_a_runtime() -> None:
    names = set(runtimes())
    naming = {
        path.relative_to(ROOT).as_posix()
        for top in ("bench", "models", "reports")
        for path in (ROOT / top).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    }
    assert "bench/plan/runtimes.py" in naming
    assert naming - MAY_NAME_THEM.keys() == set()


def test_without_plug_ins_a_device_is_asked_for_what_it_looks_for_by_itself() -> None:
    """The order too: it decides the fingerprint of every device that was ever measured."""
    known = ("torch", "onnxruntime", "openvino", "numpy", "torchvision", "timm")
    assert packages()[: len(known)] == known  # others come behind them


def test_the_plan_refuses_a_runtime_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"expected a runtime of eager, .* got 'gone'"):
        cells([unit().workload], Axes(runtimes=("gone",)), Device(name="cpu"), ())


def test_a_run_of_a_runtime_that_is_gone_is_still_reported() -> None:
    done = record(replace(unit(), runtime="gone"))
    plan = Plan(
        command="ops", argv=(), created_utc="", version="", code_version="", units=(done.unit,),
        devices=(DeviceState(name="cpu", environment=environment()),),
    )  # fmt: skip
    run = Run(plan=plan, records=(done,), devices=plan.devices)
    assert find_runtime("gone") is None
    assert [row.unit.runtime for row in rows(run)] == ["gone"]
    assert device_title(run, "cpu").startswith("cpu: ")


@pytest.mark.parametrize("name", ["", "a b", "../x", "\x1b[31m", "x" * 41])
def test_a_unit_refuses_what_is_no_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="plain names of a runtime"):
        replace(unit(), runtime=name)
    with pytest.raises(ValueError, match="plain names of a runtime and an allocator"):
        replace(unit(), allocator=name)
