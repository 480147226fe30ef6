"""The action and the example workflows: checked as GitHub would, and nothing foreign in a script."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.script_by_name import script

ROOT = Path(__file__).resolve().parents[1]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted([*ROOT.glob("examples/ci/*.yml"), *ROOT.glob(".github/workflows/*.yml")])
PINNED = re.compile(r"[\w.-]+/[\w.-]+@v\d+(\.\d+)*")


def steps(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those of an action or of all jobs of a workflow."""
    if "runs" in document:
        yield from document["runs"]["steps"]
    for job in document.get("jobs", {}).values():
        yield from job["steps"]


def read(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(document, dict)
    return document


def triggers(document: dict[Any, Any]) -> set[str]:
    on = document[True]  # YAML 1.1 reads the key `on` so
    return {on} if isinstance(on, str) else set(on)


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_no_script_has_an_expression_in_it(path: Path) -> None:
    scripts = [step["run"] for step in steps(read(path)) if "run" in step]
    assert scripts
    assert not [text for text in scripts if "${{" in text]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_few_rights_and_pinned_actions(path: Path) -> None:
    document = read(path)
    assert document["permissions"] in ({}, {"contents": "read"})
    assert "pull_request_target" not in triggers(document)
    used = [step["uses"] for step in steps(document) if "uses" in step]
    assert all(PINNED.fullmatch(name) for name in used), used


def test_what_may_comment_on_forks_runs_none_of_their_code() -> None:
    document = read(ROOT / "examples/ci/comment.yml")
    assert triggers(document) == {"workflow_run"}
    names = [step.get("uses", "").split("@")[0] for step in steps(document)]
    assert names == ["actions/download-artifact", ""]
    (measuring,) = (job["permissions"] for job in read(ROOT / "examples/ci/measure.yml")["jobs"].values())
    assert measuring == {"contents": "read"}


def test_examples_give_the_action_inputs_that_it_has() -> None:
    inputs = read(ACTION)["inputs"]
    for path in ROOT.glob("examples/ci/*.yml"):
        for step in steps(read(path)):
            if "cross-device-bench" in step.get("uses", ""):
                assert step["with"].keys() <= inputs.keys()
                assert {name for name, about in inputs.items() if about.get("required")} <= step["with"].keys()


def test_actionlint_finds_nothing_and_would() -> None:
    lint = script("lint_workflows")
    assert lint.main() == 0
    action = lint.as_workflow(read(ACTION))
    action["jobs"]["action"]["steps"][0]["env"]["PYTHON"] = "${{ inputs.pyhton }}"
    assert not lint.actionlint("-", text=yaml.safe_dump(action))


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_every_script_is_bash(path: Path) -> None:
    for step in steps(read(path)):
        subprocess.run(["bash", "-n"], input=step.get("run", ""), text=True, check=True)
