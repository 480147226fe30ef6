"""`bench peak`, and the limits of a run's rows, as a user starts them."""

import csv
import json
from pathlib import Path

import pytest

from bench.cli.main import main
from tests.bench_process import BenchProcess
from tests.board import small_board
from tests.one_line import one_line
from tests.sshd import Sshd

SMALL = ("ops", "--op", "dwconv", "--size", "16x8x8", "--stack", "1", "--quick", "--format", "csv", "--no-progress")


@pytest.mark.slow
def test_this_machine_is_measured_once_and_its_runs_have_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BENCH_NO_LIMIT")
    bench = BenchProcess(tmp_path, tmp_path / "cache")
    first = bench.run("peak", "--format", "json", "--out", "peak")
    assert first.returncode == 0, first.stderr
    made = json.loads(first.stdout)
    products = [line for line in made["ceilings"] if line["kind"] == "product"]
    assert {line["runtime"] for line in products} >= {"eager", "numpy", "onnxruntime"}
    assert {line["level"] for line in made["ceilings"] if line["kind"] == "memory"} >= {"DRAM"}
    assert {line["kind"] for line in made["ceilings"]} == {"product", "memory", "page_fault", "call"}
    assert (tmp_path / "peak/roofline.png").read_bytes().startswith(b"\x89PNG")
    again = bench.run("peak", "--format", "json")
    assert (json.loads(again.stdout), again.stderr) == (made, ""), "what is kept is shown, with its time"
    assert not (tmp_path / "results").exists()
    done = bench.run(*SMALL)
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert float(row["percent_of_limit"]) > 0
    assert row["bound"] in ("compute", "memory", "page_faults", "overhead")
    assert "ceilings" not in done.stderr, "they were there"
    (bare,) = csv.DictReader(bench.run(*SMALL, "--no-limit").stdout.splitlines())
    assert (bare["percent_of_limit"], bare["bound"], bare["status"]) == ("", "", "done")


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
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    assert said in one_line(capsys, "peak", *arguments)


def test_a_gpu_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    assert main(("peak", "--device", "cuda:7")) == 4
    assert "expected cuda:7 on cuda:7" in capsys.readouterr().err


@pytest.mark.ssh
@pytest.mark.slow
def test_a_board_with_numpy_and_onnxruntime_alone(sshd: Sshd, tmp_path: Path) -> None:
    small_board(tmp_path, sshd, "numpy", "onnxruntime")
    done = BenchProcess(tmp_path, tmp_path / "cache").run("peak", "--device", "board", "--format", "json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert {line["runtime"] for line in made["ceilings"] if line["kind"] == "product"} == {"numpy", "onnxruntime"}
    assert [lack["reason"] for lack in made["unmeasured"]][:2] == [
        "torch is not installed there",
        "openvino is not installed there",
    ]
