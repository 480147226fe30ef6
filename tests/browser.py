"""Pages in headless Chromium: what tests of them share. Whoever imports this is skipped where there is no browser."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

api = pytest.importorskip("playwright.sync_api", reason="a page in a browser needs the package playwright")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="it needs axe-playwright-python")
PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
WIDTHS = (1400, 400)  # a desk, a hand

MARKS = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM, reason="a page in a browser needs Chromium: apt-get install chromium"),
    # The driver's own loop and pipes, closed by its garbage collection.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser, for all tests of a file."""
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opening(browser: Any, files: Mapping[str, Path]) -> Iterator[Callable[..., Any]]:
    """What opens one of these by its name; what it says on its console, asks of a network or shows as an alert fails
    the test."""
    contexts, troubles, asked = [], [], []

    def alarmed(dialog: Any) -> None:
        troubles.append(dialog.message)
        dialog.dismiss()

    def opened(name: str, width: int = WIDTHS[0], scheme: str = "light", state: str = "") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", alarmed)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{files[name].as_uri()}{state}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == [], troubles
    abroad = [url for url in asked if url[:5] not in ("file:", "blob:")]
    assert abroad == [], abroad


def violations(page: Any) -> list[tuple[str, str]]:
    """Rules of accessibility that it breaks, each with where."""
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in axe.Axe().run(page).response["violations"]]
