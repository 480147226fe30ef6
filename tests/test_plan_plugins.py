"""Plug-ins as users install them: measured beside ours, listed, and left out with one line where they are broken."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

from tests.bench_process import ROOT, BenchProcess, records
from tests.scratch_plugin import TOY_FORMAT, TOY_LAYER, TOY_NETWORK, TOY_OPERATOR, TOY_RUNTIME, distribution, toy

RUNTIME = (
    "from bench.plan.runtimes import Runtime\nROW = Runtime(name={name!r}, title='T', package='numpy', module='numpy', "
)
DICT_COST = TOY_OPERATOR.replace("return OperatorCost(", "return dict(").replace("toy_operator:", "free_plug:")
ODD_AXIS = TOY_OPERATOR.replace("axes=frozenset()", "axes=frozenset({'twist'})").replace(
    "toy_operator:", "twisted_plug:"
)
NETWORK = "from models.registry import NETWORKS\nROW = NETWORKS[0]\n"
LIAR = RUNTIME.format(name="liar") + "loader='liar:load', graph=True)\ndef load(unit, model):\n    return 7\n"
# By distribution: the module's source, the group, and a word of what is said.
BROKEN = {
    "raises": ("print('hello')\nraise RuntimeError('\\x1b[31mred')\n", "runtimes", "RuntimeError: \\x1b[31mred"),
    "leaves": ("import sys\nsys.exit('bye')\n", "models", "SystemExit: bye"),
    "taken": (RUNTIME.format(name="eager") + "loader='taken:load', graph=True)\n", "runtimes", "eager is taken"),
    "memory": (RUNTIME.format(name="memory") + "loader='memory:load', graph=True)\n", "runtimes", "memory is taken"),
    "half": (RUNTIME.format(name="half") + "graph=True)\n", "runtimes", "missing 1 required"),
    "seven": ("ROW = 7\n", "models", "expected a row of type NetworkEntry, got int"),
    "other": (NETWORK, "operators", "of type Operator, got NetworkEntry"),
    "again": (NETWORK, "models", "shufflenetv2_x1_5 is taken"),
    "free": (DICT_COST, "operators", "got dict"),
    "twisted": (ODD_AXIS, "operators", "got twist"),
}


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    return toy(tmp_path / "plugins")


@pytest.mark.parametrize("source", [TOY_RUNTIME, TOY_OPERATOR, TOY_LAYER, TOY_NETWORK, TOY_FORMAT])
def test_the_guide_shows_what_is_tested_here(source: str) -> None:
    assert indent(source.strip(), "    ") in (ROOT / "docs/plugins.md").read_text("utf-8")


def test_a_runtime_a_network_and_an_operator_come_to_a_row(plugins: Path, tmp_path: Path) -> None:
    bench = BenchProcess(tmp_path, tmp_path / "cache", plugins)
    arguments = ("--quick", "--runtime", "eager,toy", "--no-progress")
    ops = bench.run("ops", "--op", "toy_op", "--size", "8x4x4", "--stack", "2", *arguments, "--out", "ops")
    models = bench.run("models", "--model", "toy_net", *arguments, "--out", "models", "--format", "csv")
    assert (ops.returncode, models.returncode) == (0, 0), ops.stderr + models.stderr
    found = records(tmp_path / "ops")
    assert {(r["unit"]["runtime"], r["status"], r["cost"]["macs"]) for r in found} == {
        ("eager", "done", 2 * 8 * 4 * 4),
        ("toy", "done", 2 * 8 * 4 * 4),
    }
    notes = {r["unit"]["runtime"]: r["measurement"]["notes"] for r in found}
    assert notes["toy"] == ["bytes_moved is empty: Toy does not say what its kernels read and write"]
    assert "toy_op" in ops.stdout
    assert [line.split(",")[1] for line in models.stdout.splitlines()[1:]] == ["eager", "toy"]
    assert all(r["measurement"]["max_error"] < 1e-5 for r in records(tmp_path / "models"))
    best = bench.run("report", "models", "--format", "best")
    assert best.stdout == (tmp_path / "models/best.txt").read_text()
    assert best.stdout.startswith("toy_net in ")
    # It is known here only: the same run without the plug-in is still reported, and not resumed.
    bare = BenchProcess(tmp_path, tmp_path / "cache")
    assert bare.run("report", "models", "ops").returncode == 0
    resumed = bare.run("models", "--resume", "models")
    assert resumed.returncode == 2
    assert "was made by code" in resumed.stderr


def test_each_broken_one_is_one_line_and_the_rest_works(plugins: Path, tmp_path: Path) -> None:
    for name, (source, group, _) in BROKEN.items():
        distribution(plugins, name, {f"{name}_plug.py": source}, f"[bench.{group}]\n{name} = {name}_plug:ROW\n")
    distribution(plugins, "nowhere", {}, "[bench.runtimes]\nnowhere = no_such_module:ROW\n")
    distribution(plugins, "garbled", {}, "[bench.runtimes]\nthis is no entry\n")
    distribution(plugins, "zz-twin", {"twin_plug.py": TOY_RUNTIME}, "[bench.runtimes]\ntwin = twin_plug:ROW\n")
    distribution(plugins, "liar", {"liar.py": LIAR}, "[bench.runtimes]\nliar = liar:ROW\n")
    said = {name: words for name, (_, _, words) in BROKEN.items()}
    said |= {"nowhere": "no_such_module", "garbled": "entry_points.txt", "zz-twin": "the name toy is taken"}
    bench = BenchProcess(tmp_path, tmp_path / "cache", plugins)

    assert bench.run("--help").stderr == "", "nothing of a plug-in is read for it"
    listed = bench.run("plugins")
    assert listed.returncode == 0
    assert "\x1b" not in listed.stdout + listed.stderr
    lines = [line for line in listed.stderr.splitlines() if line.startswith("bench: left out")]
    assert len(lines) == len(said)
    for name, words in said.items():
        (line,) = [line for line in lines if line.endswith(f"`pip uninstall {name}`")]
        assert words in line
        assert name in listed.stdout
    assert all(name in listed.stdout for name in ("toy_op", "toy_net", "best", "toy-bench", "ok"))

    shutil.rmtree(plugins / "garbled-1.0.dist-info")  # torch reads every entry point there is, and dies of that one
    ops = bench.run("ops", "--op", "conv", "--size", "4x4x4", "--runtime", "liar,eager", "--quick", "--out", "ops")
    assert ops.returncode == 3
    by_runtime = {r["unit"]["runtime"]: r for r in records(tmp_path / "ops")}
    assert by_runtime["eager"]["status"] == "done"
    assert by_runtime["liar"]["status"] == "failed"
    assert "expected liar:load to return Loaded, got int; mend liar 1.0, or" in by_runtime["liar"]["reason"]


def python(path: str, program: str, *arguments: str) -> str:
    """What a fresh interpreter prints that imports from `path` alone."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment, capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PACK = """
