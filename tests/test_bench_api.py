"""The Python surface: whole, documented and typed; what `measure` refuses, and how a run shows itself."""

import contextlib
import inspect
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from bench import api
from bench.api import frame, measure, read_run, samples
from bench.errors import BenchError, UsageError
from bench.journal import Journal
from bench.plan.axes import Axes
from bench.records.measurement import Disturbances, Measurement
from bench.records.run import Run
from reports.row import Percentiles, Row
from tests.made_up_runs import done, environment, failed, op, ops_run

ROOT = Path(__file__).parents[1]

# Run from another folder: the workers have to look where the script looks.
SCRIPT = """
import sys
sys.path.append({lib!r})
from bench.api import measure
for network in ("net_beside_script:net", "net_in_lib:net"):
    row = measure(network, rounds=1, input_px=8)
    print(row.unit.runtime, row.reason or "measured")
"""
NET = "import torch\ndef net():\n    return torch.nn.Conv2d(3, 4, 3)\n"


@pytest.mark.parametrize("wrong", [{"dtype": "int3"}, {"threads": 999}, {"runtime": "onnxruntime"}, {"batch": -1}])
def test_nonsense_is_refused_in_one_way(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="expected"):
        measure(nn.ReLU(), **wrong)  # type: ignore[arg-type]


def test_an_onnx_file_runs_under_onnx_runtime_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def stop(network: str, axes: Axes, *_: object, **__: object) -> None:
        asked.append(axes.runtimes[0])
        raise ValueError(network)

    monkeypatch.setattr("bench.api._table", stop)
    for arguments in (
        {"network": "net.onnx"},
        {"network": "fasternet_t0"},
        {"network": "net.onnx", "runtime": "openvino"},
    ):
        with pytest.raises(UsageError):
            measure(**arguments)  # type: ignore[arg-type]
    assert asked == ["onnxruntime", "eager", "openvino"]


def test_a_factory_is_found_where_the_script_would_find_it(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/net_in_lib.py").write_text(NET)
    (tmp_path / "net_beside_script.py").write_text(NET)
    script = tmp_path / "go.py"
    script.write_text(SCRIPT.format(lib=str(tmp_path / "lib")))
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(ROOT), "BENCH_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.splitlines() == ["eager measured"] * 2, done.stderr


def test_the_bytes_of_a_live_module_are_those_of_the_dtype_and_layout_that_is_timed() -> None:
    """Whatever dtype the module itself is in: 3 x 8 x 8 in, 4 x 8 x 8 out and 4 x 3 weights, 2 or 4 bytes each."""
    net = nn.Conv2d(3, 4, 1, bias=False)
    elements = 3 * 64 + 4 * 64 + 4 * 3
    for given in (net, nn.Conv2d(3, 4, 1, bias=False, dtype=torch.bfloat16)):
        for dtype, size in (("float32", 4), ("bfloat16", 2)):
            row = measure(given, input_px=8, dtype=dtype)
            assert row.cost is not None
            assert row.cost.bytes_moved == elements * size


PAGE = (ROOT / "docs/python.md").read_text("utf-8")


def test_the_surface_is_what_the_page_promises() -> None:
    promised = re.search(r"`bench\.api` is all there is: (.*?)\.", PAGE)
    assert promised is not None
    assert set(re.findall(r"`(\w+)`", promised[1])) == set(api.__all__)


@pytest.mark.parametrize("name", api.__all__)
def test_every_public_name_is_documented_and_typed(name: str) -> None:
    function = getattr(api, name)
    assert inspect.getdoc(function)
    signature = inspect.signature(function)
    kinds = [*(parameter.annotation for parameter in signature.parameters.values()), signature.return_annotation]
    assert inspect.Signature.empty not in kinds


@pytest.mark.parametrize("kind", [Disturbances, Measurement, Percentiles, Row])
def test_what_a_result_holds_is_said_in_its_docstring(kind: type) -> None:
    said = set(re.findall(r"\w+", inspect.getdoc(kind) or ""))
    assert set(inspect.get_annotations(kind)) <= said


@pytest.mark.parametrize("document", [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))], ids=lambda path: path.name)
def test_no_page_sends_a_user_to_another_module(document: Path) -> None:
    text = document.read_text("utf-8")
    imported = re.findall(r"\b(?:from|import) +((?:bench|models|operators|reports)\b[.\w]*)", text)
    # Who writes a plug-in needs the types of its rows, and the entry points' groups bear our names.
    door = {"bench.plan.runtimes", "bench.worker.inputs", "bench.worker.runtimes.loaded", "reports.formats"}
    door |= {"bench.records.layers", "models.registry", "operators.cost", "operators.registry"}
    door |= {"bench.records", "bench.runtimes", "bench.operators", "bench.models", "bench.reports", "bench.worker"}
    allowed = {"bench.api"} | (door if document.name == "plugins.md" else set())
    assert {*imported, *re.findall(r"`((?:bench|reports)\.\w+)", text)} <= allowed


