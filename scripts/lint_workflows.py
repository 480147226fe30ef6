"""actionlint over the workflows, the examples and action.yml.

    python scripts/lint_workflows.py

actionlint takes workflows alone, so the action's steps are checked as those of a workflow that has the action's inputs
for its own and its outputs for a job's: an input that isn't declared, a step that isn't there and a mistake in a
script are found as in any workflow.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent


def as_workflow(action: dict[str, Any]) -> dict[str, Any]:
    """A workflow with the steps of a composite action."""
    inputs = {name: {"type": "string", **about} for name, about in action["inputs"].items()}
    outputs = {name: about["value"] for name, about in action["outputs"].items()}
    job = {"runs-on": "ubuntu-24.04", "outputs": outputs, "steps": action["runs"]["steps"]}
    return {"name": action["name"], "on": {"workflow_call": {"inputs": inputs}}, "jobs": {"action": job}}


def actionlint(*arguments: str, text: str = "") -> bool:
    """Whether it found nothing; what it finds it prints."""
    shellcheck = PROGRAMS / "shellcheck"
    command = [str(PROGRAMS / "actionlint"), "-shellcheck", str(shellcheck) if shellcheck.exists() else "shellcheck"]
    return subprocess.run([*command, *arguments], input=text, text=True, check=False).returncode == 0


def main() -> int:
    """0 where all is well."""
    workflows = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/ci/*.yml")])
    action = as_workflow(yaml.safe_load((ROOT / "action.yml").read_text("utf-8")))
    text = yaml.safe_dump(action, sort_keys=False)
    well = [actionlint(*map(str, workflows)), actionlint("-stdin-filename", "action.yml", "-", text=text)]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
