"""What a resumed run reaches, and what a device's words become on the terminal."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.cli.devices import _print_found
from bench.cli.resume import device_names, left
from bench.cli.session import _report
from bench.devices.check import Found
from bench.errors import DeviceError
from bench.journal import Journal, read_run
from bench.records.run import DeviceState
from tests.made_up import environment, plan, record, unit

HOSTILE = "1.0\x1b]0;owned\x07\u202e"


def test_a_run_that_goes_on_asks_only_the_devices_with_work_left(tmp_path: Path) -> None:
    here, there = unit(), unit(device="board")
    both = replace(plan(here, there), devices=(DeviceState(name="cpu"), DeviceState(name="board")))

    def asked(*, retry_failed: bool = False) -> list[str]:
        return device_names(both, *left(both, read_run(tmp_path / "run"), retry_failed))

    with Journal.create(tmp_path / "run", both) as journal:
        assert asked() == ["cpu", "board"]
        journal.append(record(there, status="failed", kind="timeout", reason="too slow"))
        assert asked() == ["cpu"]
        assert asked(retry_failed=True) == ["cpu", "board"]
        journal.append(record(here))
        assert asked() == []


def test_a_devices_words_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Journal.create(tmp_path / "run", plan(unit())) as journal:
        journal.append(record(unit()))
    assert _report(tmp_path / "run", "csv", [DeviceError(f"board: torch {HOSTILE}\nand more")], interrupted=False) == 4
    found = replace(environment(), governor=HOSTILE)
    _print_found("board", Found(environment=found, warnings=(f"the governor is {HOSTILE}",)))
    output, errors = capsys.readouterr()
    assert r"bench: board: torch 1.0\x1b]0;owned\x07\u202e and more" in errors.splitlines()
    assert r"warning: the governor is 1.0\x1b]0;owned\x07\u202e" in output.splitlines()
    assert not {"\x1b", "\x07", "\u202e"} & set(output + errors)