import sys
from pathlib import Path
from bench.link.archive import code_archive
from bench.plan.code_version import code_version
Path(sys.argv[1]).write_bytes(code_archive().data)
print(code_version())
"""
UNPACKED = """
import json, toy_runtime
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from bench.cache.store import Store
from bench.plan.code_version import code_version
from bench.plan.runtimes import runtime
from bench.plan.subjects import networks, operators
from bench.wire.order import Order
from bench.worker.measure import measure_unit
from bench.records.workload import ModelArguments, Unit, Workload
from bench.worker.measuring.clock import SystemClock
workload = Workload(kind="model", name="toy_net", input_shape=(3, 8, 8), model=ModelArguments(source="toy_net"))
unit = Unit(workload=workload, runtime="fast", dtype="float32", layout="nchw", batch=1, threads=1, device="board",
            mode="latency", round=0)
fast_net = replace(workload, name="fast_net", model=ModelArguments(source="fast_net"))
units = (unit, replace(unit, runtime="eager", workload=fast_net))
ended = [measure_unit(Order(unit=each), Store(Path("/tmp")), SystemClock(), 0.0) for each in units]
print(json.dumps([toy_runtime.__file__, runtime("toy").title, version("toy-bench"), networks(["toy_net"])[0].title,
                  operators()["toy_op"].layer, code_version(), [[record.status, record.reason] for record in ended]]))
"""


def test_what_is_pure_python_travels_and_what_is_compiled_is_said(plugins: Path, tmp_path: Path) -> None:
    archive = tmp_path / "code.zip"
    bare = python(str(ROOT), PACK, str(archive))
    here = python(f"{ROOT}:{plugins}", PACK, str(archive)).strip()
    assert here != bare.strip(), "a plug-in decides numbers"
    file, title, version, network, layer, there, _ = json.loads(python(str(archive), UNPACKED))
    assert file == f"{archive}/toy_runtime.py"
    assert (title, version, network, layer) == ("Toy", "1.0", "Toy net", "toy_layer:Scale")
    assert there == here, "a device must report the version that the host planned with"

    source = TOY_RUNTIME.replace('"toy"', '"fast"')
    modules = {"fast/__init__.py": source, "fast/_kernels.so": "no text"}
    distribution(plugins, "fast", modules, "[bench.runtimes]\nfast = fast:ROW\n")
    assert python(f"{ROOT}:{plugins}", PACK, str(archive)).strip() != here
    *_, ended = json.loads(python(str(archive), UNPACKED))
    for (status, reason), name in zip(ended, ("fast", "fast_net"), strict=True):
        assert status == "skipped"
        assert f"got '{name}'" in reason
        assert "compiled files is to be installed there" in reason
