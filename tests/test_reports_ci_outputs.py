"""What the action leaves of a run, by the very program that it starts and the files that GitHub names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.journal import Journal
from reports.results import Results
from reports.write import write_reports
from tests.made_up_comparisons import FAST, HOSTILE, OPEN, SAME, SLOW, broken, compared, row

ROOT = Path(__file__).resolve().parents[1]


def recorded(results: Results, folder: Path) -> None:
    """The run as bench leaves it: plan, records and reports."""
    with Journal.create(folder, results.run.plan) as journal:
        for record in results.run.pair_records:
            journal.append(record)
    write_reports(results, folder)


def outputs(folder: Path, status: int, tmp_path: Path) -> tuple[dict[str, str], str, str]:
    """The step's outputs, the summary and what was printed."""
    files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "reports.ci.outputs", str(folder), str(status)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **{name: str(file) for name, file in files.items()}},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = files["GITHUB_OUTPUT"].read_text().splitlines()
    return dict(line.split("=", 1) for line in lines), files["GITHUB_STEP_SUMMARY"].read_text(), done.stdout


def test_outputs_summary_and_annotations_of_a_gate_that_fails(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    rows = (row("a", SLOW, SLOW), row("b", FAST), row("c", OPEN), row("d", SAME), broken("e"))
    recorded(compared(*rows, gate=True), folder)
    found, summary, printed = outputs(folder, 1, tmp_path)
    assert found == {
        "verdict": "slower",
        "slower": "1",
        "grew": "0",
        "faster": "1",
        "unclear": "1",
        "unmeasured": "1",
        "changed": "true",
        "json": str(folder / "compare.json"),
        "markdown": str(folder / "comment.md"),
        "folder": str(folder),
    }
    assert Path(found["json"]).exists()
    assert Path(found["markdown"]).exists()
    assert summary.startswith("**The gate fails")
    assert printed.startswith("::error title=bench compare%3A 1 SLOWER::a 3x224x224")


@pytest.mark.parametrize(
    ("status", "gate", "verdict"),
    [(0, True, "pass"), (0, False, "reported"), (3, True, "unmeasured"), (4, True, "unmeasured"), (2, True, "error")],
)
def test_the_verdict_follows_the_exit_code(status: int, gate: bool, verdict: str, tmp_path: Path) -> None:
    recorded(compared(row("a", SAME), row("b", OPEN), gate=gate), tmp_path / "run")
    found, _, _ = outputs(tmp_path / "run", status, tmp_path)
    assert (found["verdict"], found["changed"]) == (verdict, str(status != 0).lower())


def test_a_run_that_was_killed_before_it_wrote_its_reports_has_them_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    results = compared(row("a", SAME), broken("b"), gate=True)
    with Journal.create(folder, results.run.plan) as journal:
        journal.append(results.run.pair_records[0])
    found, summary, _ = outputs(folder, 137, tmp_path)
    assert (found["verdict"], found["unmeasured"]) == ("error", "2")
    assert summary.startswith("**The gate could not decide")
    assert Path(found["json"]).exists()
    assert summary.splitlines()[0] in Path(found["markdown"]).read_text()


@pytest.mark.parametrize("damage", ["none there", "no run"])
def test_a_run_that_never_began_is_an_error_and_says_so(damage: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    if damage == "no run":
        folder.mkdir()
        (folder / "run.json").write_text("{")
    found, summary, printed = outputs(folder, 2, tmp_path)
    assert (found, printed) == ({"verdict": "error", "changed": "true"}, "")
    assert "did not begin" in summary


def test_no_name_sets_an_output_or_gives_the_runner_a_command(tmp_path: Path) -> None:
    recorded(compared(*(row(name.replace("\ud800", ""), SLOW) for name in HOSTILE)), tmp_path / "run")
    found, _, printed = outputs(tmp_path / "run", 0, tmp_path)
    assert len(found) == 10
    assert printed.count("\n") == 1
    assert printed.startswith("::warning title=")
