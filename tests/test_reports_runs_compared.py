"""Two finished runs beside each other: what is matched, what is named, what gets no answer."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.api import compare_runs
from bench.errors import UsageError
from bench.journal import read_run
from bench.records.run import Run
from bench.records.workload import Unit
from reports.formats import two_run_formats
from reports.runs_compared import CellComparison, RunsCompared
from tests.bench_process import ROOT, BenchProcess
from tests.made_up_runs import done, environment, failed, models_run, op, ops_run, paired

RESULTS = ROOT / "docs/results"


def run(times: dict[str, tuple[float, ...]], **settings: object) -> Run:
    """Each operator at its times, one a round."""
    units: list[tuple[Unit, float]] = [
        (replace(op(name, number=number), **settings), seconds)  # type: ignore[arg-type]
        for name, own in times.items()
        for number, seconds in enumerate(own)
    ]
    return ops_run([unit for unit, _ in units], [done(unit, seconds) for unit, seconds in units])


def compared(first: Run, second: Run) -> RunsCompared:
    return RunsCompared(first=first, second=second, names=("monday", "tuesday"))


def only(first: Run, second: Run) -> CellComparison:
    (cell,) = compared(first, second).cells
    return cell


STEADY, SLOWER = (1.0, 1.01, 0.99, 1.0), (1.2, 1.21, 1.19, 1.2)


def test_like_environments_get_the_answers_of_a_comparison() -> None:
    cell = only(run({"conv": STEADY}), run({"conv": SLOWER}))
    assert cell.ratio is not None
    assert cell.ratio.centre == pytest.approx(1.2, abs=1e-3)
    # Logarithms spread by 0.0082 and 0.0068: an error of 0.0053, 5.8 degrees of freedom, t 2.47.
    assert cell.smallest == pytest.approx(0.0132, abs=3e-4)
    assert cell.answer == "SLOWER"
    assert only(run({"conv": SLOWER}), run({"conv": STEADY})).answer == "FASTER"
    assert only(run({"conv": STEADY}), run({"conv": STEADY})).answer == "SAME"


@pytest.mark.parametrize("changed", ["kernel", "governor", "max_frequency_hz", "torch", "code version"])
def test_unlike_environments_are_named_and_get_no_answer(changed: str) -> None:
    first, second = run({"conv": STEADY}), run({"conv": SLOWER})
    own = environment()
    if changed == "code version":
        second = replace(second, plan=replace(second.plan, code_version="other"))
    elif changed == "torch":
        own = replace(own, runtimes=(replace(own.runtimes[0], version="2.14.0"),))
    else:
        own = replace(own, **{changed: 1 if changed == "max_frequency_hz" else "other"})  # type: ignore[arg-type]
    second = replace(second, devices=(replace(second.devices[0], environment=own),))
    made = compared(first, second)
    assert [each.name for each in made.differences] == [changed.replace("max_frequency_hz", "max frequency hz")]
    assert [cell.answer for cell in made.cells] == ["other environment"]
    assert made.cells[0].ratio is not None


def test_another_dtype_or_device_is_another_cell_and_the_near_one_is_named() -> None:
    first, second = run({"conv": STEADY}), run({"conv": STEADY}, dtype="float16")
    cells = compared(first, second).cells
    assert [cell.answer for cell in cells] == ["UNMEASURED"] * 2
    assert cells[0].reason == "only in monday; tuesday has it with dtype float16"
    assert cells[1].reason == "only in tuesday; monday has it with dtype float32"
    apart = compared(first, run({"conv": STEADY}, device="pi4")).cells
    assert apart[0].reason == "only in monday; tuesday has it with device pi4"
    assert compared(first, run({"pconv": STEADY})).cells[0].reason == "only in monday"


def test_what_both_runs_have_comes_first() -> None:
    cells = compared(run({"conv": STEADY, "pconv": STEADY}), run({"dwconv": STEADY, "pconv": SLOWER})).cells
    assert [cell.unit.workload.name for cell in cells] == ["pconv", "conv", "dwconv"]


def test_one_round_and_a_failed_cell_are_unmeasured_with_the_reason() -> None:
    assert only(run({"conv": STEADY}), run({"conv": (1.1,)})).reason.startswith("one round has no interval")
    broken = ops_run([op("conv")], [failed(op("conv"), "signal 11")])
    cell = only(run({"conv": STEADY}), broken)
    assert (cell.answer, cell.ratio, cell.reason) == ("UNMEASURED", None, "failed: signal 11")


def test_a_run_of_pairs_holds_no_table() -> None:
    pairs = models_run([], paired("fasternet_t0", "mobilevit_xxs", [1.0] * 4))
    with pytest.raises(UsageError, match="tuesday of models"):
        compared(run({"conv": STEADY}), pairs)


def test_every_form_says_the_same_and_escapes_what_it_did_not_write() -> None:
    first = run({"conv": STEADY, "pconv": STEADY})
    second = replace(
        run({"conv": SLOWER}), devices=(replace(first.devices[0], environment=environment(cpu="a\x1b[0m<b>|c")),)
    )
    texts = {name: row.text(compared(first, second)) for name, row in two_run_formats().items() if row.file}
    lines = list(csv.DictReader(io.StringIO(texts["csv"])))
    assert [line["answer"] for line in lines] == ["other environment", "UNMEASURED"]
    held = json.loads(texts["json"])
    assert held["cells"][0]["ratio"] == pytest.approx(float(lines[0]["ratio"]))
    assert held["differences"][0]["name"] == "cpu model"
    assert "difference of environments" in texts["markdown"]
    assert "<b>" not in texts["markdown"]
    assert not any("\x1b" in text for text in texts.values())


def test_committed_runs_of_one_machine_by_the_command(tmp_path: Path) -> None:
    """Four cells in both; the rest UNMEASURED, which is exit code 3."""
    bench = BenchProcess(tmp_path, tmp_path / "cache").run
    sides = [str(RESULTS / "ops-cpu"), str(RESULTS / "dwconv-cpu")]
    ended = bench("compare", *sides, "--out", str(tmp_path / "out"), "--format", "csv")
    assert ended.returncode == 3
    assert ended.stdout == (tmp_path / "out/compare.csv").read_text()
    answers = [line["answer"] for line in csv.DictReader(io.StringIO(ended.stdout))]
    assert len(answers) - answers.count("UNMEASURED") == 4
    assert bench("compare", *sides, "--out", str(tmp_path / "out")).returncode == 2
    again = compare_runs(*sides)
    assert [cell.answer for cell in again.cells] == answers


def test_a_run_beside_a_workload_and_an_option_that_measures_are_refused(tmp_path: Path) -> None:
    bench, run_folder = BenchProcess(tmp_path, tmp_path / "cache").run, str(RESULTS / "ops-cpu")
    refused = {
        "beside 'resnet50' without a run.json; give two": [run_folder, "resnet50"],
        "beside 0 more; give two": [run_folder],
        "got --quick": [run_folder] * 2 + ["--quick"],
    }
    for said, words in refused.items():
        ended = bench("compare", *words)
        assert ended.returncode == 2
        assert ended.stderr.startswith("bench: expected")
        assert said in ended.stderr
        assert ended.stderr.count("\n") == 1


def test_a_run_is_the_same_as_itself() -> None:
    made = compared(read_run(RESULTS / "ops-cpu"), read_run(RESULTS / "ops-cpu"))
    assert made.differences == ()
    assert {cell.ratio.centre for cell in made.cells if cell.ratio} == {1.0}
    assert {cell.answer for cell in made.cells} <= {"SAME", "UNCLEAR"}
