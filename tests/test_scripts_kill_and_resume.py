"""The script that signals a run again and again, on a small scale."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import it by its path: scripts/ is no package."""
    spec = importlib.util.spec_from_file_location("kill_and_resume", ROOT / "scripts/kill_and_resume.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "path", list(sys.path))  # the script puts the checkout first
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_run_that_is_signalled_four_times_is_complete_once_resumed(script: ModuleType, tmp_path: Path) -> None:
    outcome = script.signal_and_resume(tmp_path, signals=4, seed=3, rounds=2, longest_s=4.0)
    assert outcome.clean, outcome
    assert outcome.planned == 4
    assert sum(count for _, count in outcome.sent) >= 2
