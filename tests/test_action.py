"""The action's own steps, run by bash with the files and variables that GitHub's runner gives them."""

import sys
from pathlib import Path

import pytest

from reports.ci.page import MARKER
from reports.results import Results
from tests.action_runner import ActionRunner
from tests.fake_gh import comments, fake_gh
from tests.made_up_comparisons import SAME, SLOW, compared, row
from tests.test_reports_ci_outputs import recorded


@pytest.fixture
def gh(tmp_path: Path) -> Path:
    """A folder with a `gh` of ours."""
    return fake_gh(tmp_path / "gh")


def measured(runner: ActionRunner, results: Results, status: int) -> None:
    """The run of bench that the step Measure leaves."""
    folder = runner.folder / f"run{len(list(runner.folder.glob('run*')))}"
    recorded(results, folder)
    runner.set("measure", folder=str(folder), status=str(status))
    assert runner.run("Summary, outputs and annotations")


def runner_of(tmp_path: Path, gh: Path | None = None, **inputs: str) -> ActionRunner:
    given = {"subjects": "net", "python": sys.executable, "token": "t", **inputs}
    return ActionRunner(tmp_path, given, number="5", program=gh)


def test_a_comment_is_written_once_and_brought_up_to_date(tmp_path: Path, gh: Path) -> None:
    runner = runner_of(tmp_path, gh)
    measured(runner, compared(row("a", SAME), gate=True), 0)
    runner.run("Comment")
    assert comments(gh) == []  # on change only
    measured(runner, compared(row("a", SLOW, SLOW), gate=True), 1)
    runner.run("Comment")
    (body,) = comments(gh)
    assert body.startswith(f"{MARKER}\n**The gate fails")
    assert body.endswith("\n[This run](https://github.com/someone/something/actions/runs/7)\n")
    measured(runner, compared(row("a", SAME), gate=True), 0)
    runner.run("Comment")
    (body,) = comments(gh)  # what it said is true no more
    assert body.startswith(f"{MARKER}\n**The gate passes")


@pytest.mark.parametrize(("when", "written"), [("never", 0), ("on-change", 0), ("always", 1)])
def test_when_there_is_a_comment(when: str, written: int, tmp_path: Path, gh: Path) -> None:
    runner = runner_of(tmp_path, gh, comment=when)
    measured(runner, compared(row("a", SAME), gate=True), 0)
    runner.run("Comment")
    assert len(comments(gh)) == written


def test_a_run_that_never_began_is_said_in_the_comment(tmp_path: Path, gh: Path) -> None:
    runner = runner_of(tmp_path, gh)
    runner.set("measure", folder=str(tmp_path / "none"), status="2")
    runner.run("Summary, outputs and annotations")
    runner.run("Comment")
    assert comments(gh)[0].startswith(f"{MARKER}\n**bench compare did not begin")
    assert "did not begin" in runner.summary.read_text()


def test_a_token_that_may_not_comment_costs_the_comment_alone(tmp_path: Path, gh: Path) -> None:
    (gh / "refuse").touch()
    runner = runner_of(tmp_path, gh, comment="always")
    measured(runner, compared(row("a", SAME), gate=True), 0)
    done = runner.run("Comment")
    assert done is not None
    assert (done.returncode, done.stdout.split("::")[1]) == (0, "warning title=bench compare")


def test_no_token_no_comment_and_no_summary_where_none_is_wanted(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, token="", summary="false")
    measured(runner, compared(row("a", SAME), gate=True), 0)
    assert runner.run("Comment") is None
    assert not runner.summary.exists()


def test_a_relative_python_is_the_same_in_every_step(tmp_path: Path) -> None:
    steps = [step for step in runner_of(tmp_path).action["runs"]["steps"] if "PYTHON" in step["env"]]
    assert len(steps) == 3
    assert {step.get("working-directory") for step in steps} == {"${{ inputs.working-directory }}"}


@pytest.mark.parametrize(("status", "code"), [("0", 0), ("1", 1), ("2", 2), ("3", 3), ("4", 4), ("", 3)])
def test_the_job_ends_as_bench_did_and_never_green_without_an_answer(status: str, code: int, tmp_path: Path) -> None:
    runner = runner_of(tmp_path)
    runner.set("measure", status=status)
    done = runner.run("Verdict")
    assert done is not None
    assert done.returncode == code


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"mode": "gat"}, "expected mode gate or report, got gat"),
        ({"comment": "onchange"}, "expected comment never, on-change or always, got onchange"),
        ({"strict": "yes"}, "expected strict true or false, got yes"),
        ({"mode": "report"}, "expected base outside of a pull request, got none; give a revision"),
        ({"pairs": "$(touch hacked)"}, "$(touch hacked)"),
        ({"subjects": '";touch hacked;"', "self-test": "noop"}, "hacked"),
        ({"subjects": "--help", "self-test": "noop"}, "--help"),
        (
            {"subjects": "pconv", "self-test": "noop", "strict": "true"},
            "expected pconv with its size",
        ),  # no word of strict
    ],
)
def test_wrong_inputs_end_in_a_line_and_are_never_run(inputs: dict[str, str], said: str, tmp_path: Path) -> None:
    runner = ActionRunner(tmp_path, {"subjects": "net", "python": sys.executable, **inputs})
    done = runner.run("Measure")
    assert done is not None
    assert said in done.stderr
    assert (done.returncode, runner.values["steps.measure.outputs.status"]) == (0, "2")
    assert not (tmp_path / "hacked").exists()
