"""What a table says that a budget ended: rounds, rows with too few, and nothing that was left out is lost."""

from dataclasses import replace

import pytest

from bench.records.run import Option, Run
from reports.budget import budget_lines, too_few
from reports.rows import rows
from tests.made_up_runs import done, models_run, net, printed

A, B = "fasternet_t0", "mobilenetv2"


def budgeted(medians: dict[str, list[float]]) -> Run:
    """Ten rounds planned, those of `medians` measured."""
    run = models_run([done(net(name, i), each) for name, values in medians.items() for i, each in enumerate(values)])
    units = tuple(net(name, number) for number in range(10) for name in medians)
    return replace(run, plan=replace(run.plan, units=units, options=(Option(name="budget", value="600.0"),)))


def test_what_the_budget_left_out_is_not_missing() -> None:
    run = budgeted({A: [1.0, 1.0, 1.0, 1.0], B: [1.0, 1.3, 0.8]})
    first, second = rows(run)
    assert (first.status, first.rounds, first.planned) == ("done", 4, 4)
    assert (second.status, second.rounds) == ("done", 3)
    assert budget_lines(run, (first, second)) == (
        "Stopped by the budget after 3 to 4 rounds a row: 1 of 2 rows are within ±2%.",
    )
    assert "Stopped by the budget" in printed(run)
    assert not too_few(run, (first, second))


def test_rows_with_too_few_rounds_are_named() -> None:
    run = budgeted({A: [1.0, 1.0, 1.0], B: [1.0]})
    assert budget_lines(run, rows(run))[1] == ("Fewer than 3 rounds: mobilenetv2 3x224x224 (1); --resume goes on.")
    missing = budgeted({A: [1.0, 1.0, 1.0], B: []})
    assert [(row.label, row.status) for row in too_few(missing, rows(missing))] == [(B, "lost")]
    alone = budgeted({A: [1.0] * 5, B: []})
    assert budget_lines(alone, rows(alone))[0].startswith("Stopped by the budget")


def test_where_all_is_narrow_the_time_was_enough() -> None:
    run = budgeted({A: [1.0] * 6, B: [2.0] * 5})
    (line,) = budget_lines(run, rows(run))
    assert line == "Every row is within ±2% after 5 to 6 rounds: the rest of the budget was not needed."


@pytest.mark.parametrize("value", ["nan", "-1", "ten", "1e400"])
def test_a_damaged_budget_is_refused(value: str) -> None:
    plan = budgeted({A: [1.0]}).plan
    with pytest.raises(ValueError, match=r"expected (a budget in seconds|budget over 0)|could not convert"):
        replace(plan, options=(Option(name="budget", value=value),))


def test_a_run_without_a_budget_says_nothing_of_it() -> None:
    run = models_run([done(net(A), 1.0)])
    assert run.plan.budget_s is None
    assert (budget_lines(run, rows(run)), too_few(run, rows(run))) == ((), ())
