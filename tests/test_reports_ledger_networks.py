"""Table 3 beside ours: speeds, ranks and counts worked by hand."""

import pytest

from bench.records.measurement import Cost
from bench.statistics import Interval
from reports.ledger.network_entries import count_verdict
from reports.results import Results
from tests.made_up_runs import done, models_run, net, state


def test_speed_rank_and_order_by_hand() -> None:
    # The paper's order: fasternet_t0 9.2 ms, shufflenetv2_x1_5 12.1, mobilevit_xxs 30.8; here the first two swap.
    times = {"fasternet_t0": 0.0184, "shufflenetv2_x1_5": 0.0121, "mobilevit_xxs": 0.0308}
    entries = Results(run=models_run([done(net(name), seconds) for name, seconds in times.items()])).entries
    speeds = {entry.name: entry for entry in entries if entry.section == "network"}
    assert len(speeds) == 35
    own = speeds["fasternet_t0"]
    assert own.ratio is not None
    assert own.ratio.centre == pytest.approx(2.0)
    assert (own.rank_paper, own.rank_ours, own.ranked) == (1, 2, 3)
    assert speeds["swin_b"].verdict == "not measured"
    (order,) = [entry for entry in entries if entry.section == "network_order"]
    assert order.ours is not None
    assert order.ours.centre == pytest.approx(1 / 3)  # 2 of 3 pairs agree, 1 does not


def test_out_of_memory_in_the_paper_is_said() -> None:
    record = done(net("swin_b", device="pi"), 2.0)
    entries = Results(run=models_run([record], states=(state("pi", "aarch64"),))).entries
    entry = next(e for e in entries if e.section == "network" and e.name == "swin_b")
    assert (entry.column, entry.paper, entry.rank_paper, entry.reason) == (
        "arm",
        None,
        None,
        "out of memory in the paper",
    )


def test_another_input_size_is_another_network() -> None:
    entries = Results(run=models_run([done(net("fasternet_t0", px=160), 0.01)])).entries
    assert not [entry for entry in entries if entry.section == "network"]


def test_the_plain_form_stands_for_the_paper_where_both_were_timed() -> None:
    records = [done(net("fasternet_t0", form="fast"), 0.005), done(net("fasternet_t0"), 0.01)]
    entries = Results(run=models_run(records)).entries
    entry = next(e for e in entries if e.section == "network" and e.name == "fasternet_t0")
    assert entry.ours is not None
    assert entry.variant == ""
    assert entry.ours.centre == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("count", "printed", "unit_size", "expected"),
    [
        (338_040_000, "0.34", 10**9, "equal"),
        (31_181_000, "31.1", 10**6, "equal (truncated)"),
        (2_130_000_000, "2.10", 10**9, "differs"),
        (3_905_500, "3.9", 10**6, "equal"),
    ],
)
def test_counts_are_compared_by_their_digits(count: int, printed: str, unit_size: int, expected: str) -> None:
    assert count_verdict(count, printed, unit_size) == expected


def test_counts_are_those_before_folding() -> None:
    cost = Cost(
        params=3_900_700,
        macs=335_400_000,
        bytes_ideal=None,
        bytes_moved=1,
        params_unfused=3_905_500,
        macs_unfused=338_040_000,
    )
    entries = Results(run=models_run([done(net("fasternet_t0"), 0.01, cost)])).entries
    counts = {e.quantity: e for e in entries if e.section == "network_count"}
    assert counts["macs"].ours == Interval(centre=338_040_000)
    assert {entry.verdict for entry in counts.values()} == {"equal"}
