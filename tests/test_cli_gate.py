"""The gate of `bench compare` as a user starts it, in a project of their own."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.cli.main import main
from tests.bench_process import BenchProcess, events, wait_until
from tests.scratch_project import Project

PAIRS = ("--pairs", "4", "--no-progress")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path / "project")
    yield made
    assert made.worktrees() == []


def gate(project: Project, cache: Path, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """The exit code, what was said, and the first row of compare.json."""
    out = project.folder.parent / "run"
    bench = BenchProcess(project.folder, cache)
    done = bench.run("compare", "--base", "main", "--gate", *arguments, *PAIRS, "--out", str(out))
    assert not list((cache / "revisions").iterdir())
    return done.returncode, done.stdout + done.stderr, json.loads((out / "compare.json").read_text())[0]


@pytest.mark.slow
def test_a_slowdown_is_confirmed_and_the_tree_untouched(project: Project, cache: Path) -> None:
    """Six layers where two were committed; what is not committed is what is measured."""
    project.write(6)
    (project.folder / "notes.txt").write_text("mine")
    before = project.state()
    code, said, row = gate(project, cache, "net:make@onnxruntime,input=64")
    assert code == 1, said
    assert project.state() == before
    assert (row["verdict"], row["confirmed"], row["again_pairs"]) == ("SLOWER", True, 4)
    assert row["second_params"] == 3 * row["first_params"]
    assert row["second_macs"] > row["first_macs"]
    report = (project.folder.parent / "run/compare.md").read_text()
    assert "1 is confirmed slower" in report
    assert "1 changed and 1 unknown to git" in report


@pytest.mark.slow
def test_a_comment_passes(project: Project, cache: Path) -> None:
    """Whatever the machine does to the times, nothing is confirmed; in the graph runtime nodes and memory count too."""
    project.write(2, comment="# nothing but words\n")
    code, said, row = gate(project, cache, "net:make@onnxruntime,input=64")
    assert code == 0, said
    assert not row["confirmed"]
    for name in ("macs", "params", "graph_nodes", "peak_bytes"):
        assert row[f"first_{name}"] == row[f"second_{name}"] > 0, name


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken", ["def make():\n    raise RuntimeError('no layers')\n", "import nothing_of_that_name\n", "def make(:\n"]
)
def test_a_broken_head_could_not_be_measured(project: Project, cache: Path, broken: str) -> None:
    (project.folder / "net.py").write_text(broken)
    code, said, row = gate(project, cache, "net:make@onnxruntime,input=64")
    assert code == 3, said
    assert row["verdict"] == "UNMEASURED"
    assert row["reason"]
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_killed_run_goes_on_and_leaves_nothing(project: Project, cache: Path, tmp_path: Path) -> None:
    project.write(6)
    bench = BenchProcess(project.folder, cache)
    arguments = (
        "compare",
        "--base",
        "main",
        "--gate",
        "net:make@onnxruntime,input=64",
        *PAIRS,
        "--out",
        str(tmp_path / "run"),
    )
    process = bench.start(*arguments)
    wait_until(lambda: any(event["type"] == "pair" for event in events(tmp_path / "run")))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(project.worktrees()) == 1
    project.git("clone", "--quiet", str(project.folder), str(tmp_path / "clone"))
    shutil.copy(project.folder / "net.py", tmp_path / "clone/net.py")
    elsewhere = BenchProcess(tmp_path / "clone", cache).run("compare", "--resume", str(tmp_path / "run"))
    assert (elsewhere.returncode, elsewhere.stderr.count("\n")) == (2, 1), elsewhere.stderr
    assert "go on from that folder" in elsewhere.stderr
    done = bench.run("compare", "--resume", str(tmp_path / "run"), "--no-progress")
    assert done.returncode == 1, done.stderr
    assert sum(event["type"] == "pair" for event in events(tmp_path / "run")) == 8
    project.git("commit", "--quiet", "--all", "--message", "another head")
    moved = bench.run("compare", "--resume", str(tmp_path / "run"), "--no-progress")
    assert (moved.returncode, "start a new run" in moved.stderr) == (2, True)


@pytest.mark.slow
def test_a_self_test_tells_whether_a_slowdown_is_found(tmp_path: Path, cache: Path) -> None:
    bench = BenchProcess(tmp_path, cache)
    found = bench.run("compare", "--self-test", "slowdown:3", "conv@onnxruntime,size=16x16x16", *PAIRS, "--out", "run")
    assert found.returncode == 0, found.stderr
    assert "a slowdown of 3 times was planted; confirmed slower: 1 of 1 row" in " ".join(found.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--base", "v9", "net:make"), "expected a revision for --base, got 'v9'"),
        (("--gate", "net:make"), "name a revision with --base REF"),
        (("--base", "main"), "expected what to hold against itself"),
        (("--base", "main", "net:make", "net:make"), "expected each subject once"),
        (("--base", "main", "no:such"), "no"),
        (("--base", "main", "net:make@tflite"), "expected a runtime of"),
        (("--strict", "net:make", "net:make"), "expected --strict beside --gate"),
        (("--self-test", "noop", "--base", "main", "net:make"), "expected --self-test or --base, got both"),
        (("--self-test", "slowdown:1", "net:make"), "F over 1 and up to 10, got 'slowdown:1'"),
        (
            ("--self-test", "slowdown:1.02", "net:make"),
            "a slowdown beyond --margin 0.02, got 1.02; plant more",
        ),
        (("--self-test", "slowdown:1.1", "--margin", "20%", "net:make"), "got 1.1; plant more than 1.2"),
        (("--self-test", "slowdown:nan", "net:make"), "expected noop or slowdown:F"),
        (("--self-test", "slowdown:" + "9" * 400, "net:make"), "expected noop or slowdown:F"),
        (("--base", "main", "--python-a", "/bin/python3", "net:make"), "expected --base or --python-a and --python-b"),
    ],
)
def test_what_cannot_be_gated_is_one_line(
    arguments: tuple[str, ...],
    said: str,
    project: Project,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("BENCH_CACHE", str(cache))
    assert main(("compare", *arguments)) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1
    assert not (project.folder / "results").exists()


def test_outside_of_a_repository_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(("compare", "--base", "main", "net:make")) == 2
    assert "expected --base in a git repository" in capsys.readouterr().err


def test_the_plan_says_what_may_come_on_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(("compare", "--self-test", "noop", "conv,size=16x8x8", "--pairs", "6", "--dry-run")) == 0
    assert "6 pairs and up to 6 more of what comes out slower" in capsys.readouterr().out
