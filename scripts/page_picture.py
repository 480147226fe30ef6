"""The picture of docs/html.md: `python scripts/page_picture.py [FILE]`, by default docs/html.png.

It is the page of docs/results/models-cpu in headless Chromium, the networks of at most 20 ms chosen, the most accurate
first. The same Chromium and fonts give the same bytes.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.journal import read_run
from reports.html.page import html_page
from reports.results import Results

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 1100, 1340


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/html.png"
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        results = Results(run=read_run(ROOT / "docs/results/models-cpu"))
        file.write_text(html_page([("models-cpu", results)]), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(file.as_uri())
        choose(page)
        page.screenshot(path=target, caret="hide")
        browser.close()


def choose(page: Page) -> None:
    """What the picture shows, with what a mark says."""
    page.get_by_label("ms at most").fill("20")
    for _ in range(2):
        page.get_by_role("button", name="top-1 %").click()
    page.evaluate("scrollTo(0, Math.floor(document.getElementById('rows').offsetTop))")
    page.locator(".mark[aria-label^='FasterNet-T2']:not(.away)").hover()


if __name__ == "__main__":
    main()
