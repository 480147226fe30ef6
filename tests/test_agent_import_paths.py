"""What a worker of another origin imports, as real processes see it: our code, its own packages, and nobody else's."""

import json
import os
import sys
import sysconfig
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.agent.import_paths import import_variables
from bench.agent.start_workers import NotStartedError, start_workers
from bench.records.origin import Origin
from bench.wire.order import IMPORT_PATH, Job, Order, Task
from tests.made_up import unit
from tests.scratch_python import scratch_python, script

_TELL = """
import importlib.util, json, os, sys
found = {name: bool(importlib.util.find_spec(name)) for name in ("bench", "models", "numpy", "stray")}
print(json.dumps({"prefix": sys.prefix, "found": found, **os.environ}))
"""


def told(*origins: Origin, cache: Path) -> list[dict[str, Any]]:
    """What the worker of each side says."""
    orders = tuple(Order(unit=replace(unit(), origin=origin)) for origin in origins)
    job = Job(task=Task(kind="pair", orders=orders), workers=2)
    found = []
    for worker in start_workers(job, (0,), cache, (sys.executable, "-c", _TELL)):
        while worker.reap() is None:
            time.sleep(0.01)
        worker.read_log()
        worker.close_pipes()
        found.append(json.loads(worker.log_tail))
    return found


def test_each_side_of_a_pair_has_its_own_python_and_no_others_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where our code is installed among this Python's packages."""
    installed = tmp_path / "site-packages"
    installed.mkdir()
    (installed / "stray.py").touch()
    for name in ("bench", "models", "operators"):
        (installed / name).symlink_to(Path(__file__).resolve().parents[1] / name)
    monkeypatch.setattr("bench.agent.import_paths._code_path", lambda: str(installed))
    monkeypatch.setenv("PYTHONPATH", f"{installed}")
    project, packages = str(tmp_path / "project"), sysconfig.get_path("purelib")
    monkeypatch.setenv(IMPORT_PATH, os.pathsep.join([project, packages, *filter(None, sys.path)]))
    python = scratch_python(tmp_path / "venv", packages=False)
    usual, other = told(Origin(), Origin(python=str(python)), cache=tmp_path / "cache")
    assert usual["found"] == {"bench": True, "models": True, "numpy": True, "stray": True}
    assert other["found"] == {"bench": True, "models": True, "numpy": False, "stray": False}
    assert (usual["prefix"], other["prefix"]) == (sys.prefix, str(tmp_path / "venv"))
    assert packages in usual[IMPORT_PATH].split(os.pathsep)
    elsewhere = other[IMPORT_PATH].split(os.pathsep)
    assert project in elsewhere
    assert not [folder for folder in elsewhere if "-packages" in folder or folder.endswith(("lib-dynload", ".zip"))]


def test_another_python_finds_its_own_standard_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = scratch_python(tmp_path / "venv", packages=False)
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    _, other = told(Origin(python=str(python)), Origin(python=str(python)), cache=tmp_path / "cache")
    assert "PYTHONHOME" not in other


def test_two_checkouts_with_one_cache_have_each_their_own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first run's workers import stays what it was when a second one begins from elsewhere."""
    found = []
    for name in ("one", "other", "one"):
        code = tmp_path / name
        (code / "bench").mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr("bench.agent.import_paths._code_path", lambda code=code: str(code))
        ours = import_variables(Origin(folder="/x"), tmp_path / "cache")["PYTHONPATH"].split(os.pathsep)[0]
        found.append((Path(ours), code))
    assert len({ours for ours, _ in found}) == 2
    assert all((ours / "bench").resolve() == code / "bench" for ours, code in found)


@pytest.mark.parametrize("side", [0, 1])
def test_a_side_that_cannot_start_ends_the_other(tmp_path: Path, side: int) -> None:
    bad = {"no file": tmp_path / "none", "a folder": tmp_path, "no program": script(tmp_path / "x", "hello")}
    bad["not executable"] = script(tmp_path / "y", "#!/bin/sh\n", mode=0o644)
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    for path in bad.values():
        origins = [Origin(), Origin()]
        origins[side] = Origin(python=str(path))
        with pytest.raises(NotStartedError, match=f"^{path}: "):
            told(*origins, cache=tmp_path / "cache")
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before
