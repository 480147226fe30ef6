"""Places in the pictures of the page."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.run import Run
from bench.statistics import Interval
from reports.html.charts.pictures import charts
from reports.html.charts.scale import Scale, linear_scale, log_scale
from reports.html.charts.scatter import FRAME, MOST_MARKS, Point, scatter
from reports.html.shown import shown_runs
from reports.results import Results
from tests.made_up_comparisons import SLOW, compared, row
from tests.made_up_layers import CEILINGS, LAYERS, layered, layers_run
from tests.made_up_runs import done, models_run, net, op, ops_run
from tests.made_up_series import series, slows, sustained, sustained_run


@given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=5))
def test_every_number_lies_within_its_axis_and_in_its_order(values: list[float]) -> None:
    for scale in (log_scale(values, 50, 400), linear_scale(values, 400, 50)):
        places = [scale.at(value) for value in sorted(values)]
        assert all(50 <= place <= 400 for place in places)
        assert sorted(places, reverse=scale.start > scale.end) == places
        assert all(50 <= tick.at <= 400 for tick in scale.ticks)
        assert 1 <= len(scale.ticks) <= 10


def test_a_decade_is_as_long_as_any_other() -> None:
    scale = Scale(low=1, high=1000, start=0, end=300, logarithmic=True)
    assert [scale.at(value) for value in (1, 10, 100, 1000)] == [0, 100, 200, 300]
    assert {tick.text for tick in scale.ticks} >= {"1", "10", "100", "1000"}
    assert scale.at(5000) == 300, "a bar that reaches beyond ends at the frame"


def test_an_axis_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an axis from a lower to a higher number"):
        Scale(low=2, high=2, start=0, end=1, logarithmic=False)


def point(x: float, row_number: int = 0) -> Point:
    return Point(
        x=x,
        y=x,
        name=f"n{x:g}",
        text="",
        series="a",
        row=row_number,
        y_interval=Interval(centre=x, low=x / 2, high=x * 2),
    )


def test_more_marks_than_a_picture_holds_are_told() -> None:
    points = [point(1 + index) for index in range(MOST_MARKS + 1)]
    scales = log_scale([1, 1000], FRAME.x0, FRAME.x1), log_scale([1, 1000], FRAME.y1, FRAME.y0)
    made = scatter("t", "c.", points, scales, ("x", "y"))
    assert len(made.marks) == MOST_MARKS
    assert made.caption == f"c. {MOST_MARKS} of {MOST_MARKS + 1} rows are drawn."
    assert not made.names


def test_names_cover_no_mark_and_bars_hold_their_mark() -> None:
    scales = log_scale([1, 100], FRAME.x0, FRAME.x1), log_scale([1, 100], FRAME.y1, FRAME.y0)
    made = scatter("t", "c", [point(1), point(10), point(100)], scales, ("x", "y"))
    assert {name.text for name in made.names} == {"n1", "n10", "n100"}
    assert all(abs(name.x - mark.x) + abs(name.y - mark.y) > 5 for name in made.names for mark in made.marks)
    assert all(mark.bar and mark.bar.y0 >= mark.y >= mark.bar.y1 for mark in made.marks)


def test_a_network_at_another_size_or_in_another_form_is_named_so() -> None:
    units = [net("fasternet_t0", form=form) for form in ("", "64px", "fast")]
    results = Results(run=models_run([done(unit, 0.01 * (1 + place)) for place, unit in enumerate(units)]))
    (shown,) = shown_runs([("run", results)])
    drawn = [chart for chart in charts(shown) if chart.title.startswith("Time against MACs")]
    assert {name.text for name in drawn[0].names} == {"FasterNet-T0", "fasternet_t0 (64px)", "fasternet_t0 (fast)"}


def test_a_comparison_is_drawn_beside_no_change() -> None:
    (shown,) = shown_runs([("a", compared(row("resnet50", SLOW)))])
    (made,) = charts(shown)
    (mark,) = made.marks
    ring = [float(pair.split(",")[0]) for pair in made.lines[0].points.split()]
    assert mark.x > max(ring), "1.3 lies right of 1"


def test_rows_that_a_switch_tells_apart_look_apart_below_their_roof() -> None:
    units = [replace(op(name), switches=switches) for name in ("conv", "dwconv") for switches in ((), ("graph=basic",))]
    run = ops_run(units, [done(unit, 0.01 * (1 + place)) for place, unit in enumerate(units)])
    (shown,) = shown_runs([("a", Results(run=with_ceilings(run)))])
    (roof,) = (chart for chart in charts(shown) if chart.title.startswith("Roofline"))
    assert [name for _, name in roof.legend] == [
        "conv, usual settings",
        "conv, graph=basic",
        "dwconv, usual settings",
        "dwconv, graph=basic",
    ]
    assert [mark.series for mark in roof.marks] == [0, 1, 2, 3]
    assert "eager, graph=basic: " in roof.marks[1].text
    (usual,) = shown_runs([("a", Results(run=with_ceilings(ops_run(units[::2], list(run.records[::2])))))])
    (roof,) = (chart for chart in charts(usual) if chart.title.startswith("Roofline"))
    assert [name for _, name in roof.legend] == ["conv", "dwconv"], "what is the same for all is not told"


def with_ceilings(run: Run) -> Run:
    return replace(run, devices=tuple(replace(state, ceilings=(CEILINGS,)) for state in run.devices))


def test_what_was_sustained_is_drawn_over_its_time() -> None:
    (shown,) = shown_runs([("a", Results(run=sustained_run(sustained("resnet50", series(slows(0.01, 0.02))))))])
    (chart,) = (chart for chart in charts(shown) if chart.title.startswith("Under sustained load"))
    assert 2 <= len(chart.marks) <= 40
    assert [mark.x for mark in chart.marks] == sorted(mark.x for mark in chart.marks)
    assert chart.marks[-1].y < chart.marks[0].y, "slower is higher up"
    assert chart.marks[0].text.startswith("resnet50 (eager, sustain ")
    assert {mark.row for mark in chart.marks} == {0}


def test_layers_and_the_roof_above_them_are_drawn() -> None:
    run = layers_run(layered("resnet50", LAYERS), ceilings=(CEILINGS,))
    (shown,) = shown_runs([("a", Results(run=run))])
    _, roof, layers = charts(shown)  # accuracy is the first
    assert {line.name.text for line in roof.lines if line.name} == {"DRAM 0.00100 GB/s", "float32 2.00 GMAC/s"}
    (row_mark,) = roof.marks
    assert "of its limit, bound by" in row_mark.text
    assert layers.title.startswith("Layers: resnet50")
    lengths = [mark.length.x1 - mark.length.x0 for mark in layers.marks if mark.length]
    assert lengths[0] == pytest.approx(2 * lengths[1], rel=0.01), "4 ms and 2 ms, the dearest first"
