"""What the gate lets through, worked by hand."""

import math
import random
from dataclasses import replace

import pytest

from bench.records.answer import GATE_MARGIN, answer
from bench.records.counts import Counts
from bench.records.pair import Pair, PairRecord
from bench.statistics import holm, holm_adjusted, log_mean_interval, t_tail
from reports.comparisons import Comparison, comparisons
from reports.gate import Exact, Gated, did_right, gated, outcome, p_value
from tests.made_up_gates import SAME, SLOW, gate_of, records, run_of
from tests.made_up_runs import net


def row(
    first: list[float], second: list[float] | None = None, name: str = "mobilevit_xxs", done: int | None = None
) -> Gated:
    return gated(run_of(*records(first, second, name), done=done))[0]


@pytest.mark.parametrize(
    ("first", "second", "label", "confirmed"),
    [
        (SLOW, SLOW, "SLOWER", True),
        (SLOW, SAME, "SAME", False),
        (SLOW, [1.02, 1.12, 1.08, 1.14], "UNCLEAR", False),
        (SLOW, [0.7, 0.71, 0.69, 0.7], "UNCLEAR", False),  # both ways at once is no answer
        (SLOW, [1.3, 1.3, 1.3], "UNMEASURED", False),
        (SLOW, None, "SLOWER", False),  # no second measurement was planned: information, nothing is confirmed
        (SAME, SLOW, "SAME", False),  # nor is one looked at that nothing called for
        ([0.7, 0.71, 0.69, 0.7], None, "FASTER", False),
    ],
)
def test_only_what_is_slower_twice_is_confirmed(
    first: list[float], second: list[float] | None, label: str, confirmed: bool
) -> None:
    made = row(first, second)
    assert (made.label, made.confirmed) == (label, confirmed)
    assert made.comparison.pairs == 4


def test_a_second_measurement_that_was_not_done_is_none() -> None:
    made = row(SLOW, SLOW, done=4)
    assert (made.label, made.confirmed) == ("UNMEASURED", False)
    assert outcome([made], strict=False) == "unmeasured"


def test_p_values_by_hand() -> None:
    """Logs of 1.30, 1.32, 1.28, 1.30: mean 0.26228, standard error 0.00628; ln 1.05 lies 34 of those below."""
    (made,) = comparisons(run_of(*records(SLOW)))
    assert p_value(made) == pytest.approx(2.8e-5, rel=0.05)  # P(T > 33.99), 3 degrees of freedom
    assert t_tail(3.182446, 3) == pytest.approx(0.025, abs=1e-6)
    assert t_tail(-3.182446, 3) == pytest.approx(0.975, abs=1e-6)
    assert t_tail(0, 9) == 0.5
    (equal,) = comparisons(run_of(*records([1.3] * 4)))
    assert p_value(equal) < 1e-6
    assert p_value(replace(made, ratio=None)) == 1.0


def test_p_and_interval_agree() -> None:
    """A row is SLOWER exactly where p is below 2.5 %: the interval is two-sided at 95 %."""
    for ratio in (1.05, 1.06, 1.07, 1.08, 1.1):
        (made,) = comparisons(run_of(*records([ratio * math.exp(each) for each in (-0.02, 0.02, -0.02, 0.02)])))
        assert (made.answer == "SLOWER") == (p_value(made) < 0.025), ratio


def test_holm_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.03 against 5 %/3 = 0.0167, 5 %/2 = 0.025 and 5 %.
    assert holm([0.02, 0.03, 0.01]) == (True, True, True)
    assert holm([0.02, 0.03, 0.017]) == (False, False, False)  # the smallest fails, and so do all
    assert holm([0.001, 0.03, 0.04]) == (True, False, False)
    assert holm([]) == ()


def test_the_p_that_holm_leaves_by_hand() -> None:
    # Of four tested, 4 x 0.01 and then 3 x 0.02; a third that is no larger than the second leaves no smaller one.
    assert holm_adjusted([0.02, 0.01, 0.021], 4) == pytest.approx((0.06, 0.04, 0.06))
    assert holm_adjusted([0.5, 0.9], 2) == (1.0, 1.0)


def test_many_doubtful_rows_ask_for_more_from_each() -> None:
    """Alone this second measurement confirms (p = 1.8 %); beside three that confirm nothing it would need 1.25 %."""
    edge = [1.0729, 1.1167, 1.0729, 1.1167]
    assert row(SLOW, edge).confirmed
    names = ("mobilevit_xxs", "mobilevit_xs", "mobilevit_s", "edgenext_xxs")
    many = [each for name in names for each in records(SLOW, edge if name == names[0] else SAME, name)]
    assert [each.confirmed for each in gated(run_of(*many))] == [False] * 4