def test_importing_the_surface_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'numpy', 'pandas', 'matplotlib', 'rich', 'bench.worker', 'bench.host'}"
    code = f"import sys, bench.api; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_example_of_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [re.sub(r"^ {4}", "", each, flags=re.MULTILINE) for each in re.findall(r"(?:(?: {4}.*)?\n)+", PAGE)]
    (example,) = (each for each in blocks if "read_run(" in each)
    monkeypatch.chdir(ROOT)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(example, "docs/python.md", "exec"), {})
    assert "speed-cpu-eager" in said.getvalue()
    assert "sample_s" in said.getvalue()


def kept(run: Run, folder: Path) -> Path:
    """The folder with that run in it."""
    with Journal.create(folder, run.plan) as journal:
        for record in run.records:
            journal.append(record)
    return folder


def test_a_run_shows_its_table_and_nothing_that_a_device_says_is_markup(tmp_path: Path) -> None:
    units = [op(), op("pconv")]
    hostile = "<script src='//e.vil'>x</script> \x1b[31m [red]y[/red]"
    ended = [done(units[0], 0.002), failed(units[1], hostile)]
    run = read_run(str(kept(ops_run(units, ended, environment(cpu="<b>CPU</b>")), tmp_path / "run")))
    page = run._repr_html_()
    assert page.startswith("<pre ")
    assert page.endswith("</pre>")
    assert "unreplicated" in page
    assert "failed" in page
    assert "&lt;script src=&#x27;//e.vil&#x27;&gt;x&lt;/script&gt; \\x1b[31m [red]y[/red]" in " ".join(page.split())
    assert "&lt;b&gt;CPU&lt;/b&gt;" in page
    assert set(re.findall(r"<(/?\w+)", page)) <= {"pre", "/pre", "span", "/span"}


def test_a_run_shows_its_pictures_below_its_table_without_script_or_links(tmp_path: Path) -> None:
    made = ops_run([op(), op("pconv")], [done(op(), 0.002), done(op("pconv"), 0.001)], environment(cpu="<b>CPU</b>"))
    table, pictures = read_run(kept(made, tmp_path / "run"))._repr_html_().split("</pre>")
    assert "unreplicated" in table
    assert pictures.count('<svg class="chart"') == 1  # time against MACs
    assert 'aria-label="pconv 96x56x56, eager: 1.00 ms' in pictures
    assert not re.search(r"<(a|script|img|link|b)\b|https?:", pictures)
    assert set(re.findall(r'href="(.)', pictures)) == {"#"}


def test_a_run_read_is_a_run_whose_numbers_and_pictures_are_at_hand(tmp_path: Path) -> None:
    made = ops_run([op(), op("pconv")], [done(op(), 0.002), done(op("pconv"), 0.001)])
    run = read_run(kept(made, tmp_path / "run"))
    assert (run.plan.units, run.records) == (made.plan.units, made.records)
    assert frame(run)["latency_s"].tolist() == pytest.approx([0.002, 0.001])
    assert samples(run)["sample_s"].tolist() == [0.002] * 3 + [0.001] * 3
    figures = run.figures()
    assert set(figures) == {"speed-cpu-eager", "time-cpu-eager"}
    assert all(isinstance(each, Figure) and each.axes for each in figures.values())


def test_a_folder_without_a_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="expected"):
        read_run(tmp_path)
