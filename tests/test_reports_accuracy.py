"""What an evaluation comes to, worked by hand, and how it stands in tables and pictures of others."""

import csv
import io
from dataclasses import replace

import pytest

from bench import api
from bench.records.accuracy import Answer, MeasuredAccuracy
from bench.records.calibration import Calibration
from reports.accuracy.outcome import outcome_of
from reports.formats import formats_of
from reports.one_row import described
from reports.plots.network_pictures import accuracy_picture
from reports.plots.spots import spots
from reports.plots.style import style
from reports.results import Results
from tests.made_up_accuracy import evaluation
from tests.made_up_runs import done, models_run, net

HOSTILE = "=2+3|`<b>\x1b[31m.png"


RIGHT = Answer(image="a.png", top=(3, 1, 2, 4, 5), label=3, reference=3)
SECOND = Answer(image="b.png", top=(1, 3, 2, 4, 5), label=3, reference=3)  # top-5 alone, and not what fp32 says
WRONG = Answer(image="c.png", top=(1, 2, 4, 5, 6), label=0, reference=1)  # as fp32 eager is
BETTER = Answer(image="d.png", top=(3, 1, 2, 4, 5), label=3, reference=0)
BROKEN = Answer(image="e.png", label=2, reference=2)  # NaN
UNREAD = Answer(image=HOSTILE, label=2, trouble="no image")


def test_parts_are_of_the_images_that_were_read_and_nan_is_wrong() -> None:
    found = outcome_of(evaluation(RIGHT, RIGHT, SECOND, WRONG, BETTER, BROKEN, UNREAD))
    assert found is not None
    assert {part.name: (part.count, part.total) for part in found.parts} == {
        "top1": (3, 6), "top5": (4, 6), "agreement": (3, 6), "reference_top1": (4, 6),
    }  # fmt: skip
    assert found.is_whole
    assert (len(found.unreadable), len(found.broken)) == (1, 1)
    assert found.difference is not None
    assert found.difference.centre == pytest.approx((1 - 2) / 6), "one is right alone, and fp32 eager is in two"


def test_without_labels_there_is_agreement_alone_and_no_accuracy_to_join() -> None:
    run = evaluation(replace(RIGHT, label=-1), replace(SECOND, label=-1), labels=False)
    found = outcome_of(run)
    assert found is not None
    assert [(part.name, part.count) for part in found.parts] == [("agreement", 1)]
    assert found.difference is None
    assert found.accuracy(run.plan.units[0], "run") is None


def test_every_format_is_made_and_a_hostile_name_steers_nothing() -> None:
    results = Results(run=evaluation(RIGHT, WRONG, UNREAD, images=5))
    texts = {name: row.shown(results) for name, row in formats_of("accuracy").items() if name != "table"}
    assert "not whole: 3 of 5 images" in str(texts["markdown"])
    assert "<b>" not in str(texts["markdown"])
    assert not any("\x1b" in str(text) for text in texts.values())
    rows = list(csv.DictReader(io.StringIO(str(texts["answers"]))))
    assert rows[2]["image"].startswith("'=2+3")
    assert [row["top1"] for row in rows] == ["3", "1", ""]
    assert results.entries == ()


def test_a_run_that_never_began_is_reported_too() -> None:
    run = replace(evaluation(RIGHT), evaluation_records=())
    assert all(row.shown(Results(run=run)) for row in formats_of("accuracy").values())


MEASURED = MeasuredAccuracy(
    network="fasternet_t0", input_shape=(3, 224, 224), runtime="eager", dtype="float32",
    top1=0.5, low=0.25, high=0.75, images=6, artifact="a" * 64, run="photos $x$",
)  # fmt: skip


def joined(*measured: MeasuredAccuracy, names: tuple[str, ...] = ("fasternet_t0", "mobilenetv2")) -> Results:
    run = models_run([done(net(name), 0.01) for name in names])
    return Results(run=replace(run, plan=replace(run.plan, accuracies=measured)))


