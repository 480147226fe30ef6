"""What is said of a study: which pair is best and whether that is decided, and what of it compares with the paper."""

import csv
import io
from dataclasses import replace

import pytest
from rich.console import Console

from bench.records.run import Run
from bench.records.study import STUDIES, StudyRecord
from bench.statistics import share
from reports.formats import formats_of
from reports.ledger.study_entries import study_entries
from reports.ledger.table2 import table2
from reports.paper_tables import formula_macs
from reports.plots.pictures import figures
from reports.results import Results
from reports.studies.approximations import approximated, verdicts
from reports.studies.positions import layers_of, positions
from tests.made_up_studies import (
    MADE,
    PAIRS,
    alike,
    approximation,
    errors,
    filters,
    given,
    run_of,
    study,
)

CLEAR = {PAIRS[0]: (0.030, 0.031, 0.032), PAIRS[1]: (0.020, 0.021, 0.022), PAIRS[2]: (0.010, 0.0105, 0.011)}
CLOSE = {PAIRS[0]: (0.030, 0.010, 0.032), PAIRS[1]: (0.010, 0.031, 0.011)}


def text_of(run: Run, name: str = "markdown") -> str:
    """The text of that form."""
    return formats_of(run.plan.command)[name].text(Results(run=run))


def shown(run: Run, width: int = 100) -> str:
    """As a terminal shows it."""
    out = io.StringIO()
    Console(file=out, width=width).print(formats_of(run.plan.command)["table"].shown(Results(run=run)))
    return out.getvalue()


def test_the_best_pair_is_decided_where_every_other_has_more_error_on_the_same_split() -> None:
    (said,) = verdicts(approximated(run_of(study(), errors(CLEAR))))
    assert said.startswith("stage 1: pconv+pwconv approximates best (decided): ")
    assert "gconv+pwconv has 2.00 [2.00, 2.00]x its error" in said
    (unsure,) = verdicts(approximated(run_of(study(), errors(CLOSE))))
    assert "(undecided against dwconv+pwconv)" in unsure


def test_one_training_decides_nothing() -> None:
    (said,) = verdicts(approximated(run_of(study(), errors({PAIRS[0]: [0.1], PAIRS[1]: [0.2]}))))
    assert said.endswith("best (undecided against gconv+pwconv): gconv+pwconv has 2.00x its error")


def test_the_average_is_over_the_stages_seed_by_seed_of_the_pairs_that_fit_all() -> None:
    records = errors(CLEAR) + [StudyRecord(approximation=approximation(2, PAIRS[0], seed, 0.05)) for seed in range(3)]
    misfit = replace(approximation(2, PAIRS[1], 0, 1.0), fit=None, reason="expected channels divisible by groups")
    run = run_of(study(), [*records, StudyRecord(approximation=misfit)])
    found = approximated(run)
    (average,) = [row for row in found if row.place == "average"]
    assert average.operator == PAIRS[0]
    assert [each.mse for each in average.trainings] == pytest.approx([0.040, 0.0405, 0.041])
    assert [each.normalised for each in average.trainings] == pytest.approx([0.40, 0.405, 0.41])
    assert "stage 2: gconv+pwconv left out: expected channels divisible by groups" in shown(run)


def test_an_error_of_nothing_at_all_has_no_logarithm_and_is_shown_all_the_same() -> None:
    run = run_of(study(), errors({PAIRS[0]: (0.0, 0.0), PAIRS[1]: (0.1, 0.1)}))
    assert "dwconv+pwconv approximates best (decided)" in shown(run)


def test_a_pair_with_too_many_weights_for_its_images_is_told() -> None:
    few = replace(approximation(1, PAIRS[0], 0, 0.1), params=10**7)
    run = run_of(study(), [StudyRecord(approximation=few)])
    assert "fewer than ten values to train on for each weight" in shown(run)
    assert "fewer than ten" not in shown(run_of(study(), errors(CLEAR)))


def test_table_2_is_as_printed_and_its_averages_are_means_of_its_stages() -> None:
    assert table2()["1", "gconv+pwconv"] == 0.0065
    for operator in PAIRS:
        mean = sum(table2()[str(stage), operator] for stage in range(1, 5)) / 4
        assert table2()["average", operator] == pytest.approx(mean, abs=0.00006)


def test_the_papers_formulas_on_a_case_by_hand() -> None:
    assert formula_macs("pconv+pwconv", (64, 56, 56)) == 56 * 56 * (9 * 16 * 16 + 64 * 64)
    assert formula_macs("gconv+pwconv", (64, 2, 3)) == 6 * (9 * 64 * 4 + 64 * 64)
    assert formula_macs("dwconv+pwconv", (64, 1, 1)) == 9 * 64 + 64 * 64
    assert formula_macs("tconv", (64, 1, 1)) is formula_macs("tconv+pwconv", (64, 1, 1)) is None


def test_the_counts_of_pairs_alone_stand_beside_the_papers() -> None:
    alone = study_entries(run_of(study(), errors({"conv": [0.1], PAIRS[0]: [0.1]})))
    assert {entry.name for entry in alone if entry.section == "approximation_count"} == {PAIRS[0]}


