"""What a comparison says, worked by hand, and how it is written."""

import csv
import io
import json
import math
import random
from dataclasses import replace

import pytest
from rich.console import Console

from bench.records.answer import MARGIN, answer
from bench.records.pair import PairRecord
from bench.records.run import Option, Run
from bench.statistics import Interval
from reports.comparisons import comparisons, needed_pairs
from reports.formats import formats_of
from reports.results import Results
from tests.made_up_runs import models_run, paired


def run_of(ratios: list[float], done: int | None = None) -> Run:
    """`bench compare` of two networks: speed of the first over the second's, so time of the second over the first's."""
    records = paired("fasternet_t0", "mobilevit_xxs", ratios)
    run = models_run([], records)
    return replace(run, plan=replace(run.plan, command="compare"), pair_records=tuple(records[:done]))


def on_a_terminal(results: Results) -> str:
    file = io.StringIO()
    Console(width=100, file=file).print(formats_of("compare")["table"].shown(results))
    return file.getvalue()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.06, 1.2, "SLOWER"),
        (1.04, 1.2, "UNCLEAR"),
        (0.97, 1.04, "SAME"),
        (0.94, 1.0, "UNCLEAR"),  # 1 / 1.05 is 0.952
        (0.8, 0.95, "FASTER"),
        (0.5, 2.0, "UNCLEAR"),
    ],
)
def test_an_answer_is_where_the_whole_interval_lies(low: float, high: float, expected: str) -> None:
    assert answer(Interval(centre=math.sqrt(low * high), low=low, high=high)) == expected


def test_a_comparison_by_hand() -> None:
    (made,) = comparisons(run_of([1.30, 1.32, 1.28, 1.30]))
    assert made.ratio is not None
    assert made.ratio.centre == pytest.approx(1.2999, abs=1e-4)
    assert (made.answer, made.pairs, made.planned, made.needed, made.reason) == ("SLOWER", 4, 4, None, "")
    # The logarithms spread by 0.01256: t(0.975, 3) = 3.182, over 2 that is 2.0 %.
    assert made.smallest == pytest.approx(0.0202, abs=2e-4)


def test_fewer_than_four_pairs_are_no_measurement() -> None:
    (made,) = comparisons(run_of([1.3] * 6, done=3))
    assert (made.answer, made.pairs, made.planned) == ("UNMEASURED", 3, 6)
    assert made.reason == "3 of 4 pairs that an interval needs"
    (nothing,) = comparisons(run_of([1.3] * 4, done=0))
    assert (nothing.answer, nothing.ratio, nothing.reason) == ("UNMEASURED", None, "no pair was measured")


def test_what_a_budget_left_no_time_for_says_so() -> None:
    run = run_of([1.3] * 6, done=0)
    budget = replace(run.plan, options=(Option(name="budget", value="30.0"),))
    (made,) = comparisons(replace(run, plan=budget))
    assert made.reason == "no pair was measured in the time of --budget; give more, or --resume goes on"


def test_pairs_that_failed_say_why() -> None:
    run = run_of([1.3] * 4)
    failed = PairRecord(pair=run.plan.pairs[0], attempt=1, status="failed", reason_kind="crash", reason="crashed twice")
    (made,) = comparisons(replace(run, pair_records=(failed,)))
    assert (made.answer, made.reason) == ("UNMEASURED", "crashed twice")


def test_what_is_unclear_says_how_many_pairs_would_decide() -> None:
    (made,) = comparisons(run_of([1.02, 1.12, 1.08, 1.14]))
    assert made.answer == "UNCLEAR"
    assert made.needed is not None
    # Centre 1.089, 3.6 % from the margin, and a spread of 4.8 %: t * s / sqrt(n) falls below it at ten pairs.
    assert made.needed == 6
    edge = math.log(1.05)
    on_it = [edge - 0.01, edge + 0.01, edge - 0.01, edge + 0.01]
    assert needed_pairs(on_it, MARGIN) is None  # nothing decides there


def test_the_margin_of_a_run_decides_which_change_counts_and_every_form_names_it() -> None:
    run = run_of([1.035, 1.037, 1.036, 1.036])
    narrow = replace(run, plan=replace(run.plan, margin=0.02))
    assert [comparisons(each)[0].answer for each in (run, narrow)] == ["SAME", "SLOWER"]
    assert "wholly beyond 2%" in on_a_terminal(Results(run=narrow))
    assert "wholly beyond 5%" in formats_of("compare")["markdown"].text(Results(run=run))
    with pytest.raises(ValueError, match="margin"):
        replace(run.plan, margin=0.0)


def test_the_answer_is_rarely_wrong_where_nothing_changed() -> None:
    """Two thousand A/A comparisons of eight pairs whose processes differ by 3 %: none slower or faster beyond 5 %."""
    generator = random.Random(1)
    wrong = 0
    for _ in range(2000):
        logs = [generator.gauss(0.0, 0.03 * math.sqrt(2)) for _ in range(8)]
        half = 2.365 * math.sqrt(sum((x - sum(logs) / 8) ** 2 for x in logs) / 7 / 8)
        centre = sum(logs) / 8
        found = answer(Interval(centre=math.exp(centre), low=math.exp(centre - half), high=math.exp(centre + half)))
        wrong += found in ("SLOWER", "FASTER")
    assert wrong <= 10  # half a percent; beyond the margin it is far rarer than the interval's 5 %


def test_every_form_holds_the_answer_and_says_what_differs() -> None:
    run = run_of([1.30, 1.32, 1.28, 1.30])
    results = Results(run=run)
    own = formats_of("compare")
    (line,) = csv.DictReader(io.StringIO(own["csv"].text(results)))
    assert (line["answer"], line["first_name"], line["second_name"]) == ("SLOWER", "fasternet_t0", "mobilevit_xxs")
    assert float(line["ratio_low"]) < float(line["ratio"]) < float(line["ratio_high"])
    (item,) = json.loads(own["json"].text(results))
    assert item["pairs"] == 4
    assert item["pairs_needed"] is None
    assert "| SLOWER | 4 of 4 | 2.0% |" in own["markdown"].text(results)
    shown = on_a_terminal(results)
    assert "SLOWER" in shown
    assert "fasternet_t0 3x224x224 eager" in shown


def test_nothing_that_a_device_says_is_markup() -> None:
    run = run_of([1.3] * 4)
    bad = PairRecord(
        pair=run.plan.pairs[0], attempt=1, status="failed", reason_kind="error", reason="|x\x1b[31m [red]y[/red]"
    )
    results = Results(run=replace(run, pair_records=(bad,)))
    assert "\x1b" not in formats_of("compare")["markdown"].text(results)
    assert "\x1b" not in on_a_terminal(results)