def test_a_measured_accuracy_goes_before_the_printed_one_in_its_runtime_and_dtype_alone() -> None:
    results = joined(MEASURED)
    found = {spot.facts.name: spot for spot in spots(results.panels["model"][0], results.accuracies)}
    assert (found["fasternet_t0"].accuracy, found["mobilenetv2"].accuracy) == (50.0, 72.0)
    assert found["fasternet_t0"].facts.title == "FasterNet-T0"
    assert [row.accuracy for row in results.rows] == [MEASURED, None]
    on_pictures = replace(MEASURED, dtype="int8", calibration="b" * 64)
    int8 = replace(net("fasternet_t0"), dtype="int8")
    assert not on_pictures.matches(int8)
    assert on_pictures.matches(replace(int8, calibration=Calibration(folder="p", digest="b" * 64)))
    for other in (replace(MEASURED, runtime="onnxruntime"), replace(MEASURED, dtype="bfloat16")):
        elsewhere = joined(other)
        printed = spots(elsewhere.panels["model"][0], elsewhere.accuracies)
        assert {spot.accuracy for spot in printed} == {71.9, 72.0}
        assert not any(row.accuracy for row in elsewhere.rows)


def test_an_int8_row_has_an_accuracy_that_was_measured_on_its_calibration_alone() -> None:
    """The printed one is that of the weights in float32."""
    plain = replace(net("fasternet_t0"), dtype="int8")
    on_pictures = replace(plain, calibration=Calibration(folder="p", digest="b" * 64))
    found = replace(MEASURED, dtype="int8", calibration="b" * 64)
    for unit, measured, known in (
        (plain, (), ()),
        (plain, (found,), ()),
        (on_pictures, (found,), (50.0,)),
    ):
        run = models_run([done(unit, 0.01)])
        results = Results(run=replace(run, plan=replace(run.plan, accuracies=measured)))
        drawn = [spot.accuracy for spot in spots(results.panels["model"][0], results.accuracies)]
        (choice,) = api.best(results.run)
        told = [line for group in described(results, results.rows[0]) for line in group.lines if line[0] == "top-1"]
        assert drawn == list(known)
        assert [each.top1_percent for each in choice.meeting] == [next(iter(known), None)]
        assert len(told) == len(known)


def test_a_measured_accuracy_holds_at_its_own_size_alone() -> None:
    run = models_run([done(net("fasternet_t0", px=192), 0.008), done(net("fasternet_t0"), 0.01)])
    at_192 = replace(MEASURED, input_shape=(3, 192, 192))
    results = Results(run=replace(run, plan=replace(run.plan, accuracies=(at_192,))))
    found = {spot.facts.input_shape[1]: spot.accuracy for spot in spots(results.panels["model"][0], results.accuracies)}
    assert found == {192: 50.0, 224: 71.9}
    assert [row.accuracy for row in results.rows] == [at_192, None]


def test_a_network_that_no_table_prints_is_drawn_with_the_name_of_its_run() -> None:
    results = joined(replace(MEASURED, network="nets:make"), names=("nets:make",))
    with style():
        figure = accuracy_picture(results.panels["model"], results.accuracies)
        figure.draw_without_rendering()
    texts = [each.get_text() for each in figure.texts]
    assert any("Accuracy: run photos" in text and "(6 images)" in text for text in texts)
    assert figure.axes[0].get_ylabel() == "top-1, % (as measured)"


def test_the_table_has_its_accuracy_and_says_whose_it_is() -> None:
    csv_file, table = (formats_of("models")[name].text(joined(MEASURED)) for name in ("csv", "markdown"))
    rows = list(csv.DictReader(io.StringIO(csv_file)))
    assert [row["top1"] for row in rows] == ["0.5", ""]
    assert "50.0 \\[25.0, 75.0\\]" in table
    assert "of the runs of bench accuracy photos" in table


def test_which_network_to_take_goes_by_what_was_measured() -> None:
    (both,) = api.best(joined().run, "top1>=60%")
    (choice,) = api.best(joined(MEASURED).run, "top1>=60%")
    assert [each.row.unit.workload.name for each in both.meeting] == ["fasternet_t0", "mobilenetv2"]
    assert [each.row.unit.workload.name for each in choice.meeting] == ["mobilenetv2"], "50 % was measured of the other"
