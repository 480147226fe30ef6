"""The site as files: one page a run, one index of all rows, the same bytes twice, and nothing of others lost."""

import csv
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench.api import site
from bench.cli.main import main
from bench.errors import UsageError
from bench.journal import Event, Journal
from bench.records.environment import Environment, RuntimeVersion
from bench.records.record import Record
from bench.records.run import Run
from reports.html.page import html_page
from reports.results import Results
from reports.site import index_table
from tests.html_text import Page
from tests.made_up_comparisons import HOSTILE, SLOW, compared, row
from tests.made_up_runs import done, environment, failed, models_run, net, op, ops_run, state
from tests.made_up_studies import errors, run_of, study
from tests.one_line import one_line


def kept(folder: Path, run: Run, began: str = "2026-01-01T00:00:00Z") -> Path:
    """The run's journal in that folder."""
    with Journal.create(folder, replace(run.plan, created_utc=began)) as journal:
        events: list[Event] = [*run.records, *run.pair_records, *run.study_records]
        for event in events:
            journal.append(event)
    return folder


def networks(seconds: float = 0.004, of: Environment | None = None) -> Run:
    """Two networks in two rounds on a device of that kind."""
    records = [
        done(net(name, number), times * seconds * (1 + number / 50))
        for number in range(2)
        for name, times in (("fasternet_t0", 1), ("resnet50", 8))
    ]
    return models_run(records, states=(replace(state(), environment=of or environment()),))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "table.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder of two runs: the same networks on one model of device, the later one with another torch."""
    newer = replace(environment(), runtimes=(RuntimeVersion(name="torch", version="2.14.0"),))
    kept(tmp_path / "boards/first", networks())
    kept(tmp_path / "boards/second", networks(0.003, newer), "2026-02-01T00:00:00Z")
    return tmp_path / "boards"


def test_each_row_leads_to_itself_in_the_page_of_its_run(runs: Path, tmp_path: Path) -> None:
    index = Page(site([runs], tmp_path / "site").read_text())
    names = [own["href"] for tag, own in index.tags if tag == "a" and "#row=" in own.get("href", "")]
    assert names == [f"runs/{run}/index.html#row={number}" for run in ("second", "first") for number in (0, 1)]
    for address in names:
        file, _, number = address.partition("#row=")
        detail = Page((tmp_path / "site" / file).read_text()).data["rows"][int(number)]
        assert detail["title"].startswith(("fasternet_t0", "resnet50")[int(number)])


def test_every_link_leads_to_a_file_of_the_site_and_nothing_comes_from_outside(runs: Path, tmp_path: Path) -> None:
    site([runs], tmp_path / "site")
    for path in (tmp_path / "site").rglob("*.html"):
        page, text = Page(path.read_text()), path.read_text()
        for target in (*page.values("href"), *page.values("src")):
            assert (path.parent / target.partition("#")[0]).resolve().exists(), target
        assert not re.search(r"https?:|url\(|@import|//\w+\.", text.replace("\\/", "/"))
        (policy,) = (own["content"] for _, own in page.tags if own.get("http-equiv") == "Content-Security-Policy")
        assert policy.startswith("default-src 'none'")
    for name in ("run.json", "records.jsonl"):
        assert (tmp_path / "site/runs/first" / name).read_bytes() == (runs / "first" / name).read_bytes()


def test_a_runs_page_is_that_of_its_report_with_the_way_back(tmp_path: Path) -> None:
    run = networks()
    site([kept(tmp_path / "one", run)], tmp_path / "site")
    page = (tmp_path / "site/runs/one/index.html").read_text()
    plain = html_page([("one", Results(run=run))])
    links = re.compile(r'<a href="[^"#]+">.*</a>\n')
    assert links.sub("", page) == plain
    assert links.findall(page)[0] == '<a href="../../index.html">All runs</a>\n'


