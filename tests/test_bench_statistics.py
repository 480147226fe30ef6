"""Intervals and tests against printed tables, cases worked by hand, and coverage by seeded simulation."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.statistics import (
    Interval,
    decorrelated,
    drifts,
    kendall_tau_b,
    lag1_autocorrelation,
    log_mean_interval,
    mann_whitney_p,
    median_interval,
    paired_difference,
    quantile,
    t_quantile,
)

POSITIVE = st.floats(min_value=1e-6, max_value=1e6)


@pytest.mark.parametrize(
    ("probability", "freedom", "expected"),
    [
        # Any printed table of Student's t.
        (0.975, 1, 12.7062),
        (0.975, 2, 4.3027),
        (0.975, 4, 2.7764),
        (0.975, 9, 2.2622),
        (0.975, 30, 2.0423),
        (0.975, 1000, 1.9623),
        (0.95, 5, 2.0150),
        (0.995, 3, 5.8409),
        (0.025, 4, -2.7764),
    ],
)
def test_t_quantiles_are_those_of_the_table(probability: float, freedom: float, expected: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(("probability", "freedom"), [(0.0, 3), (1.0, 3), (0.5, 0)])
def test_t_quantile_refuses_nonsense(probability: float, freedom: float) -> None:
    with pytest.raises(ValueError, match="expected 0 < probability < 1"):
        t_quantile(probability, freedom)


@pytest.mark.parametrize(
    ("n", "low", "high"),
    # 1-based ranks of the 95 % interval of a median (Hahn & Meeker, table A.15; Conover, table A3).
    [(6, 1, 6), (8, 1, 8), (9, 2, 8), (10, 2, 9), (15, 4, 12), (20, 6, 15), (30, 10, 21), (50, 18, 33), (100, 40, 61)],
)
def test_the_medians_interval_has_the_tabled_ranks(n: int, low: int, high: int) -> None:
    values = list(range(1, n + 1))
    random.Random(n).shuffle(values)
    assert median_interval(values) == Interval(centre=(n + 1) / 2, low=low, high=high)


def test_the_ranks_of_many_samples_join_the_exact_ones() -> None:
    """From 1000 values on, binomials are summed as logarithms."""
    exact, logarithmic = median_interval(range(999)), median_interval(range(1000))
    assert exact.low is not None
    assert logarithmic.low is not None
    assert 0 <= logarithmic.low - exact.low <= 1


@pytest.mark.parametrize("n", [1, 2, 5])
def test_too_few_values_claim_no_interval_of_the_median(n: int) -> None:
    found = median_interval(range(n))
    assert (found.low, found.high, found.half_width) == (None, None, None)


def test_quantiles_interpolate() -> None:
    assert [quantile([4.0, 1.0, 3.0, 2.0], q) for q in (0, 0.25, 0.5, 1)] == [1.0, 1.75, 2.5, 4.0]
    with pytest.raises(ValueError, match="expected values"):
        quantile([], 0.5)


def test_the_mean_logarithm_by_hand() -> None:
    """1, e, e^2: mean log 1, standard deviation 1, t(2) = 4.3027."""
    found = log_mean_interval([1.0, math.e, math.e**2])
    assert found.low is not None
    assert found.high is not None
    assert found.centre == pytest.approx(math.e)
    assert math.log(found.low) == pytest.approx(1 - 4.30265 / math.sqrt(3), abs=1e-4)
    assert math.log(found.high) == pytest.approx(1 + 4.30265 / math.sqrt(3), abs=1e-4)


def test_one_round_claims_no_interval() -> None:
    found = log_mean_interval([2.0])
    assert found.centre == pytest.approx(2.0)
    assert (found.low, found.high) == (None, None)


@pytest.mark.parametrize("values", [[], [1.0, 0.0], [1.0, -1.0]])
def test_a_logarithm_needs_positive_values(values: list[float]) -> None:
    with pytest.raises(ValueError, match="expected positive values"):
        log_mean_interval(values)


@given(st.lists(POSITIVE, min_size=2, max_size=8), POSITIVE)
def test_the_interval_scales_with_its_unit(values: list[float], unit: float) -> None:
    """Milliseconds or seconds: the same interval."""
    one, other = log_mean_interval(values), log_mean_interval([value * unit for value in values])
    for before, after in ((one.centre, other.centre), (one.low, other.low), (one.high, other.high)):
        assert before is not None
        assert after == pytest.approx(before * unit, rel=1e-6)


def test_an_interval_is_whole_and_ordered() -> None:
    with pytest.raises(ValueError, match="both bounds"):
        Interval(centre=1.0, low=0.5)
    with pytest.raises(ValueError, match="low <= high"):
        Interval(centre=1.0, low=2.0, high=1.0)


def test_mann_whitney_by_hand() -> None:
    """U = 0, its variance 9/12 x 7, z = (4.5 - 0.5) / sqrt(5.25)."""
    assert mann_whitney_p([1, 2, 3], [4, 5, 6]) == pytest.approx(math.erfc(4 / math.sqrt(2 * 5.25)))


def test_mann_whitney_with_ties_by_hand() -> None:
    """The three 2s share rank 3, so U = 1 and the variance is 9/12 x (7 - 24/30) = 4.65."""
    assert mann_whitney_p([1, 2, 2], [2, 3, 4]) == pytest.approx(math.erfc(3 / math.sqrt(2 * 4.65)))


def test_mann_whitney_follows_the_exact_distribution() -> None:
    """All 252 ways to draw five of ten ranks give the exact p; the approximation stays within 0.02 of it."""
    everything = range(10)
    distances = [(abs(sum(drawn) - 22.5), drawn) for drawn in itertools.combinations(everything, 5)]
    for distance, drawn in distances:
        exact = sum(other >= distance for other, _ in distances) / len(distances)
        rest = [rank for rank in everything if rank not in drawn]
        assert mann_whitney_p(drawn, rest) == pytest.approx(exact, abs=0.02)


def test_mann_whitney_of_constants_says_nothing() -> None:
    assert mann_whitney_p([1, 1, 1], [1, 1]) == 1.0


def test_kendall_tau_b_by_hand() -> None:
    """Six pairs: four agree, one is tied in each list; 4 / sqrt(5 x 5)."""
    assert kendall_tau_b([1, 2, 2, 3], [1, 2, 3, 3]) == pytest.approx(0.8)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=8))
def test_kendall_tau_b_of_a_list_with_itself_and_its_mirror(values: list[int]) -> None:
    mirrored = [-value for value in values]
    if len(set(values)) == 1:
        assert kendall_tau_b(values, values) is None
    else:
        assert kendall_tau_b(values, values) == pytest.approx(1.0)
        assert kendall_tau_b(values, mirrored) == pytest.approx(-1.0)


def test_kendall_needs_lists_of_one_length() -> None:
    with pytest.raises(ValueError, match="one length"):
        kendall_tau_b([1, 2], [1])


def test_autocorrelation_by_hand() -> None:
    """1, -1, 1, -1: three products of -1 over a power of 4."""
    assert lag1_autocorrelation([1, -1, 1, -1]) == pytest.approx(-0.75)
    assert lag1_autocorrelation([5.0] * 8) == 0.0
    assert lag1_autocorrelation([0.1 + 0.2] * 9) == 0.0


def test_independent_samples_stay_as_they_are() -> None:
    generator = random.Random(1)
    values = [generator.gauss(1, 0.01) for _ in range(100)]
    assert decorrelated(values) == values


def test_correlated_samples_are_merged_until_they_are_not() -> None:
    values = autoregressive(random.Random(2), 400, 0.9)
    merged = decorrelated(values)
    assert len(merged) < len(values)
    assert lag1_autocorrelation(merged) <= 0.2 or len(merged) // 2 < 6
    # Neighbours were averaged and nothing but an odd last one dropped.
    share = 2 ** round(math.log2(len(values) / len(merged)))
    kept = values[: share * len(merged)]
    assert sum(merged) / len(merged) == pytest.approx(sum(kept) / len(kept))


def autoregressive(generator: random.Random, n: int, correlation: float) -> list[float]:
    """Values around 1 with a spread of 1 % that remember their predecessor."""
    values, state = [], 0.0
    for _ in range(n):
        state = correlation * state + math.sqrt(1 - correlation**2) * generator.gauss(0, 0.01)
        values.append(1 + state)
    return values


def test_a_step_in_the_middle_drifts_and_noise_does_not() -> None:
    generator = random.Random(3)
    steady = [generator.gauss(1.0, 0.005) for _ in range(60)]
    assert not drifts(steady)
    assert drifts(steady[:30] + [value * 1.05 for value in steady[30:]])
    # Significant, but too small to matter; large, but too few to tell.
    assert not drifts(steady[:30] + [value * 1.01 for value in steady[30:]])
    assert not drifts([1.0] * 4 + [2.0] * 4)


def covers_one(found: Interval) -> bool:
    assert found.low is not None
    assert found.high is not None
    return found.low <= 1 <= found.high


@pytest.mark.parametrize("rounds", [3, 5])
def test_students_interval_over_rounds_covers_95_percent(rounds: int) -> None:
    generator, hits, repetitions = random.Random(rounds), 0, 2000
    for _ in range(repetitions):
        found = log_mean_interval([math.exp(generator.gauss(0, 0.02)) for _ in range(rounds)])
        hits += covers_one(found)
    # Three standard errors of the simulation are 1.5 %.
    assert hits / repetitions == pytest.approx(0.95, abs=0.015)


def test_the_medians_interval_covers_95_percent_within_one_process() -> None:
    assert single_process_coverage(between=0.0) == pytest.approx(0.955, abs=0.025)


def test_one_process_cannot_speak_for_others() -> None:
    """With 2 % between processes its interval covers a third: the reason for rounds in fresh ones."""
    assert single_process_coverage(between=0.02) < 0.5


def single_process_coverage(*, between: float) -> float:
    """How often the interval of 60 samples of one process holds the median over all processes."""
    generator, hits, repetitions = random.Random(7), 0, 1000
    for _ in range(repetitions):
        process = math.exp(generator.gauss(0, between))
        found = median_interval([process * math.exp(generator.gauss(0, 0.02)) for _ in range(60)])
        hits += covers_one(found)
    return hits / repetitions


def test_merging_neighbours_mends_the_coverage_of_correlated_samples() -> None:
    generator = random.Random(11)
    plain = merged = 0
    for _ in range(300):
        values = autoregressive(generator, 200, 0.6)
        plain += covers_one(median_interval(values))
        merged += covers_one(median_interval(decorrelated(values)))
    assert plain / 300 < 0.8
    assert merged / 300 > plain / 300 + 0.1


def test_the_difference_of_paired_parts_is_as_sure_as_its_members_are_unlike() -> None:
    """Agresti & Min 2005: half a member is added to each of the four cells."""
    found = paired_difference(only_first=12, only_second=4, total=100)
    apart, unlike = 8 / 102, 17 / 102
    reach = 1.959964 * ((unlike - apart**2) / 102) ** 0.5
    assert (found.centre, found.low, found.high) == pytest.approx((0.08, apart - reach, apart + reach), abs=1e-6)
    same = paired_difference(only_first=0, only_second=0, total=10_000)
    assert same.centre == 0
    assert same.half_width is None
    assert same.high == pytest.approx(0.0002, rel=0.1), "ten thousand that agree leave little room"
    assert same.low == pytest.approx(-(same.high or 0))


def test_the_interval_of_a_paired_difference_covers_it_in_19_of_20_simulations() -> None:
    drawn = random.Random(5)
    hits = 0
    for _ in range(400):
        members = drawn.choices(("first", "second", "neither"), weights=(6, 2, 92), k=500)
        found = paired_difference(members.count("first"), members.count("second"), 500)
        hits += (found.low or 0) <= 0.04 <= (found.high or 0)
    assert 366 <= hits <= 394, "95 % of 400, within three standard deviations"
