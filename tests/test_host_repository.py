"""What a revision stands for, in repositories of every kind that a user may be in."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.host.repository import find_repository
from bench.host.revisions import both_revisions
from tests.scratch_project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def clone(project: Project, folder: Path, *options: str) -> Project:
    """A clone, whose remote is the project."""
    project.git("clone", "--quiet", *options, f"file://{project.folder}", str(folder))
    made = Project.__new__(Project)
    made.folder = folder
    return made


def test_a_name_a_tag_and_a_commit_stand_for_commits(project: Project) -> None:
    project.git("tag", "v1")
    project.write(3)
    second = project.commit("second")
    found = find_repository(project.folder)
    for ref in ("v1", "HEAD~1", project.first[:9]):
        assert found.base(ref).commit == project.first
    assert found.base("main").commit == second
    assert found.base("v1").head == second


def test_what_the_working_tree_holds_is_counted(project: Project) -> None:
    (project.folder / "new.txt").write_text("x")
    project.write(5)
    base = find_repository(project.folder).base("HEAD")
    assert (base.changed, base.untracked) == (1, 1)


def test_a_state_is_that_of_what_is_measured(project: Project) -> None:
    """Not that of results that lie there; a helper that a network imports is part of it."""
    found = find_repository(project.folder)
    states = [found.base("HEAD").state]
    project.write(5)
    states.append(found.base("HEAD").state)
    (project.folder / "helper.py").write_text("x = 1")
    states.append(found.base("HEAD").state)
    (project.folder / "helper.py").write_text("x = 2")
    states.append(found.base("HEAD").state)
    assert len(set(states)) == len(states)
    (project.folder / "results").mkdir()
    (project.folder / "results/run.json").write_text("{}")
    assert found.base("HEAD").state == states[-1]


def test_a_gate_goes_on_with_the_tree_that_it_began_with(project: Project, tmp_path: Path) -> None:
    project.write(5)
    planned = find_repository(project.folder).base("HEAD")
    with both_revisions("", planned, project.folder, tmp_path, print) as found:
        assert found.base is not None
        assert found.base.commit == planned.commit
    (project.folder / "helper.py").write_text("x = 1")
    with (
        pytest.raises(UsageError, match="its files have changed since"),
        both_revisions("", planned, project.folder, tmp_path, print),
    ):
        pass


def test_a_folder_inside_is_seen_from_the_top(project: Project) -> None:
    inside = project.folder / "a b" / "c"
    inside.mkdir(parents=True)
    found = find_repository(inside)
    assert (found.top.resolve(), found.inside) == (project.folder.resolve(), Path("a b/c"))


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    found = find_repository(Project(tmp_path / "a\nb\u2028 c").folder)
    assert found.base("HEAD").commit == found.commit("HEAD") != ""


def test_a_folder_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    folder = Project(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))).folder
    with pytest.raises(UsageError, match="expected a folder that is there, its name in UTF-8"):
        find_repository(folder).base("HEAD")


def test_the_default_is_where_the_tree_left_the_remotes_branch(project: Project, tmp_path: Path) -> None:
    mine = clone(project, tmp_path / "mine")
    fork = mine.git("rev-parse", "HEAD")
    mine.write(3)
    mine.commit("mine")
    project.write(4)
    project.commit("theirs")
    mine.git("fetch", "--quiet")
    base = find_repository(mine.folder).base("")
    assert (base.commit, base.ref) == (fork, "merge base with origin/main")


def test_a_hook_does_not_lead_to_another_repository(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Project(tmp_path / "other", layers=7)
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    assert find_repository(project.folder).top.resolve() == project.folder.resolve()


def nowhere(project: Project, tmp_path: Path) -> Path:
    return tmp_path


def bare(project: Project, tmp_path: Path) -> Path:
    project.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    return tmp_path / "bare"


def empty(project: Project, tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "empty")], check=True)
    return tmp_path / "empty"


def shallow(project: Project, tmp_path: Path) -> Path:
    project.write(3)
    project.commit("second")
    return clone(project, tmp_path / "shallow", "--depth", "1").folder


def unchanged(project: Project, tmp_path: Path) -> Path:
    return clone(project, tmp_path / "same").folder


def usual(project: Project, tmp_path: Path) -> Path:
    return project.folder


@pytest.mark.parametrize(
    ("where", "ref", "said"),
    [
        (nowhere, "main", "expected --base in a git repository"),
        (bare, "main", "lies in a bare repository; clone it"),
        (empty, "main", "it has none; commit"),
        (usual, "v9", "got 'v9': there is none of that name; fetch it: git fetch origin 'v9'"),
        (usual, "--all", "got '--all': there is none"),
        (usual, "x\n\x1b[31m", r"got 'x\n\x1b[31m'"),
        (usual, "y" * 5000, "got 'yyy"),
        (usual, "HEAD:net.py", "there is none of that name"),
        (usual, "", "name a revision with --base REF"),
        (shallow, "HEAD~1", "this shallow clone does not hold it; fetch it: git fetch --depth 1"),
        (unchanged, "", "the working tree is that very commit; say what to compare with: --base HEAD~1"),
    ],
)
def test_what_cannot_be_compared_with_is_one_line(
    where: Callable[[Project, Path], Path], ref: str, said: str, project: Project, tmp_path: Path
) -> None:
    folder = where(project, tmp_path)
    with pytest.raises(UsageError) as caught:
        find_repository(folder).base(ref)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_without_git_it_says_so(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="git for --base, it is not installed"):
        find_repository(project.folder)
