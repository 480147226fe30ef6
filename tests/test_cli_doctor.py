"""`bench doctor` as a user starts it."""

import json
from pathlib import Path

import pytest

from bench.cli.main import main
from bench.system.priority import refusal
from tests.bench_process import BenchProcess
from tests.board import small_board
from tests.one_line import one_line
from tests.sshd import Sshd


@pytest.mark.slow
def test_this_machine_is_looked_at_and_nothing_is_left(tmp_path: Path) -> None:
    done = BenchProcess(tmp_path, tmp_path / "cache").run("doctor", "--format", "json")
    made = json.loads(done.stdout)
    assert done.returncode == (0 if made["fit"] else 3), done.stderr
    rows = {row["name"]: row for row in made["findings"]}
    assert {"timer", "steal", "load", "CPUs", "threads", "page fault", "priority", "noise floor", "A/A"} <= rows.keys()
    assert rows["A/A"]["found"].startswith("pconv onnxruntime: ")
    assert all(bool(row["advice"]) == (row["state"] != "good") for row in rows.values())
    assert made["verdict"].startswith("fit" if made["fit"] else "not fit to measure: ")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--device", "nowhere"), "unknown device 'nowhere'"),
        (("--device", "cpu,cuda"), "expected one device, got 'cpu,cuda'"),
        (("--format", "csv"), "'csv' is not one of 'table', 'json'"),
        (("--devices-file", "none.yaml", "--device", "pi4"), "expected a devices file at none.yaml"),
    ],
)
def test_a_wrong_word_is_one_line(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in one_line(capsys, "doctor", *arguments)


def test_a_gpu_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    assert main(("doctor", "--device", "cuda:7")) == 4
    assert "expected cuda:7 on cuda:7" in capsys.readouterr().err


@pytest.mark.ssh
@pytest.mark.slow
def test_a_board_with_numpy_and_onnxruntime_alone(sshd: Sshd, tmp_path: Path) -> None:
    priority = "normal" if refusal() else "realtime"
    small_board(tmp_path, sshd, "numpy", "onnxruntime", more=f"    priority: {priority}\n")
    done = BenchProcess(tmp_path, tmp_path / "cache").run("doctor", "--device", "board", "--format", "json")
    made = json.loads(done.stdout)
    assert (made["device"], done.returncode) == ("board", 0 if made["fit"] else 3), done.stderr
    rows = {row["name"]: row["found"] for row in made["findings"]}
    assert rows["A/A"].startswith("pconv onnxruntime: " if refusal() else "pconv onnxruntime realtime: ")
    assert "missing" not in rows
