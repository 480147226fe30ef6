"""The environment that a worker is started with, as a real process sees it."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.agent.start_workers import start_workers
from bench.agent.worker_process import WorkerProcess
from bench.system.allocator import ALLOCATORS
from bench.wire.order import Job, Order, Task
from tests.made_up import unit

# A worker's standard output is its log.
_TELL = "import json, os; print(json.dumps(dict(os.environ)))"


def seen(job: Job, cache: Path) -> list[dict[str, str]]:
    """The variables of each worker of that job."""
    return [_said(worker) for worker in start_workers(job, (0,), cache, (sys.executable, "-c", _TELL))]


def _said(worker: WorkerProcess) -> dict[str, str]:
    while worker.reap() is None:
        time.sleep(0.01)
    worker.read_log()
    worker.close_pipes()
    found: dict[str, str] = json.loads(worker.log_tail)
    return found


def test_a_worker_inherits_nothing_that_decides_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOMP_CPU_AFFINITY", "OMP_PROC_BIND", "ONEDNN_MAX_CPU_ISA", "MALLOC_ARENA_MAX", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "7")
    monkeypatch.setenv("TORCH_HOME", "/weights")
    (found,) = seen(Job(task=Task(kind="noise"), threads=3), tmp_path)
    assert not {"GOMP_CPU_AFFINITY", "OMP_PROC_BIND", "ONEDNN_MAX_CPU_ISA", "MALLOC_ARENA_MAX"} & found.keys()
    assert (found["OMP_NUM_THREADS"], found["TORCH_HOME"]) == ("3", "/weights")


def test_each_side_of_a_pair_has_its_own_allocator(tmp_path: Path) -> None:
    orders = tuple(Order(unit=replace(unit(), allocator=name)) for name in ("system", "retained"))
    plain, retained = seen(Job(task=Task(kind="pair", orders=orders), workers=2), tmp_path)
    variables = ALLOCATORS["retained"].variables
    assert not variables.keys() & plain.keys()
    assert {name: retained.get(name) for name in variables} == variables


def test_each_side_of_a_pair_has_its_own_threads_spin_or_not(tmp_path: Path) -> None:
    """A library of OpenMP reads it while it is loaded: set later, it does nothing."""
    orders = tuple(Order(unit=replace(unit(), switches=switches)) for switches in ((), ("spinning=off",)))
    usual, resting = seen(Job(task=Task(kind="pair", orders=orders), workers=2), tmp_path)
    assert (usual.get("OMP_WAIT_POLICY"), resting.get("OMP_WAIT_POLICY")) == (None, "passive")
