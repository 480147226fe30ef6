"""The claim tested on times that follow a known law: its coefficients come back, and the verdict is the law's."""

import random

import pytest

from bench.records.run import Run
from reports.memory.claim import (
    DOES_NOT_HOLD,
    HOLDS,
    IN_PART,
    NOT_TESTED,
    Evidence,
    MemoryClaim,
    follows,
    memory_claims,
)
from reports.memory.words import answer
from reports.rows import rows
from tests.made_up_memory import Law, memory_run
from tests.made_up_runs import SIZES, done, models_run, net

BOTH = ("system", "retained")
IMPLEMENTATIONS = ("split_cat", "slice", "inplace")


def claims(run: Run) -> tuple[MemoryClaim, ...]:
    return memory_claims(rows(run))


def only(run: Run) -> tuple[MemoryClaim, Evidence]:
    (claim,) = claims(run)
    assert claim.evidence is not None
    return claim, claim.evidence


def costs(evidence: Evidence) -> dict[str, float]:
    return {term: each.centre for term, each in evidence.model.seconds.items()}


def test_a_law_of_macs_and_bytes_comes_back_and_the_claim_holds() -> None:
    claim, evidence = only(memory_run(Law(mac=2e-11, byte=1e-10), implementations=IMPLEMENTATIONS))
    assert costs(evidence) == pytest.approx({"MAC": 2e-11, "byte": 1e-10, "page fault": 0, "call": 0}, rel=1e-6)
    assert evidence.model.explained == pytest.approx(1)
    assert evidence.moved is not None
    assert evidence.moved.low is not None
    assert evidence.moved.low > 0.5
    assert claim.verdict == HOLDS
    shares = {row.label: row.of for row in evidence.operators}
    for row in evidence.operators:
        assert sum(each.centre for each in row.of.values()) == pytest.approx(1)
        assert row.fitted_over_measured == pytest.approx(1)
    assert shares["dwconv"]["byte"].centre > 0.75 > 0.25 > shares["conv"]["byte"].centre
    # Every pair of implementations with other bytes: three at each of four sizes.
    assert (evidence.more_is_slower, evidence.more_is_faster, len(evidence.implementations)) == (12, 0, 12)
    assert {round(pair.extra_bytes_per_s or 0) for pair in evidence.implementations} == {10**10}


def test_a_law_without_bytes_says_that_the_claim_does_not_hold() -> None:
    """What little an operator computes is lost in the cost of its call."""
    claim, evidence = only(memory_run(Law(mac=2e-11, call=5e-3), implementations=IMPLEMENTATIONS))
    assert costs(evidence) == pytest.approx(
        {"MAC": 2e-11, "byte": 0, "page fault": 0, "call": 5e-3}, rel=1e-6, abs=1e-18
    )
    assert (evidence.more_is_slower, evidence.more_is_faster, evidence.same) == (0, 0, 12)
    assert claim.verdict == DOES_NOT_HOLD
    assert "into the calls themselves" in answer(claim)[1]


def test_a_law_of_page_faults_alone_names_the_allocator() -> None:
    claim, evidence = only(memory_run(Law(mac=2e-11, fault=2e-6, faulting=2.0), allocators=BOTH))
    assert costs(evidence) == pytest.approx(
        {"MAC": 2e-11, "byte": 0, "page fault": 2e-6, "call": 0}, rel=1e-6, abs=1e-18
    )
    assert claim.verdict == IN_PART
    assert answer(claim)[-1] == "Page faults take more of it than bytes: that part is the allocator's, see --allocator."


def test_what_each_allocator_does_to_dwconv_and_to_the_lead_of_pconv() -> None:
    law = Law(mac=0.0, byte=1e-10, fault=4096 * 1e-10, faulting=1.0)  # a fault for each page, which costs as much again
    _, evidence = only(memory_run(law, allocators=BOTH))
    effects = {each.allocator: each for each in evidence.allocators}
    assert {each.base for each in effects.values()} == {"retained"}
    assert {each.sizes for each in effects.values()} == {4}
    speeds = {name: each.slow_speed.centre for name, each in effects.items() if each.slow_speed}
    assert speeds == pytest.approx({"retained": 1, "system": 0.5})
    assert effects["system"].faults_share == pytest.approx(0.5)
    leads = [each.papers_lead.centre for each in effects.values() if each.papers_lead]
    assert leads == pytest.approx([leads[0]] * 2)  # both operators fault alike here


def test_cold_caches_are_another_place_and_are_held_against_the_warm_one() -> None:
    run = memory_run(Law(mac=2e-11, byte=1e-10, cold_byte=3e-10), caches=(False, True))
    warm, cold = claims(run)
    assert (warm.place.cache, cold.place.cache) == ("warm", "cold")
    assert warm.evidence is not None
    assert cold.evidence is not None
    assert not warm.evidence.cold
    assert costs(cold.evidence)["byte"] == pytest.approx(3e-10, rel=1e-6)
    slower = {each.label: each for each in cold.evidence.cold}
    assert {each.sizes for each in slower.values()} == {4}
    # Where next to nothing is computed the time follows what a byte costs.
    assert 2 < slower["dwconv"].time.centre < 3
    assert 1 < slower["conv"].time.centre < slower["pconv"].time.centre < slower["dwconv"].time.centre


def test_noise_leaves_the_verdict_and_widens_the_intervals() -> None:
    chance = random.Random(1)
    noise = [chance.gauss(0, 0.05) for _ in range(1000)]
    claim, evidence = only(
        memory_run(
            Law(mac=2e-11, byte=1e-10), implementations=IMPLEMENTATIONS, rounds=5, noise=lambda at: 1 + noise[at]
        )
    )
    assert claim.verdict == HOLDS
    found = evidence.model.seconds["byte"]
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1e-10 < found.high
    assert 0.9 < evidence.model.explained < 1


def test_the_claim_is_not_tested_on_too_little() -> None:
    law = Law(byte=1e-10)
    for run in (
        memory_run(law, operators=("dwconv",)),
        memory_run(law, sizes=SIZES[:1]),
        memory_run(law, operators=("dwconv", "pconv"), sizes=SIZES[:3]),
    ):
        (claim,) = claims(run)
        assert claim.evidence is None
        assert claim.verdict == NOT_TESTED
        assert "needs 8 combinations of operator and size, two of each at least" in claim.missing
    assert claims(models_run([done(net("fasternet_t0"), 0.01)])) == ()


def test_where_nothing_is_slow_there_is_nothing_to_explain() -> None:
    (claim,) = claims(memory_run(Law(mac=2e-11)))
    assert claim.missing == "no cell is slower than half of the fastest, 50 GMAC/s"


def test_one_round_decides_nothing_by_the_implementations() -> None:
    claim, evidence = only(memory_run(Law(mac=2e-11, byte=1e-10), implementations=IMPLEMENTATIONS, rounds=1))
    assert evidence.decided == 0
    assert claim.verdict == HOLDS  # by the model and the correlation
    assert answer(claim)[3].endswith("; 12 are open, so that they decide nothing.")


def test_pairs_too_noisy_to_tell_are_no_evidence_against() -> None:
    chance = random.Random(3)
    noise = [chance.uniform(0.5, 2) for _ in range(1000)]
    run = memory_run(Law(mac=2e-11), implementations=IMPLEMENTATIONS, noise=lambda at: noise[at])
    _, evidence = only(run)
    assert follows(evidence) is None
