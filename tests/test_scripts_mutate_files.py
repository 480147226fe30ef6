"""The script that damages files, on a small scale."""

import random
from pathlib import Path

import pytest

from tests.script_by_name import script

SCRIPT = script("mutate_files")


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("journal", 60),
        ("devices", 600),
        pytest.param("onnx", 3, marks=pytest.mark.slow),
        pytest.param("factory", 4, marks=pytest.mark.slow),
    ],
)
def test_a_damaged_file_ends_as_it_is_meant_to(kind: str, number: int) -> None:
    counted, wrong = SCRIPT.tally(kind, number, seed=0)
    assert wrong == []
    assert counted.total() == number
    assert any(name.startswith(("refused", "failed", "skipped")) for name in counted), "the damage was felt"


def test_what_nobody_foresaw_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def unforeseen(folder: Path, generator: random.Random) -> str:
        raise KeyError(folder.name)

    monkeypatch.setitem(SCRIPT.KINDS, "journal", unforeseen)
    counted, (line,) = SCRIPT.tally("journal", 1, seed=7)
    assert counted == {"UNINTENDED": 1}
    assert line.startswith("journal 7:0 UNINTENDED: KeyError")
