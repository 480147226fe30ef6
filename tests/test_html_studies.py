"""The page of what times nothing: studies of representations, and how accurate a network is."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.api import read_run
from bench.journal import Journal
from bench.records.accuracy import Answer
from bench.records.run import Run
from reports.html.charts.chart import Chart
from reports.html.charts.pictures import charts
from reports.html.page import html_page, html_report
from reports.html.shown import shown_runs
from reports.results import Results
from tests.html_text import Page
from tests.made_up_accuracy import evaluation
from tests.made_up_runs import done, models_run, net
from tests.made_up_studies import alike, errors, filters, run_of, study

ANSWERS = [
    Answer(image=f"{number}.png", label=0, top=(number % 4 == 0, 2, 3, 4, 5), reference=0) for number in range(8)
]
ACCURACY = evaluation(*ANSWERS)
APPROXIMATE = run_of(study(), errors({"pconv": (0.1, 0.11, 0.12), "dwconv": (0.2, 0.21, 0.22)}))
SALIENCE = run_of(study("salience"), [filters("layer1.conv", (1, 1, 1, 1, 12, 1, 1, 1, 1))])
REDUNDANCY = run_of(study("redundancy"), [alike("stem", 2), alike("layer1.conv", 6)])


def drawn(run: Run) -> Chart:
    (shown,) = shown_runs([("a", Results(run=run))])
    (chart,) = charts(shown)
    return chart


@pytest.mark.parametrize(
    ("run", "said"),
    [
        # 6 of 8 right: Wilson's interval by hand.
        (ACCURACY, "top-1: 75.00% [40.93, 92.85], 6 of 8 images."),
        (ACCURACY, "8 images of 100: /photos; classes as their names say."),
        (ACCURACY, "Images that cannot be read count in no part."),
        (APPROXIMATE, "pconv approximates best (decided): dwconv has 1.9"),
        (APPROXIMATE, "40 images of 50: /photos."),
        (SALIENCE, "20 filters of 3x3: most often in the centre (60.0 ["),
        (REDUNDANCY, "8 of 16 channels (50.0%) have a near twin in their own map; most of them in layer1.conv"),
    ],
)
def test_what_came_of_it_and_what_was_asked_are_said(run: Run, said: str) -> None:
    page = Page(html_report(Results(run=run)))
    assert said in page.text
    assert page.data["rows"] == [], "nothing was timed"
    assert "GMAC/s = MACs" not in page.text
    assert "#rows" in page.values("href")


def test_each_line_of_its_tables_is_there() -> None:
    text = html_report(Results(run=REDUNDANCY))
    for cells in (("stem", "10x8x8", "2", "0.250", "2", "25.0"), ("layer1.conv", "10x8x8", "2", "0.250", "6", "75.0")):
        assert "</td><td>".join(cells[:2]) in text
        assert '</td><td class="n">'.join(cells[1:]) in text


def test_accuracy_is_drawn_at_its_share_and_chance_as_a_diamond() -> None:
    scale = {float(tick.text): tick.at for tick in drawn(ACCURACY).x_ticks}
    (first, *_) = drawn(ACCURACY).marks
    assert first.x == pytest.approx(scale[0] + 0.75 * (scale[100] - scale[0]), abs=0.2)
    chart = drawn(SALIENCE)
    (mark,), (ring,) = chart.marks, chart.lines
    left, right = (float(pair.split(",")[0]) for pair in (ring.points.split()[0], ring.points.split()[2]))
    assert right < mark.x, "60% lies right of chance"
    at = {float(tick.text): tick.at for tick in chart.x_ticks}
    assert (left + right) / 2 == pytest.approx(at[0] + (100 / 9) * (at[20] - at[0]) / 20, abs=0.2)


def test_pairs_and_layers_are_told_apart() -> None:
    two = run_of(study(), errors({"pconv": (0.1, 0.11), "dwconv": (0.2, 0.21)}, stages=2))
    places = ("stage 1", "stage 2", "average")
    names = [f"{place}: {pair}" for place in places for pair in ("pconv", "dwconv")]
    assert [tick.text for tick in drawn(two).y_ticks] == names
    twins = drawn(REDUNDANCY)
    assert [tick.text for tick in twins.y_ticks] == ["layer1.conv", "stem"], "the most first"
    lengths = [mark.length.x1 - mark.length.x0 for mark in twins.marks if mark.length]
    assert lengths[0] == pytest.approx(3 * lengths[1], abs=0.2), "6 twins and 2"


def test_one_that_never_began_has_a_page_that_says_what_was_asked() -> None:
    text = Page(html_report(Results(run=replace(ACCURACY, evaluation_records=())))).text
    assert "Accuracy of fasternet_t0 3x224x224 in PyTorch, float32, batch 1" in text
    assert "It found nothing yet." in text
    assert "No picture" in text


def test_a_study_stands_beside_a_run_that_times() -> None:
    timed = Results(run=models_run([done(net("resnet50"), 0.01), done(net("swin_t"), 0.02)]))
    page = Page(html_page([("speed", timed), ("photos", Results(run=ACCURACY)), ("layers", Results(run=SALIENCE))]))
    assert len(page.data["rows"]) == 2
    assert "photos: Accuracy of fasternet_t0" in page.text
    assert "layers: Layer by layer" in page.text
    assert "resnet50 (eager) is the fastest of 2" in page.text
    assert "GMAC/s = MACs" in page.text


def test_a_notebook_shows_its_table_and_its_picture(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "run", REDUNDANCY.plan) as journal:
        for record in REDUNDANCY.study_records:
            journal.append(record)
    table, pictures = read_run(tmp_path / "run")._repr_html_().split("</pre>")
    assert "layer1.conv" in table
    assert "8 of 16 channels (50.0%) have a near twin" in table
    assert "How alike channels are" in pictures
