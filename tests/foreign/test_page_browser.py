"""The page in a real browser, against a running demo: seen, heard, labelled, proposed, and read by axe-core.

Where WHEELTAPPER_SHOTS names a folder, every view is photographed there in three sizes, for docs/img.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from gateway.serve.people import People, PeopleFile, Role, User, hashed
from gateway.store.read import Reader

HERE = Path(__file__).resolve().parent
AXE = HERE.parents[1] / ".foreign" / "node" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PASSWORD = "a few plain words"
SIZES = {"wall": (1920, 1080), "panel": (1024, 768), "phone": (390, 844)}
VIEWS = (
    "/", "/parts", "/stations/ring", "/stations/pump-7", "/incidents", "/recipes", "/ears", "/statistics", "/audit",
    "/login",
)  # fmt: skip
SERIOUS = {"serious", "critical"}

pytestmark = [
    pytest.mark.foreign,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not there (apt-get install chromium)"),
]
playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not there (dev group)")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A running demo: its address and its folder."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    command = [str(Path(sys.executable).with_name("wheeltapper")), "demo", "--keep", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        while not (found := re.search(r"page: (http://\S+)", process.stderr.readline())):
            assert process.poll() is None, "the demo has ended"
        people = PeopleFile(folder / "data")
        people.write(People(users=(User(name="ana", role=Role.ADMIN, password=hashed(PASSWORD)),)))
        yield found[1], folder
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def browser():
    with playwright_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser, demo):
    """Somebody who has logged in; a fault of a script or of the policy fails the test that caused it."""
    address, _ = demo
    context = browser.new_context(base_url=address, viewport={"width": 1024, "height": 768})
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda fault: page.faults.append(str(fault)))
    page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
    until = time.monotonic() + 60
    while True:
        try:
            page.goto("/login")
            break
        except playwright_api.Error:
            assert time.monotonic() < until
            page.wait_for_timeout(500)
    page.fill("input[name=name]", "ana")
    page.fill("input[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_selector("#card-ring")
    yield page
    context.close()


@pytest.fixture(scope="module")
def rejected(page):
    """The newest rejected casting whose sound was kept."""
    address = "/parts?station=ring&verdict=NotOK"
    for _ in range(100):
        page.goto(address)
        link = page.locator("tr:has-text('sound kept') a").first
        if link.count():
            return link.get_attribute("href")
        page.wait_for_timeout(1000)
    raise AssertionError("no part was rejected within 100 s")


def test_a_part_appears_by_itself_on_the_line_and_in_the_list(page, rejected):
    page.goto("/")
    card = page.locator("#card-ring")
    before = card.inner_text()
    page.wait_for_function("before => document.getElementById('card-ring').innerText !== before", arg=before)
    page.goto("/stations/ring")
    first = page.locator("tbody[data-fresh] tr").first.inner_text()
    page.wait_for_function(
        "before => document.querySelector('tbody[data-fresh] tr').innerText !== before", arg=first, timeout=15_000
    )


def test_a_part_is_on_the_screen_half_a_second_after_its_verdict(page, demo, rejected):
    page.goto("/")
    seen = page.evaluate(
        """() => new Promise(done => {
            const seen = {};
            const note = () => {
                const found = /#(\\d+) /.exec(document.getElementById("card-ring").innerText);
                if (found && !(found[1] in seen)) seen[found[1]] = Date.now() / 1000;
            };
            document.addEventListener("pieces", note);
            setTimeout(() => done(seen), 12000);
        })"""
    )
    with Reader(demo[1] / "data") as reader:
        parts = reader.parts(200, station="ring")
    told = {
        str(part.sequence): datetime.fromisoformat(part.wall).timestamp() + part.latency_ms / 1000
        for part in parts
        if part.latency_ms is not None
    }
    later = sorted(at - told[number] for number, at in list(seen.items())[1:] if number in told)
    assert len(later) >= 3
    assert later[len(later) // 2] < 0.5


def test_a_rejected_part_shows_its_picture_and_plays(page, rejected):
    page.goto(rejected)
    drawn = page.evaluate(
        "async address => { const image = new Image(); image.src = address; await image.decode();"
        " return [image.naturalWidth, image.naturalHeight]; }",
        f"{rejected}/heard.png",
    )
    assert drawn[1] == 64
    assert page.locator(".picture .region").count() >= 1
    played = page.evaluate(
        "async () => { const audio = document.querySelector('audio'); audio.muted = true; await audio.play();"
        " await new Promise(done => audio.addEventListener('timeupdate', done, {once: true}));"
        " return [audio.duration, audio.error]; }"
    )
    assert played[0] == pytest.approx(0.5, abs=0.1)
    assert played[1] is None


def test_a_verdict_is_corrected_by_click_and_stays_as_it_was_told(page, rejected):
    page.goto(rejected)
    page.click("button[value=good]")
    page.wait_for_selector(".labels")
    assert "was good" in page.inner_text(".labels")
    assert "ana" in page.inner_text(".labels")
    assert "NotOK" in page.inner_text(".verdict")


def test_the_next_version_is_asked_for_and_what_came_of_it_is_shown(page):
    page.goto("/recipes")
    page.locator("#ring-1 button.main").click()
    for _ in range(60):
        page.goto("/recipes")
        if page.locator("#ring-1 p .tone").count():
            break
        page.wait_for_timeout(1000)
    assert re.search("proposed|proposal refused", page.inner_text("#ring-1"))


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not there: tests/foreign/install.py")
def test_axe_finds_nothing_serious(browser, page, demo, rejected):
    context = browser.new_context(base_url=demo[0], storage_state=page.context.storage_state(), bypass_csp=True)
    tab = context.new_page()
    found = {}
    for view in (*VIEWS, rejected):
        tab.goto(view)
        tab.add_script_tag(path=str(AXE))
        told = tab.evaluate("axe.run()")["violations"]
        worst = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in told if one["impact"] in SERIOUS]
        if worst:
            found[view] = worst
    context.close()
    assert found == {}


def test_every_view_fits_its_screen_and_no_script_complains(browser, page, demo, rejected):
    shots = os.environ.get("WHEELTAPPER_SHOTS")
    wide = {}
    for size, (width, height) in SIZES.items():
        context = browser.new_context(
            base_url=demo[0], storage_state=page.context.storage_state(), viewport={"width": width, "height": height}
        )
        tab = context.new_page()
        for view in (*VIEWS, rejected):
            tab.goto(view, wait_until="load")
            tab.wait_for_timeout(600)  # the first pieces are put in place
            if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide[view, size] = tab.evaluate("document.documentElement.scrollWidth")
            if shots:
                name = "line" if view == "/" else "part" if view == rejected else view.rpartition("/")[2]
                tab.screenshot(path=f"{shots}/page-{name}-{size}.png")
        context.close()
    assert wide == {}
    assert page.faults == []
