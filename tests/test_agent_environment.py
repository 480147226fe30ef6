"""What a device is: found without torch, compared by what decides a number alone."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench.agent.environment import probe
from bench.records.environment import Environment, RuntimeVersion, difference, fingerprint
from bench.system.inherited import inherited
from bench.system.packages import installed
from tests.made_up import environment


def fingerprinted(found: Environment) -> Environment:
    mark = fingerprint(
        found.machine, found.cpu_model, found.kernel, found.runtimes, found.accelerators, found.cpu_quota
    )
    return replace(found, fingerprint=mark)


BASE = fingerprinted(environment())


def test_this_machine_is_found(tmp_path: Path) -> None:
    found = probe(tmp_path / "not" / "there" / "yet", ("numpy", "torch"))
    assert found.logical_cpus >= len(found.allowed_cpus) >= 1
    assert found.physical_cores >= 1
    assert found.memory_bytes > 1 << 20
    assert found.free_disk_bytes
    assert found.runtime("torch") is not None
    assert found.runtime("no such thing") is None
    assert found.cleared_variables == inherited(os.environ)
    assert fingerprinted(found) == found


@pytest.mark.parametrize(
    "change",
    [
        {"temperature_c": 80.0},
        {"free_disk_bytes": 1},
        {"throttle_flags": 5},
        {"governor": "powersave"},
        {"clock_skew_s": 3.0},
        {"allowed_cpus": (1,)},
    ],
)
def test_what_changes_by_itself_makes_no_other_device(change: dict[str, object]) -> None:
    changed = fingerprinted(replace(BASE, **change))  # type: ignore[arg-type]
    assert changed.fingerprint == BASE.fingerprint
    assert difference(BASE, changed) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cpu_model": "Other CPU"}, "cpu model was 'Test CPU', is 'Other CPU'"),
        ({"kernel": "6.2"}, "kernel was '6.1', is '6.2'"),
        ({"machine": "aarch64"}, "machine was 'x86_64', is 'aarch64'"),
        ({"cpu_quota": 0.5}, "cpu quota was none, is 0.5"),
        ({"accelerators": ("cuda:0 X",)}, "accelerators was none, is ('cuda:0 X',)"),
        (
            {"runtimes": (RuntimeVersion(name="torch", version="2.0"),)},
            "onnxruntime was 1.0, is not installed; torch was 1.0, is 2.0",
        ),
    ],
)
def test_what_decides_a_number_is_named(change: dict[str, object], words: str) -> None:
    changed = fingerprinted(replace(BASE, **change))  # type: ignore[arg-type]
    assert difference(BASE, changed) == words


def test_the_build_of_torch_is_read_without_importing_it() -> None:
    found = installed("torch")
    assert found is not None
    assert found.note == "CPU build" or found.note.startswith("CUDA ")
    assert installed("surely-not-installed") is None
