"""Rows made of rounds, on numbers worked by hand."""

import math
from dataclasses import replace

import pytest

from bench.records.measurement import Disturbances
from bench.records.record import Record
from bench.records.workload import Settings
from reports.row import Row
from reports.rows import rows, settings_text
from tests.made_up_runs import COST, done, failed, measurement, models_run, net, only, op, ops_run


def test_a_row_over_two_rounds_by_hand() -> None:
    units = [op(number=0), op(number=1)]
    row = only(ops_run(units, [done(units[0], 0.001), done(units[1], 0.004, verdicts=("noisy",))]))
    # Geometric mean 2 ms; the logarithms differ by ln 4, so s / sqrt(2) = ln(4) / 2; t(0.975, 1) = 12.706.
    half = 12.7062 * math.log(4) / 2
    assert row.latency is not None
    assert row.latency.low is not None
    assert row.latency.centre == pytest.approx(0.002)
    assert math.log(0.002 / row.latency.low) == pytest.approx(half, rel=1e-4)
    assert row.macs_per_s is not None
    assert row.macs_per_s.centre == pytest.approx(1e6 / 0.002)
    assert row.bytes_per_s == pytest.approx(800 / 0.002)
    # Its interval reaches from a factor of thousands below to one above, whatever the workers say of themselves.
    assert (row.status, row.verdict, row.rounds, row.samples) == ("done", "very_noisy", 2, 6)


@pytest.mark.parametrize(
    ("apart", "verdict"),
    # t(0.975, 4) / sqrt(5) = 1.2416; five medians one of which is e^d off spread by d / sqrt(5), so half = 0.5552 d.
    [(0.03, "ok"), (0.05, "noisy"), (0.15, "noisy"), (0.21, "very_noisy")],  # 1.7, 2.8, 8.7 and 12.4 %
)
def test_a_row_is_as_noisy_as_its_interval(apart: float, verdict: str) -> None:
    units = [op(number=n) for n in range(5)]
    times = [1.0, 1.0, 1.0, 1.0, math.exp(apart)]
    assert only(ops_run(units, [done(u, t) for u, t in zip(units, times, strict=True)])).verdict == verdict


def test_page_faults_are_told_by_their_number_and_their_part_of_the_time() -> None:
    units = [op(number=n) for n in range(3)]
    records = []
    for own, faults in zip(units, (1000.0, 2000.0, 4000.0), strict=True):
        record = done(own, 0.01)
        assert record.measurement is not None
        seen = Disturbances(page_faults_per_call=faults, page_fault_s=1e-6, threads_worked=1)
        records.append(replace(record, measurement=replace(record.measurement, disturbances=seen)))
    row = only(ops_run(units, records))
    # 2000 of a microsecond each are 2 of 10 ms; the median over the rounds, as of the faults themselves.
    assert row.page_fault_share == pytest.approx(0.2)
    assert (row.page_faults_per_call, row.threads_worked) == (2000, 1)
    nothing = only(ops_run([op()], [done(op(), 1.0)]))
    assert (nothing.page_faults_per_call, nothing.page_fault_share, nothing.threads_worked) == (None, None, None)


def test_speed_bounds_change_places() -> None:
    units = [replace(op(number=n), batch=8) for n in (0, 1)]
    row = only(ops_run(units, [done(units[0], 0.001), done(units[1], 0.0011)]))
    assert row.time is not None
    assert row.images_per_s is not None
    assert row.images_per_s.centre == pytest.approx(8 / row.time.centre)
    assert row.images_per_s.low == pytest.approx(8 / (row.time.high or 0))


def test_one_round_claims_no_interval() -> None:
    row = only(ops_run([op()], [done(op(), 0.001)]))
    assert row.latency is not None
    assert (row.latency.low, row.verdict) == (None, "unreplicated")


def test_the_worst_verdict_of_all_rounds_counts() -> None:
    units = [op(number=n) for n in range(3)]
    records = [done(units[0], 1), done(units[1], 1, verdicts=("noisy", "contended")), done(units[2], 1)]
    assert only(ops_run(units, records)).verdict == "contended"


def test_some_failed_rounds_make_a_partial_row() -> None:
    units = [op(number=n) for n in range(5)]
    records = [*(done(u, 0.001) for u in units[:3]), failed(units[3])]
    row = only(ops_run(units, records))
    assert row.status == "partial"
    assert row.reason == ("3 of 5 rounds done; 1 failed: the step took longer than 120 s; 1 lost: not run yet")
    assert row.rounds == 3


