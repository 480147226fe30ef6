"""Table 1 beside ours, on machines made up for it."""

import csv
import io
from dataclasses import replace

import pytest

from reports.ledger.csv_ledger import COLUMNS as LEDGER_COLUMNS
from reports.ledger.csv_ledger import csv_ledger
from reports.ledger.entry import outside_text
from reports.ledger.markdown_ledger import markdown_ledger
from reports.results import Results
from tests.made_up_runs import done, failed, op, ops_run, table1_run


def test_ledger_of_a_machine_twice_as_slow() -> None:
    entries = Results(run=table1_run(factor=2.0)).entries
    times = [entry for entry in entries if entry.section == "operator"]
    assert len(times) == 16
    assert all(e.ratio and e.ratio.centre == pytest.approx(2) for e in times)
    # All operators slow down alike, so every ratio to DWConv is the paper's.
    ratios = [entry for entry in entries if entry.section == "operator_ratio"]
    assert len(ratios) == 12
    assert all(e.ratio and e.ratio.centre == pytest.approx(1) for e in ratios)
    averages = {e.name: e for e in entries if e.section == "operator_average" and e.against}
    assert averages["pconv"].ours is not None
    assert averages["pconv"].ours.centre == pytest.approx(6.2, abs=0.05)
    assert {entry.basis for entry in entries} == {"round medians"}


def test_ledger_says_what_was_not_measured() -> None:
    units = [op("dwconv"), op("pconv")]
    entries = Results(run=ops_run(units, [done(units[0], 0.001), failed(units[1])])).entries
    by_key = {(e.section, e.name, e.input_shape): e for e in entries}
    assert by_key["operator", "conv", "96x56x56"].verdict == "not measured"
    assert by_key["operator", "pconv", "96x56x56"].reason == "the step took longer than 120 s"
    assert by_key["operator_ratio", "pconv", "96x56x56"].ours is None
    assert by_key["operator_average", "dwconv", ""].ours is None
    assert by_key["operator_ratio", "conv", "96x56x56"].reason == "a side is not in this run"
    assert by_key["operator_ratio", "pconv", "96x56x56"].reason == "no round in which all sides were measured"
    ratio = next(e for e in entries if e.section == "operator_average" and e.name == "pconv" and e.against)
    assert ratio.reason == "needs 8 rows, 2 of them in this run"


def test_the_ratios_stand_side_by_side_for_each_allocator() -> None:
    units = [replace(op(name), allocator=memory) for memory in ("system", "retained") for name in ("dwconv", "pconv")]
    run = ops_run(units, [done(own, s) for own, s in zip(units, (0.008, 0.004, 0.002, 0.003), strict=True)])
    entries = Results(run=run).entries
    ratios = {e.allocator: e.ours for e in entries if e.section == "operator_ratio" and e.name == "pconv" and e.ours}
    # The same MACs in these made-up rows: twice as fast as the C library comes, slower where memory is kept.
    assert {name: found.centre for name, found in ratios.items()} == pytest.approx({"system": 2, "retained": 2 / 3})
    text = markdown_ledger(Results(run=run))
    assert text.count("### Ratios to DWConv") == 2
    chapter = text.partition("## Page faults: cpu, eager")[2]
    assert "| 96x56x56 | system | 8.00 |" in chapter
    assert "| pconv | 96x56x56 | 3.95 | 2.00 | 0.667 |" in chapter
    alone = [own for own in units if own.allocator == "system"]
    assert "## Page faults" not in markdown_ledger(Results(run=ops_run(alone, [done(own, 1.0) for own in alone])))


def test_another_kernel_is_no_row_of_table_1() -> None:
    own = op("dwconv")
    arguments = own.workload.operator
    assert arguments is not None
    wider = replace(own, workload=replace(own.workload, operator=replace(arguments, kernel=5), variant="k5"))
    run = ops_run([wider], [done(wider, 0.001)])
    assert Results(run=run).entries == ()
    assert "nothing to compare" in markdown_ledger(Results(run=run))


def test_a_value_that_the_paper_does_not_print_names_its_source() -> None:
    units = [op("dwconv"), op("pconv+pwconv")]
    run = ops_run(units, [done(each, 0.001) for each in units])
    said = "pconv+pwconv: author comment, JierunChen/FasterNet issue 1 (not in the paper)."
    assert outside_text(Results(run=run).entries) == said
    assert said in markdown_ledger(Results(run=run)).replace("\\", "")
    assert outside_text(Results(run=table1_run()).entries) == ""


def test_ledger_files_hold_every_entry() -> None:
    run = table1_run(fail="gconv")
    entries = Results(run=run).entries
    table = list(csv.DictReader(io.StringIO(csv_ledger(Results(run=run)))))
    assert len(table) == len(entries)
    assert list(table[0]) == list(LEDGER_COLUMNS)
    text = markdown_ledger(Results(run=run))
    assert "| pconv | x dwconv | 6.22 |" in text
    assert "failed: the step took longer than 120 s" in text
