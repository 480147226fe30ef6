"""Table 4 beside backbones with pyramids: latencies, ratios and counts worked by hand."""

from dataclasses import replace

import pytest

from bench.records.measurement import Cost, KindMacs
from bench.records.record import Record
from bench.records.workload import Unit
from reports.ledger.detection_entries import FROZEN, NO_ATTENTION, SHAPE, table4
from reports.ledger.entry import Entry
from reports.ledger.markdown_ledger import markdown_ledger
from reports.ledger.mask_rcnn import box_head_macs, head_params, mask_convs_macs, rpn_macs
from reports.results import Results
from tests.made_up_runs import done, failed, models_run, net, state

HEADS = rpn_macs(800, 1280) + box_head_macs() + mask_convs_macs()


def unit(name: str, number: int = 0, **changes: object) -> Unit:
    plain = net(name, number)
    found = replace(plain, workload=replace(plain.workload, input_shape=SHAPE))
    return replace(found, **changes)  # type: ignore[arg-type]


def backbone(of: Unit, seconds: float, macs: int = 10**9, attention: int = 0, params: int = 10**6) -> Record:
    kinds = (KindMacs(kind="attention", macs=attention),) if attention else ()
    counted = Cost(
        params=params, macs=macs, bytes_ideal=None, bytes_moved=1, params_unfused=params, macs_unfused=macs, kinds=kinds
    )
    return done(of, seconds, cost=counted)


def results(*records: Record) -> Results:
    return Results(run=models_run(list(records), states=(state(),)))


def entries(section: str, *records: Record) -> list[Entry]:
    return [entry for entry in results(*records).entries if entry.section == section]


def test_what_is_printed() -> None:
    assert len(table4()) == 12
    first = table4()[0]
    assert (first.name, first.params_m, first.macs_g, first.gpu_latency_s) == ("resnet50_fpn", "44.2", "253", 0.0549)


def test_a_cpus_latency_stands_alone_and_its_ratio_beside_the_papers() -> None:
    records = [backbone(unit("resnet50_fpn", n), 2.0) for n in (0, 1)]
    records += [backbone(unit("fasternet_s_fpn", n), 1.6) for n in (0, 1)]
    latencies = entries("detection", *records)
    assert [(entry.name, entry.paper) for entry in latencies] == [("resnet50_fpn", None), ("fasternet_s_fpn", None)]
    (ratio,) = entries("detection_ratio", *records)
    assert (ratio.name, ratio.against) == ("fasternet_s_fpn", "resnet50_fpn")
    assert ratio.paper == pytest.approx(54.9 / 54.3)
    assert ratio.ours is not None
    assert ratio.ours.centre == pytest.approx(1.25)


def test_one_image_on_a_gpu_is_beside_the_printed_time_and_a_batch_is_not() -> None:
    alone = unit("fasternet_s_fpn", accelerator="cuda:0")
    (entry,) = entries("detection", backbone(alone, 0.03))
    assert (entry.column, entry.paper) == ("gpu", 54.3 / 1e3)
    batch = replace(alone, batch=32, mode="throughput")
    assert entries("detection", backbone(batch, 0.03)) == []


def test_counts_are_made_whole_by_the_heads_and_attention_is_left_out() -> None:
    attention = 5 * 10**9
    macs = 238 * 10**9 - HEADS + attention
    params, counted = entries(
        "detection_count",
        backbone(unit("pvt_small_fpn"), 1.0, macs=macs, attention=attention, params=44_100_000 - head_params()),
    )
    assert (params.verdict, params.reason) == ("equal", "")
    assert (counted.verdict, counted.reason) == ("equal", NO_ATTENTION)


def test_a_resnets_frozen_parameters_are_named() -> None:
    params, _ = entries("detection_count", backbone(unit("resnet50_fpn"), 1.0, params=44_400_000 - head_params()))
    assert (params.verdict, params.reason) == ("differs", FROZEN)


def test_a_backbone_that_was_not_counted_in_one_runtime_is_counted_in_another() -> None:
    found = entries(
        "detection_count",
        replace(failed(unit("resnet50_fpn", runtime="compile")), cost=None),
        backbone(unit("resnet50_fpn"), 1.0),
    )
    assert {entry.quantity for entry in found} == {"params", "macs"}


def test_another_size_is_no_row_of_the_table() -> None:
    other = unit("resnet50_fpn")
    other = replace(other, workload=replace(other.workload, input_shape=(3, 640, 640)))
    assert not [entry for entry in results(backbone(other, 1.0)).entries if entry.section.startswith("detection")]


def test_the_ledger_has_a_chapter_for_it() -> None:
    text = markdown_ledger(results(backbone(unit("resnet50_fpn"), 2.0), backbone(unit("fasternet_s_fpn"), 1.6)))
    assert "### Table 4: detection backbones" in text
    assert "| fasternet_s_fpn | 3x800x1280 | x resnet50_fpn | 1.01 | 1.25" in text
    assert "## Params and MACs of Table 4" in text
    assert "### Table 3" not in text
