"""A base is checked out beside the user's tree, which stays as it is, and is gone afterwards whatever happens."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.host.checkout import checked_out, missing_parts
from bench.host.repository import Repository, find_repository
from tests.bench_process import ROOT
from tests.scratch_project import Project

HOLD = """\
import sys, time
from pathlib import Path
from bench.cli.interrupts import as_ctrl_c
from bench.host.checkout import checked_out
from bench.host.repository import find_repository
repository = find_repository(Path.cwd())
with as_ctrl_c(), checked_out(repository, repository.commit("HEAD"), Path(sys.argv[1])) as tree:
    print(tree, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.write(9)  # not committed
    (made.folder / "untracked.txt").write_text("x")
    return made


def repository(project: Project) -> Repository:
    return find_repository(project.folder)


@contextmanager
def holder(project: Project, cache: Path) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Another process that has the base checked out."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(cache)],
        cwd=project.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def left_by_a_killed_run(project: Project, cache: Path) -> Path:
    with holder(project, cache) as (process, tree):
        os.kill(process.pid, signal.SIGKILL)
    assert (tree / "net.py").exists()
    return tree


def test_the_users_tree_is_untouched_and_the_checkout_gone(project: Project, tmp_path: Path) -> None:
    before = project.state()
    hook = project.folder / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)
    with checked_out(repository(project), project.first, tmp_path / "cache") as tree:
        assert "range(2)" in (tree / "net.py").read_text()
        assert not (tree / "untracked.txt").exists()
        assert tree.is_relative_to(tmp_path / "cache")
        again = tree
    assert not tree.exists()
    assert project.state() == before
    assert project.worktrees() == []
    assert not (tmp_path / "hooked").exists()
    with checked_out(repository(project), project.first, tmp_path / "cache") as tree:
        assert tree == again  # a run that goes on finds it where its plan says


def test_an_error_removes_it_too(project: Project, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), checked_out(repository(project), project.first, tmp_path) as tree:
        raise KeyboardInterrupt
    assert not tree.exists()
    assert project.worktrees() == []


def test_a_run_that_is_ended_removes_it(project: Project, tmp_path: Path) -> None:
    with holder(project, tmp_path) as (process, tree):
        assert tree.exists()
        process.terminate()
        process.wait(timeout=60)
    assert not tree.exists()
    assert project.worktrees() == []


def test_what_a_killed_run_left_is_removed_by_the_next(project: Project, tmp_path: Path) -> None:
    """Also where the next one is of another revision."""
    left = left_by_a_killed_run(project, tmp_path)
    second = project.commit("second")
    with checked_out(repository(project), second, tmp_path) as tree:
        assert not left.exists()
        assert len(project.worktrees()) == 1
        assert tree != left
    assert list((tmp_path / "revisions").iterdir()) == []


def test_one_whose_lock_or_folder_is_gone_is_made_anew(project: Project, tmp_path: Path) -> None:
    left = left_by_a_killed_run(project, tmp_path)
    left.with_name(f"{left.name}.lock").unlink()
    with checked_out(repository(project), project.first, tmp_path) as tree:
        assert (tree / "net.py").exists()
    left = left_by_a_killed_run(project, tmp_path)
    shutil.rmtree(tmp_path / "revisions")  # as `bench devices clean cpu` does
    with checked_out(repository(project), project.first, tmp_path) as tree:
        assert (tree / "net.py").exists()
    assert project.worktrees() == []


def test_one_that_still_runs_is_left_alone(project: Project, tmp_path: Path) -> None:
    with holder(project, tmp_path) as (_, tree):
        same = checked_out(repository(project), project.first, tmp_path)
        with pytest.raises(UsageError, match="another run has it"), same:
            pass
        second = project.commit("second")
        with checked_out(repository(project), second, tmp_path):
            assert (tree / "net.py").exists()


def test_what_was_left_of_a_repository_that_is_gone_is_removed(project: Project, tmp_path: Path) -> None:
    left = left_by_a_killed_run(project, tmp_path)
    project.folder.rename(tmp_path / "moved")
    other = Project(tmp_path / "other")
    with checked_out(repository(other), other.first, tmp_path):
        assert not left.exists()


def test_what_a_checkout_lacks_is_named(project: Project, tmp_path: Path) -> None:
    part = Project(tmp_path / "part")
    project.git("submodule", "--quiet", "add", f"file://{part.folder}", "third party/part")
    (project.folder / ".gitattributes").write_text("*.onnx filter=lfs\n")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"
    for number in range(5):
        (project.folder / f"{number}.onnx").write_text(pointer)
    (project.folder / "real.onnx").write_bytes(b"\x08\x07")
    commit = project.commit("parts")
    with checked_out(repository(project), commit, tmp_path) as tree:
        assert missing_parts(repository(project), tree) == (
            "the base has no files of its submodules: third party/part",
            "the base has pointers for files of Git LFS: 0.onnx, 1.onnx, 2.onnx and 2 more; "
            "install git-lfs, and fetch them",
        )
    with checked_out(repository(project), project.first, tmp_path) as tree:
        assert missing_parts(repository(project), tree) == ()


def test_what_git_cannot_make_is_one_line(project: Project, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught, checked_out(repository(project), "0" * 40, tmp_path):
        pass
    assert "expected to check 000000000000 out into" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "revisions").iterdir()) == []
