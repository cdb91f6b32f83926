"""What stands before every route."""

import pytest

from gateway.serve.page.guard import BODY_MAX


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "[::1]:8080"])
async def test_a_name_the_page_does_not_go_by_is_refused(page, host):
    answer = await page.browser().get("/", host=host)
    assert answer.status == 421
    assert "this page is 127.0.0.1" in answer.text


async def test_a_page_that_is_served_beyond_this_pc_goes_by_any_name(page):
    from gateway.serve.page.guard import Guard

    answer = await page.browser(app=Guard(page.app, frozenset())).get("/", host="line2.plant.example")
    assert answer.status == 200


@pytest.mark.parametrize(
    "sends",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
async def test_what_another_page_sends_is_refused_before_any_route(page, sends):
    browser, csrf = await page.someone()
    answer = await browser.post("/logout", {"csrf": csrf}, **sends)
    assert answer.status == 403
    assert "a-quality" in (await browser.get("/")).text


async def test_a_hundred_megabytes_are_refused_unread_where_their_length_is_told(page):
    answer = await page.browser().post("/login", body=b"", content_length=str(100_000_000))
    assert answer.status == 413
    assert "1,000,000" in answer.text


async def test_a_hundred_megabytes_are_refused_on_the_way_where_it_is_not(page):
    pieces = [b"a" * 65536] * 1600
    answer = await page.browser().post(
        "/login", body=pieces, content_length=None, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status == 413


@pytest.mark.parametrize("length", ["-1", "1e9", "9" * 40, "²"])
async def test_a_length_that_is_none_is_refused(page, length):
    assert (
        await page.browser().post("/login", body=b"", content_length=length.encode().decode("latin-1"))
    ).status == 413
    assert BODY_MAX < 10_000_000


TRICKS = (
    "/static/../app.py", "/static/../../people.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/\x00",
    "/..", "/%00", "/parts/../../etc/passwd",
)  # fmt: skip


@pytest.mark.parametrize("path", TRICKS)
async def test_a_path_trick_finds_nothing(page, path):
    answer = await page.browser().get(path)
    assert answer.status in {400, 404}
    assert "import" not in answer.text
    assert "root:" not in answer.text


async def test_every_answer_forbids_what_a_browser_need_not_do(page):
    for path in ("/", "/login", "/static/page.css", "/nowhere", "/api/v1/openapi.json"):
        answer = await page.browser().get(path)
        policy = answer.header("content-security-policy")
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.header("x-content-type-options") == "nosniff"
        assert "frame-ancestors 'none'" in policy


async def test_no_page_carries_a_script_or_a_style_of_its_own(page):
    for path in ("/", "/login", "/nowhere"):
        text = (await page.browser().get(path)).text
        assert "style=" not in text
        assert "<style" not in text
        assert "onclick" not in text
        assert text.count("<script") == text.count('<script src="/static/')


async def test_a_program_is_told_in_json_and_a_person_on_a_page(page):
    told = await page.browser().get("/api/v1/nowhere")
    assert (told.status, told.json) == (404, {"error": "/api/v1/nowhere: no such page"})
    shown = await page.browser().get("/nowhere/%3Cb%3E")
    assert shown.status == 404
    assert "no such page" in shown.text
    assert "<b>" not in shown.text
