"""The paper's ratio claims beside pairs of live workers, worked by hand."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from bench.records.run import Run
from bench.statistics import Interval
from models.registry import resolve
from reports.ledger.claim_entries import (
    DIRECTION_ONLY,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    claim_entries,
    pair_verdicts,
    verdict,
)
from reports.ledger.entry import Entry
from reports.ledger.markdown_ledger import markdown_ledger
from reports.ledger.printed_table import Claim
from reports.paper_tables import paper
from reports.results import Results
from reports.write import write_reports
from tests.made_up_runs import done, models_run, net, paired, printed


def claims() -> list[Claim]:
    return [claim for column in paper().columns for claim in paper().claims(column)]


def claim_of(run: Run, second: str = "mobilevit_xxs") -> Entry:
    return next(e for e in claim_entries(run, paper()) if e.column == "cpu" and e.against == second and e.device)


def test_claims_come_from_the_printed_speeds() -> None:
    every = {(claim.first, claim.second, claim.column): claim for claim in claims()}
    headline = {column: every["fasternet_t0", "mobilevit_xxs", column] for column in ("gpu", "cpu", "arm")}
    # The paper's abstract: 2.8x, 3.3x and 2.4x.
    ratios = [round(headline[column].printed_ratio, 2) for column in ("gpu", "cpu", "arm")]
    assert ratios == [2.84, 3.35, 2.43]
    assert all(claim.headline for claim in headline.values())
    # Its text: +36 % throughput and -37 % CPU time against Swin-B.
    assert round(every["fasternet_l", "swin_b", "gpu"].printed_ratio, 2) == 1.36
    assert round(1 - 1 / every["fasternet_l", "swin_b", "cpu"].printed_ratio, 2) == 0.37
    assert ("fasternet_l", "swin_b", "arm") not in every  # out of memory on the paper's board


def test_each_fasternet_is_held_against_its_group() -> None:
    cpu = [claim for claim in claims() if claim.column == "cpu"]
    assert len(cpu) == 4 + 6 + 5 + 7 + 4 + 3
    assert len({(claim.first, claim.second) for claim in cpu}) == len(cpu)
    groups = {entry.name: entry.groups[-1] for entry in resolve(["paper"])}
    for claim in cpu:
        assert groups[claim.first] == groups[claim.second]
    headlines = [claim.headline for claim in cpu]
    assert headlines == sorted(headlines, reverse=True)
    assert sum(headlines) == 3


def test_a_claim_needs_a_positive_ratio() -> None:
    with pytest.raises(ValueError, match="positive ratio"):
        Claim(first="a", second="b", column="cpu", printed_ratio=0, headline=False)


@pytest.mark.parametrize(
    ("low", "high", "printed", "expected"),
    [
        (1.8, 2.2, 2.0, REPRODUCED),
        (2.2, 2.5, 2.0, REPRODUCED),  # touches 2.0 + 10 %
        (2.21, 2.5, 2.0, DIRECTION_ONLY),
        (1.5, 1.8, 2.0, REPRODUCED),  # touches 2.0 - 10 %
        (1.01, 1.79, 2.0, DIRECTION_ONLY),
        (1.0, 1.79, 2.0, NOT_REPRODUCED),  # 1 itself is no side
        (0.5, 0.9, 2.0, NOT_REPRODUCED),
        (0.5, 0.6, 0.8, DIRECTION_ONLY),
        (0.9, 1.2, 0.8, NOT_REPRODUCED),
        (1.2, 1.3, 1.0, NOT_REPRODUCED),  # a printed 1 has no side
    ],
)
def test_verdict_at_its_boundaries(low: float, high: float, printed: float, expected: str) -> None:
    assert verdict(Interval(centre=(low + high) / 2, low=low, high=high), printed) == expected


def test_an_estimate_without_interval_is_no_verdict() -> None:
    assert verdict(Interval(centre=2.0), 2.0) == NOT_TESTABLE


def test_a_claim_from_four_pairs_by_hand() -> None:
    # Logarithms ln 2.5 -+ d: mean ln 2.5, s = d * sqrt(4/3), half-width t(0.975, 3) * s / 2 = 3.1824 * d / sqrt(3).
    d = 0.02
    ratios = [2.5 * math.exp(sign * d) for sign in (-1, 1, -1, 1)]
    entry = claim_of(models_run([], paired("fasternet_t0", "mobilevit_xxs", ratios)))
    assert entry.ours is not None
    assert entry.ours.low is not None
    assert entry.ours.centre == pytest.approx(2.5)
    assert math.log(2.5 / entry.ours.low) == pytest.approx(3.1824 * d / math.sqrt(3), rel=1e-3)
    assert (entry.verdict, entry.replicates, entry.basis) == (DIRECTION_ONLY, 4, "pairs of live workers")
    assert entry.paper == pytest.approx(30.8 / 9.2)


def test_too_few_pairs_or_a_failed_side_are_not_testable() -> None:
    few = claim_of(models_run([], paired("fasternet_t0", "mobilevit_xxs", [3.0, 3.1, 3.2])))
    assert (few.verdict, few.reason) == (NOT_TESTABLE, "3 of 3 pairs done, 4 needed")
    assert few.ours is not None
    assert few.ours.centre == pytest.approx(3.099, abs=1e-3)
    assert few.ours.low is None
    broken = claim_of(models_run([], paired("fasternet_t0", "mobilevit_xxs", [3.0] * 5, fail=5)))
    assert (broken.verdict, broken.ours) == (NOT_TESTABLE, None)
    assert broken.reason == "0 of 5 pairs done, 4 needed: signal 11 in the second"


def test_an_interval_too_wide_to_tell_says_so() -> None:
    entry = claim_of(models_run([], paired("fasternet_t0", "mobilevit_xxs", [1.2, 2.0, 3.3, 4.5])))
    assert entry.ours is not None
    assert entry.ours.low is not None
    assert entry.ours.low < 1
    assert (entry.verdict, entry.reason) == (REPRODUCED, "1 lies in our interval too: more --pairs would tell")


def test_a_ratio_close_to_the_printed_one_may_still_turn_the_order_round() -> None:
    """The paper has T1 at 1.006 times ShuffleNetV2 x2; 0.95 is within ±10 % of that, and slower."""
    run = models_run([], paired("fasternet_t1", "shufflenetv2_x2", [0.95, 0.951, 0.949, 0.95]))
    entry = claim_of(run, "shufflenetv2_x2")
    assert (entry.verdict, entry.reason) == (REPRODUCED, "on the other side of 1")


def test_a_disturbed_pair_is_told() -> None:
    records = paired("fasternet_t0", "mobilevit_xxs", [3.3, 3.31, 3.29, 3.3])
    entry = claim_of(models_run([], [replace(records[0], verdicts=("contended",)), *records[1:]]))
    assert (entry.verdict, entry.reason) == (REPRODUCED, "worst pair contended")


def test_a_pair_whose_own_bursts_disagree_is_told() -> None:
    records = paired("fasternet_t0", "mobilevit_xxs", [3.3, 3.31, 3.29, 3.3])
    # Two ratios, 3.2 and 3.4: s / sqrt(2) = ln(3.4 / 3.2) / 2, and t(0.975, 1) = 12.7: far over ±10 %.
    assert pair_verdicts(replace(records[0], first_s=(1.0, 1.0), second_s=(3.2, 3.4))) == ("very_noisy",)
    # Ten ratios 3.3 and 3.4 in turn: half-width t(0.975, 9) * s / sqrt(10) = 2.262 * 0.01574 / 3.162 = 1.1 %.
    assert pair_verdicts(replace(records[0], first_s=(1.0,) * 10, second_s=(3.3, 3.4) * 5)) == ()
    # 3.2 and 3.6 in turn: s = 0.0621, half-width 4.4 %.
    noisy = replace(records[0], first_s=(1.0,) * 10, second_s=(3.2, 3.6) * 5, verdicts=("drifting",))
    assert pair_verdicts(noisy) == ("drifting", "noisy")
    assert claim_of(models_run([], [noisy, *records[1:]])).reason == "worst pair drifting"


def test_claims_of_absent_devices_are_counted() -> None:
    run = models_run([done(net("fasternet_t0"), 0.01)])
    entries = claim_entries(run, paper())
    ratios = [entry for entry in entries if entry.section == "claim"]
    assert len(ratios) == len(claims())
    assert {e.verdict for e in ratios} == {NOT_TESTABLE}
    text = markdown_ledger(Results(run=run))
    assert "29 claims of the GPU column are not testable here: no GPU in this run." in text
    assert "29 claims of the CPU column are not testable here: no pairs in this run" in text
    assert "26 claims of the ARM column are not testable here: no ARM device in this run." in text


def test_a_planned_claim_stands_in_every_output() -> None:
    run = models_run([], paired("fasternet_t0", "mobilevit_xxs", [3.3, 3.31, 3.29, 3.3]))
    line = next(x for x in markdown_ledger(Results(run=run)).splitlines() if "**fasternet_t0**" in x)
    assert line.startswith("| **fasternet_t0** | mobilevit_xxs | cpu | eager | 3.35 | 3.30 [")
    assert line.endswith("| 4 | reproduced |")
    assert "reproduced" in printed(run)


def test_a_run_of_pairs_alone_has_its_reports(tmp_path: Path) -> None:
    run = models_run([], paired("fasternet_t0", "mobilevit_xxs", [3.3, 3.31, 3.29, 3.3]))
    written = write_reports(Results(run=run), tmp_path)
    assert [path.name for path in written] == [
        "table.csv",
        "table.md",
        "ledger.csv",
        "ledger.md",
        "memory.csv",
        "flips.csv",
        "report.html",
    ]
    assert "1 reproduced" in (tmp_path / "ledger.md").read_text(encoding="utf-8")
