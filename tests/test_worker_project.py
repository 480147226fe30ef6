"""A network comes from the folder that was meant, or not at all: the same name may stand for another revision."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench_process import ROOT

PROGRAM = """\
import importlib, sys
from bench.records.origin import Origin
from bench.wire.order import Task
from bench.worker.project import enter_project, expect_from
enter_project(Task(kind="inspect", origin=Origin(folder=sys.argv[1])))
name = sys.argv[2]
module = importlib.import_module(name)
expect_from(sys.argv[1], f"{name}:make")
print(module.__file__)
"""


def imported(folder: Path, *paths: Path, name: str = "net", editable: Path | None = None) -> str:
    """Where a worker finds the module, or the last line of what it said; `editable` stands at the end of its path."""
    program = PROGRAM if editable is None else f"import sys; sys.path.append({str(editable)!r})\n{PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), name],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, *paths))), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """A base and a head that both hold net.py, and the head new.py as well."""
    folders = tmp_path / "base", tmp_path / "head"
    for folder in folders:
        folder.mkdir()
        (folder / "net.py").write_text("")
    (folders[1] / "new.py").write_text("")
    return folders


def test_the_folder_comes_before_what_pythonpath_names(sides: tuple[Path, Path]) -> None:
    base, head = sides
    assert imported(base, head) == str(base / "net.py")
    (head / "helper.py").write_text("")
    (base / "net.py").write_text("import helper\n")
    assert imported(base, head) == str(base / "net.py")  # what is there alone is still found


def test_sources_in_src_are_found(sides: tuple[Path, Path]) -> None:
    base, _ = sides
    (base / "src").mkdir()
    (base / "net.py").rename(base / "src/net.py")
    assert imported(base) == str(base / "src/net.py")


def test_what_another_revision_holds_is_refused(sides: tuple[Path, Path]) -> None:
    base, head = sides
    for said in (imported(base, head, name="new"), imported(base, name="new", editable=head)):
        assert said.startswith(f"ValueError: expected new:make from {base}, it is imported from {head}/new.py")


def test_what_is_installed_is_the_same_for_both(sides: tuple[Path, Path]) -> None:
    assert "site-packages" in imported(sides[0], name="numpy")
