"""`bench doctor` as a user starts it."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.cli.main import main
from bench.host import doctor
from bench.system.priority import refusal
from tests.board import small_board
from tests.one_line import one_line
from tests.sshd import Sshd


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder with a cache of its own, and no more pairs than a spread takes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(doctor, "PAIRS_S", 0.1)


def examined(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What the command says, by an exit code that fits it."""
    code = main(("doctor", "--format", "json", *arguments))
    told = capsys.readouterr()
    made: dict[str, Any] = json.loads(told.out)
    assert code == (0 if made["fit"] else 3), told.err
    return made


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_this_machine_is_looked_at_and_nothing_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    made = examined(capsys)
    rows = {row["name"]: row for row in made["findings"]}
    assert {"timer", "steal", "load", "CPUs", "threads", "page fault", "priority", "noise floor", "A/A"} <= rows.keys()
    assert rows["A/A"]["found"].startswith("pconv onnxruntime: ")
    assert all(bool(row["advice"]) == (row["state"] != "good") for row in rows.values())
    assert made["verdict"].startswith("fit" if made["fit"] else "not fit to measure: ")
    assert not Path("results").exists()


@pytest.mark.usefixtures("here")
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
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said in one_line(capsys, "doctor", *arguments)


@pytest.mark.usefixtures("here")
def test_a_gpu_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("doctor", "--device", "cuda:7")) == 4
    assert "expected cuda:7 on cuda:7" in capsys.readouterr().err


@pytest.mark.ssh
@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_a_board_with_numpy_and_onnxruntime_alone(
    sshd: Sshd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    priority = "normal" if refusal() else "realtime"
    small_board(tmp_path, sshd, "numpy", "onnxruntime", more=f"    priority: {priority}\n")
    made = examined(capsys, "--device", "board")
    assert made["device"] == "board"
    rows = {row["name"]: row["found"] for row in made["findings"]}
    assert rows["A/A"].startswith("pconv onnxruntime: " if refusal() else "pconv onnxruntime realtime: ")
    assert "missing" not in rows
