"""Parts on the page: found, shown, played and corrected."""

import wave
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from analytics.decision.verdict import Evaluation, Verdict, not_decidable
from analytics.quality.words import Quality
from analytics.signal.capture import Capture
from gateway.processes.cut import cut_of
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.messages import PartNumbers
from gateway.serve.people import Role
from gateway.store import records
from gateway.store.evidence import FOLDER, Evidence
from gateway.store.finding import Wanted, find_parts
from gateway.store.kept import KeptReader

WALL = "2026-11-24T12:00:00+00:00"
RATE = 48_000
SAMPLES = (0.1 * np.random.default_rng(3).standard_normal(RATE // 2)).astype(np.float32)
TOLD = {
    Evaluation.OK: Verdict(Evaluation.OK, 0.4, None, None, "As good parts sound.", (), {"mahalanobis": 0.4}),
    Evaluation.NOT_OK: Verdict(Evaluation.NOT_OK, 1.8, "crack", 0.9, "Rings lower.", (), {"mahalanobis": 1.8}),
}


def keep(store, evaluation=Evaluation.OK, sequence=1, part_id="C-1", station="ring", sound=None):
    cut = cut_of(Capture(SAMPLES, RATE, 4800, 20_000), (), "").text if sound is not None else ""
    record = PartRecord(station, "active", 1, sequence, part_id, 1, WALL, TOLD[evaluation], 0, 0, None, True, 400.0,
                        9.0, "castings v1 0123456789ab", "judged", numbers=PartNumbers(cut))  # fmt: skip
    with store.commit() as db:
        number = records.add_part(db, record)
        if sound is not None:
            name = Evidence(store.folder / FOLDER, 10**8, lambda _: 2**40).keep_clip("ring", sound, RATE)
            records.set_clip(db, number, name, records.sound_sha256(sound))
    return number


async def test_parts_are_listed_newest_first_and_filtered(page, store):
    good, bad = keep(store), keep(store, Evaluation.NOT_OK, 2, "C-2")
    browser = page.browser()
    text = (await browser.get("/parts")).text
    assert text.index(f'href="/parts/{bad}"') < text.index(f'href="/parts/{good}"')
    text = (await browser.get("/parts?verdict=NotOK")).text
    assert f'href="/parts/{bad}"' in text
    assert f'href="/parts/{good}"' not in text
    assert f'href="/parts/{good}"' in (await browser.get("/parts?name=C-1&station=ring")).text
    assert f'href="/parts/{bad}"' in (await browser.get("/parts?name=2")).text
    assert "No parts here" in (await browser.get("/parts?station=elsewhere")).text


@pytest.mark.parametrize(
    "query", ["verdict=Maybe", "before=-1", "before=x", "after=99999999999999999999", "station=" + "a" * 101]
)
async def test_a_question_that_makes_no_sense_is_one_sentence(page, store, query):
    answer = await page.browser().get(f"/parts?{query}")
    assert answer.status == 422
    assert "This did not work" in answer.text


def test_pages_join_without_a_gap_and_without_a_part_twice(store):
    numbers = [keep(store, sequence=one) for one in range(1, 31)]
    with KeptReader(store.folder) as reader:
        first = find_parts(reader.db, Wanted(), 10)
        second = find_parts(reader.db, Wanted(before=first[-1].id), 10)
        back = find_parts(reader.db, Wanted(after=second[0].id), 10)
    assert [one.id for one in first + second] == numbers[:9:-1]
    assert [one.id for one in back] == [one.id for one in first]


async def test_a_card_leads_to_the_newest_part_of_its_number(page, store):
    keep(store, sequence=412)
    newest = keep(store, sequence=412)
    answer = await page.browser().get("/stations/ring/parts/412")
    assert (answer.status, answer.header("location")) == (303, f"/parts/{newest}")
    assert (await page.browser().get("/stations/ring/parts/7")).status == 404
    assert (await page.browser().get("/stations/ring/parts/99999999999999999999")).status == 422


async def test_a_part_shows_verdict_reason_and_scores_against_their_limits(page, store):
    keep(store)
    number = keep(store, Evaluation.NOT_OK, 2, "<script>alert(1)</script>")
    keep(store)
    text = (await page.browser().get(f"/parts/{number}")).text
    assert "<script>alert" not in text
    for said in ("NotOK crack", "Rings lower.", "mahalanobis", "1.80", 'rel="prev"', 'rel="next"'):
        assert said in text, said
    assert "style=" not in text
    assert (await page.browser().get("/parts/999")).status == 404


async def test_a_sound_that_was_kept_is_drawn_and_played_whole_or_by_piece(page, store):
    number = keep(store, Evaluation.NOT_OK, sound=SAMPLES)
    browser = page.browser()
    drawn = await browser.get(f"/parts/{number}/heard.png")
    assert drawn.body.startswith(b"\x89PNG")
    whole = await browser.get(f"/parts/{number}/sound.wav")
    assert (whole.status, whole.header("content-type")) == (200, "audio/wav")
    piece = await browser.get(f"/parts/{number}/sound.wav", range="bytes=10-19")
    assert (piece.status, piece.body) == (206, whole.body[10:20])
    assert piece.header("content-range") == f"bytes 10-19/{len(whole.body)}"
    assert (await browser.get(f"/parts/{number}/sound.wav", range=f"bytes={len(whole.body)}-")).status == 416
    with wave.open(BytesIO((await browser.get(f"/parts/{number}/sound.wav?slow=4")).body)) as slow:
        assert (slow.getframerate(), slow.getnframes()) == (RATE // 4, len(SAMPLES))
    assert (await browser.get(f"/parts/{number}/sound.wav?region=3")).status == 404
    assert (await browser.get(f"/parts/{number}/sound.wav?slow=0")).status == 422
    assert [(one.name, one.target) for one in page.asked] == [("listen", str(number))], "one line, however often asked"


async def test_who_listens_is_known_once_somebody_is_named(page, store):
    number = keep(store, sound=SAMPLES)
    page.people(ana=Role.VIEWER)
    assert (await page.browser().get(f"/parts/{number}/sound.wav")).status == 401
    browser, _ = await page.someone("viewer")
    assert (await browser.get(f"/parts/{number}/sound.wav")).status == 200
    assert page.asked[-1].who == "a-viewer"


async def test_a_sound_that_was_changed_or_is_gone_is_said(page, store):
    number = keep(store, sound=SAMPLES)
    (clip,) = (store.folder / FOLDER).iterdir()
    clip.write_bytes(b"RIFF")
    assert "cannot be read" in (await page.browser().get(f"/parts/{number}/sound.wav")).text
    clip.unlink()
    assert "has made room" in (await page.browser().get(f"/parts/{number}/sound.wav")).text
    assert (await page.browser().get(f"/parts/{number}")).status == 200
    assert page.asked == []


async def test_a_verdict_is_corrected_by_whoever_may(page, store):
    number = keep(store, Evaluation.NOT_OK)
    browser, csrf = await page.someone("quality")
    said = {"csrf": csrf, "said": "bad", "class": "crack", "class_new": ""}
    assert (await browser.post(f"/parts/{number}/label", said)).status == 303
    said["class_new"] = "pore"
    assert (await browser.post(f"/parts/{number}/label", said)).status == 303
    told = [(one.name, one.target, one.who, dict(one.arguments)) for one in page.asked]
    assert told == [
        ("label", str(number), "a-quality", {"said": "bad", "class": "crack"}),
        ("label", str(number), "a-quality", {"said": "bad", "class": "pore", "new": "yes"}),
    ]
    assert (await browser.post(f"/parts/{number}/label", {"csrf": csrf, "said": "perhaps"})).status == 422
    assert (await browser.post(f"/parts/{number}/label", {"csrf": "forged", "said": "good"})).status == 403
    assert (await page.browser().post(f"/parts/{number}/label", {"said": "good"})).status == 401


async def test_an_operator_sees_the_question_and_may_not_answer_it(page, store):
    number = keep(store, Evaluation.NOT_OK)
    browser, csrf = await page.someone("operator")
    assert "a quality engineer may say so" in (await browser.get(f"/parts/{number}")).text
    assert (await browser.post(f"/parts/{number}/label", {"csrf": csrf, "said": "good"})).status == 403


async def test_a_station_counts_its_last_parts_but_not_those_it_was_taught_with(page, store):
    with store.commit() as db:
        taught = not_decidable("heard to be taught from (Mode 3)", Quality.TEACHING)
        record = PartRecord("ring", "active", 3, 1, "T-1", 1, WALL, taught, 0, 0, None, True, None, None, "", "taught")
        records.add_part(db, record)
    for evaluation in (Evaluation.OK, Evaluation.OK, Evaluation.OK, Evaluation.NOT_OK):
        keep(store, evaluation)
    text = (await page.browser().get("/stations/ring")).text
    assert "The last 4 parts" in text
    assert "75.0 %" in text
    assert (await page.browser().get("/stations/nowhere")).status == 404


async def test_recipes_that_are_not_there_are_said_and_activated_by_whoever_may(page, store):
    text = (await page.browser().get("/recipes")).text
    assert "castings" in text
    assert "<form" not in text.split("<main")[1]
    browser, csrf = await page.someone("quality")
    assert (await browser.post("/recipes/ring/1/propose", {"csrf": csrf})).status == 303
    assert (await browser.post("/recipes/ring/1/activate", {"csrf": csrf, "version": "2"})).status == 303
    assert [(one.name, dict(one.arguments)) for one in page.asked] == [
        ("propose", {"type": "1"}),
        ("activate", {"type": "1", "version": "2"}),
    ]
    for version in ("", "-1", "../v1", "9" * 12):
        assert (await browser.post("/recipes/ring/1/activate", {"csrf": csrf, "version": version})).status == 422
    assert (await page.browser().post("/recipes/ring/1/propose")).status == 401
    assert replace(page.asked[0], id="").target == "ring"
