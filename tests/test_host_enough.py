"""When a comparison has enough pairs."""

import math
import time
from dataclasses import replace

import pytest

from bench.host.enough import Enough, narrow
from tests.made_up_runs import paired


def test_a_narrow_interval_ends_a_comparison_after_six_pairs() -> None:
    limit = Enough(until=0.02)
    records = paired("fasternet_t0", "mobilevit_xxs", [3.30, 3.31, 3.29, 3.30, 3.31, 3.29])
    for record in records:
        assert not limit.has(record.pair)
        limit.ended(record)
    assert limit.has(records[0].pair)
    other = paired("fasternet_s", "resnet50", [1.0])
    assert not limit.has(other[0].pair)  # each comparison for itself


def test_a_wide_one_goes_on() -> None:
    # s = 0.1095 of the six logarithms, half-width t(0.975, 5) * s / sqrt(6) = 11.5 %.
    assert not narrow([0.1, -0.1, 0.1, -0.1, 0.1, -0.1], 0.11)
    assert narrow([0.1, -0.1, 0.1, -0.1, 0.1, -0.1], 0.12)
    assert not narrow([0.0] * 5, 0.02)


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
