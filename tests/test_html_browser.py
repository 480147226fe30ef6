"""The page in headless Chromium, as wide as a desk and as a hand: what opens, sorts, chooses, copies and prints."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.journal import read_run
from bench.records.accuracy import Answer
from reports.html.page import html_page
from reports.results import Results
from tests.browser import MARKS, WIDTHS, chromium, opening, violations
from tests.made_up_accuracy import evaluation
from tests.made_up_comparisons import HOSTILE
from tests.made_up_runs import done, environment, models_run, net
from tests.made_up_studies import alike, run_of, study
from tests.script_by_name import script

RUNS = Path(__file__).resolve().parents[1] / "docs/results"

pytestmark = MARKS


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages on the disk by name."""
    folder = tmp_path_factory.mktemp("pages")
    read = {name: Results(run=read_run(RUNS / name)) for name in ("models-cpu", "claims-cpu", "ops-cpu", "two-devices")}
    names = [*HOSTILE, "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "=1+1", "-->"]
    studied = {"photos": evaluation(Answer(image="a.png", label=1, top=(1, 2, 3, 4, 5), reference=1))}
    studied["layers"] = run_of(study("redundancy", model=names[-4]), [alike("<b>stem</b>", 2)])
    hostile = models_run([done(net(name), 0.01 + index / 1000) for index, name in enumerate(names)])
    told = tuple(replace(each, environment=environment(cpu=names[-4])) for each in hostile.devices)
    pages = {
        "one": [("models-cpu", read["models-cpu"])],
        "several": list(read.items()),
        "studies": [(name, Results(run=run)) for name, run in studied.items()],
        "hostile": [(names[-4], Results(run=replace(hostile, devices=told)))],
    }
    for name, named in pages.items():
        (folder / f"{name}.html").write_text(html_page(named), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


@pytest.fixture
def opened(browser: Any, files: dict[str, Path]) -> Iterator[Any]:
    with opening(browser, files) as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("one", 1400, "light"),
        ("one", 400, "dark"),
        ("several", 1400, "dark"),
        ("hostile", 400, "light"),
        ("studies", 400, "dark"),
    ],
)
def test_nobody_is_left_out_and_nothing_overflows(opened: Any, name: str, width: int, scheme: str) -> None:
    page = opened(name, width, scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if name == "studies":
        return  # no row to open
    page.locator("button.open").first.click()
    assert violations(page) == []


def test_what_meets_a_limit_is_chosen_sorted_and_kept_in_the_address(opened: Any) -> None:
    page = opened("one")
    page.get_by_label("ms at most").fill("20")
    page.get_by_role("button", name="top-1 %").click()
    page.get_by_role("button", name="top-1 %").click()
    assert page.locator("output").inner_text() == "16 of 70 rows"
    assert page.locator("tbody tr:visible th").first.inner_text() == "fasternet_t2"
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("top-1 %")
    again = opened("one", state=page.evaluate("location.hash"))
    assert again.locator("output").inner_text() == "16 of 70 rows"
    assert again.locator("tbody tr:visible th").first.inner_text() == "fasternet_t2"
    assert again.locator(".chart").first.locator(".mark:not(.away)").count() == 4, (
        "the pictures follow: eager below 20 ms"
    )
    again.get_by_role("button", name="all rows").click()
    assert again.locator("output").inner_text() == "70 of 70 rows"


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (400, "dark")])
def test_keys_alone_lead_to_the_network_for_a_limit_and_to_its_command(opened: Any, width: int, scheme: str) -> None:
    """T1 takes 10.0 [9.57, 10.5] ms; T2 and EdgeNeXt-S are more accurate, and their intervals hold 20 ms."""
    page = opened("one", width, scheme)

    def go_to(found: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({found!r})"):
                return
        raise AssertionError(f"no {found} within forty stops")

    go_to(".skip")
    page.keyboard.press("Enter")
    go_to("[data-budget]")
    page.keyboard.type("20")
    assert page.locator(".answer p").all_inner_texts() == [
        "The most accurate that surely takes at most 20 ms:",
        "More accurate, and open whether within 20 ms:",
    ]
    assert page.locator(".answer li").all_inner_texts() == [
        "fasternet_t1 (onnxruntime): 76.2%, 10.0 [9.57, 10.5] ms, noisy",
        "edgenext_s (onnxruntime): 79.4%, 22.0 [19.8, 24.5] ms, drifting",
        "fasternet_t2 (onnxruntime): 78.9%, 19.8 [19.6, 20.1] ms, ok",
    ]
    go_to(".answer button")
    page.keyboard.press("Enter")
    shown = page.locator("dialog").inner_text()
    assert "bench models --model fasternet_t1 --runtime onnxruntime --device cpu" in shown
    assert "noisy (over ±2%)" in shown
    page.keyboard.press("Escape")
    page.locator("[data-budget]").fill("1")
    assert page.locator(".answer").inner_text().strip() == "None surely takes at most 1 ms."
    page.get_by_role("button", name="all rows").click()
    assert page.locator(".answer").is_hidden()


def test_what_the_pointer_reaches_is_told_and_leads_to_its_evidence(opened: Any) -> None:
    page = opened("one")
    mark = page.locator(".chart").first.locator("a.mark").nth(2)
    mark.hover(force=True)
    told = page.locator("#tip").inner_text()
    assert told == mark.get_attribute("aria-label")
    mark.click(force=True)
    shown = page.locator("dialog").inner_text()
    assert told.split(":")[0].casefold().replace("-", "_") in shown
    assert page.locator(".strip circle").count() > 50
    for known in ("involuntary switches per s", "warm-up", "CPUs", "the run\nbench models", "this row\nbench models"):
        assert known in shown


def test_the_picture_in_the_docs_shows_what_it_says(opened: Any) -> None:
    page = opened("one", 1100)
    script("page_picture").choose(page)
    assert page.locator("output").inner_text() == "16 of 70 rows"
    assert page.locator("#tip").inner_text().startswith("FasterNet-T2: 78.9%")
    assert page.locator("tbody tr:visible th").first.inner_text() == "fasternet_t2"


def test_a_number_sorts_as_one_and_what_has_none_is_last(opened: Any) -> None:
    page = opened("several")
    table = page.locator(".rows[data-kind=op]")
    table.get_by_role("button", name="ms", exact=True).click()
    index = [text.split()[0] for text in table.locator("thead th").all_inner_texts()].index("ms")
    times = [float(each) for each in table.locator(f"tbody tr > :nth-child({index + 1})").all_inner_texts()]
    assert times == sorted(times)
    assert times[-1] > 500


@pytest.mark.parametrize("width", WIDTHS)
def test_a_mark_is_reached_by_keys_and_leads_to_its_samples(opened: Any, width: int) -> None:
    page = opened("one", width)
    chart = page.locator(".chart").first
    assert chart.locator("[tabindex='0']").count() == 1
    chart.locator(".mark").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip").is_visible()
    told = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert page.locator("#tip").inner_text() == told
    page.keyboard.press("Enter")
    assert page.locator("dialog").is_visible()
    assert page.locator(".strip circle").count() > 50
    assert "bench models --model " in page.locator("dialog").inner_text()
    assert "row=" in page.url
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert "row=" not in page.url


def test_the_chosen_rows_are_saved_as_the_table_has_them(opened: Any, tmp_path: Path) -> None:
    page = opened("one")
    page.locator(".filters").get_by_label("verdict").select_option("ok")
    with page.expect_download() as waited:
        page.get_by_role("button", name="CSV").click()
    waited.value.save_as(tmp_path / "table.csv")
    rows = list(csv.DictReader((tmp_path / "table.csv").open()))
    assert [(row["name"], row["verdict"]) for row in rows] == [
        ("resnet50", "ok"),
        ("fasternet_t2", "ok"),
        ("poolformer_m48", "ok"),
    ]


def test_a_command_is_copied(opened: Any) -> None:
    page = opened("one")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.locator("[data-copy]").first
    button.click()
    assert (
        page.evaluate("navigator.clipboard.readText()")
        == button.get_attribute("data-copy")
        == "bench models --out /tmp/m35"
    )


def test_a_hostile_name_is_shown_and_does_nothing(opened: Any) -> None:
    page = opened("hostile")
    assert "<img src=x onerror=alert(1)>" in page.locator("table.main").inner_text()
    for button in page.locator("button.open").all():
        button.click()
        page.keyboard.press("Escape")
    assert page.locator("script").count() == 2
    assert page.locator("img").count() == 0


def test_it_is_printed_whole_and_read_without_script(browser: Any, files: dict[str, Path], tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(files["one"].as_uri())
    assert page.locator("tbody tr").count() > 70
    assert page.locator(".filters").is_hidden()
    page.emulate_media(media="print")
    heading, number = page.locator("thead button").first, page.locator("#ledger-table td.n").first
    # Chromium repeats no heading on the next page in which a button has a box of its own.
    assert heading.evaluate("it => getComputedStyle(it).display") == "contents"
    assert number.evaluate("it => getComputedStyle(it).whiteSpace") == "nowrap"
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    assert (tmp_path / "page.pdf").stat().st_size > 50_000
    context.close()
