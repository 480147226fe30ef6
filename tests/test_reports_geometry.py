"""Labels keep clear of one another; the Pareto front is what nothing beats."""

import itertools
import random
from itertools import pairwise

import pytest

from reports.plots.annotate import Note, label_ends
from reports.plots.label_placement import Box, Label, Segment, place, spread
from reports.plots.pareto import pareto_front
from reports.plots.speed_lines import draw_speed_lines
from reports.plots.style import figure, log_axis, looks
from reports.rows import rows
from tests.made_up_runs import done, op, ops_run

FRAME = Box(left=0, bottom=0, right=800, top=600)


def _box(x: float, y: float, label: Label) -> Box:
    return Box(
        left=x - label.width / 2,
        bottom=y - label.height / 2,
        right=x + label.width / 2,
        top=y + label.height / 2,
    )


@pytest.mark.parametrize("limits", [(3.1, 6.4), (0.17, 0.52), (0.9, 60), (0.004, 3), (40, 20_000)])
def test_a_logarithmic_axis_names_its_ticks_by_what_they_are(limits: tuple[float, float]) -> None:
    fig = figure(4, 3)
    axes = fig.add_subplot()
    log_axis(axes, "x")
    axes.set_xlim(*limits)
    fig.canvas.draw()
    shown = [(at, tick.get_text()) for at, tick in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)]
    within = [(at, text) for at, text in shown if limits[0] <= at <= limits[1]]
    assert len(within) >= 2
    assert [float(text) for _, text in within] == pytest.approx([at for at, _ in within], rel=1e-3)
    assert not any("e" in text or text.endswith(".0") for _, text in within)


def test_names_of_lines_that_end_in_one_column_lie_on_no_mark() -> None:
    fig = figure(6, 3)
    axes = fig.add_subplot()
    ends = [(0.92, 4.0), (1.0, 4.1), (1.08, 3.9), (0.0, 2.0)]
    axes.plot(*zip(*ends, strict=True), "o")
    axes.set_xlim(-0.25, 3)
    label_ends(axes, [Note(x=x, y=y, text=f"line to {x}", colour="black") for x, y in ends])
    starts = [fig.transFigure.transform(text.get_position())[0] for text in axes.texts]
    marks = [x for x, _ in axes.transData.transform(ends)]
    assert starts[0] == starts[1] == starts[2] > max(marks)
    assert marks[3] < starts[3] < min(marks[:3])


def test_a_speed_is_written_within_the_picture() -> None:
    fig = figure(7, 5)
    axes = fig.add_subplot()
    units = [op("dwconv"), op("conv")]
    measured = rows(ops_run(units, [done(own, s) for own, s in zip(units, (0.0008, 0.08), strict=True)]))
    draw_speed_lines(axes, [(look, row) for look, row in zip(looks("ab", bool).values(), measured, strict=True)])
    fig.canvas.draw()
    frame = axes.get_window_extent()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert boxes
    assert all(frame.x0 < box.x0 and box.x1 < frame.x1 + 1 and box.y1 < frame.y1 + 1 for box in boxes)


def test_a_lone_label_sits_right_of_its_point() -> None:
    (placement,) = place([Label(x=100, y=100, width=40, height=10)], [], FRAME, 5)
    assert placement is not None
    assert (placement.x, placement.y, placement.led) == (125, 100, False)


def test_labels_of_a_crowd_overlap_neither_each_other_nor_the_frame() -> None:
    chance = random.Random(3)
    labels = [Label(x=chance.uniform(60, 740), y=chance.uniform(60, 540), width=60, height=12) for _ in range(30)]
    points = [Box(left=one.x - 4, bottom=one.y - 4, right=one.x + 4, top=one.y + 4) for one in labels]
    placements = place(labels, points, FRAME, 6)
    boxes = [_box(p.x, p.y, one) for p, one in zip(placements, labels, strict=True) if p is not None]
    assert len(boxes) == 30
    assert all(box.outside(FRAME) == 0 for box in boxes)
    assert all(a.overlap(b) == 0 for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(box.overlap(point) == 0 for box in boxes for point in points)


def compared(number: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The boxes held against one another to place that many labels in a picture with room for each."""
    chance, side = random.Random(3), 100 * number**0.5
    labels = [Label(x=chance.uniform(0, side), y=chance.uniform(0, side), width=60, height=12) for _ in range(number)]
    points = [Box(left=one.x - 4, bottom=one.y - 4, right=one.x + 4, top=one.y + 4) for one in labels]
    count, overlap = itertools.count(), Box.overlap
    with monkeypatch.context() as patch:
        patch.setattr(Box, "overlap", lambda self, other: (next(count), overlap(self, other))[1])
        place(labels, points, Box(left=0, bottom=0, right=side, top=side), 6)
    return next(count)


def test_four_times_the_labels_are_four_times_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label meets its neighbours alone: were it held against all, there would be sixteen times the pairs."""
    assert compared(400, monkeypatch) < 6 * compared(100, monkeypatch)


def test_an_optional_label_without_room_is_left_out() -> None:
    walled = [Box(left=-1000, bottom=-1000, right=2000, top=2000)]
    needed, spare = (Label(x=50, y=50, width=30, height=10, optional=optional) for optional in (False, True))
    assert place([needed], walled, FRAME, 5)[0] is not None
    assert place([spare], walled, FRAME, 5)[0] is None


def test_a_label_avoids_a_line() -> None:
    line = Segment(x0=100, y0=100, x1=800, y1=100)
    (placement,) = place([Label(x=100, y=100, width=40, height=10)], [], FRAME, 5, [line])
    assert placement is not None
    assert line.length_inside(_box(placement.x, placement.y, Label(x=0, y=0, width=40, height=10))) == 0


def test_length_of_a_line_inside_a_box() -> None:
    box = Box(left=0, bottom=0, right=10, top=10)
    assert Segment(x0=-5, y0=5, x1=15, y1=5).length_inside(box) == 10
    assert Segment(x0=0, y0=0, x1=30, y1=40).length_inside(box) == pytest.approx(12.5)
    assert Segment(x0=-5, y0=11, x1=15, y1=11).length_inside(box) == 0


def test_spread_keeps_order_and_distance_and_moves_little() -> None:
    assert spread([0.0, 100.0], 10) == [0.0, 100.0]
    assert spread([50.0, 52.0], 10) == [46.0, 56.0]
    moved = spread([5.0, 1.0, 3.0, 40.0], 10)
    assert sorted(range(4), key=lambda index: moved[index]) == [1, 2, 0, 3]
    ordered = sorted(moved)
    assert all(b - a >= 10 for a, b in pairwise(ordered))
    assert sum(moved[:3]) / 3 == pytest.approx(3.0)


def test_pareto_front_by_hand() -> None:
    #        fast, poor   slow, good  beaten by 0  equal time, worse  slowest, best
    points = [(1.0, 70.0), (3.0, 80.0), (2.0, 69.0), (3.0, 75.0), (5.0, 81.0)]
    assert pareto_front(points) == [0, 1, 4]
    assert pareto_front([]) == []
