"""Which axis changes who is faster: worked by hand, and how often chance alone is called one."""

import csv
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from bench.records.workload import NetworkChanges, Unit
from bench.statistics import log_mean_interval
from reports.flips import LEVEL, Flips, flips
from reports.formats import formats
from reports.results import Results
from reports.row import RoundMedian, Row
from reports.tables.flip_table import flip_lines
from tests.made_up_runs import done, net, op, ops_run, printed


def row(unit: Unit, medians: Sequence[float]) -> Row:
    return Row(
        unit=unit,
        planned=len(medians),
        status="done",
        medians=tuple(RoundMedian(round=number, seconds=each) for number, each in enumerate(medians)),
        time=log_mean_interval(medians),
    )


def at(unit: Unit, **settings: object) -> Unit:
    return replace(unit, **settings)  # type: ignore[arg-type]


NEAR_1, NEAR_2, NEAR_3 = (0.99, 1.0, 1.01), (1.98, 2.0, 2.02), (2.97, 3.0, 3.03)


def sweep(of: Mapping[str, Sequence[Sequence[float]]], axis: str, values: Sequence[object]) -> list[Row]:
    """A row for each operator at each value of an axis."""
    return [
        row(at(op(name), **{axis: value}), medians)
        for name, own in of.items()
        for value, medians in zip(values, own, strict=True)
    ]


def test_a_flip_by_hand() -> None:
    (flip,) = flips(sweep({"conv": [NEAR_1, NEAR_3], "pconv": [NEAR_2, NEAR_2]}, "threads", [1, 4])).found
    assert (flip.axis, flip.first, flip.second) == ("threads", "conv", "pconv")
    assert (flip.at_first, flip.at_second) == ("1", "4")
    assert flip.lead_first.centre == pytest.approx(2, rel=1e-3)
    assert flip.lead_second.centre == pytest.approx(1.5, rel=1e-3)
    assert flip.p < LEVEL
    assert flip.context["size"] == "96x56x56"


def test_who_is_ahead_everywhere_is_no_flip() -> None:
    made = flips(sweep({"conv": [NEAR_1, NEAR_2], "pconv": [NEAR_2, NEAR_3]}, "threads", [1, 4]))
    assert (made.found, made.looked, made.axes) == ((), 1, ("threads",))


def test_an_order_in_doubt_on_one_side_is_no_flip() -> None:
    wide = (1.0, 2.0, 4.0)
    assert flips(sweep({"conv": [NEAR_1, wide], "pconv": [NEAR_2, (0.9, 1.8, 3.9)]}, "threads", [1, 4])).found == ()


def test_only_rows_that_differ_in_one_axis_are_set_beside_each_other() -> None:
    rows = [
        row(at(op("conv"), threads=1, batch=1), NEAR_1),
        row(at(op("pconv"), threads=1, batch=1), NEAR_2),
        row(at(op("conv"), threads=4, batch=8), NEAR_3),
        row(at(op("pconv"), threads=4, batch=8), NEAR_2),
    ]
    assert flips(rows) == Flips()


def test_a_form_of_a_network_is_an_axis() -> None:
    rows = [
        row(net("resnet50"), NEAR_1),
        row(net("fasternet_t0"), NEAR_2),
        row(net("resnet50", form="fast"), NEAR_3),
        row(net("fasternet_t0", form="fast"), NEAR_2),
    ]
    (flip,) = flips(rows).found
    assert (flip.axis, flip.at_first, flip.at_second) == ("form", "plain", "fast")


def test_a_changed_network_is_another_subject_in_the_words_of_its_variant() -> None:
    plain, changed = net("fasternet_t0"), net("fasternet_t0")
    assert changed.workload.model is not None
    model = replace(changed.workload.model, changes=NetworkChanges(ratio="1/8", dilation=2))
    changed = replace(changed, workload=replace(changed.workload, variant="r1/8,d2", model=model))
    times = ((plain, 1, NEAR_1), (changed, 1, NEAR_2), (plain, 4, NEAR_3), (changed, 4, NEAR_2))
    (flip,) = flips([row(at(unit, threads=threads), medians) for unit, threads, medians in times]).found
    assert (flip.first, flip.second) == ("fasternet_t0 3x224x224", "fasternet_t0 (r1/8,d2) 3x224x224")


def test_one_round_proves_nothing() -> None:
    assert flips(sweep({"conv": [(1.0,), (3.0,)], "pconv": [(2.0,), (2.0,)]}, "threads", [1, 4])).looked == 0


@pytest.mark.parametrize("ahead", [0.0, 0.05])
def test_without_a_flip_none_is_claimed_more_often_than_stated(ahead: float) -> None:
    """Four subjects, four values, three rounds; equal, or each a little ahead of the next at every value."""
    rng, claimed, tries = random.Random(11), 0, 300
    for _ in range(tries):
        table = {
            name: [[rng.lognormvariate(ahead * place, 0.03) for _ in range(3)] for _ in range(4)]
            for place, name in enumerate(("conv", "gconv", "dwconv", "pconv"))
        }
        claimed += bool(flips(sweep(table, "threads", [1, 2, 3, 4])).found)
    assert claimed <= LEVEL * tries


def test_a_planted_flip_among_many_is_found() -> None:
    rng = random.Random(5)
    rows = []
    for name, times in {"conv": (1.0, 1.0), "gconv": (1.2, 0.8), "dwconv": (2.0, 2.0), "pconv": (3.0, 3.0)}.items():
        for threads, centre in zip((1, 4), times, strict=True):
            rows.append(row(at(op(name), threads=threads), [centre * rng.lognormvariate(0, 0.01) for _ in range(5)]))
    made = flips(rows)
    assert [(flip.first, flip.second) for flip in made.found] == [("conv", "gconv")]
    assert made.looked == 6


def results() -> Results:
    records = [
        done(at(op(name, number=number), threads=threads), times[threads] * (1 + number / 100))
        for name, times in {"conv": {1: 1.0, 4: 3.0}, "pconv": {1: 2.0, 4: 2.0}}.items()
        for threads in (1, 4)
        for number in range(3)
    ]
    return Results(run=ops_run([record.unit for record in records], records))


def test_the_table_says_it_and_the_file_holds_it() -> None:
    made = results()
    told = "conv is 2.00 [1.96, 2.05] times as fast as pconv at 1"
    assert any(told in line for line in flip_lines(made))
    assert "conv is 2.00" in formats()["markdown"].text(made)
    assert "Ranking flips: 1" in printed(made.run)
    (line,) = csv.DictReader(io.StringIO(formats()["flips-csv"].text(made)))
    assert (line["axis"], line["first"], line["at_second"], line["threads"]) == ("threads", "conv", "4", "")
    assert float(line["lead_first_low"]) > 1
