"""The workflows of a results page: their scripts do what the page on it says, with real runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs/results"


def script(workflow: str, name: str) -> str:
    """The step of that name."""
    document: dict[str, Any] = yaml.safe_load((ROOT / f"examples/ci/{workflow}.yml").read_text("utf-8"))
    (found,) = (
        step["run"] for job in document["jobs"].values() for step in job["steps"] if step.get("name", "") == name
    )
    return str(found)


def run(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As a runner does: bash -e in the workspace, bench on the path."""
    program = folder / "bin/bench"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m bench.cli.main "$@"\n')
    program.chmod(0o755)
    (folder / "bin/python").symlink_to(sys.executable)
    path = f"{program.parent}:{os.environ['PATH']}"
    given = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "RUNNER_TEMP": str(folder)}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("spoilt", "code"), [(False, 0), (True, 2)])
def test_a_pull_request_is_checked_and_cannot_speak_to_the_runner(tmp_path: Path, spoilt: bool, code: int) -> None:
    board = tmp_path / "contributed/boards/pi4"
    shutil.copytree(RESULTS / "two-devices", board)
    (tmp_path / "secrets.py").write_text("raise SystemExit('ran what was contributed')")
    if spoilt:
        with (board / "records.jsonl").open("a") as file:
            file.write("::set-env name=PATH::x\n")
    done = run(script("boards", "Check what was contributed"), tmp_path)
    assert done.returncode == code, done.stderr
    first, *said, last = done.stdout.splitlines()
    assert first == f"::stop-commands::{last.strip(':')}"
    assert len(said) == spoilt
    assert all(line.startswith("contributed/boards/pi4/records.jsonl:21: damaged record") for line in said)


def test_the_site_is_made_of_checked_runs(tmp_path: Path) -> None:
    shutil.copytree(RESULTS / "two-devices", tmp_path / "boards/pi4")
    assert run(script("site", "Make the site"), tmp_path).returncode == 0
    assert (tmp_path / "site/runs/pi4/index.html").exists()
