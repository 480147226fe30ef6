"""Where the time goes, as reports say it: shares, sums, what is unmapped, and what two networks differ in."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from bench.records.layers import Piece
from reports.formats import formats_of
from reports.layers.difference import differences
from reports.layers.owned import HEAD, UNMAPPED
from reports.layers.pictures import MOST_STRIPS
from reports.layers.profile import Profile
from reports.layers.tables import markdown_layers, terminal_layers
from reports.layers.trace import chrome_trace, node_data, write_trace
from reports.layers.words import checks, difference, percent
from reports.plots.pictures import figures
from reports.results import Results
from reports.write import write_reports
from tests.made_up_layers import CEILINGS, LAYERS, PIECES, layered, layers_run, scaled
from tests.made_up_runs import failed, net


def printed(shown: RenderableType) -> str:
    """What a terminal shows."""
    file = io.StringIO()
    Console(width=100, file=file, force_terminal=False).print(shown)
    return file.getvalue()


def results(*factors: float, name: str = "fasternet_t0") -> Results:
    records = [layered(name, scaled(LAYERS, factor), number) for number, factor in enumerate(factors)]
    return Results(run=layers_run(*records))


def profile(*factors: float) -> Profile:
    (found,) = results(*(factors or (1.0,))).profiles
    return found


def test_each_layer_has_its_time_and_what_no_piece_is_left_of_is_listed_without() -> None:
    found = {each.name: each for each in profile().layers}
    assert [(name, each.kind, each.pieces) for name, each in found.items()] == [
        ("stem", "conv", 1),
        ("block.mix", "dwconv", 1),
        ("ReorderOutput", UNMAPPED, 1),
        ("head", "linear", 1),
        ("block.norm", "norm", 0),
    ]
    assert found["stem"].share == pytest.approx(0.5)
    assert (found["block.mix"].macs, found["block.mix"].params) == (1_000_000, 10), "the activation costs nothing more"
    assert [each.stage for each in profile().layers] == ["1/4", "1/8", HEAD, HEAD, ""]


def test_nothing_is_counted_twice_or_lost() -> None:
    whole = profile()
    for slices in (whole.layers, whole.kinds):
        assert sum(each.share for each in slices) == pytest.approx(1)
        assert sum(each.macs or 0 for each in slices) == sum(part.macs or 0 for part in LAYERS.parts)
        assert sum(each.params for each in slices) == sum(part.params for part in LAYERS.parts)
        assert sum(each.pieces for each in slices) == len(PIECES)
    assert sum(each.share for each in whole.stages) == pytest.approx(1)


def test_the_sum_is_held_against_the_whole() -> None:
    found = profile()
    assert found.total.centre == pytest.approx(8e-3)
    assert difference(found) == pytest.approx(8.0 / 8.2 - 1)
    said = "\n".join(checks(found))
    assert "sum of the layers 8.00 ms, the whole without the profiler 8.20 ms: -2.4%, 1 worker" in said
    assert "with the profiler 8.80 ms: +7.3%, 0.100 ms of it taken out of the layers evenly" in said
    assert "executed: 3/4 on CPU, 1/4 on NPU; 3 more operations cost nothing to run" in said
    assert re.search(r"unmapped: 1 piece, 1[23]% of the time: ReorderOutput", said)
    assert "bench peak" in said


def test_the_interval_is_over_workers() -> None:
    (stem, *_) = profile(1.0, 1.1, 0.9).layers
    assert stem.time.low is not None
    assert stem.time.low < 4e-3 < (stem.time.high or 0)
    assert profile().layers[0].time.low is None, "one worker claims none"


def test_a_worker_that_executed_another_graph_is_left_out() -> None:
    other = replace(LAYERS, pieces=LAYERS.pieces[:2])
    run = layers_run(layered("fasternet_t0", LAYERS), layered("fasternet_t0", other, 1))
    (found,) = Results(run=run).profiles
    assert len(found.workers) == 1


def test_the_limit_is_the_sum_of_what_each_piece_takes_at_least() -> None:
    """2e9 MAC/s and 1e6 bytes/s: the stem is 2 ms of products and 4 ms of bytes, the block 0.5 ms and 2 ms."""
    (found,) = Results(run=layers_run(layered("fasternet_t0", LAYERS), ceilings=(CEILINGS,))).profiles
    stem, block, reorder, *_ = found.layers
    assert percent(stem) == pytest.approx(100)
    assert stem.bound == "memory"
    assert percent(block) == pytest.approx(100)
    assert percent(reorder) == pytest.approx(100)
    whole = sum(each.limit_s or 0 for each in found.kinds)
    assert whole == pytest.approx(sum(each.limit_s or 0 for each in found.layers))
    (unknown,) = Results(run=layers_run(layered("fasternet_t0", LAYERS))).profiles
    assert percent(unknown.layers[0]) is None


def test_a_difference_adds_up_by_kind_and_by_stage() -> None:
    records = layered("fasternet_t0", LAYERS), layered("mobilevit_xxs", scaled(LAYERS, 1.5))
    (made,) = differences(Results(run=layers_run(*records)).profiles)
    whole, *lines = made.lines
    assert whole.difference_s == pytest.approx(4e-3)
    for by in ("kind", "stage"):
        own = [line for line in lines if line.by == by]
        assert sum(line.difference_s for line in own) == pytest.approx(whole.difference_s)
        assert sum(line.share or 0 for line in own) == pytest.approx(1)
    assert lines[0].name == "conv", "the largest first"
    assert "mobilevit_xxs takes 1.5 times as long as fasternet_t0" in made.title


def test_two_runtimes_of_one_network_are_not_compared() -> None:
    eager = layered("fasternet_t0", LAYERS)
    eager = replace(eager, unit=replace(eager.unit, runtime="eager"))
    assert differences(Results(run=layers_run(layered("fasternet_t0", LAYERS), eager)).profiles) == ()


def test_files_are_strict_and_whole(tmp_path: Path) -> None:
    made = results(1.0, 1.2)
    written = {path.name for path in write_reports(made, tmp_path)}
    assert written == {"layers.csv", "layers.json", "layers.md", "layers-cpu.png", "report.html"}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "layers.csv").read_text())))
    by_layer = [row for row in rows if row["by"] == "layer"]
    assert sum(float(row["time_s"] or 0) for row in by_layer) == pytest.approx(float(rows[0]["sum_s"]), rel=1e-6)
    assert {row["by"] for row in rows} == {"layer", "kind", "stage"}
    table = json.loads((tmp_path / "layers.json").read_text())
    assert table["layers"][0].keys() == rows[0].keys()
    assert table["sums"][0]["name"] == "fasternet_t0"
    assert all(callable(row.shown) for row in formats_of("layers").values())


def test_a_picture_of_some_of_the_strips_says_so() -> None:
    def drawn(count: int) -> str:
        run = layers_run(*(layered(f"net_{number}", LAYERS) for number in range(count)))
        return " ".join(text.get_text() for text in figures(Results(run=run))["layers-cpu"].texts)

    assert f"The first {MOST_STRIPS} of {MOST_STRIPS + 1} strips" in drawn(MOST_STRIPS + 1)
    assert "The first" not in drawn(MOST_STRIPS)


def test_hostile_names_steer_nothing(tmp_path: Path) -> None:
    bad = Piece(name="=cmd|'/c calc'!A1 \x1b[31m<b>| x", kind="[red]", seconds=1e-3, ran_on="\x1b]0;x\x07")
    run = layers_run(layered("fasternet_t0", replace(LAYERS, pieces=(*PIECES, bad))))
    write_reports(Results(run=run), tmp_path)
    for name in ("layers.csv", "layers.md", "layers.json"):
        assert "\x1b" not in (tmp_path / name).read_text()
    assert "<b>" not in (tmp_path / "layers.md").read_text()
    assert "\n=cmd" not in (tmp_path / "layers.csv").read_text().replace(",", "\n")
    assert "\x1b" not in printed(terminal_layers(Results(run=run)))


def test_what_gave_no_layers_says_why() -> None:
    run = layers_run(layered("fasternet_t0", LAYERS), failed(net("mobilevit_xxs"), "the profiler names no node"))
    made = Results(run=run)
    assert len(made.profiles) == 1
    for text in (markdown_layers(made), printed(terminal_layers(made))):
        assert "mobilevit_xxs, eager: failed: the profiler names no node" in text


def test_a_trace_holds_one_call_end_to_end(tmp_path: Path) -> None:
    found = results(1.0, 3.0).profiles
    events = [event for event in json.loads(chrome_trace(found))["traceEvents"] if event["ph"] == "X"]
    assert [event["name"] for event in events] == ["stem", "block.mix", "ReorderOutput", "head"]
    assert sum(event["dur"] for event in events) == pytest.approx(2 * 8000), "microseconds, the mean of both workers"
    ends = [event["ts"] + event["dur"] for event in events]
    assert [event["ts"] for event in events] == pytest.approx([0, *ends[:-1]])
    (graph,) = [json.loads(node_data(each)) for each in found]
    assert graph["results"]["stem/Conv_0"]["value"] == pytest.approx(8)
    assert {stop["stop"] for stop in graph["gradient"]} >= {0, 1}
    written = write_trace(found, tmp_path / "trace.json")
    assert [path.name for path in written] == ["trace.json", "trace.node-data.json"]


def test_each_of_two_networks_has_its_node_data(tmp_path: Path) -> None:
    records = layered("fasternet_t0", LAYERS), layered("mobilevit_xxs", LAYERS)
    written = write_trace(Results(run=layers_run(*records)).profiles, tmp_path / "t")
    assert [path.name for path in written] == ["t", "t-1.node-data.json", "t-2.node-data.json"]
