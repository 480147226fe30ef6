"""Runs the steps of action.yml as GitHub's runner does: their conditions, environments, files and shells."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
NAME = re.compile(r"\b(?:inputs|steps|github)(?:\.[\w-]+)+")


class ActionRunner:
    """One job that uses the action. `program` folders come first on PATH."""

    def __init__(self, folder: Path, inputs: dict[str, str], number: str = "", program: Path | None = None) -> None:
        self.action: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
        declared = {name: about.get("default", "") for name, about in self.action["inputs"].items()}
        assert inputs.keys() <= declared.keys()
        self.values: dict[str, str] = {f"inputs.{name}": value for name, value in {**declared, **inputs}.items()}
        self.values["github.event.pull_request.number"] = number
        self.folder = folder
        self.summary = folder / "summary.md"
        path = f"{program}:{os.environ['PATH']}" if program else os.environ["PATH"]
        self.environment = {
            "PATH": path,
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": str(ROOT),
            "RUNNER_TEMP": str(folder),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_REPOSITORY": "someone/something",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": "7",
        }

    def set(self, step: str, **outputs: str) -> None:
        """What an earlier step has said."""
        self.values |= {f"steps.{step}.outputs.{name}": value for name, value in outputs.items()}

    def run(self, name: str) -> "subprocess.CompletedProcess[str] | None":
        """The step of that name, its outputs read; None where its condition does not hold."""
        (step,) = (each for each in self.action["runs"]["steps"] if each["name"] == name)
        if "if" in step and not self._holds(step["if"]):
            return None
        output = Path(self.environment["GITHUB_OUTPUT"])
        output.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={**self.environment, **{key: self._text(value) for key, value in step.get("env", {}).items()}},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if "id" in step:
            self.set(step["id"], **dict(line.split("=", 1) for line in output.read_text().splitlines()))
        return done

    def _text(self, value: str) -> str:
        return EXPRESSION.sub(lambda found: self.values.get(found[1].strip(), ""), value)

    def _holds(self, condition: str) -> bool:
        """Only what the action's conditions are made of: !cancelled(), &&, != and names."""
        (inner,) = EXPRESSION.findall(condition)
        parts = [part.strip() for part in inner.split("&&")]
        return all(part == "!cancelled()" or self._differs(part) for part in parts)

    def _differs(self, part: str) -> bool:
        name, _, word = part.partition(" != ")
        assert NAME.fullmatch(name), part
        assert word.startswith("'"), part
        return self.values.get(name, "") != word.strip("'")
