"""What a resumed run reaches, and what a device's words become on the terminal."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.cli.devices import _print_found
from bench.cli.resume import device_names, left, take_limits
from bench.cli.session import _report
from bench.devices.check import Found
from bench.errors import DeviceError
from bench.host.enough import Enough
from bench.journal import Journal, read_run
from bench.records.run import DeviceState, Option
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


def test_the_limits_of_a_comparison_hold_for_the_rest_of_it() -> None:
    """Else a run that was to end at a narrow interval or in a given time would go on to its two hundredth pair."""
    options = (Option(name="until", value="0.02"), Option(name="budget", value="120.0"))
    begun = replace(plan(), command="compare", options=options, margin=0.03)
    limits = Enough()
    take_limits(limits, begun)
    assert (limits.until, limits.budget_s, limits.margin, limits.rows) == (0.02, 120.0, 0.03, None)
    other = Enough(budget_s=60.0)
    take_limits(other, begun)
    assert other.budget_s == 60.0
    rows = Enough()
    take_limits(rows, replace(plan(unit()), options=options[1:]))
    assert rows.budget_s is None
    assert rows.rows is not None
    assert rows.rows.left_s > 60


@pytest.mark.parametrize("value", ["nan", "-1", "0", "inf", "soon"])
def test_a_plan_whose_limit_is_none_is_refused(value: str) -> None:
    for name in ("until", "budget", "self_test"):
        with pytest.raises(ValueError, match=r"expected|could not"):
            replace(plan(), options=(Option(name=name, value=value),))


def test_a_devices_words_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Journal.create(tmp_path / "run", plan(unit())) as journal:
        journal.append(record(unit()))
    problems = [DeviceError(f"board: torch {HOSTILE}\nand more")]
    assert _report(tmp_path / "run", "csv", problems, lambda _: (), interrupted=False) == 4
    found = replace(environment(), governor=HOSTILE)
    _print_found("board", Found(environment=found, warnings=(f"the governor is {HOSTILE}",)))
    output, errors = capsys.readouterr()
    assert r"bench: board: torch 1.0\x1b]0;owned\x07\u202e and more" in errors.splitlines()
    assert r"warning: the governor is 1.0\x1b]0;owned\x07\u202e" in output.splitlines()
    assert not {"\x1b", "\x07", "\u202e"} & set(output + errors)
