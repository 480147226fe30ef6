"""The script that signals a run again and again, on a small scale."""

from pathlib import Path

import pytest

from tests.script_by_name import script

SCRIPT = script("kill_and_resume")


@pytest.mark.slow
def test_a_run_that_is_signalled_four_times_is_complete_once_resumed(tmp_path: Path) -> None:
    outcome = SCRIPT.signal_and_resume(tmp_path, signals=4, seed=3, rounds=2, longest_s=4.0)
    assert outcome.clean, outcome
    assert outcome.planned == 4
    assert sum(count for _, count in outcome.sent) >= 2
