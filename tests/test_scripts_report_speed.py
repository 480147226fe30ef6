"""The long runs of scripts/report_speed.py are runs."""

from pathlib import Path

import pytest

from bench.journal import read_run
from reports.rows import rows
from tests.script_by_name import script


@pytest.mark.parametrize("kind", ["ops", "settings", "models"])
def test_a_made_run_has_as_many_records_and_cells_as_asked_for(tmp_path: Path, kind: str) -> None:
    script("report_speed").make_run(tmp_path, kind, 200)
    run = read_run(tmp_path)
    assert len(run.records) == 200
    table = rows(run)
    assert len(table) == 40
    assert {(row.status, row.rounds) for row in table} == {("done", 5)}
