"""The long runs of scripts/report_speed.py are runs."""

import importlib.util
from pathlib import Path

import pytest

from bench.journal import read_run
from reports.rows import rows

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("kind", ["ops", "settings", "models"])
def test_a_made_run_has_as_many_records_and_cells_as_asked_for(tmp_path: Path, kind: str) -> None:
    spec = importlib.util.spec_from_file_location("report_speed", ROOT / "scripts/report_speed.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.make_run(tmp_path, kind, 200)
    run = read_run(tmp_path)
    assert len(run.records) == 200
    table = rows(run)
    assert len(table) == 40
    assert {(row.status, row.rounds) for row in table} == {("done", 5)}