def test_errors_compare_with_the_users_weights_and_images_alone_and_counts_always() -> None:
    printed = {PAIRS[2]: [table2()["1", PAIRS[2]]] * 3}
    entries = study_entries(run_of(study(), errors(printed)))
    theirs = {(e.section, e.input_shape): e for e in entries if e.name == PAIRS[2]}
    assert theirs["approximation", "stage 1"].verdict == "reproduced"
    assert theirs["approximation", "stage 2"].verdict == "not measured"
    records = errors(printed)
    made = study_entries(run_of(study(images=""), records, given(3, MADE, checkpoint="")))
    (mine,) = [e for e in made if (e.section, e.input_shape, e.name) == ("approximation", "stage 1", PAIRS[2])]
    assert (mine.verdict, mine.reason) == (
        "not testable here", "random weights and made images: the paper's are ImageNet's",
    )  # fmt: skip
    other = study_entries(run_of(study(model="timm:resnet18"), records))
    assert {entry.section for entry in other} == {"approximation_count"}


def test_a_count_that_is_not_the_formulas_differs() -> None:
    right = replace(approximation(1, PAIRS[2], 0, 0.1), macs_counted=formula_macs(PAIRS[2], (64, 56, 56)) or 0)
    wrong = replace(right, macs_counted=right.macs_counted + 1)
    for each, verdict in ((right, "equal"), (wrong, "differs")):
        entries = study_entries(run_of(study(), [StudyRecord(approximation=each)]))
        assert [e.verdict for e in entries if e.section == "approximation_count"] == [verdict]


def test_wilsons_interval_on_a_case_from_a_table() -> None:
    found = share(8, 10)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert share(0, 10).low == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("counts", "answer"),
    [
        ((1, 1, 1, 1, 92, 1, 1, 1, 1), "most often in the centre"),
        ((11, 11, 11, 11, 12, 11, 11, 11, 11), "not told from chance"),
        ((12, 12, 12, 12, 0, 13, 13, 13, 13), "less often in the centre than by chance"),
        ((0, 0, 0, 0, 30, 70, 0, 0, 0), "not told from chance"),  # another one is stronger still
    ],
)
def test_the_centre_is_told_from_chance(counts: tuple[int, ...], answer: str) -> None:
    run = run_of(study("salience"), [filters("conv", counts)], given(1, None))
    (found,) = positions(layers_of(run))
    assert found.answer == answer
    assert answer in shown(run)


def test_kernels_of_another_size_stand_apart_and_zero_filters_are_counted() -> None:
    one = filters("a", (0, 0, 0, 0, 5, 0, 0, 0, 0), zero=2)
    both = [one, filters("b", (1,) * 9)]
    found = positions(layers_of(run_of(study("salience"), both)))
    assert [(each.size, each.layers, each.filters, each.zero) for each in found] == [("3x3", 2, 14, 2)]
    assert found[0].counts == (1, 1, 1, 1, 6, 1, 1, 1, 1)
    assert found[0].shares == pytest.approx((1 / 9,) * 9)


def test_the_files_of_each_study_are_tables_with_a_line_each() -> None:
    runs = {
        "approximate": (run_of(study(), errors(CLEAR, stages=2)), 9),
        "salience": (run_of(study("salience"), [filters("conv", (1,) * 9)] * 2, given(2, None)), 2),
        "redundancy": (run_of(study("redundancy"), [alike("a", 0), alike("b", 4, draw=True)]), 2),
    }
    for name, (run, lines) in runs.items():
        rows = list(csv.DictReader(io.StringIO(text_of(run, "csv"))))
        assert len(rows) == lines, name
        assert text_of(run, "markdown").startswith("# ")
        assert "# Replication ledger" in text_of(run, "ledger-markdown")
        assert list(figures(Results(run=run))) == [name]
        assert max(map(len, shown(run).splitlines())) <= 100


def test_twins_are_told_of_the_channels_that_vary() -> None:
    run = run_of(study("redundancy"), [alike("a", 0), alike("b", 4, draw=True)])
    assert "4 of 16 channels (25.0%) have a near twin in their own map; most of them in b (50.0%)" in shown(run)
    (entry,) = study_entries(run)
    assert (entry.ours is not None and entry.ours.centre, entry.replicates) == (0.5, 8)


def test_a_study_that_broke_off_says_how_far_it_came() -> None:
    run = run_of(study(), [*errors({PAIRS[0]: [0.1]}), StudyRecord(failed="killed (signal 9, SIGKILL)")], given(36))
    for said in (shown(run), text_of(run)):
        assert "not whole: 1 of 36 pieces, killed" in said
    for ended, said in (([StudyRecord(failed="killed")], "0 of 5 pieces, killed"), ([], "0 of 5 pieces\n")):
        for name in STUDIES:
            nothing = run_of(study(name), ended, given(5))
            assert f"not whole: {said}" in shown(nothing)
            assert figures(Results(run=nothing)) == {}


def test_no_name_steers_a_terminal_a_page_or_a_sheet() -> None:
    evil = "\x1b[31m=cmd|<b>[red]"
    asked = replace(study("redundancy"), model=evil)
    record = alike(evil, 1, draw=True)
    images = replace(MADE, source=evil, unreadable=1, trouble=(evil,))
    run = run_of(asked, [record], given(1, images))
    for name in ("markdown", "csv", "ledger-csv", "ledger-markdown"):
        said = text_of(run, name)
        assert "\x1b" not in said
        assert "<b>" not in said or name.endswith("csv")
    assert "\x1b" not in shown(run)
    assert "[red]" in shown(run)
    assert figures(Results(run=run))
