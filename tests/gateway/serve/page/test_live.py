"""Pieces of the page as they change."""

import asyncio
import json
from dataclasses import replace

from gateway.serve.page.live import CLIENTS_MAX, Live
from tests.gateway.serve.snapshots import WALL, a_part_view, a_snapshot


async def next_pieces(stream):
    async for event in stream:
        kind, data = event.removesuffix("\n\n").split("\n")
        if kind == "event: pieces":
            return json.loads(data.removeprefix("data: "))
    return None


async def test_a_client_gets_all_pieces_first_and_then_what_differs():
    live = Live()
    live.publish({"bar": "<p>1</p>", "card-ring": "<p>a</p>"})
    stream = live.stream()
    assert await next_pieces(stream) == {"bar": "<p>1</p>", "card-ring": "<p>a</p>"}
    live.publish({"bar": "<p>1</p>", "card-ring": "<p>b</p>"})
    assert await next_pieces(stream) == {"card-ring": "<p>b</p>"}
    await stream.aclose()
    assert live.clients == 0


async def test_a_slow_client_gets_the_newest_of_each_piece_and_nothing_piles_up():
    live = Live()
    stream = live.stream()
    first = asyncio.create_task(next_pieces(stream))
    await asyncio.sleep(0)
    for number in range(1000):
        live.publish({"bar": str(number), "card": "same"})
    assert await first == {"bar": "999", "card": "same"}
    live.publish({"bar": "last"})
    assert await next_pieces(stream) == {"bar": "last"}
    await stream.aclose()


async def test_what_is_new_is_put_into_words_once_for_all_who_look():
    live = Live()
    live.publish({"bar": "1"})
    streams = [live.stream() for _ in range(3)]
    events = [await anext(stream) for stream in streams]
    assert events[0] is events[1] is events[2]
    live.publish({"bar": "2"})
    assert [await next_pieces(stream) for stream in streams] == [{"bar": "2"}] * 3
    assert len(live._events) == 1
    for stream in streams:
        await stream.aclose()


async def test_a_piece_with_several_lines_stays_one_event():
    live = Live()
    live.publish({"bar": "<p>\nä\n\n</p>"})
    stream = live.stream()
    assert await next_pieces(stream) == {"bar": "<p>\nä\n\n</p>"}
    await stream.aclose()


async def test_more_pages_than_the_front_can_feed_are_refused_with_a_sentence(page):
    page.app.state.live.clients = CLIENTS_MAX
    answer = await page.browser().get("/live")
    assert (answer.status, answer.header("retry-after")) == (503, "10")


def test_each_station_is_one_card_with_a_word_and_a_shape(page):
    pieces = page.app.state.show.pieces()
    assert {"bar", "card-ring", "card-pump-7"} <= set(pieces)
    ring = pieces["card-ring"]
    assert "NotOK crack" in ring
    assert "✕" in ring
    assert "rings 3.2 dB lower" in ring
    assert "1.83" in ring
    assert "outer race" in pieces["card-pump-7"]


def test_what_a_plc_sends_as_a_part_id_is_shown_as_text(page):
    view = a_part_view()
    view = replace(view, last=replace(view.last, part_id="<script>alert(1)</script>"))
    page.world.snapshot = a_snapshot(ring=view)
    assert "<script>" not in page.app.state.show.pieces()["card-ring"]


def test_when_main_is_silent_no_verdict_is_shown(page):
    page.world.stale = True
    pieces = page.app.state.show.pieces()
    assert "no signal" in pieces["card-ring"]
    assert "NotOK" not in pieces["card-ring"]
    assert "no signal from the gateway since 13:00:00" in pieces["bar"], WALL


async def test_before_the_first_snapshot_the_page_says_so(page):
    page.world.snapshot = None
    answer = await page.browser().get("/")
    assert answer.status == 200
    assert "has not reported yet" in answer.text


async def test_streams_end_with_the_server():
    live = Live()
    live.publish({"bar": "1"})
    stream = live.stream()
    await anext(stream)
    waiting = asyncio.create_task(anext(stream, None))
    await asyncio.sleep(0)
    live.end()
    assert await waiting is None
    assert live.clients == 0
