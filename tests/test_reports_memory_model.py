"""The two estimates behind the verdict, against conditions that their answers must meet."""

import numpy as np
import pytest

from reports.memory.association import association, spearman
from reports.memory.cells import by_place
from reports.memory.draws import DRAWS, interval, weights
from reports.memory.model import nonnegative
from reports.rows import rows
from tests.made_up_memory import Law, memory_run


@pytest.mark.parametrize("seed", range(20))
def test_no_coefficient_is_negative_and_none_can_be_bettered(seed: int) -> None:
    """Karush, Kuhn and Tucker: the slope is 0 where a coefficient is positive, and not below where it is 0."""
    chance = np.random.default_rng(seed)
    design = chance.uniform(0, 1, (30, 4)) * [1, 1e-3, 1e6, 1]
    target = design @ (chance.normal(0, 1, 4) / [1, 1e-3, 1e6, 1]) + chance.normal(0, 0.1, 30)
    relative = design / target[:, None]
    (found,) = nonnegative(relative, np.ones((1, 30)))
    slope = relative.T @ (relative @ found - 1) / np.linalg.norm(relative, axis=0)
    assert (found >= 0).all()
    assert slope[found > 0] == pytest.approx(0, abs=1e-6)
    assert (slope[found == 0] >= -1e-6).all()


def test_a_weight_counts_like_as_many_cells() -> None:
    chance = np.random.default_rng(1)
    relative, counts = chance.uniform(0.1, 1, (12, 4)), chance.integers(0, 4, 12)
    (weighted,) = nonnegative(relative, counts[None].astype(float))
    (repeated,) = nonnegative(np.repeat(relative, counts, axis=0), np.ones((1, int(counts.sum()))))
    assert weighted == pytest.approx(repeated, rel=1e-6, abs=1e-9)


def test_terms_that_are_never_there_or_proportional_do_not_break_it() -> None:
    relative = np.array([[1.0, 2.0, 0.0, 1.0], [2.0, 4.0, 0.0, 1.0], [3.0, 6.0, 0.0, 1.0]])
    (found,) = nonnegative(relative, np.ones((1, 3)))
    assert np.isfinite(found).all()
    assert found[2] == 0
    assert relative @ found == pytest.approx([1, 1, 1], abs=1e-6)


def test_rank_correlation_by_hand() -> None:
    up = np.array([1.0, 2.0, 3.0, 4.0])
    once = np.ones((1, 4))
    assert spearman(up, up**3, once) == pytest.approx(1)
    assert spearman(up, -up, once) == pytest.approx(-1)
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 x 5).
    assert spearman(np.array([1.0, 2.0, 2.0, 3.0]), up, once) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)
    assert np.isnan(spearman(np.ones(4), up, once)).all()


def test_a_pair_that_was_drawn_twice_counts_as_two_equal_ones() -> None:
    chance = np.random.default_rng(3)
    first, second, counts = chance.integers(0, 6, 20), chance.uniform(size=20), chance.integers(0, 4, (5, 20))
    for drawn, found in zip(counts, spearman(first.astype(float), second, counts.astype(float)), strict=True):
        a, b = (np.repeat(values, drawn) for values in (first, second))
        (repeated,) = spearman(a.astype(float), b.astype(float), np.ones((1, len(a))))
        assert found == repeated


def test_a_correlation_of_a_constant_is_none_and_draws_without_a_number_leave_no_interval() -> None:
    counts = np.ones((DRAWS, 4))
    assert association(np.ones(4), np.arange(4.0), counts) is None
    assert interval(0.5, np.full(DRAWS, np.nan)).low is None


def test_allocators_of_one_operator_and_size_are_drawn_together() -> None:
    """Twice the allocators are no more evidence: they would only make the interval look narrower."""
    (cells,) = by_place(rows(memory_run(Law(byte=1e-10), allocators=("system", "retained", "jemalloc"))))
    drawn = weights(cells)
    assert drawn.shape == (DRAWS, 48)
    assert (drawn.sum(axis=1) == 48).all()
    by_workload: dict[object, set[bytes]] = {}
    for at, cell in enumerate(cells.every):
        by_workload.setdefault(cell.workload, set()).add(drawn[:, at].tobytes())
    assert {len(each) for each in by_workload.values()} == {1}
    assert (weights(cells) == drawn).all()
