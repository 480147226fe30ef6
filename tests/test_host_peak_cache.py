"""Ceilings come back from the cache as they were, while they are young enough, and no file there can do harm."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.cache.clean import empty_cache
from bench.host.peak_cache import FOLDER, PeakCache
from bench.records.ceilings import Ceilings
from bench.records.record import utc_now
from tests.made_up_ceilings import FLOAT32

DAY_S = 86_400.0
HOSTILE_NAME = "../../../etc/passwd\0"


def taken(days_ago: float) -> Ceilings:
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    return replace(FLOAT32, taken_utc=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_what_was_put_comes_back_for_that_device_alone(tmp_path: Path) -> None:
    cache, found = PeakCache(tmp_path), replace(FLOAT32, taken_utc=utc_now())
    for fingerprint in ("f00d", HOSTILE_NAME):
        assert cache.get(fingerprint, "float32", 1, DAY_S) is None
        cache.put(fingerprint, found)
        assert cache.get(fingerprint, "float32", 1, DAY_S) == found
    assert cache.get("beef", "float32", 1, DAY_S) is None
    assert cache.get("f00d", "float32", 2, DAY_S) is None
    assert cache.get("f00d", "bfloat16", 1, DAY_S) is None
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / FOLDER] * 2


def test_old_ones_count_only_where_that_age_is_allowed(tmp_path: Path) -> None:
    cache = PeakCache(tmp_path)
    cache.put("f00d", taken(10))
    assert cache.get("f00d", "float32", 1, 9 * DAY_S) is None
    assert cache.get("f00d", "float32", 1, 11 * DAY_S) is not None
    assert cache.get("f00d", "float32", 1, float("inf")) is not None
    cache.put("f00d", taken(-10))
    assert cache.get("f00d", "float32", 1, float("inf")) is None, "taken in the future: a clock was wrong"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[[[",
        "{}",
        '{"dtype": "float32", "threads": 1, "taken_utc": "soon"}',
        '{"dtype": "float32", "threads": 1, "taken_utc": "2026-01-01"}',
        '{"dtype": "float32", "threads": 1, "page_fault_s": [NaN]}',
        "[" * 100_000,
        "\udcff",
        " " * (1 << 21),
    ],
)
def test_a_file_that_is_none_of_ours_is_measured_again(text: str, tmp_path: Path) -> None:
    cache = PeakCache(tmp_path)
    cache.put("f00d", replace(FLOAT32, taken_utc=utc_now()))
    (path,) = (tmp_path / FOLDER).iterdir()
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert cache.get("f00d", "float32", 1, float("inf")) is None


def test_a_file_of_other_settings_under_that_name_does_not_count(tmp_path: Path) -> None:
    cache = PeakCache(tmp_path)
    cache.put("f00d", replace(FLOAT32, taken_utc=utc_now()))
    (path,) = (tmp_path / FOLDER).iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"threads": 64}))
    assert cache.get("f00d", "float32", 1, float("inf")) is None


def test_cleaning_the_cache_takes_them_along(tmp_path: Path) -> None:
    PeakCache(tmp_path).put("f00d", FLOAT32)
    empty_cache(tmp_path, 1.0)
    assert not (tmp_path / FOLDER).exists()
