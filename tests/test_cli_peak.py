"""`bench peak`, and the limits of a run's rows, as a user starts them."""

import csv
import json
from pathlib import Path

import pytest

from bench.cli.main import main
from bench.host import ceilings
from tests.board import small_board
from tests.one_line import one_line
from tests.sshd import Sshd

SMALL = ("ops", "--op", "dwconv", "--size", "16x8x8", "--stack", "1", "--quick", "--format", "csv", "--no-progress")


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command that goes well prints."""
    assert main(arguments) == 0
    return capsys.readouterr().out


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder with a cache of its own, and ceilings of one visit: each takes some seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ceilings, "VISITS", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_this_machine_is_measured_once_and_its_runs_have_limits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BENCH_NO_LIMIT")
    made = json.loads(output(capsys, "peak", "--format", "json", "--out", "peak"))
    products = [line for line in made["ceilings"] if line["kind"] == "product"]
    assert {line["runtime"] for line in products} >= {"eager", "numpy", "onnxruntime"}
    assert {line["level"] for line in made["ceilings"] if line["kind"] == "memory"} >= {"DRAM"}
    assert {line["kind"] for line in made["ceilings"]} == {"product", "memory", "page_fault", "call"}
    assert Path("peak/roofline.png").read_bytes().startswith(b"\x89PNG")
    assert main(("peak", "--format", "json")) == 0
    again = capsys.readouterr()
    assert (json.loads(again.out), again.err) == (made, ""), "what is kept is shown, with its time"
    assert not Path("results").exists()
    assert main(SMALL) == 0
    done = capsys.readouterr()
    (row,) = csv.DictReader(done.out.splitlines())
    assert float(row["percent_of_limit"]) > 0
    assert row["bound"] in ("compute", "memory", "page_faults", "overhead")
    assert "ceilings" not in done.err, "they were there"
    (bare,) = csv.DictReader(output(capsys, *SMALL, "--no-limit").splitlines())
    assert (bare["percent_of_limit"], bare["bound"], bare["status"]) == ("", "", "done")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--device", "nowhere"), "unknown device 'nowhere'"),
        (("--device", "cpu,cuda"), "expected one device, got 'cpu,cuda'"),
        (("--dtype", "int3"), "expected a dtype, got 'int3'"),
        (("--dtype", "float64\x1b[0m"), "expected a dtype"),
        (("--threads", "0"), "expected a whole number of at least 1"),
        (("--threads", "999999"), "expected at most"),
        (("--max-age", "0s"), "expected a time"),
        (("--max-age", "nan"), "expected a time"),
        (("--max-age", "a month"), "expected a time"),
        (("--format", "yaml"), "'yaml' is not one of"),
        (("--devices-file", "none.yaml", "--device", "pi4"), "expected a devices file at none.yaml"),
    ],
)
def test_a_wrong_word_is_one_line(
    arguments: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said in one_line(capsys, "peak", *arguments)


@pytest.mark.usefixtures("here")
def test_a_gpu_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("peak", "--device", "cuda:7")) == 4
    assert "expected cuda:7 on cuda:7" in capsys.readouterr().err


@pytest.mark.ssh
@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_a_board_with_numpy_and_onnxruntime_alone(
    sshd: Sshd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_board(tmp_path, sshd, "numpy", "onnxruntime")
    made = json.loads(output(capsys, "peak", "--device", "board", "--format", "json"))
    assert {line["runtime"] for line in made["ceilings"] if line["kind"] == "product"} == {"numpy", "onnxruntime"}
    assert [lack["reason"] for lack in made["unmeasured"]][:2] == [
        "torch is not installed there",
        "openvino is not installed there",
    ]
