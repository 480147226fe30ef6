"""Table 3 beside ours: speeds, ranks and counts worked by hand."""

from dataclasses import replace

import pytest

from bench.errors import UsageError
from bench.records.measurement import Cost, KindMacs
from bench.records.run import Run
from bench.statistics import Interval
from reports.ledger.markdown_ledger import markdown_ledger
from reports.ledger.network_entries import count_verdict
from reports.ledger.read_table import parse_table
from reports.paper_tables import paper
from reports.results import Results
from tests.made_up_runs import done, models_run, net, printed, state


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


RIVAL = (
    "name,input_px,source,title,params_m,macs_g,top1_percent,cpu_latency_ms[Xeon],latency_ms[iPhone 12],against\n"
    "timm:rep,224,arXiv 1 Table 6,Rep-A,5.1,0.8,78.7,4.0,0.9,\n"
    'fasternet_t0,224,"a|b, [x](y)",=T0 <b>,3.9,0.338,71.9,6.0,0.7,\n'
    "timm:rep,,,,,,+6.5,,,fasternet_t0\n"
)
REP_COST = Cost(
    params=5_070_000,
    macs=816_000_000,
    bytes_ideal=None,
    bytes_moved=1,
    params_unfused=5_490_000,
    macs_unfused=832_000_000,
)


def rival_run() -> Run:
    records = [done(net("timm:rep"), 0.008, REP_COST), done(net("fasternet_t0"), 0.012)]
    run = models_run(records)
    return replace(run, plan=replace(run.plan, ledger=RIVAL))


def test_a_run_that_was_given_a_table_stands_beside_that_one() -> None:
    entries = Results(run=rival_run()).entries
    speeds = {(entry.column, entry.name): entry for entry in entries if entry.section == "network"}
    # Twice the printed time on a CPU for both, so the order is the same; on the phone it is the reverse.
    ratios = [speeds["cpu", name].ratio for name in ("timm:rep", "fasternet_t0")]
    assert [ratio and ratio.centre for ratio in ratios] == [pytest.approx(2.0)] * 2
    orders = {entry.column: entry.ours for entry in entries if entry.section == "network_order"}
    assert orders == {"cpu": Interval(centre=1.0), "iPhone 12": Interval(centre=-1.0)}


def test_a_count_that_only_the_deployed_network_has_is_equal_as_deployed() -> None:
    entries = Results(run=rival_run()).entries
    counts = {e.quantity: e for e in entries if e.section == "network_count" and e.name == "timm:rep"}
    assert (counts["params"].verdict, counts["params"].ours) == ("equal as deployed", Interval(centre=5_070_000))
    assert (counts["macs"].verdict, counts["macs"].ours) == ("equal", Interval(centre=832_000_000))  # 0.8 both ways
    accuracy = {e.name: e.paper for e in entries if e.section == "network_top1"}
    assert accuracy == {"timm:rep": 78.7, "fasternet_t0": 71.9}


@pytest.mark.parametrize(
    ("printed_macs", "verdict", "ours"),
    [
        ("0.832", "equal", 832_000_000),
        ("0.821", "equal with branches merged", 821_000_000),
        ("0.816", "equal as deployed", 816_000_000),
        ("0.827", "equal without fused attention", 827_000_000),
        ("0.8159", "equal with branches merged, without fused attention", 815_900_000),
        ("0.811", "equal as deployed, without fused attention", 811_000_000),
        ("0.8319", "differs", 832_000_000),
    ],
)
def test_a_printed_count_is_held_against_each_form_that_somebody_counts(
    printed_macs: str, verdict: str, ours: int
) -> None:
    """0.832 G as built, 0.821 G with branches merged, 0.816 G deployed; 5 M of each in fused attention."""
    kinds = (KindMacs(kind="attention", macs=5_000_000), KindMacs(kind="convolution", macs=811_000_000))
    merged = 820_900_000 if printed_macs == "0.8159" else 821_000_000
    cost = replace(REP_COST, params_merged=5_080_000, macs_merged=merged, kinds=kinds)
    run = models_run([done(net("timm:rep"), 0.008, cost), done(net("fasternet_t0"), 0.012)])
    table = RIVAL.replace("5.1,0.8,", f"5.08,{printed_macs},")
    results = Results(run=replace(run, plan=replace(run.plan, ledger=table)))
    counts = {e.quantity: e for e in results.entries if e.section == "network_count" and e.name == "timm:rep"}
    assert (counts["macs"].verdict, counts["macs"].ours) == (verdict, Interval(centre=ours))
    assert counts["params"].verdict == "equal with branches merged"
    page = markdown_ledger(results)
    assert "**with branches merged**: branches merged and no batch norm folded but in them" in page
    assert ("**without fused attention**: " in page) == ("without" in verdict)


