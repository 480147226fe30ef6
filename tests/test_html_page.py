"""The page as a file: nothing from outside, nothing of a device that is more than text, the same bytes twice."""

import base64
import hashlib
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from bench.journal import read_run
from reports.html.details import MOST_SAMPLES
from reports.html.page import html_page, html_report
from reports.html.shown import MOST_ROWS
from reports.results import Results
from reports.tables.csv_table import csv_table
from tests.html_text import Page
from tests.made_up_comparisons import HOSTILE, SLOW, compared, row
from tests.made_up_runs import done as ended
from tests.made_up_runs import environment, failed, models_run, net, ops_run
from tests.script_by_name import script

RUNS = Path(__file__).resolve().parents[1] / "docs/results"
# The second is less accurate and 0.5% slower, within the intervals.
ALIKE = [
    ended(net(name, number), seconds * (1 + number / 100))
    for name, seconds in (("fasternet_t1", 0.0200), ("ghostnet_x1_3", 0.0201))
    for number in range(5)
]


def results(name: str) -> Results:
    return Results(run=read_run(RUNS / name))


@cache
def page_text(*names: str) -> str:
    return html_page([(name, results(name)) for name in names])


@pytest.mark.parametrize("names", [("models-cpu",), ("ops-cpu",), ("claims-cpu",), ("ops-cpu", "two-devices")])
def test_nothing_comes_from_outside_and_a_policy_forbids_it(names: tuple[str, ...]) -> None:
    text = page_text(*names)
    page = Page(text)
    assert all(target.startswith("#") for target in (*page.values("href"), *page.values("src")))
    assert not re.search(r"https?:|url\(|@import|//\w+\.", text.replace("\\/", "/"))
    (policy,) = (own["content"] for _, own in page.tags if own.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    for kind, held in (("script", page.inside["script"][1]), ("style", page.inside["style"][0])):
        digest = base64.b64encode(hashlib.sha256(held.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not page.values("style"), "a style at a tag would be refused"
    assert len(text.encode()) < 1_000_000


def test_what_stands_between_backticks_is_code() -> None:
    page = page_text("models-cpu", "claims-cpu")
    assert "<code>bench models --claims</code> measures it in pairs." in page
    assert "<code>bench compare A B --until 1%</code>" in html_report(Results(run=models_run(ALIKE)))
    assert "`" not in Page(page).text


def test_the_same_run_gives_the_same_bytes() -> None:
    assert html_report(results("ops-cpu")) == html_report(results("ops-cpu"))


@pytest.mark.parametrize(
    "name", [each[:200] for each in HOSTILE] + ["</script><script>alert(1)</script>", "=cmd|' /C'!A0"]
)
def test_what_a_device_says_is_text(name: str) -> None:
    units = [net("resnet50"), replace(net("x"), workload=replace(net("x").workload, name=name))]
    run = models_run([ended(units[0], 0.01), ended(units[1], 0.02), failed(net("swin_t"), name)])
    state = replace(run.devices[0], environment=environment(cpu=name))
    shown = html_page([(name, Results(run=replace(run, devices=(state,)))), ("b", Results(run=run))])
    harmless = html_page([("a", Results(run=models_run(list(run.records)))), ("b", Results(run=run))])
    page = Page(shown)
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in Page(harmless).tags}
    assert not any(own.startswith("on") for _, attributes in page.tags for own in attributes)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200b]", shown)
    assert page.data["rows"][0]["title"].startswith("resnet50 3x224x224")


def test_each_mark_and_row_leads_to_all_that_is_known_of_it() -> None:
    page, run = Page(page_text("models-cpu")), results("models-cpu")
    numbers = {own["data-row"] for tag, own in page.tags if tag == "tr" and "data-row" in own}
    marks = [own for tag, own in page.tags if tag == "a" and "mark" in own.get("class", "")]
    assert numbers == {str(number) for number in range(70)}
    assert len(marks) == 4 * 35  # two runtimes, accuracy and multiply-adds
    assert {own["data-row"] for own in marks} == numbers
    assert all(own["aria-label"].count(" ms") for own in marks)
    for number, table_row in enumerate(run.rows):
        detail = page.data["rows"][number]
        assert detail["title"] == f"{table_row.label} {table_row.size}, {table_row.unit.runtime} on cpu"
        records = [record for record in run.run.records if record.unit.cell == table_row.unit.cell]
        taken = {
            f"round {record.unit.round + 1}": record.measurement.samples_s for record in records if record.measurement
        }
        for name, unit, whole in detail["samples"]:
            assert [each * unit for each in whole] == pytest.approx(taken[name], rel=1e-4)
        assert len(detail["samples"]) == len(taken) == 5
        again = dict(dict(detail["groups"])["again"])
        assert again["this row"].startswith(f"bench models --model {table_row.unit.workload.name} --runtime ")


def test_the_csv_of_the_page_is_that_of_the_table() -> None:
    data = Page(page_text("ops-cpu")).data
    assert "\n".join([data["heads"]["op"], *data["csv"]]) + "\n" == csv_table(results("ops-cpu"))
    both = Page(page_text("ops-cpu", "two-devices")).data
    assert both["heads"]["op"] == f"run,{data['heads']['op']}"
    assert both["csv"][0] == f"ops-cpu,{data['csv'][0]}"


def test_pairs_lead_to_their_bursts() -> None:
    page = Page(html_report(compared(row("resnet50", SLOW))))
    (detail,) = page.data["rows"]
    assert "SLOWER" in page.text
    assert [name for name, *_ in detail["samples"]][:2] == ["pair 1 first", "pair 1 second"]
    assert dict(dict(detail["groups"])["pair 1"])["ratio"] == "1.300"
    assert [own["href"] for tag, own in page.tags if tag == "a" and own.get("class", "").startswith("mark")] == ["#r0"]


def test_what_differs_between_runs_is_said_and_marked() -> None:
    other = ops_run(list(results("ops-cpu").run.plan.units), [], environment(cpu="Another"))
    page = Page(html_page([("a", results("ops-cpu")), ("b", Results(run=other))]))
    assert "Not the same: " in page.text
    assert "cpu model" in page.text.partition("Not the same: ")[2].split(".")[0]
    same = Page(html_page([("a", results("ops-cpu")), ("a", results("ops-cpu"))]))
    assert "Nothing that decides a number differs between them." in same.text
    assert "a (2) (second) beside a (first)" in same.text
    unlike = Page(page_text("models-cpu", "claims-cpu"))
    assert "other environment" in unlike.text, "no answer where more than the workload may have made the ratio"


def test_five_hundred_rows_stay_below_five_megabytes(tmp_path: Path) -> None:
    script("report_speed").make_run(tmp_path, "models", 2500)
    text = html_report(Results(run=read_run(tmp_path)))
    assert len(Page(text).data["rows"]) == 500
    assert len(text.encode()) < 5_000_000


def test_more_rows_and_samples_than_a_browser_holds_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.html.shown.MOST_ROWS", 10)
    monkeypatch.setattr("reports.html.details.MOST_SAMPLES", 100)
    page = Page(html_report(results("ops-cpu")))
    assert "10 of 32 rows are in this page; table.csv has all." in page.text
    assert re.search(r"Of the samples every \d+th is in this page", page.text)
    assert sum(len(whole) for detail in page.data["rows"] for *_, whole in detail["samples"]) <= 200
    assert MOST_ROWS > 500 < MOST_SAMPLES
