"""`--priority` as a user gives it: shown in the rows, or refused in one line before anything begins."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from bench.system.priority import refusal
from tests.bench_process import PROGRAM, ROOT, BenchProcess
from tests.test_system_priority import without_the_right

OPERATOR = ("ops", "--op", "pconv", "--size", "8x8x8", "--stack", "1", "--quick", "--priority", "realtime")


@pytest.mark.slow
@pytest.mark.skipif(bool(refusal()), reason=refusal())
def test_a_row_says_that_it_was_measured_in_real_time(tmp_path: Path) -> None:
    bench = BenchProcess(tmp_path, tmp_path / "cache")
    done = bench.run(*OPERATOR, "--runtime", "eager,onnxruntime", "--format", "csv", "--out", "run", "--no-progress")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [(row["runtime"], row["settings"], row["status"]) for row in rows] == [
        ("eager", "realtime", "done"),
        ("onnxruntime", "realtime", "done"),
    ]
    other = bench.run("ops", "--resume", "run", "--priority", "normal", "--no-progress")
    assert other.returncode == 2
    assert "--priority normal disagrees with the run in run, which has realtime" in other.stderr


def test_who_may_not_have_it_is_told_before_anything_is_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *OPERATOR],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "BENCH_CACHE": str(tmp_path / "cache"), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=120, check=False, preexec_fn=without_the_right,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("bench: cpu: its user may not run at real-time priority (Operation not permitted)")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "results").exists()