@pytest.mark.parametrize(
    ("first", "second", "grew", "differs"),
    [(10, 11, True, True), (10, 10, False, False), (11, 10, False, True), (None, 10, False, False)],
)
def test_a_count_must_not_grow(first: int | None, second: int | None, grew: bool, differs: bool) -> None:
    exact = Exact(name="macs", first=first, second=second)
    assert (exact.grew, exact.differs) == (grew, differs)


def test_a_count_that_grew_fails_like_a_slowdown() -> None:
    less, more = Counts(macs=100, params=10, graph_nodes=7), Counts(macs=100, params=11, graph_nodes=6)
    (made,) = gated(gate_of(*(replace(each, counts=(less, more)) for each in records(SAME))))
    assert [(each.name, each.first, each.second) for each in made.exact] == [
        ("macs", 100, 100),
        ("params", 10, 11),
        ("graph_nodes", 7, 6),
    ]
    assert (made.label, outcome([made], strict=False)) == ("GREW", "slower")
    (back,) = gated(gate_of(*(replace(each, counts=(more, replace(less, graph_nodes=5))) for each in records(SAME))))
    assert (back.label, outcome([back], strict=True)) == ("SAME", "pass")


def test_of_two_workloads_each_has_the_counts_that_it_has() -> None:
    counts = (Counts(params=10), Counts(params=11))
    (made,) = gated(run_of(*(replace(each, counts=counts) for each in records(SAME))))
    assert (made.exact, made.label) == ((), "SAME")


@pytest.mark.parametrize(
    ("rows", "planted", "right"),
    [
        ([row(SLOW, SLOW)], 1.3, True),
        ([row(SLOW, SLOW), row(SAME)], 1.3, False),  # found in one of two
        ([row(SAME), row(SLOW, SAME)], 1.0, True),
        ([row(SLOW, SLOW)], 1.0, False),
        ([row(SAME, done=2)], 1.0, False),  # silent because nothing was measured
        ([], 1.0, False),
    ],
)
def test_a_self_test_did_right(rows: list[Gated], planted: float, right: bool) -> None:
    assert did_right(rows, planted) == right


@pytest.mark.parametrize(
    ("rows", "strict", "expected"),
    [
        ([row(SAME), row(SLOW, SLOW)], False, "slower"),
        ([row(SLOW, SLOW), row(SAME, done=2)], False, "slower"),  # what is confirmed stays so beside what is not done
        ([row(SAME), row(SAME, done=2)], False, "unmeasured"),
        ([row([1.02, 1.12, 1.08, 1.14])], False, "pass"),
        ([row([1.02, 1.12, 1.08, 1.14])], True, "unmeasured"),
        ([row(SLOW, SAME)], True, "pass"),
        ([], False, "unmeasured"),
    ],
)
def test_the_outcome(rows: list[Gated], strict: bool, expected: str) -> None:
    assert outcome(rows, strict) == expected


def test_the_second_measurement_is_no_part_of_the_first() -> None:
    (made,) = comparisons(run_of(*records(SLOW, SAME)))
    assert (made.pairs, made.planned, made.answer) == (4, 4, "SLOWER")


def test_a_pair_of_no_sense_is_refused() -> None:
    a = net("fasternet_t0")
    with pytest.raises(ValueError, match="expected a slowdown of 1 to 10"):
        Pair(first=a, second=a, slowdown=0.5)
    pair = Pair(first=a, second=a)
    with pytest.raises(ValueError, match="expected counts of both sides or none, got 1"):
        PairRecord(pair=pair, attempt=1, status="failed", counts=(Counts(),))
    with pytest.raises(ValueError, match="expected macs >= 0"):
        Counts(macs=-1)


def measured(change: float, generator: random.Random) -> Comparison:
    """Ten pairs whose log ratios spread by 3 %, of a row that is really so many times as slow."""
    (made,) = comparisons(run_of(*records(SLOW)))
    ratio = log_mean_interval([change * math.exp(generator.gauss(0, 0.03)) for _ in range(10)])
    return replace(made, ratio=ratio, pairs=10, answer=answer(ratio, GATE_MARGIN), margin=GATE_MARGIN)


@pytest.mark.parametrize(("change", "low", "high"), [(1.0, 0, 0), (1.02, 0, 5), (1.05, 130, 240), (1.1, 297, 300)])
def test_how_often_a_row_is_confirmed(change: float, low: int, high: int) -> None:
    """Of 300 rows, three to a gate: unchanged, on the margin itself, 5 and 10 % slower."""
    generator, confirmed = random.Random(7), 0
    for _ in range(100):
        doubtful = [made for _ in range(3) if (made := measured(change, generator)).answer == "SLOWER"]
        again = [measured(change, generator) for _ in doubtful]
        rejected = holm([p_value(made) for made in again])
        confirmed += sum(r and made.answer == "SLOWER" for r, made in zip(rejected, again, strict=True))
    assert low <= confirmed <= high