def test_it_is_made_from_the_journals_alone_and_the_same_bytes_twice(runs: Path, tmp_path: Path) -> None:
    site([runs / "second", runs / "first"], tmp_path / "a")
    (runs / "first/table.md").write_text("not asked")
    site([runs], tmp_path / "b")
    site([runs], tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_the_latest_run_is_first_and_an_earlier_one_says_what_differs(runs: Path, tmp_path: Path) -> None:
    rows = table(site([runs], tmp_path / "site").parent)
    assert [(each["run"], each["recency"]) for each in rows] == [
        *[("second", "latest")] * 2,
        *[("first", "earlier")] * 2,
    ]
    assert [each["not_as_in_the_latest"] for each in rows] == ["", "", *["torch 2.13.0, there 2.14.0"] * 2]
    assert "2.14.0, Linux, kernel 6.1" in Page((tmp_path / "site/index.html").read_text()).text


def test_devices_of_other_models_are_other_devices_whatever_they_are_called(runs: Path, tmp_path: Path) -> None:
    kept(tmp_path / "pi", networks(0.03, environment("aarch64", "Cortex-A76")), "2026-03-01T00:00:00Z")
    gpu = replace(environment(), accelerators=("cuda:0 NVIDIA H100, driver 550, torch 2.13.0",))
    unit = replace(net("fasternet_t0", device="cuda"), accelerator="cuda:0", mode="throughput", batch=32)
    kept(tmp_path / "gpu", models_run([done(unit, 0.004)], states=(replace(state("cuda"), environment=gpu),)))
    rows = table(site([runs, tmp_path / "pi", tmp_path / "gpu"], tmp_path / "site").parent)
    found = {(each["run"], each["device_model"], each["recency"]) for each in rows}
    assert {("pi", "Cortex-A76, 2 cores", "latest"), ("gpu", "NVIDIA H100", "latest")} <= found
    assert ("second", "Test CPU, 2 cores", "latest") in found
    page = Page((tmp_path / "site/index.html").read_text())
    assert "7 rows of 3 devices in 4 runs" in page.text
    assert "images/s" in page.text
    assert '<td class="n">8000</td>' in (tmp_path / "site/index.html").read_text()


def test_a_row_without_a_number_says_why_and_hides_no_earlier_number(tmp_path: Path) -> None:
    kept(tmp_path / "old", models_run([done(net("resnet50"), 0.01)]))
    kept(tmp_path / "new", models_run([failed(net("resnet50"), "out of luck")]), "2026-02-01T00:00:00Z")
    rows = table(site([tmp_path / "old", tmp_path / "new"], tmp_path / "site").parent)
    assert [(each["run"], each["recency"], each["reason"]) for each in rows] == [
        ("new", "", "out of luck"),
        ("old", "latest", ""),
    ]


@pytest.mark.parametrize("name", [each[:200] for each in HOSTILE] + ["</script><script>alert(1)</script>", "=1+1"])
def test_what_a_run_says_is_text(tmp_path: Path, name: str) -> None:
    def made(said: str, folder: Path) -> tuple[Page, str]:
        records: list[Record] = [done(net("resnet50"), 0.01), failed(net("swin_t"), said)]
        run = models_run(records, states=(replace(state(), environment=environment(cpu=said)),))
        run = replace(run, plan=replace(run.plan, command="models", version=said))
        text = site([kept(folder / "run", run)], folder / "site").read_text()
        return Page(text), text

    hostile, text = made(name, tmp_path / "a")
    harmless, _ = made("harmless", tmp_path / "b")
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in harmless.tags]
    assert not any(own.startswith("on") for _, attributes in hostile.tags for own in attributes)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200b]", text)


def test_comparisons_have_their_page_and_are_counted(tmp_path: Path) -> None:
    kept(tmp_path / "compared", compared(row("resnet50", SLOW)).run)
    text = site([tmp_path / "compared"], tmp_path / "site").read_text()
    assert '<td>bench compare</td><td class="n">0</td><td class="n">1</td>' in text
    assert "SLOWER" in Page((tmp_path / "site/runs/compared/index.html").read_text()).text


