"""Another Python on a board, behind a real sshd: looked at there, prepared for here."""

import json
import sys
from pathlib import Path

import pytest

from tests.bench_process import BenchProcess, events
from tests.scratch_python import scratch_python
from tests.sshd import Sshd

pytestmark = [pytest.mark.ssh, pytest.mark.slow]

SIDE = "conv@onnxruntime,size=16x8x8"


@pytest.fixture
def bench(sshd: Sshd, tmp_path: Path) -> BenchProcess:
    way = f"ssh: board\n    ssh_config: {sshd.folder}/ssh_config\n    python: {sys.executable}"
    (tmp_path / "devices.yaml").write_text(f"devices:\n  board:\n    {way}\n")
    return BenchProcess(tmp_path, tmp_path / "cache")


def test_a_boards_python_runs_what_this_machine_prepared(bench: BenchProcess, tmp_path: Path) -> None:
    python = scratch_python(tmp_path / "venv", {"numpy": "0.0.7"})
    run = bench.run(
        "compare", SIDE, SIDE, "--device", "board", "--pairs", "1", "--out", "run", "--python-b", str(python)
    )
    assert run.returncode == 3, run.stderr  # one pair is no answer
    (ended,) = [event["body"] for event in events(tmp_path / "run") if event["type"] == "pair"]
    assert (ended["status"], ended["reason"]) == ("done", "")
    (made,) = json.loads((tmp_path / "run/compare.json").read_text())
    assert "against 0.0.7" in made["differences"]


def test_what_a_boards_python_lacks_is_named(bench: BenchProcess, tmp_path: Path) -> None:
    python = scratch_python(tmp_path / "venv", packages=False)
    run = bench.run("compare", SIDE, SIDE, "--device", "board", "--python-a", str(python))
    assert run.returncode == 2
    assert run.stderr.endswith(f"install: {python} -m pip install numpy onnxruntime\n")
    assert not (tmp_path / "results").exists()
