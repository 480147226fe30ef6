"""Ceilings: visits become one, levels hold what fits, nonsense is refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bench.records.ceilings import Bandwidth, CallOverhead, Ceilings, Gemm, Unmeasured, merged
from tests.made_up_ceilings import FLOAT32


def visit(runtime: str, *speeds: float) -> Ceilings:
    """One visit of a runtime, with products of growing size."""
    gemms = tuple(
        Gemm(runtime=runtime, dtype="float32", shape=(number + 1,) * 3, macs_per_s=(speed,))
        for number, speed in enumerate(speeds)
    )
    return Ceilings(dtype="float32", threads=2, gemms=gemms, page_fault_s=(1e-6,))


def test_visits_become_one_with_a_value_of_each() -> None:
    lack = Unmeasured(part="openvino", reason="not there")
    whole = merged([visit("eager", 5.0, 9.0), visit("numpy", 7.0), visit("eager", 6.0)], "now", [lack, lack])
    assert [(g.runtime, g.shape, g.macs_per_s) for g in whole.gemms] == [
        ("eager", (1, 1, 1), (5.0, 6.0)),
        ("eager", (2, 2, 2), (9.0,)),
        ("numpy", (1, 1, 1), (7.0,)),
    ]
    assert whole.page_fault_s == (1e-6,) * 3
    assert (whole.taken_utc, whole.unmeasured) == ("now", (lack,))


def test_no_visit_is_nothing_to_make_one_of() -> None:
    with pytest.raises(ValueError, match="at least one visit"):
        merged([], "now")


def test_the_best_product_is_that_of_the_largest_median() -> None:
    best = FLOAT32.best()
    assert best is not None
    assert (best.runtime, best.speed.centre) == ("eager", 100e9)
    numpy = FLOAT32.best(runtime="numpy")
    assert numpy is not None
    assert numpy.speed.centre == 50e9
    assert FLOAT32.best(dtype="tf32") is None


def test_one_lucky_visit_makes_no_ceiling() -> None:
    whole = merged([visit("eager", 5.0, 9.0), visit("eager", 6.0), visit("numpy", 5.0)], "now")
    best = whole.best()
    assert best is not None
    assert (best.runtime, best.shape, best.speed.centre) == ("eager", (1, 1, 1), 5.5)


@pytest.mark.parametrize(
    ("data_bytes", "level"), [(0, "L2"), (1 << 20, "L2"), ((1 << 20) + 1, "DRAM"), (float("inf"), "DRAM")]
)
def test_data_lie_in_the_smallest_level_that_holds_them(data_bytes: float, level: str) -> None:
    assert FLOAT32.level_of(data_bytes) == level


def test_data_beyond_all_measured_levels_lie_in_none() -> None:
    caches = replace(FLOAT32, bandwidths=tuple(b for b in FLOAT32.bandwidths if b.level_bytes))
    assert caches.level_of(1 << 30) == ""
    assert caches.level_of(1) == "L2"


def test_six_visits_have_an_interval_and_five_have_none() -> None:
    assert visit("eager", 1.0).gemms[0].speed.low is None
    six = Gemm(runtime="eager", dtype="int8", shape=(1, 1, 1), macs_per_s=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0))
    assert (six.speed.low, six.speed.centre, six.speed.high) == (1.0, 3.5, 6.0)


@pytest.mark.parametrize(
    "made",
    [
        lambda: Gemm(runtime="eager", dtype="int3", shape=(1, 1, 1), macs_per_s=(1.0,)),
        lambda: Gemm(runtime="../x", dtype="int8", shape=(1, 1, 1), macs_per_s=(1.0,)),
        lambda: Gemm(runtime="eager", dtype="int8", shape=(0, 1, 1), macs_per_s=(1.0,)),
        lambda: Gemm(runtime="eager", dtype="int8", shape=(1, 1, 1), macs_per_s=()),
        lambda: Gemm(runtime="eager", dtype="int8", shape=(1, 1, 1), macs_per_s=(1e300,)),
        lambda: Bandwidth(level="", level_bytes=0, access="read", set_bytes=1, bytes_per_s=(1.0,)),
        lambda: Bandwidth(level="L1\x1b[0m", level_bytes=0, access="read", set_bytes=1, bytes_per_s=(1.0,)),
        lambda: Bandwidth(level="L1", level_bytes=-1, access="read", set_bytes=1, bytes_per_s=(1.0,)),
        lambda: CallOverhead(runtime="eager", seconds=(0.0,)),
        lambda: Ceilings(dtype="int3", threads=1),
        lambda: Ceilings(dtype="int8", threads=0),
        lambda: Ceilings(dtype="int8", threads=1, page_fault_s=(-1.0,)),
    ],
)
def test_nonsense_is_refused(made: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        made()
