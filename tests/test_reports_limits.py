"""Limits and what rows make of them, worked by hand on a device of round numbers."""

import csv
import io
from dataclasses import replace

import pytest

from bench.records.ceilings import Ceilings, Gemm
from bench.records.measurement import Cost, Disturbances
from bench.records.record import Record
from bench.records.run import Run
from reports.formats import formats
from reports.limits import NoLimitError, limit_s
from reports.results import Results
from reports.rows import rows
from tests.made_up_ceilings import FLOAT32
from tests.made_up_runs import done, models_run, net, only, op, ops_run, printed


def test_the_slowest_ceiling_is_the_limit() -> None:
    limit = limit_s(FLOAT32, macs=1e9, bytes_ideal=4e6, runtime="eager")
    # 1e9 / 100e9; 4 MB lie in DRAM, which is read at 10 GB/s.
    assert (limit.compute_s, limit.memory_s, limit.overhead_s) == pytest.approx((0.01, 0.0004, 1e-6))
    assert (limit.seconds, limit.bound, limit.level) == (limit.compute_s, "compute", "DRAM")


def test_bytes_count_at_the_level_that_holds_them_and_writes_alone_do_not() -> None:
    whole, layer = (limit_s(FLOAT32, macs=1.0, bytes_ideal=4e6, fits_bytes=fits) for fits in (None, 4e5))
    assert (whole.level, layer.level) == ("DRAM", "L2")
    assert layer.memory_s == pytest.approx(4e6 / 40e9), "not the 90 GB/s at which it is only written"
    assert layer.bound == "memory"


def test_a_call_of_nothing_is_bound_by_the_call() -> None:
    assert limit_s(FLOAT32, macs=1.0, bytes_ideal=8, runtime="eager").bound == "overhead"
    assert limit_s(FLOAT32, macs=1.0, bytes_ideal=8).overhead_s == 0, "of one layer among many nothing is known"


def test_a_missing_ceiling_is_named_with_its_reason() -> None:
    without = replace(FLOAT32, gemms=())
    with pytest.raises(NoLimitError, match="product in float32 was not measured; openvino: openvino is not"):
        limit_s(without, macs=1.0, bytes_ideal=8)
    with pytest.raises(NoLimitError, match="product in tf32"):
        limit_s(FLOAT32, macs=1.0, bytes_ideal=8, tf32=True)
    caches = replace(FLOAT32, bandwidths=FLOAT32.bandwidths[:3])
    with pytest.raises(NoLimitError, match="the bandwidth of its level of memory was not measured"):
        limit_s(caches, macs=1.0, bytes_ideal=1e9)
    assert limit_s(without, macs=0, bytes_ideal=8).compute_s == 0, "nothing is multiplied, so none is needed"


def test_tf32_has_a_ceiling_of_its_own() -> None:
    tf32 = Gemm(runtime="eager", dtype="tf32", shape=(1, 1, 1), macs_per_s=(1e12,))
    both = replace(FLOAT32, gemms=(*FLOAT32.gemms, tf32))
    assert limit_s(both, macs=1e12, bytes_ideal=8, tf32=True).compute_s == pytest.approx(1.0)
    assert limit_s(both, macs=1e12, bytes_ideal=8).compute_s == pytest.approx(10.0)


def limited(run: Run, *ceilings: Ceilings) -> Run:
    """The run with what its device can do."""
    return replace(run, devices=tuple(replace(state, ceilings=ceilings) for state in run.devices))


def measured(seconds: float, cost: Cost, faults: float = 0.0) -> Run:
    """One operator of ten layers, measured once."""
    record: Record = done(op(), seconds, cost)
    assert record.measurement is not None
    seen = Disturbances(page_faults_per_call=faults, page_fault_s=1e-6)
    record = replace(record, measurement=replace(record.measurement, disturbances=seen))
    return limited(ops_run([op()], [record]), FLOAT32)


HEAVY = Cost(params=1, macs=1_000_000_000, bytes_ideal=4_000_000, bytes_moved=4_000_000)


def test_a_row_knows_its_percent_and_shares() -> None:
    found = only(measured(0.02, HEAVY)).standing
    assert found is not None
    assert found.percent_of_limit == pytest.approx(50)
    # Ten layers of 400 kB, each of which fits into L2: 4 MB at 40 GB/s.
    assert (found.compute_share, found.memory_share) == pytest.approx((0.5, 0.005))
    assert found.overhead_share == pytest.approx(5e-5)
    assert found.bound == "compute"


def test_page_faults_bind_where_they_take_more_than_any_ceiling() -> None:
    found = only(measured(0.1, HEAVY, faults=30_000)).standing
    assert found is not None
    assert found.bound == "page_faults"
    assert found.percent_of_limit == pytest.approx(10)
    few = only(measured(0.1, HEAVY, faults=3)).standing
    assert few is not None
    assert few.bound == "compute"


def test_over_a_hundred_percent_is_shown_and_explained() -> None:
    row = only(measured(0.005, HEAVY))
    assert row.standing is not None
    assert row.standing.percent_of_limit == pytest.approx(200)
    assert any("over 100% of its limit" in note for note in row.notes)


def test_a_network_reads_its_weights_and_its_input_at_least() -> None:
    cost = Cost(params=1_000_000, macs=1, bytes_ideal=None, bytes_moved=None)
    found = only(limited(models_run([done(net("fasternet_t0"), 0.01, cost)]), FLOAT32)).standing
    assert found is not None
    assert found.limit.memory_s == pytest.approx(4 * (1_000_000 + 3 * 224 * 224) / 10e9)
    assert (found.bound, found.limit.level) == ("memory", "DRAM")


def test_what_is_missing_leaves_the_cell_empty_with_a_reason() -> None:
    run = measured(0.02, HEAVY)
    row = only(limited(run, replace(FLOAT32, gemms=(), unmeasured=())))
    assert row.standing is None
    assert "percent_of_limit is empty: a matrix product in float32 was not measured" in row.notes


def test_older_runs_and_other_settings_have_no_limit_and_no_note() -> None:
    run = measured(0.02, HEAVY)
    for others in ((), (replace(FLOAT32, threads=2),)):
        (row,) = rows(limited(run, *others))
        assert row.standing is None
        assert not any("limit" in note for note in row.notes)
    assert "% of limit" not in printed(limited(run))


def test_a_count_that_is_not_whole_gives_no_limit() -> None:
    assert only(measured(0.02, replace(HEAVY, macs=None))).standing is None


def test_table_and_csv_show_it() -> None:
    run = measured(0.02, HEAVY)
    (line,) = csv.DictReader(io.StringIO(formats()["csv"].text(Results(run=run))))
    assert (line["percent_of_limit"], line["bound"]) == ("50", "compute")
    assert (line["compute_share"], line["memory_share"], line["overhead_share"]) == ("0.5", "0.005", "5e-05")
    shown = printed(run, 120)
    assert "% of limit" in shown
    assert "50  compute" in shown
    assert "| % of limit | bound |" in formats()["markdown"].text(Results(run=run))