def test_rows_without_a_number_keep_their_reason() -> None:
    units = [op(number=n) for n in range(2)]
    assert (only(ops_run(units, [])).status, only(ops_run(units, [])).reason) == ("lost", "not run yet")
    row = only(ops_run(units, [failed(each) for each in units]))
    assert (row.status, row.reason, row.time, row.verdict) == (
        "failed",
        "the step took longer than 120 s",
        None,
        None,
    )
    skipped = [
        Record(unit=each, attempt=1, status="skipped", reason_kind="unsupported", reason="no bfloat16 here")
        for each in units
    ]
    assert (only(ops_run(units, skipped)).status, only(ops_run(units, skipped)).reason) == (
        "skipped",
        "no bfloat16 here",
    )


def test_the_last_record_of_a_unit_counts() -> None:
    assert only(ops_run([op()], [failed(op()), done(op(), 0.001)])).status == "done"


def test_percentiles_need_enough_samples() -> None:
    few = only(ops_run([op()], [done(op(), 0.001)]))
    assert (few.percentiles.p50, few.percentiles.p90) == (0.001, None)
    assert "p10 and p90 need 46" in few.notes[-1]
    record = Record(unit=op(), attempt=1, status="done", measurement=measurement(0.001, 473), cost=COST)
    many = only(ops_run([op()], [record]))
    assert (many.percentiles.p90, many.percentiles.p99, many.notes) == (0.001, 0.001, ())


def test_a_row_says_of_how_many_calls_a_sample_is_the_mean() -> None:
    """The most of any round: where that is more than 1, percentiles are not those of single calls."""
    units = [op(number=n) for n in range(2)]
    records = [done(each, 0.001) for each in units]
    taken = [replace(measurement(0.001, 3), iterations_per_sample=count) for count in (1, 7)]
    records = [replace(each, measurement=found) for each, found in zip(records, taken, strict=True)]
    assert only(ops_run(units, records)).iterations_per_sample == 7
    assert only(ops_run(units, [])).iterations_per_sample is None


def test_bytes_moved_are_those_that_the_runtime_executes() -> None:
    """Eager's are in its cost. The cost of older runs has eager's for all runtimes, which is not theirs."""
    for runtime, measured, moved in (("eager", None, 800), ("onnxruntime", 300, 300), ("onnxruntime", None, None)):
        of = replace(op(), runtime=runtime)
        record = done(of, 0.001)
        assert record.measurement is not None
        assert record.cost is not None
        assert record.cost.bytes_moved == 800
        row = only(ops_run([of], [replace(record, measurement=replace(record.measurement, bytes_moved=measured))]))
        assert any("only those of eager" in note for note in row.notes) == (moved is None)
        assert row.cost == replace(record.cost, bytes_moved=moved)
        assert row.bytes_per_s == (None if moved is None else pytest.approx(moved / 0.001))


def test_rows_keep_the_order_of_the_plan() -> None:
    names = ["pconv", "conv", "dwconv"]
    units = [op(name, number=n) for n in (0, 1) for name in (names if n == 0 else names[::-1])]
    assert [row.unit.workload.name for row in rows(ops_run(units, []))] == names


def test_a_row_with_a_time_and_no_round_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a time exactly where"):
        Row(unit=op(), planned=1, status="done")


def test_settings_spell_what_differs() -> None:
    assert settings_text(op()) == ""
    other = replace(op(), settings=Settings(tf32=True, cudnn_benchmark=False), effort="publish")
    assert settings_text(other) == "tf32,no_cudnn_benchmark,publish"


def test_what_must_be_known_of_a_network_is_said_with_its_row() -> None:
    """The registry's note; ResNet50 has none, and a name that the registry has lost is no error."""
    (cyclemlp,) = rows(models_run([done(net("cyclemlp_b1"), 0.1)]))
    assert any("another speed" in note for note in cyclemlp.notes)
    for name in ("resnet50", "a_network_of_another_version"):
        (row,) = rows(models_run([failed(net(name))]))
        assert row.notes == ()


def test_what_was_not_counted_is_named_and_is_never_a_zero() -> None:
    unit, unseen = net("mine:make"), tuple(f"op{n}: 1 calls" for n in range(7))
    nothing = replace(COST, macs=0, unseen=unseen)
    (row,) = rows(models_run([done(unit, 0.1, nothing)]))
    assert (row.macs, row.flops, row.macs_per_s) == (None, None, None)
    note = "not counted: op0: 1 calls; op1: 1 calls; op2: 1 calls; op3: 1 calls; op4: 1 calls; 2 other operations"
    assert note in row.notes
    (row,) = rows(models_run([done(unit, 0.1, replace(COST, unseen=unseen[:1]))]))
    assert (row.macs, row.flops) == (COST.macs, 2 * (COST.macs or 0))
    assert "not counted: op0: 1 calls" in row.notes
    (row,) = rows(models_run([done(unit, 0.1, replace(COST, macs=0))]))
    assert row.macs == 0, "a network of additions alone"
