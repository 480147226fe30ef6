"""examples/ci/comment.yml: what it does with an artifact that a stranger's code made."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from reports.ci.page import MARKER
from tests.fake_gh import comments, fake_gh

ROOT = Path(__file__).resolve().parents[1]
PULLS = (
    {"number": 4, "head": {"sha": "bb"}},
    {"number": 5, "head": {"sha": "aa"}},
)


@pytest.fixture
def gh(tmp_path: Path) -> Path:
    (tmp_path / "speed-comment").mkdir()
    (tmp_path / "speed-comment" / "changed").write_text("true")
    return fake_gh(tmp_path / "gh", PULLS)


def run(tmp_path: Path, gh: Path, sha: str = "aa") -> "subprocess.CompletedProcess[str]":
    document = yaml.safe_load((ROOT / "examples/ci/comment.yml").read_text("utf-8"))
    (script,) = (step["run"] for step in document["jobs"]["comment"]["steps"] if "run" in step)
    environment = {
        "PATH": f"{gh}:{os.environ['PATH']}",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_REPOSITORY": "someone/something",
        "HEAD_SHA": sha,
        "RUN_URL": "https://github.com/someone/something/actions/runs/7",
    }
    return subprocess.run(["bash", "-e", "-c", script], env=environment, capture_output=True, text=True, check=False)


def test_the_pull_request_is_the_one_whose_head_was_measured_and_nobody_is_mentioned(tmp_path: Path, gh: Path) -> None:
    (tmp_path / "speed-comment" / "comment.md").write_text(f"{MARKER}\n**Slower** @everyone #4\n")
    for _ in range(2):  # the second brings the first up to date
        assert run(tmp_path, gh).returncode == 0
    (body,) = comments(gh)
    assert body.startswith(f"{MARKER}\n[Measured](https://github.com/someone/something/actions/runs/7) by the code of")
    assert body.endswith("**Slower** _everyone #4\n")


def test_where_nothing_changed_an_older_comment_alone_is_brought_up_to_date(tmp_path: Path, gh: Path) -> None:
    (tmp_path / "speed-comment" / "comment.md").write_text("**The gate fails**\n")
    changed = tmp_path / "speed-comment" / "changed"
    changed.write_text("false")
    assert run(tmp_path, gh).returncode == 0
    assert comments(gh) == []
    changed.write_text("true")
    assert run(tmp_path, gh).returncode == 0
    (tmp_path / "speed-comment" / "comment.md").write_text("**The gate passes**\n")
    changed.write_text("false")
    assert run(tmp_path, gh).returncode == 0
    (body,) = comments(gh)
    assert body.endswith("\n**The gate passes**\n")


def test_a_pull_request_that_has_moved_on_gets_no_comment(tmp_path: Path, gh: Path) -> None:
    (tmp_path / "speed-comment" / "comment.md").write_text("old")
    done = run(tmp_path, gh, sha="cc")
    assert (done.returncode, done.stdout) == (0, "no open pull request is at cc any more\n")
    assert comments(gh) == []


def test_a_flood_is_cut_below_what_github_takes(tmp_path: Path, gh: Path) -> None:
    (tmp_path / "speed-comment" / "comment.md").write_text("x" * 10_000_000)
    assert run(tmp_path, gh).returncode == 0
    (body,) = comments(gh)
    assert len(body) < 65_536


def test_a_link_to_another_file_is_refused(tmp_path: Path, gh: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "speed-comment" / "comment.md").symlink_to(tmp_path / "secret")
    assert run(tmp_path, gh).returncode == 1
    assert comments(gh) == []