def test_timms_accuracy_of_the_same_weights_stands_beside_the_papers() -> None:
    run = models_run([done(net("fasternet_t0"), 0.01), done(net("mobilenetv2"), 0.01)])
    results = Results(run=run)
    again = [(e.name, e.paper, e.source) for e in results.entries if e.section == "network_top1_again"]
    assert again == [("fasternet_t0", 71.73, "timm results")]
    assert "| network | top-1 (%): paper | top-1 (%): timm |" in markdown_ledger(results)
    assert "| fasternet_t0 | 71.9 | 71.73 | 3.9 |" in markdown_ledger(results)
    assert "| mobilenetv2 | 72 |  | 3.5 |" in markdown_ledger(results)


def test_an_accuracy_claim_is_held_against_its_own_table() -> None:
    (claim,) = (entry for entry in Results(run=rival_run()).entries if entry.section == "accuracy_claim")
    # 78.7 - 71.9 = 6.8, and 6.5 is printed.
    assert (claim.verdict, claim.reason, claim.paper) == ("differs from its table", "78.7 - 71.9 = 6.8", 6.5)


def test_what_a_table_says_steers_neither_page_nor_terminal() -> None:
    run = rival_run()
    page = markdown_ledger(Results(run=run))
    assert "### Networks" in page
    assert "arXiv 1, a" in page
    assert "[x](y)" not in page
    shown = printed(run)
    assert "beside the iPhone 12 column" in shown
    assert "equal as deployed" in shown
    assert "Kendall's tau-b -1.00" in shown


def test_a_table_without_speeds_is_not_told_what_settings_they_would_ask_for() -> None:
    run = rival_run()
    counts = "name,input_px,source,params_m\nfasternet_t0,224,a,3.9\n"
    assert "no row may stand" not in printed(replace(run, plan=replace(run.plan, ledger=counts)))
    speeds = "name,input_px,source,cpu_latency_ms[Xeon; 4 threads]\nfasternet_t0,224,a,3.9\n"
    assert "no row may stand" in printed(replace(run, plan=replace(run.plan, ledger=speeds)))


def test_another_table_takes_the_place_of_the_runs_own() -> None:
    run = rival_run()
    entries = Results(run=run, other=paper()).entries
    assert entries == Results(run=replace(run, plan=replace(run.plan, ledger=""))).entries


def test_a_damaged_table_in_a_run_is_a_usage_error() -> None:
    run = rival_run()
    with pytest.raises(UsageError, match=r"the ledger in run\.json: expected a column name"):
        _ = Results(run=replace(run, plan=replace(run.plan, ledger="x,y\n1,2\n"))).entries


def test_a_run_beside_which_nothing_stands_says_what_the_columns_ask_for() -> None:
    run = models_run([done(replace(net("fasternet_t0"), threads=2), 0.01)])
    page = markdown_ledger(Results(run=run, other=parse_table(RIVAL.replace("[Xeon]", "[Xeon; 4 threads]"), "")))
    assert "- CPU: batch 1, 4 threads, float32, NCHW\n- iPhone 12: batch 1, 1 thread, float32, NCHW\n" in page
    assert "## Params and MACs" in page


def test_a_run_of_several_sizes_is_claimed_and_counted_at_the_printed_size_alone() -> None:
    run = models_run([done(net("fasternet_t0", px=px), 1e-4 * px) for px in (192, 224, 256)])
    entries = Results(run=run).entries
    (speed,) = [each for each in entries if each.section == "network" and each.name == "fasternet_t0"]
    assert speed.ours is not None
    assert speed.ours.centre == pytest.approx(0.0224)
    assert sum(each.section == "network_top1" for each in entries) == 1