def test_rows_that_have_no_place_are_counted(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.site.index_table.MOST_ROWS", 3)
    monkeypatch.setattr("reports.site.index.MOST_ROWS", 3)
    page = Page(site([runs], tmp_path / "site").read_text())
    assert "3 of 4 rows are here, the latest; table.csv has all." in page.text
    assert len(table(tmp_path / "site")) == 4
    assert len(page.data["csv"]) == index_table.MOST_ROWS == 3


def test_a_row_that_has_no_place_in_the_page_of_its_run_is_here_nevertheless(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.html.shown.MOST_ROWS", 1)
    monkeypatch.setattr("reports.site.index_table.MOST_ROWS_OF_A_RUN", 1)
    page = Page(site([runs], tmp_path / "site").read_text())
    assert [own for own in page.values("href") if own.startswith("runs/first/index.html")] == [
        "runs/first/index.html#row=0",
        *["runs/first/index.html"] * 2,  # the second row's, and the run's
    ]
    assert len(table(tmp_path / "site")) == 4
    assert len(Page((tmp_path / "site/runs/first/index.html").read_text()).data["rows"]) == 1


def test_a_run_that_left_takes_its_page_along_and_nothing_else(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    site([runs], out)
    (out / "CNAME").write_text("bench.example.org\n")
    (out / "runs/first/notes.txt").write_text("mine")
    (out / "runs/mine").mkdir()
    (out / "runs/mine/index.html").write_text("mine")
    site([runs / "second"], out)
    assert sorted(files(out)) == [
        "CNAME",
        "index.html",
        *("runs/first/notes.txt", "runs/mine/index.html", "runs/second/index.html", "runs/second/records.jsonl"),
        *("runs/second/run.json", "runs/second/table.csv", "site.json", "table.csv"),
    ]
    assert not any("first" in own for own in Page((out / "index.html").read_text()).values("href"))


@pytest.mark.parametrize("name", ["index.html", "notes.txt", ".git", "site.json"])
def test_a_folder_of_somebody_else_is_left_as_it_is(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out = tmp_path / "precious"
    out.mkdir()
    (out / name).write_text('{"made_by": "me"}')
    said = one_line(capsys, "site", str(runs), "--out", str(out))
    assert "expected an empty or new folder for --out, or one that `bench site` has made" in said
    assert files(out) == {name: b'{"made_by": "me"}'}


def test_a_run_inside_the_site_would_be_lost(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site([runs], tmp_path / "site")
    before = files(tmp_path / "site")
    said = one_line(capsys, "site", str(tmp_path / "site/runs/first"), "--out", str(tmp_path / "site"))
    assert "expected runs outside of --out" in said
    assert files(tmp_path / "site") == before


def test_a_run_that_has_no_place_is_one_line_and_nothing_is_written(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "site"
    (runs / "bad").mkdir()
    (runs / "bad/run.json").write_text("{}")
    assert "expected" in one_line(capsys, "site", str(runs), "--out", str(out))
    shutil.rmtree(runs / "bad")
    shutil.copytree(runs / "first", runs / "cut")
    (runs / "cut/records.jsonl").write_text("{}\n")
    assert "damaged record" in one_line(capsys, "site", str(runs), "--out", str(out))
    shutil.rmtree(runs / "cut")
    study_run = kept(tmp_path / "study", run_of(study(), errors({"pconv": (0.1, 0.2)})))
    said = one_line(capsys, "site", str(runs), str(study_run), "--out", str(out))
    assert "expected runs of ops, models, layers or compare for a site, got study" in said
    hostile = (runs / "second").rename(runs / "<b>")
    assert "expected a run's folder named by up to 80 letters" in one_line(capsys, "site", str(runs), "--out", str(out))
    hostile.rename(tmp_path / "FIRST")
    said = one_line(capsys, "site", str(runs), str(tmp_path / "FIRST"), "--out", str(out))
    assert "expected folders of different names" in said
    assert not out.exists()
    with pytest.raises(UsageError, match="expected a run's folder"):
        site([tmp_path / "none"], out)


def test_the_command_says_where_the_site_is(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", str(runs), "--out", str(tmp_path / "site")]) == 0
    assert capsys.readouterr() == ("", f"site: {tmp_path / 'site/index.html'}\n")


def test_operators_and_networks_have_a_table_each(runs: Path, tmp_path: Path) -> None:
    units = [op("conv"), op("pconv")]
    kept(tmp_path / "ops", ops_run(units, [done(unit, 0.01) for unit in units]))
    page = Page(site([runs, tmp_path / "ops"], tmp_path / "site").read_text())
    assert [own["data-kind"] for _, own in page.tags if "data-kind" in own] == ["model", "op"]
    assert page.data["heads"]["op"].startswith("run,began_utc,device_model,")
