"""Which pictures are drawn, under which names, and that there is something on them."""

import csv
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from bench.records.run import DeviceState, Run
from bench.records.verdict import Verdict
from bench.records.workload import Unit
from reports.ledger.read_table import parse_table
from reports.paper_tables import paper
from reports.plots.annotate import MOST_NAMED, Note
from reports.plots.network_pictures import accuracy_picture, macs_picture, network_pictures, sources
from reports.plots.operator_pictures import ratios_of, time_picture
from reports.plots.panel import panels, unique_slugs
from reports.plots.panel_text import bars_text
from reports.plots.pictured import picture_notes, pictured
from reports.plots.settings_pictures import settings_pictures
from reports.plots.spots import spots
from reports.plots.style import drawn
from reports.results import Results
from reports.rows import rows
from reports.write import write_reports
from tests.made_up_runs import (
    SIZES,
    T0,
    axes_run,
    done,
    environment,
    failed,
    models_run,
    net,
    op,
    ops_run,
    state,
    table1_run,
)


def test_panels_have_safe_and_unique_names() -> None:
    units = [replace(op(), device="../Pi 4!"), replace(op(), device="../pi-4?"), replace(op(), threads=2)]
    made = panels(ops_run(units, []), rows(ops_run(units, [done(each, 0.001) for each in units])))
    assert [panel.slug for panel in made] == ["pi-4-eager", "pi-4-eager-2", "cpu-eager"]


def test_stacks_of_other_depths_are_other_pictures() -> None:
    deep, shallow = op(), replace(op(), workload=replace(op().workload, stack=1))
    made = panels(
        ops_run([deep, shallow], []), rows(ops_run([deep, shallow], [done(deep, 0.01), done(shallow, 0.001)]))
    )
    assert [panel.slug for panel in made] == ["cpu-eager-10-layers", "cpu-eager-1-layer"]
    assert [panel.settings.split(",")[0] for panel in made] == ["10 layers", "1 layer"]


def test_a_picture_of_ratios_holds_those_of_its_own_allocator() -> None:
    units = [replace(op(name), allocator=memory) for memory in ("system", "retained") for name in ("dwconv", "pconv")]
    run = ops_run(units, [done(own, s) for own, s in zip(units, (0.008, 0.004, 0.002, 0.003), strict=True)])
    results = Results(run=run)
    drawn = [ratios_of(panel, results.entries) for panel in panels(run, results.rows)]
    assert [{entry.allocator for entry in entries} for entries in drawn] == [{"system"}, {"retained"}]
    assert all(entries for entries in drawn)


def test_a_picture_says_how_many_of_its_numbers_were_disturbed() -> None:
    units = [op(shape=size) for size in SIZES]
    verdicts: list[tuple[Verdict, ...]] = [("throttled",), ("noisy",), ("not_steady",), ()]
    ends = [done(each, 0.001, verdicts=found) for each, found in zip(units, verdicts, strict=True)]
    run = ops_run(units, ends)
    assert bars_text(panels(run, rows(run))) == (
        "One round: no intervals. Disturbed (see table.md): 1 throttled, 1 not steady of 4."
    )
    quiet = ops_run(units, [done(each, 0.001) for each in units])
    assert bars_text(panels(quiet, rows(quiet))) == "One round: no intervals."


def test_a_network_of_the_table_without_an_accuracy_is_told_among_those_left_out() -> None:
    given = parse_table("name,input_px,source,top1_percent\nnet_a,224,P,70\nnet_b,224,P,\n", "")
    run = models_run([done(net(name), 0.012) for name in ("net_a", "net_b")])
    figure = accuracy_picture(panels(run, rows(run)), given)
    assert any("at this input size: net_b" in text.get_text() for text in figure.texts)


@pytest.mark.parametrize("rounds", [1, 2])
def test_reports_are_written_whole_twice_the_same(tmp_path: Path, rounds: int) -> None:
    run = table1_run(rounds=rounds, fail="gconv")
    written = write_reports(Results(run=run), tmp_path)
    before = {path.name: path.read_bytes() for path in written}
    assert {"table.csv", "table.md", "ledger.csv", "ledger.md"} <= set(before)
    assert {"speed-cpu-eager.png", "time-cpu-eager.png", "ratios-cpu-eager.png"} <= set(before)
    assert {path.name for path in tmp_path.iterdir()} == set(before)  # no temporary file is left
    assert {path.name: path.read_bytes() for path in write_reports(Results(run=run), tmp_path)} == before
    for path in written:
        if path.suffix == ".png":
            image = matplotlib.image.imread(path)
            assert image.shape[0] > 500
            assert image.shape[1] > 900
            inked = np.mean(np.any(image[..., :3] < 0.9, axis=-1))
            assert 0.005 < inked < 0.5


