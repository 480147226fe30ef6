"""What the command line accepts, and what it refuses and how."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.main import main
from tests.bench_process import ONE, ROOT
from tests.one_line import refused


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command starts in an empty folder: what it writes is seen."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--op", "pconf"], "did you mean pconv?"),
        (["--op", "zzzzzz"], "choose from conv"),
        (["--op", ""], "expected an operator"),
        (["--runtime", "onnx"], "did you mean onnxruntime?"),
        (["--device", "cpuu"], "cpu"),
        (["--dtype", "float23"], "did you mean float32?"),
        (["--layout", "nhcw"], "did you mean nchw?"),
        (["--variant", "in_place"], "did you mean inplace?"),
        (["--channels", "frist"], "did you mean first?"),
        (["--size", "96x56"], "CxHxW"),
        (["--size", "96x56x"], "CxHxW"),
        (["--size", "96x56x0"], "CxHxW"),
        (["--size", "-96x56x56"], "CxHxW"),
        (["--size", "96*56*56"], "CxHxW"),
        (["--op", "gconv", "--size", "100x7x7"], "100"),
        (["--op", "gconv", "--groups", "7"], "7"),
        (["--op", "pconv", "--size", "6x7x7"], "6"),
        (["--op", "pconv", "--ratio", "0"], "ratio"),
        (["--op", "pconv", "--ratio", "5/4"], "ratio"),
        (["--op", "pconv", "--ratio", "a"], "ratio"),
        (["--op", "pconv", "--ratio", "1/0"], "ratio"),
        (["--kernel", "2"], "kernel"),
        (["--kernel", "0"], "at least 1"),
        (["--kernel", "three"], "at least 1"),
        (["--stack", "0"], "at least 1"),
        (["--stride", "-1"], "at least 1"),
        (["--dilation", "0"], "at least 1"),
        (["--batch", "0"], "at least 1"),
        (["--batch", "-1"], "at least 1"),
        (["--batch", "1,,2"], "at least 1"),
        (["--batch", "1.5"], "at least 1"),
        (["--threads", "0"], "at least 1"),
        (["--rounds", "0"], "at least 1"),
        (["--seed", "-1"], "seed"),
        (["--quick", "--rounds", "3"], "--quick and --rounds"),
        (["--publish", "--quick"], "--quick and --publish"),
        (["--retry-failed"], "--resume"),
        (["--format", "xml"], "xml"),
        (["--ops", "conv"], "--op"),
        (["--resume", "nowhere"], "results/"),
        (["--devices-file", "nowhere.yaml", "--device", "pi4"], "nowhere.yaml"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert expected in refused(capsys, "ops", *arguments)


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "opps" in refused(capsys, "opps")


def test_more_threads_than_cpus_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the device knows its CPUs: its agent is asked, and nothing is written all the same."""
    assert "expected at most" in refused(capsys, *ONE, "--threads", "4096")


def test_a_folder_that_holds_something_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("run").mkdir()
    Path("run/thesis.txt").write_text("years of work")
    assert "holds files" in refused(capsys, *ONE, "--out", "run")


def test_a_file_is_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("run").write_text("")
    assert "run" in refused(capsys, *ONE, "--out", "run")


def test_a_dry_run_shows_the_plan_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "--dry-run"]) == 0
    said = capsys.readouterr()
    assert "16 rows x 5 rounds = 80 units" in said.out
    assert len(said.out.splitlines()) == 17
    assert list(Path().iterdir()) == []


def test_cuda_without_cuda_is_exit_4_and_names_the_torch_build(capsys: pytest.CaptureFixture[str]) -> None:
    torch_version = pytest.importorskip("importlib.metadata").version("torch")
    if "+cpu" not in torch_version:
        pytest.skip("needs a CPU build of torch")
    assert main([*ONE, "--device", "cuda", "--out", "run"]) == 4
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert f"torch {torch_version}" in said.err
    assert "CPU build" in said.err
    assert list(Path().iterdir()) == []


def test_nothing_of_a_device_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in refused(capsys, "ops", "--device", "\x1b[2Jpi4")


@pytest.mark.parametrize("code", ["import bench.agent.agent", "from bench.cli.main import main; main(['--help'])"])
def test_help_and_agent_start_without_torch(code: str) -> None:
    """A fresh interpreter: this one has imported everything."""
    ask = (
        f"{code}\nimport sys\nheavy = {{'torch', 'numpy', 'pandas', 'matplotlib'}}\nassert not heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", ask], cwd=ROOT, check=True, capture_output=True, timeout=60)
