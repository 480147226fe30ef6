"""How the verdict on memory access is shown: in the ledger, on a terminal, as CSV and as a picture."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import matplotlib.image

from bench.records.run import DeviceState
from reports.ledger.markdown_ledger import markdown_ledger
from reports.ledger.memory_csv import csv_memory
from reports.plots.memory_picture import memory_pictures
from reports.plots.style import drawn, style
from reports.results import Results
from tests.made_up_memory import Law, memory_run
from tests.made_up_runs import environment, printed

LAW = Law(mac=2e-11, byte=1e-10, cold_byte=3e-10, fault=1e-6)
RUN = memory_run(
    LAW, implementations=("split_cat", "slice", "inplace"), allocators=("system", "retained"), caches=(False, True)
)
RESULTS = Results(run=RUN)


def test_the_ledger_has_a_chapter_for_each_place_with_all_its_tables() -> None:
    text = markdown_ledger(RESULTS)
    assert text.count("## Slow because of memory access? cpu: Test CPU") == 2
    warm, cold = text.split("## Slow because of memory access?")[1:]
    assert "| one byte | 0.100 [" in warm
    assert "10.0 GB/s |" in warm
    assert "| pconv (slice) | pconv |" in warm
    assert "| system | 0." in warm
    assert "cold/warm" not in warm
    assert "cold/warm" in cold
    assert "1 thread, cold\\_cache" in cold or "1 thread, cold_cache" in cold


def test_a_terminal_shows_the_verdict_and_its_numbers() -> None:
    text = " ".join(printed(RUN).split())
    assert text.count("Slow because of memory access?") == 2
    assert "cells with less than half of the highest speed" in text
    assert "Rank correlation of speed with MACs per byte moved: 0." in text


def test_where_it_was_not_tested_the_ledger_alone_says_what_is_missing() -> None:
    run = memory_run(LAW, operators=("dwconv",))
    assert "**not tested: needs 8 combinations" in markdown_ledger(Results(run=run))
    assert "Slow because of memory access?" not in printed(run)
    (line,) = csv.DictReader(io.StringIO(csv_memory(Results(run=run))))
    assert (line["quantity"], line["verdict"]) == ("verdict", "not tested")
    assert line["reason"].startswith("needs 8 combinations")


def test_the_file_has_every_number_in_si_units() -> None:
    lines = list(csv.DictReader(io.StringIO(csv_memory(RESULTS))))
    costs = {(each["cache"], each["of"]): float(each["value"]) for each in lines if each["quantity"] == "seconds"}
    assert f"{costs['warm', 'byte']:.3g} {costs['cold', 'byte']:.3g}" == "1e-10 3e-10"
    assert f"{costs['warm', 'page fault']:.3g}" == "1e-06"
    ratios = [each for each in lines if each["quantity"] == "time_ratio" and each["cache"] == "warm"]
    assert {each["against"] for each in ratios} == {"pconv", "pconv (inplace)"}
    assert {each["quantity"] for each in lines} >= {"verdict", "rank_correlation", "share_of_time", "speed_ratio"}


def test_each_place_has_its_picture(tmp_path: Path) -> None:
    with style():
        pictures = {name: drawn(figure) for name, figure in memory_pictures(RESULTS)}
    assert list(pictures) == ["memory-cpu-eager-float32-1-thread", "memory-cpu-eager-float32-1-thread-cold_cache"]
    (tmp_path / "one.png").write_bytes(next(iter(pictures.values())))
    assert matplotlib.image.imread(tmp_path / "one.png").shape[1] > 900


def test_a_hostile_name_neither_breaks_nor_steers_any_of_them() -> None:
    cpu = "<script>|\x1b[31m $\\frac{1}{$ \u202e " + "x" * 500
    own = DeviceState(name="cpu", environment=environment(cpu=cpu))
    results = Results(run=replace(RUN, devices=(own,)))
    assert "<script>" not in markdown_ledger(results)
    assert "\x1b" not in markdown_ledger(results) + csv_memory(results)
    with style():
        assert all(drawn(figure) for _, figure in memory_pictures(results))