def test_a_hostile_device_can_be_drawn(tmp_path: Path) -> None:
    run = table1_run()
    cpu = "$\\frac{1}{$ \x1b[31m \u202e \u6a21\u578b \ud800 " + "x" * 500
    state = DeviceState(name="cpu", environment=environment(cpu=cpu))
    assert len(write_reports(Results(run=replace(run, devices=(state,))), tmp_path)) == 10


def test_a_run_without_any_number_still_has_its_tables(tmp_path: Path) -> None:
    written = write_reports(Results(run=ops_run([op()], [failed(op())])), tmp_path)
    assert [path.name for path in written] == [
        "table.csv",
        "table.md",
        "ledger.csv",
        "ledger.md",
        "memory.csv",
        "flips.csv",
        "report.html",
    ]


def test_only_published_accuracies_are_drawn() -> None:
    run = models_run([done(net(name), 0.01) for name in (*T0, "my_network")])
    (panel,) = panels(run, rows(run))
    assert [spot.facts.name for spot in spots(panel, paper())] == T0
    assert [row.unit.workload.name for row in rows(run) if paper().published(row.unit) is None] == ["my_network"]


def test_rivals_are_drawn_by_their_own_accuracy_and_fasternet_by_the_papers() -> None:
    names = ("timm:starnet_s1", "fasternet_t0", "repvit_m0_9", "my_network")
    results = Results(run=models_run([done(net(name), 0.01) for name in names]))
    found = {spot.facts.name: spot for spot in spots(results.panels["model"][0], results.accuracies)}
    assert {name: spot.accuracy for name, spot in found.items()} == {
        "fasternet_t0": 71.9,
        "timm:starnet_s1": 73.53,
        "repvit_m0_9": 78.65,
    }
    assert [name for name, spot in found.items() if spot.distilled] == ["repvit_m0_9"]
    (said,) = sources([spot.facts for spot in found.values()])
    assert said.startswith("Accuracy: arXiv 2303.03667v3, timm results. Hollow marks: ")
    assert sources([found["fasternet_t0"].facts]) == ["Accuracy: arXiv 2303.03667v3."]


def test_distilled_networks_can_be_left_out_and_are_named() -> None:
    times = {"fasternet_t0": 0.01, "repvit_m0_9": 0.02, "my_network": 0.03}
    results = Results(run=models_run([done(net(name), time) for name, time in times.items()]), undistilled=True)
    said = {name: str(fig.get_label()) for name, fig in network_pictures(results)}["accuracy-cpu-eager"]
    assert (
        "trained by distillation: repvit_m0_9. Left out, no published accuracy at this input size: my_network" in said
    )
    assert "Hollow" not in said


def test_an_accuracy_of_another_input_size_is_not_drawn() -> None:
    results = Results(run=models_run([done(net("starnet_s1", px=256), 0.01), done(net("starnet_s2"), 0.01)]))
    drawn = spots(results.panels["model"][0], results.accuracies)
    assert [spot.facts.name for spot in drawn] == ["starnet_s2"]


