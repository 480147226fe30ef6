"""Table 5 beside changed FasterNets: which rows stand for it, and ratios worked by hand."""

from dataclasses import replace

import pytest

from bench.records.record import Record
from bench.records.workload import NetworkChanges
from reports.ledger.ablation_entries import RESCALED, table5
from reports.ledger.entry import Entry
from reports.ledger.markdown_ledger import markdown_ledger
from reports.results import Results
from tests.made_up_runs import done, models_run, net, state


def changed(name: str, seconds: float, number: int = 0, device: str = "cpu", form: str = "", **values: str) -> Record:
    unit = net(name, number, device, form=form)
    assert unit.workload.model is not None
    model = replace(unit.workload.model, changes=NetworkChanges(**values))  # type: ignore[arg-type]
    return done(replace(unit, workload=replace(unit.workload, variant=",".join(values.values()), model=model)), seconds)


def results(*records: Record, machine: str = "x86_64") -> Results:
    return Results(run=models_run(list(records), states=(state("cpu", machine),)))


def ablations(*records: Record, machine: str = "x86_64") -> list[Entry]:
    return [entry for entry in results(*records, machine=machine).entries if entry.section.startswith("ablation")]


def test_what_is_printed() -> None:
    printed = {(facts.name, *filter(None, vars(facts.changes).values())): facts for facts in table5()}
    assert list(printed) == [
        ("fasternet_t0", "1/2"),
        ("fasternet_t0", "1/8"),
        ("fasternet_t0", "ln"),
        ("fasternet_t0", "relu"),
        ("fasternet_t2", "gelu"),
    ]
    assert printed["fasternet_t0", "ln"].speed.printed("gpu") == 5515
    assert printed["fasternet_t2", "gelu"].speed.printed("arm") == pytest.approx(0.557)


def test_a_ratio_by_hand() -> None:
    # Layer norm takes 10.7 ms where batch norm takes 9.2 in the paper; here 12 and 10, then 11 and 10.
    times = [("", 0.010, 0), ("ln", 0.012, 0), ("", 0.010, 1), ("ln", 0.011, 1)]
    speed, ratio = ablations(
        *(changed("fasternet_t0", s, n, **({"norm": norm} if norm else {})) for norm, s, n in times)
    )
    assert (speed.section, speed.quantity) == ("ablation", "latency_s")
    assert speed.paper == pytest.approx(0.0107)
    assert (ratio.section, ratio.against, ratio.variant) == ("ablation_ratio", "fasternet_t0", "ln")
    assert ratio.paper == pytest.approx(9.2 / 10.7)
    assert ratio.ours is not None
    assert ratio.ours.centre == pytest.approx((10 / 12 * 10 / 11) ** 0.5)
    assert ratio.replicates == 2


@pytest.mark.parametrize(("machine", "paper"), [("x86_64", 35.4 / 33.5), ("aarch64", 557 / 497)])
def test_gelu_and_relu_by_device(machine: str, paper: float) -> None:
    records = (changed("fasternet_t2", 0.02), changed("fasternet_t2", 0.03, activation="gelu"))
    _, ratio = ablations(*records, machine=machine)
    assert ratio.paper == pytest.approx(1 / paper)
    assert ratio.ours is not None
    assert ratio.ours.centre == pytest.approx(2 / 3)


def test_a_rescaled_network_says_so() -> None:
    entries = ablations(changed("fasternet_t0", 0.01), changed("fasternet_t0", 0.01, ratio="1/8"))
    assert [entry.reason for entry in entries] == [RESCALED] * 2


def test_without_the_published_network_there_is_no_ratio() -> None:
    _, ratio = ablations(changed("fasternet_t0", 0.01, activation="relu"))
    assert (ratio.ours, ratio.reason) == (None, "a side is not in this run")


def test_two_changes_at_once_or_another_form_are_no_row_of_the_table() -> None:
    both = changed("fasternet_t0", 0.01, norm="ln", activation="relu")
    assert ablations(changed("fasternet_t0", 0.01), both) == []
    assert ablations(changed("fasternet_t0", 0.01), changed("fasternet_t0", 0.01, form="fast", activation="relu")) == []
    assert ablations(changed("fasternet_s", 0.01, activation="gelu")) == []


def test_beside_another_papers_table_this_ones_chapters_are_left_out() -> None:
    run = results(changed("fasternet_t0", 0.01), changed("fasternet_t0", 0.01, activation="relu")).run
    given = replace(run, plan=replace(run.plan, ledger="name,input_px,source\nfasternet_t0,224,Another paper"))
    sections = [{entry.section for entry in Results(run=each).entries} for each in (run, given)]
    assert "ablation" in sections[0]
    assert "ablation" not in sections[1]


def test_a_changed_network_does_not_stand_for_the_published_one() -> None:
    entries = results(changed("fasternet_t0", 0.001, activation="relu"), changed("fasternet_t0", 0.01)).entries
    (own,) = [entry for entry in entries if entry.section == "network" and entry.name == "fasternet_t0"]
    assert own.ours is not None
    assert own.ours.centre == pytest.approx(0.01)


def test_the_ledger_has_a_chapter_for_it() -> None:
    text = markdown_ledger(results(changed("fasternet_t0", 0.010), changed("fasternet_t0", 0.011, activation="relu")))
    assert "### Table 5: FasterNet changed" in text
    assert "| fasternet_t0 (relu) | 3x224x224 | x fasternet_t0 | 1.12 | 0.909 | 0.81" in text
