"""A day at the page, in a real browser against a running demo: what people correct, quieten, propose and put to use."""

import re

import pytest

from gateway.store.read import Reader
from gateway.store.telling import audit
from tests.foreign.demo_page import CHROMIUM, logged_in

GOOD, BAD = 12, 4  #: castings labelled; a third of them, the latest, are held out

pytestmark = [
    pytest.mark.foreign,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not there (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def otto(browser, demo):
    """An operator."""
    page = logged_in(browser, demo, "otto")
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def incident(page, demo):
    """Id of the pump's incident, as the page shows it."""

    def raised():
        with Reader(demo.store) as reader:
            return [one.incident for one in reader.orders(10) if one.station == "pump-7"]

    return demo.until(raised, "an incident of the pump")[0]


def row_of(page, incident):
    return page.locator(f"table.incidents tr:has(a[href='/incidents/{incident}'])")


def test_an_operator_sees_an_incident_and_says_so(otto, incident):
    otto.goto("/incidents")
    row = row_of(otto, incident)
    assert re.search("warning|critical", row.inner_text())

    row.get_by_role("button", name="Acknowledge").click()

    row.get_by_text("seen by otto").wait_for()
    assert row.get_by_role("button", name="Acknowledge").count() == 0


def test_an_incident_is_shelved_for_a_time_it_rings_nobody(otto, incident):
    row = row_of(otto, incident)
    choice = row.locator("select")
    choice.evaluate("box => { box.options[0].value = '1 min'; }")  # the shortest there is
    choice.select_option("1 min")
    row.get_by_role("button", name="Shelve", exact=True).click()

    row.get_by_text("shelved by otto until").wait_for()
    assert row.get_by_role("button", name="Unshelve").count() == 1


def test_a_station_is_given_quiet_for_its_maintenance_and_taken_back(otto):
    otto.goto("/incidents")
    otto.locator("form.filters select[name=station]").select_option("gearmotor")
    otto.get_by_role("button", name="Begin", exact=True).click()
    told = otto.locator("ul.windows li", has_text="gearmotor")
    told.get_by_text("is under maintenance until").wait_for()
    assert "says otto" in told.inner_text()

    told.get_by_role("button", name="Over").click()
    told.wait_for(state="detached")


def test_no_operator_corrects_a_verdict_or_proposes(otto, demo, rejected):
    otto.goto(rejected)
    assert "otto is operator; a quality engineer may say so" in otto.inner_text("main")
    assert otto.locator("button[value=good]").count() == 0
    csrf = otto.locator("header input[name=csrf]").get_attribute("value")
    for path in (f"{rejected}/label", "/recipes/ring/1/propose", "/recipes/ring/1/activate"):
        answer = otto.request.post(
            demo.address + path, form={"csrf": csrf, "said": "good", "version": "2"}, headers={"origin": demo.address}
        )
        assert answer.status == 403
        assert "otto is operator; wanted quality" in answer.text()


def test_nobody_in_particular_may_ask_for_anything(browser, demo, rejected):
    context = browser.new_context(base_url=demo.address)
    answer = context.request.post(
        f"{demo.address}{rejected}/label", form={"said": "good"}, headers={"origin": demo.address}
    )
    assert answer.status == 401
    context.close()


def test_labels_by_click_become_a_version_that_is_put_to_use_and_taken_back(page, demo):
    for part in chosen(demo):
        label(page, demo, part)

    page.goto("/recipes")
    shelf = page.locator("#ring-1")
    shelf.get_by_role("button", name="Propose the next version").click()
    shelf.locator("p .tone").first.wait_for(timeout=60_000)  # without loading the page again
    said = shelf.locator("p:has(.tone)").first.inner_text()
    assert re.search(r"proposed.*castings v2 \w+ is proposed from \d+ labelled parts; on \d+ later ones", said)
    assert "version in use: " in said
    assert re.search(r"v2 instead of v1 would have judged \d+ of the last [\d,]+ parts otherwise", shelf.inner_text())

    shelf.get_by_role("button", name="Put to use v2").click()
    shelf.locator("tr.inuse", has_text="v2").wait_for()
    judged_by(page, demo, "castings v2 ")

    page.goto("/recipes")
    shelf.get_by_role("button", name="Go back to v1").click()
    shelf.locator("tr.inuse", has_text="v1").wait_for()
    judged_by(page, demo, "castings v1 ")

    with Reader(demo.store) as reader:
        asked = [(one.command, one.who, one.accepted) for one in audit(reader.db, 200) if one.who == "ana"]
    assert asked.count(("label", "ana", True)) == GOOD + BAD
    assert ("propose", "ana", True) in asked
    assert asked.count(("activate", "ana", True)) == 2


def test_a_shelved_incident_comes_back_by_itself(otto, incident):
    otto.goto("/incidents")
    row_of(otto, incident).get_by_text("shelved by otto until").wait_for(state="detached", timeout=90_000)
    assert row_of(otto, incident).get_by_role("button", name="Shelve", exact=True).count() == 1
    assert otto.faults == []


def chosen(demo):
    """Castings to label, in order of time: good ones that passed, and cracked ones that did not."""

    def enough():
        parts = demo.parts()
        good = [one for one in parts if not demo.truth(one) and one.score < 1][-GOOD:]
        bad = [one for one in parts if demo.truth(one) and one.score > 1][-BAD:]
        return sorted([*good, *bad], key=lambda one: one.id) if (len(good), len(bad)) == (GOOD, BAD) else None

    return demo.until(enough, "castings to label")


def label(page, demo, part):
    """Say what a part was, as somebody does who has it in the hand."""
    page.goto(f"/parts/{part.id}")
    defect = demo.truth(part)
    if defect:
        page.fill("input[name=class_new]", defect)
    page.click("button[value=bad]" if defect else "button[value=good]")
    said = page.locator(".labels")
    said.wait_for()
    assert "ana" in said.inner_text()
    assert (f"was bad: {defect}" if defect else "was good") in said.inner_text()
    assert ("NotOK" if defect else "OK") in page.inner_text(".verdict")


def judged_by(page, demo, recipe):
    """Wait for a part judged by this version, and read on its page that it was."""
    part = demo.until(lambda: next((one for one in demo.parts(3) if one.recipe.startswith(recipe)), None), recipe)
    page.goto(f"/parts/{part.id}")
    assert recipe in page.inner_text("main")
