"""The ratio of independent rounds, worked by hand."""

import math
import random

import pytest

from reports.welch import Logs, Ratio, holds_one


def test_welch_by_hand() -> None:
    """Means 0 and 0.3, variances 0.01 and 0.04 of 3 and 5 values: error 0.1065, 5.96 degrees of freedom."""
    first = Logs(count=3, mean=0.0, variance=0.01)
    second = Logs(count=5, mean=0.3, variance=0.04)
    ratio = Ratio(first=first, second=second)
    assert ratio.error == pytest.approx(math.sqrt(0.01 / 3 + 0.04 / 5))
    by_hand = (0.01 / 3 + 0.008) ** 2 / ((0.01 / 3) ** 2 / 2 + 0.008**2 / 4)
    assert ratio.freedom == pytest.approx(by_hand)
    assert ratio.interval.centre == pytest.approx(math.exp(0.3))
    assert ratio.half == pytest.approx(2.4507 * ratio.error, rel=1e-3)  # t(0.975, 5.97) from a table: 2.45


def test_p_is_one_sided_and_both_sides_make_one() -> None:
    low, high = Logs.of([0.0, 0.1, 0.05]), Logs.of([0.5, 0.6, 0.52])
    slower, faster = Ratio(first=low, second=high).p_slower, Ratio(first=high, second=low).p_slower
    assert slower < 0.001
    assert slower + faster == pytest.approx(1)


def test_equal_times_have_a_narrow_interval_and_no_error() -> None:
    same = Logs.of([0.1, 0.1])
    assert Ratio(first=same, second=same).interval.centre == 1
    assert holds_one(Ratio(first=same, second=same).interval)


def test_one_value_says_nothing_of_its_spread() -> None:
    with pytest.raises(ValueError, match="two values or more"):
        Logs.of([0.1])


def test_the_interval_covers() -> None:
    rng, held = random.Random(3), 0
    for _ in range(1000):
        first = Logs.of([rng.gauss(0, 0.02) for _ in range(5)])
        second = Logs.of([rng.gauss(0, 0.06) for _ in range(4)])
        held += holds_one(Ratio(first=first, second=second).interval)
    assert 925 <= held <= 975
