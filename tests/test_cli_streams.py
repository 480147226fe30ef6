"""Standard streams that the caller has closed, and such as are full: the command does its work, or says why not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench_process import ROOT

PROGRAM = "import sys; from bench.cli.main import main; sys.exit(main())"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run whose table is still to be made."""
    shutil.copytree(ROOT / "docs/results/claims-cpu", tmp_path / "run")
    (tmp_path / "run/table.csv").unlink()
    return tmp_path / "run"


def bench(arguments: str, streams: str) -> "subprocess.CompletedProcess[str]":
    """A shell starts it, so that its streams can be closed."""
    command = f"exec {sys.executable} -c '{PROGRAM}' {arguments} {streams}"
    return subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        input="",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_stream_that_nobody_gave_ends_nothing(run: Path, streams: str) -> None:
    done = bench(f"report {run}", streams)
    assert done.returncode == 0, done.stderr
    assert (run / "table.csv").stat().st_size > 1000
    if ">&-" not in streams.replace("2>&-", ""):
        assert "fasternet" in done.stdout, "what is left of them says what it should"


@pytest.mark.parametrize("output_format", ["table", "csv"])
def test_results_that_stdout_does_not_take_are_said_to_be_in_the_folder(run: Path, output_format: str) -> None:
    done = bench(f"report {run} --format {output_format}", ">/dev/full")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == (
        f"bench: expected to write the results to stdout, got: No space left on device; they are whole in {run}"
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert (run / "table.csv").is_file()


@pytest.mark.parametrize("arguments", ["--help", "ops --dry-run", "devices list"])
def test_what_else_stdout_does_not_take_is_one_line(arguments: str) -> None:
    done = bench(arguments, ">/dev/full")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr
