"""Tables in a terminal that is narrower than they are."""

from pathlib import Path

import pytest

from bench.cli.main import main

MODELS = Path(__file__).resolve().parents[1] / "docs/results/models-cpu"


def test_forty_columns_cut_no_number_and_lose_no_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal breaks the lines, which are those of eighty columns."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    shown = {}
    for columns in ("40", "80"):
        monkeypatch.setenv("COLUMNS", columns)
        assert main(["best", str(MODELS), "latency<=20ms top1>=75%"]) == 0
        shown[columns] = capsys.readouterr().out
    assert shown["40"] == shown["80"]
    assert "ghostnet_x1_3" in shown["40"]
    assert "6.29" in shown["40"]
