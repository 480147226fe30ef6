"""Where a worker takes a user's own network from, as a process of its own sees it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.records.origin import Origin
from bench.wire.order import IMPORT_PATH, Order, Task, TaskKind
from bench.worker.project import NoProjectError
from tests.bench_process import ROOT
from tests.made_up import unit
from tests.scratch_python import scratch_python

_ENTER = """
import json, sys
from pathlib import Path
from bench.wire.decode import decode
from bench.wire.order import Task
from bench.worker.project import enter_project
enter_project(decode(Task, json.loads(sys.argv[1])))
import profile, sys
try:
    import nets
    found = nets.WHERE
except ImportError:
    found = ""
print(json.dumps({"nets": found, "profile": profile.__file__, "cwd": str(Path.cwd())}))
"""


def project(folder: Path, name: str = "nets.py") -> Path:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text(f"WHERE = {str(folder)!r}\n")
    return folder


def entered(task: Task, python: Path, head: Path) -> "subprocess.CompletedProcess[str]":
    """A worker that was started in the folder `head`, whose modules it could import."""
    told = json.dumps(task, default=vars)
    environment = {"PYTHONPATH": str(ROOT), IMPORT_PATH: os.pathsep.join([str(head), ""]), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [str(python), "-c", _ENTER, told], cwd=head, env=environment, capture_output=True, text=True, check=False
    )


def seen(task: Task, python: Path, head: Path) -> dict[str, Any]:
    ended = entered(task, python, head)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_a_project_comes_before_what_is_installed_and_after_the_standard_library(tmp_path: Path) -> None:
    python, head = scratch_python(tmp_path / "venv", packages=False), project(tmp_path / "head")
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (site / "nets.py").write_text("WHERE = 'an installed copy'\n")
    base = project(tmp_path / "base")
    (base / "profile.py").write_text("raise ImportError('nobody means this one')\n")
    found = seen(Task(kind="inspect", origin=Origin(folder=str(base))), python, head)
    assert (found["nets"], found["cwd"]) == (str(base), str(base))
    assert not found["profile"].startswith(str(base))


def test_a_src_folder_is_looked_into(tmp_path: Path) -> None:
    base = project(tmp_path / "base", "src/nets.py")
    found = seen(Task(kind="inspect", origin=Origin(folder=str(base))), Path(sys.executable), project(tmp_path / "h"))
    assert found["nets"] == str(base)


def test_what_a_project_lacks_is_not_taken_from_the_current_folder(tmp_path: Path) -> None:
    """A module that is new at head would else be measured against itself."""
    (tmp_path / "base").mkdir()
    head, python = project(tmp_path / "head"), Path(sys.executable)
    assert seen(Task(kind="inspect", origin=Origin(folder=str(tmp_path / "base"))), python, head)["nets"] == ""
    assert seen(Task(kind="inspect"), python, head)["nets"] == str(head)


def of(kind: TaskKind, runtime: str) -> Task:
    gone = replace(unit(runtime=runtime), origin=Origin(folder="/gone"))
    return Task(kind=kind, orders=(Order(unit=gone),))


def test_a_graph_is_measured_where_there_is_no_project(tmp_path: Path) -> None:
    """As on a board."""
    assert seen(of("measure", "onnxruntime"), Path(sys.executable), project(tmp_path / "head"))["nets"] == ""


def test_a_module_is_not_built_without_its_project(tmp_path: Path) -> None:
    for task in (of("measure", "eager"), of("pair", "eager"), of("export", "onnxruntime")):
        ended = entered(task, Path(sys.executable), project(tmp_path / task.kind))
        assert NoProjectError.__name__ in ended.stderr
        assert "expected the project's folder /gone on this device, got: No such file or directory" in ended.stderr
