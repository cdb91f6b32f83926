"""Who comes in, and how often somebody may guess."""

import pytest

from gateway.serve.guesses import GUESSES, GUESSES_S
from gateway.serve.page.sessions import IDLE_S, LONGEST_S
from gateway.serve.people import People, Role
from tests.gateway.serve.page.conftest import PASSWORD


async def logged_in(page, **changes):
    browser = page.browser(**changes)
    answer = await browser.post("/login", {"name": "ana", "password": PASSWORD})
    return browser, answer


async def test_the_right_password_opens_a_session_that_no_script_can_read(page):
    page.people(ana=Role.QUALITY)
    browser, answer = await logged_in(page)
    assert (answer.status, answer.header("location")) == (303, "/")
    cookie = answer.header("set-cookie").lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert 'ana<span class="role">, quality</span>' in (await browser.get("/")).text


async def test_a_wrong_password_and_a_name_nobody_has_are_refused_alike(page):
    page.people(ana=Role.QUALITY)
    browser = page.browser()
    wrong = await browser.post("/login", {"name": "ana", "password": "not this one"})
    nobody = await browser.post("/login", {"name": "eve", "password": PASSWORD})
    assert wrong.status == nobody.status == 401
    assert wrong.text == nobody.text
    assert browser.cookies == {}


async def test_guesses_at_a_rate_are_stopped_and_the_right_password_too_until_the_time_is_over(page):
    page.people(ana=Role.QUALITY)
    browser = page.browser()
    for _ in range(GUESSES):
        assert (await browser.post("/login", {"name": "ana", "password": "guess"})).status == 401
    stopped = await browser.post("/login", {"name": "ana", "password": PASSWORD})
    assert (stopped.status, stopped.header("retry-after")) == (429, str(int(GUESSES_S)))
    assert "too many wrong passwords" in stopped.text
    elsewhere = await page.browser(address="10.0.0.9").post("/login", {"name": "ana", "password": PASSWORD})
    assert elsewhere.status == 429, "a name is guarded wherever the guesses come from"
    page.clock.time += GUESSES_S + 1
    assert (await browser.post("/login", {"name": "ana", "password": PASSWORD})).status == 303


async def test_one_address_may_not_try_name_after_name(page):
    page.people(ana=Role.QUALITY)
    browser = page.browser(address="10.0.0.9")
    for number in range(GUESSES):
        await browser.post("/login", {"name": f"name{number}", "password": "guess"})
    assert (await browser.post("/login", {"name": "ana", "password": PASSWORD})).status == 429
    assert (await logged_in(page))[1].status == 303, "another address is not held up by it"


@pytest.mark.parametrize("wait_s", [IDLE_S + 1, LONGEST_S + 1])
async def test_an_expired_session_is_nobody(page, wait_s):
    page.people(ana=Role.QUALITY)
    browser, _ = await logged_in(page)
    page.clock.time += wait_s
    answer = await browser.get("/")
    assert answer.status == 200
    assert "Log in" in answer.text
    assert "ana" not in answer.text


async def test_a_session_in_use_ends_after_a_week_all_the_same(page):
    page.people(ana=Role.QUALITY)
    browser, _ = await logged_in(page)
    steps = int(LONGEST_S / (IDLE_S / 2))
    for _ in range(steps):
        page.clock.time += IDLE_S / 2
        assert 'ana<span class="role">, quality</span>' in (await browser.get("/")).text
    page.clock.time += IDLE_S / 2
    assert 'ana<span class="role">, quality</span>' not in (await browser.get("/")).text


async def test_whoever_is_taken_out_is_out_at_once(page):
    page.people(ana=Role.QUALITY)
    browser, _ = await logged_in(page)
    page.world.people.write(People())
    assert "ana" not in (await browser.get("/")).text


async def test_a_made_up_cookie_is_nobody(page):
    page.people(ana=Role.QUALITY)
    answer = await page.browser(cookies={"wheeltapper": "a" * 43}).get("/")
    assert answer.status == 200
    assert "Log in" in answer.text


async def test_logging_out_takes_the_mark_of_the_session_and_ends_it(page):
    browser, csrf = await page.someone()
    for forged in ({}, {"csrf": "guessed"}, {"csrf": "ümlaut"}):
        answer = await browser.post("/logout", forged)
        assert answer.status == 403
        assert "not made by this page" in answer.text
    assert "a-quality" in (await browser.get("/")).text
    kept = dict(browser.cookies)
    assert (await browser.post("/logout", {"csrf": csrf})).status == 303
    assert "a-quality" not in (await page.browser(cookies=kept).get("/")).text


@pytest.mark.parametrize(
    "then", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"]
)
async def test_a_login_leads_to_no_other_page(page, then):
    page.people(ana=Role.QUALITY)
    answer = await page.browser().post("/login", {"name": "ana", "password": PASSWORD, "then": then})
    assert answer.header("location") == "/"


async def test_what_a_visitor_typed_is_shown_as_text(page):
    shown = await page.browser().get("/login?then=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in shown.text


async def test_a_people_file_that_is_damaged_lets_nobody_in_and_says_so(page):
    page.people(ana=Role.QUALITY)
    page.world.people.path.write_text("{", encoding="utf-8")
    browser, answer = await logged_in(page)
    assert answer.status == 503
    assert "name your users again" in answer.text
    assert (await browser.get("/")).status == 200


async def test_an_unknown_token_is_refused_and_not_taken_for_nobody(page):
    page.people(ana=Role.QUALITY)
    answer = await page.browser().get("/", authorization="Bearer made-up")
    assert answer.status == 401
    assert (await page.browser().get("/", authorization=f"Bearer {page.token('viewer')}")).status == 200
