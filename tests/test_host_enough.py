"""When a comparison has enough pairs."""

import math
import time
from dataclasses import replace

import pytest

from bench.host.enough import Enough, narrow
from bench.records.pair import MOST_PAIRS, Pair
from tests.made_up_runs import paired


def test_a_narrow_interval_ends_a_comparison_after_eight_pairs() -> None:
    limit = Enough(until=0.02)
    records = paired("fasternet_t0", "mobilevit_xxs", [3.30, 3.31, 3.29, 3.30, 3.31, 3.29, 3.30, 3.31])
    for record in records:
        assert not limit.has(record.pair)
        limit.ended(record)
    assert limit.has(records[0].pair)
    other = paired("fasternet_s", "resnet50", [1.0])
    assert not limit.has(other[0].pair)  # each comparison for itself


@pytest.mark.parametrize("limit", [math.nan, math.inf, 0.0, -1.0])
def test_a_limit_that_is_none_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match=f"expected until over 0, got {limit}"):
        Enough(until=limit)
    with pytest.raises(ValueError, match=f"expected budget_s over 0, got {limit}"):
        Enough(budget_s=limit)
    with pytest.raises(ValueError, match=f"expected margin over 0, got {limit}"):
        Enough(margin=limit)


def test_a_wide_one_goes_on() -> None:
    # s = 0.1069 of the eight logarithms, half-width t(0.975, 7) * s / sqrt(8) = 8.9 %.
    assert not narrow([0.1, -0.1] * 4, 0.085)
    assert narrow([0.1, -0.1] * 4, 0.09)
    assert not narrow([0.0] * 7, 0.02)


def test_no_pair_begins_that_would_end_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    limit = Enough(budget_s=60.0, _started=now)
    (record,) = paired("fasternet_t0", "mobilevit_xxs", [math.e])
    assert not limit.has(record.pair)
    limit.ended(replace(record, seconds=20.0))
    now = 139.0
    assert not limit.has(record.pair)
    now = 141.0  # another 20 s would be a second too much
    assert limit.has(record.pair)


def test_without_limits_every_pair_is_measured() -> None:
    records = paired("fasternet_t0", "mobilevit_xxs", [3.3] * 8)
    limit = Enough()
    for record in records:
        limit.ended(record)
    assert not limit.has(records[0].pair)


@pytest.mark.parametrize(("ratios", "called_for"), [([1.3] * 4, True), ([1.3] * 3, False), ([1.0] * 4, False)])
def test_only_what_came_out_slower_is_measured_again(ratios: list[float], called_for: bool) -> None:
    """However little time is left: without these pairs nothing is confirmed."""
    limit = Enough(budget_s=1e-9, until=0.5)
    # `paired` gives the speed of the first over the second's: above 1 the second is slower.
    for record in paired("fasternet_t0", "mobilevit_xxs", ratios):
        limit.ended(record)
    again = moved(record.pair)
    assert limit.has(again) != called_for
    limit.ended(replace(record, pair=again, first_s=(1.0, 1.0), second_s=(0.1, 0.1)))
    assert limit.has(again) != called_for  # what the second measurement says changes nothing
    assert limit.has(record.pair)


def moved(pair: Pair) -> Pair:
    """A pair of the second measurement."""
    return Pair(
        first=replace(pair.first, round=MOST_PAIRS + pair.first.round),
        second=replace(pair.second, round=MOST_PAIRS + pair.second.round),
    )