@pytest.mark.parametrize("rounds", [1, 2])
def test_pictures_of_two_devices(tmp_path: Path, rounds: int) -> None:
    records = [
        done(net(name, number, device), (0.01 + 0.003 * index) * scale * (1 + 0.05 * number))
        for number in range(rounds)
        for device, scale in (("cpu", 1), ("pi", 8))
        for index, name in enumerate((*T0, "my_network"))
    ]
    run = models_run(records, states=(state(), state("pi", "aarch64")))
    written = write_reports(Results(run=run), tmp_path)
    pictures = {path.name for path in written if path.suffix == ".png"}
    assert pictures == {
        "accuracy-cpu-eager.png",
        "accuracy-pi-eager.png",
        "accuracy-overview.png",
        "macs-cpu-eager.png",
        "macs-pi-eager.png",
    }
    for name in pictures:
        image = matplotlib.image.imread(tmp_path / name)
        assert image[..., :3].std() > 0.03
    with (tmp_path / "table.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 12


def test_many_settings_draw_a_few_pictures_those_of_each_runtime_in_turn() -> None:
    run = axes_run(sizes=SIZES[:2])
    drawn = pictured(Results(run=run), "op")
    # 20 combinations have numbers: 12 of eager, 8 of onnxruntime (which has no bfloat16 here).
    assert [panel.runtime for panel in drawn] == ["eager"] * 4 + ["onnxruntime"] * 4
    assert drawn[0].slug == "cpu-eager-threads1-float32-nchw"
    (note,) = picture_notes(Results(run=run))
    assert "all 20 combinations of settings, 8 of them are drawn alone as well" in note


@pytest.mark.parametrize("rounds", [1, 2])
def test_many_settings_at_one_size_share_a_picture(tmp_path: Path, rounds: int) -> None:
    run = axes_run(rounds)
    pictures = [path for path in write_reports(Results(run=run), tmp_path) if path.suffix == ".png"]
    assert [path.name for path in pictures] == ["settings-cpu.png"]
    first = pictures[0].read_bytes()
    image = matplotlib.image.imread(pictures[0])
    assert image.shape[0] > 20 * 25  # a line for each of the 20 combinations
    assert image[..., :3].std() > 0.03
    assert write_reports(Results(run=run), tmp_path)[-1].read_bytes() == first


def test_settings_of_two_devices_have_a_picture_each() -> None:
    run = axes_run(sizes=SIZES[:2])
    both = [replace(unit, device=name) for name in ("Pi/4", "pi-4") for unit in run.plan.units]
    run = ops_run(both, [done(unit, 0.001) for unit in both])
    assert [name for name, _ in settings_pictures(Results(run=run))] == ["settings-pi-4", "settings-pi-4-2"]


def test_a_mean_over_fewer_sizes_is_not_drawn() -> None:
    """The mark of an operator that failed at one size would stand for another quantity."""
    whole = axes_run(sizes=SIZES[:2])
    lost = [record for record in whole.records if record.measurement][-1]
    partial = replace(whole, records=tuple(record for record in whole.records if record is not lost))
    without = tuple(record for record in partial.records if not _same_mark(record.unit, lost.unit))
    runs = (whole, partial, replace(whole, records=without))
    taken = [[drawn(figure) for _, figure in settings_pictures(Results(run=run))] for run in runs]
    assert taken[0] != taken[1]
    assert taken[1] == taken[2]


def _same_mark(first: Unit, second: Unit) -> bool:
    return replace(first, workload=second.workload) == second and first.workload.name == second.workload.name


@pytest.mark.parametrize(
    ("units", "pictures"),
    [
        ([op("conv")], 0),
        ([op("conv", number=0), op("conv", number=1)], 0),  # two rounds of one number
        ([op("conv"), op("conv", SIZES[1])], 2),
        ([op("pconv"), op("conv")], 2),
        ([op("pconv"), replace(op("conv"), threads=2)], 0),  # one number each in two settings
    ],
)
def test_one_number_is_no_picture(tmp_path: Path, units: list[Unit], pictures: int) -> None:
    run = ops_run(units, [done(unit, 0.001) for unit in units])
    written = write_reports(Results(run=run), tmp_path)
    assert sum(path.suffix == ".png" for path in written) == pictures


def test_a_single_network_keeps_its_pictures() -> None:
    run = models_run([done(net("fasternet_t0"), 0.01)])
    assert len(pictured(Results(run=run), "model")) == 1
    assert picture_notes(Results(run=run)) == ()


def test_slugs_that_would_be_equal_are_numbered() -> None:
    assert unique_slugs(["Pi 4", "pi-4", "pi-4-2", "cpu", "PI_4", "pi 4"]) == [
        *("pi-4", "pi-4-2", "pi-4-2-2", "cpu"),
        *("pi_4", "pi-4-3"),
    ]


def many(number: int) -> Run:
    """Operators at that many sizes."""
    units = [op("conv", (16 + index, 8, 8)) for index in range(number)]
    return ops_run(units, [done(unit, 0.001 * (1 + index / 10)) for index, unit in enumerate(units)])


@pytest.mark.parametrize(("marks", "written"), [(MOST_NAMED, 1 + MOST_NAMED), (MOST_NAMED + 1, 1)])
def test_channels_are_written_where_there_is_room(monkeypatch: pytest.MonkeyPatch, marks: int, written: int) -> None:
    shown: list[Note] = []
    monkeypatch.setattr("reports.plots.operator_pictures.annotate", lambda axes, notes, points: shown.extend(notes))
    run = many(marks)
    time_picture(*panels(run, rows(run)))
    assert len(shown) == written


@pytest.mark.parametrize(("others", "named"), [(0, len(T0)), (MOST_NAMED, len(T0))])
def test_of_too_many_networks_the_papers_are_named(monkeypatch: pytest.MonkeyPatch, others: int, named: int) -> None:
    shown: list[Note] = []
    monkeypatch.setattr(
        "reports.plots.network_pictures.annotate", lambda axes, notes, points, lines: shown.extend(notes)
    )
    names = [*T0, *(f"mine_{number}" for number in range(others))]
    run = models_run([done(net(name), 0.01 + 0.001 * index) for index, name in enumerate(names)])
    (panel,) = panels(run, rows(run))
    macs_picture(panel, paper())
    assert len(shown) == named
