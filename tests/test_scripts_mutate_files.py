"""The script that damages files, on a small scale."""

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import it by its path: scripts/ is no package."""
    spec = importlib.util.spec_from_file_location("mutate_files", ROOT / "scripts/mutate_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "path", list(sys.path))  # the script puts the checkout first
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("journal", 60),
        ("devices", 600),
        pytest.param("onnx", 3, marks=pytest.mark.slow),
        pytest.param("factory", 4, marks=pytest.mark.slow),
    ],
)
def test_a_damaged_file_ends_as_it_is_meant_to(script: ModuleType, kind: str, number: int) -> None:
    counted, wrong = script.tally(kind, number, seed=0)
    assert wrong == []
    assert counted.total() == number
    assert any(name.startswith(("refused", "failed", "skipped")) for name in counted), "the damage was felt"


def test_what_nobody_foresaw_is_shown(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def unforeseen(folder: Path, generator: random.Random) -> str:
        raise KeyError(folder.name)

    monkeypatch.setitem(script.KINDS, "journal", unforeseen)
    counted, (line,) = script.tally("journal", 1, seed=7)
    assert counted == {"UNINTENDED": 1}
    assert line.startswith("journal 7:0 UNINTENDED: KeyError")
