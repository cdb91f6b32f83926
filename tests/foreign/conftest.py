"""One demo and one browser for all tests of the page."""

import pytest

from tests.foreign.demo_page import CHROMIUM, end_demo, logged_in, start_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    demo = start_demo(tmp_path_factory.mktemp("demo") / "kept")
    yield demo
    end_demo(demo)


@pytest.fixture(scope="session")
def browser():
    playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not there (dev group)")
    with playwright_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def page(browser, demo):
    """Somebody who may all, and has logged in."""
    page = logged_in(browser, demo, "ana")
    yield page
    page.context.close()


@pytest.fixture(scope="session")
def rejected(demo):
    """The newest rejected casting whose sound was kept."""

    def newest():
        return next((row for row in reversed(demo.parts()) if demo.truth(row) and row.score > 1 and row.clip), None)

    return f"/parts/{demo.until(newest, 'a rejected casting').id}"
