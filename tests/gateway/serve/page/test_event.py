"""How an event sounded, on the page of its incident."""

import numpy as np

from gateway.serve.people import Role
from gateway.store.event_clips import EventClip, add_event_clip
from gateway.store.evidence import FOLDER, Evidence
from gateway.store.records import sound_sha256
from tests.gateway.serve.snapshots import WALL

RATE = 16_000
SOUND = np.random.default_rng(0).normal(0, 0.05, 2 * RATE).astype(np.float32)


def incident(store, sound=SOUND):
    with store.commit() as db:
        db.execute(
            "INSERT INTO incidents (id, number, station, asset, failure_mode, severity, text, raised_at, ended_why)"
            " VALUES ('INC1', 1, 'gate', 'gate', 'glass', 'critical', 'gate: glass heard', ?, '')", (WALL,),
        )  # fmt: skip
        frequency, level = np.arange(50, dtype="<f4"), np.full(50, -60, "<f4")
        db.execute(
            "INSERT INTO spectra (wall, station, incident, title, kind, band_low_hz, band_high_hz, lines, frequency_hz,"
            " level, sha256) VALUES (?, 'gate', 'INC1', 'glass', 'sound', 0, 8000, '[]', ?, ?, '')",
            (WALL, frequency.tobytes(), level.tobytes()),
        )
        if sound is not None:
            name = Evidence(store.folder / FOLDER, 10**8, lambda _: 2**40).keep_clip("gate-glass", sound, RATE)
            add_event_clip(db, EventClip("INC1", WALL, "glass", name, sound_sha256(sound)))
            return name
    return None


async def test_an_incident_shows_and_plays_the_sound_it_was_raised_on_and_who_listened_is_noted_once(page, store):
    incident(store)
    page.people(ana=Role.VIEWER)
    assert "Log in</a> to listen" in (await page.browser().get("/incidents/INC1")).text
    assert (await page.browser().get("/incidents/INC1/sound.wav")).status == 401

    browser, _ = await page.someone("viewer")
    text = (await browser.get("/incidents/INC1")).text
    for words in ("How it sounded", 'src="/incidents/INC1/sound.wav"', "Spectrum it was raised on", "to be heard"):
        assert words in text
    assert (await browser.get("/incidents/INC1/heard.png")).body.startswith(b"\x89PNG")
    for wanted in (None, "bytes=0-99"):
        answer = await browser.get("/incidents/INC1/sound.wav", range=wanted)
        assert answer.status in (200, 206)
        assert answer.body.startswith(b"RIFF")
    (listened,) = page.asked
    assert (listened.name, listened.target, listened.arguments) == ("listen", "INC1", {"of": "incident"})


async def test_without_sound_the_spectrum_alone_is_shown_and_a_sound_that_is_gone_is_said(page, store):
    incident(store, None)
    text = (await page.browser().get("/incidents/INC1")).text
    assert "Spectrum it was raised on" in text
    assert "sound.wav" not in text
    for path in ("heard.png", "sound.wav"):
        assert (await page.browser().get(f"/incidents/INC1/{path}")).status == 404
        assert (await page.browser().get(f"/incidents/..%2FINC1/{path}")).status == 404


async def test_a_sound_that_made_room_is_said(page, store):
    (store.folder / FOLDER / incident(store)).unlink()
    text = (await page.browser().get("/incidents/INC1")).text
    assert "has made room for newer evidence" in text
    assert (await page.browser().get("/incidents/INC1/sound.wav")).status == 404
