"""The site in headless Chromium, as wide as a desk and as a hand: chosen, sorted, followed to a run and back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.api import site
from tests.browser import MARKS, WIDTHS, chromium, opening, violations
from tests.made_up_comparisons import HOSTILE
from tests.made_up_runs import done, environment, models_run, net
from tests.test_site import kept

RUNS = Path(__file__).resolve().parents[1] / "docs/results"

pytestmark = MARKS


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """First pages by name: of the runs in docs/results, and of one whose every name means harm."""
    folder = tmp_path_factory.mktemp("sites")
    names = [*HOSTILE, "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "=1+1"]
    run = models_run([done(net(name), 0.01 + index / 1000) for index, name in enumerate(names)])
    told = tuple(replace(each, environment=environment(cpu=names[-2])) for each in run.devices)
    hostile = kept(folder / "hostile-run", replace(run, plan=replace(run.plan, devices=told), devices=told))
    return {"ours": site([RUNS], folder / "ours"), "hostile": site([hostile], folder / "hostile")}


@pytest.fixture
def opened(browser: Any, sites: dict[str, Path]) -> Iterator[Any]:
    with opening(browser, sites) as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "width", "scheme"), [("ours", 1400, "dark"), ("ours", 400, "light"), ("hostile", 400, "dark")]
)
def test_nobody_is_left_out_and_nothing_overflows(opened: Any, name: str, width: int, scheme: str) -> None:
    page = opened(name, width, scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.mouse.wheel(0, 400)


def test_what_is_chosen_and_sorted_stays_in_the_address(opened: Any) -> None:
    page = opened("ours")
    table = page.locator(".rows[data-kind=model]")
    table.get_by_label("recency").select_option("latest")
    table.get_by_label("ms at most").fill("20")
    table.get_by_role("button", name="top-1 %").click()
    table.get_by_role("button", name="top-1 %").click()
    shown = table.locator("output").inner_text()
    again = opened("ours", state=page.evaluate("location.hash")).locator(".rows[data-kind=model]")
    assert again.locator("output").inner_text() == shown != "105 of 105 rows"
    first = again.locator("tbody tr:visible").first
    assert first.locator("th").inner_text() == "fasternet_t2"
    assert "latest" in first.inner_text().split()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_row_leads_to_its_samples_and_the_page_of_its_run_back(opened: Any, width: int) -> None:
    page = opened("ours", width)
    link = page.locator(".rows[data-kind=op] tbody th a").nth(2)
    name = link.inner_text()
    link.click()
    page.wait_for_url("**/runs/**")
    assert page.locator("dialog").is_visible()
    assert page.locator("#detail-head").inner_text().startswith(f"{name} ")
    assert page.locator(".strip circle").count() > 50
    page.keyboard.press("Escape")
    page.get_by_role("link", name="All runs").click()
    page.wait_for_url("**/ours/index.html")


def test_the_chosen_rows_are_saved(opened: Any, tmp_path: Path) -> None:
    page = opened("ours")
    page.locator(".rows[data-kind=op]").get_by_label("words").fill("raspberry")
    with page.expect_download() as waited:
        page.locator(".rows[data-kind=op]").get_by_role("button", name="CSV").click()
    waited.value.save_as(tmp_path / "table.csv")
    head, *rows = (tmp_path / "table.csv").read_text().splitlines()
    assert head.startswith("run,began_utc,device_model,")
    assert len(rows) == 8
    assert all(row.startswith("two-devices,") for row in rows)


def test_a_hostile_name_is_shown_and_does_nothing(opened: Any) -> None:
    page = opened("hostile")
    assert "<img src=x onerror=alert(1)>" in page.locator("table.main").first.inner_text()
    for _ in range(2):
        page.get_by_role("button", name="model").click()
    page.locator("tbody th a").last.click()
    page.wait_for_url("**/runs/**")
    assert page.locator("script").count() == 2
    assert page.locator("img").count() == 0


def test_it_is_read_without_script(browser: Any, sites: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(sites["ours"].as_uri())
    assert page.locator(".filters").first.is_hidden()
    page.locator("#runs tbody a").first.click()
    page.wait_for_url("**/runs/**")
    assert page.locator("h1").inner_text() == "dwconv-cpu"
    context.close()
