"""The views of machines, incidents, ears, shifts and the audit trail, over a store of their own."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics.decision.verdict import Evaluation, Verdict
from gateway.ledger import spectra
from gateway.processes.condition import Diagnosis, Line, RemainingLife, WearView
from gateway.processes.ledger_messages import Command, EventRecord, IncidentView, PartRecord, WindowView
from gateway.processes.snapshot import AlarmView
from gateway.serve.page import incidents
from gateway.serve.page.plot import spectrum_plot, trend
from gateway.serve.page.statistics import pareto, shifts_until
from gateway.store import telling
from gateway.store.records import ConditionMinute, add_audit, add_condition, add_event, add_part
from tests.gateway.serve.snapshots import WALL, a_condition, a_snapshot, an_ear

NOW = datetime.fromisoformat(WALL)
BERLIN = ZoneInfo("Europe/Berlin")


def minute(back, level, wear_db=None):
    wear = None if wear_db is None else WearView("normal", "rising", wear_db, None, "as learned")
    wall = (NOW - timedelta(minutes=back)).isoformat()
    return ConditionMinute(wall, "pump-7", 60, 1.0, 1480.0, level, level, "none", "frozen", (), {}, wear=wear)


def an_incident(**changes):
    view = IncidentView(
        "INC1",
        "pump-7",
        "PUMP-7",
        "outer race",
        "critical",
        WALL,
        None,
        None,
        "PUMP-7: outer race, +12 dB",
        "1001",
        "open",
    )
    return replace(view, **changes)


def part(sequence, evaluation, minutes=5, *, outcome="judged", defect=None, quality=(), reason="rings low"):
    score = {Evaluation.OK: 0.5, Evaluation.NOT_OK: 1.2}.get(evaluation)
    told = Verdict(evaluation, score, defect, None, reason, quality)
    wall = (NOW - timedelta(minutes=minutes)).isoformat()
    return PartRecord(
        "ring", "active", 1, sequence, f"P{sequence}", 1, wall, told, 0, 0, None, True, 9.0, 3.0, "castings v1", outcome
    )


def show(page, **changes):
    page.world.snapshot = replace(page.world.snapshot, **changes)


async def test_a_machine_shows_its_condition_and_what_it_rests_on(page, store):
    said = Diagnosis(
        "outer race", "BPFO", "4 harmonics", "drive end", 0.8, 1797.0,
        (Line("BPFO", 3.58, 107.4, (14.0, 11.0)), Line("BPFI", 5.42, 162.2, (2.0,))),
    )  # fmt: skip
    wear = WearView("warning", "rising", 6.2, RemainingLife(120.0, 300.0, 800.0), "rising 1 dB a day")
    page.world.snapshot = a_snapshot(pump=a_condition(diagnosis=said, wear=wear, named={"hum": 4.0}))
    with store.commit() as db:
        for back in range(100, 0, -1):
            add_condition(db, minute(back, 100 / back, 1.0))
        add_event(db, EventRecord((NOW - timedelta(minutes=50)).isoformat(), "pump-7", "maintenance-done", "done"))

    answer = await page.browser().get("/stations/pump-7/machine")

    assert answer.status == 200
    for words in ("outer race", "120 to 800 h", "BPFI", "hum", "80 %", "maintenance done", "rising 1 dB a day"):
        assert words in answer.text
    assert 'class="curve level"' in answer.text
    assert "style=" not in answer.text


async def test_a_machine_without_any_past_says_so(page, store):
    page.world.snapshot = a_snapshot(pump=a_condition(wear=None))
    answer = await page.browser().get("/stations/pump-7/machine")

    assert answer.status == 200
    assert "Nothing to draw yet" in answer.text
    assert "Not judged yet" in answer.text


async def test_no_trend_is_said_in_words_and_with_no_number(page, store):
    page.world.snapshot = a_snapshot(pump=a_condition(wear=WearView("normal", "steady", 0.4, None, "as learned")))
    assert "No trend" in (await page.browser().get("/stations/pump-7/machine")).text


async def test_maintenance_done_is_an_operators_to_say(page, store):
    browser, mark = await page.someone("viewer")
    assert (await browser.post("/stations/pump-7/maintenance-done", {"csrf": mark})).status == 403
    assert not page.asked


async def test_an_operator_opens_a_window_and_ends_it(page, store):
    browser, mark = await page.someone("operator")

    assert (await browser.post("/stations/pump-7/window", {"csrf": mark, "for": "2 h"})).status == 303
    assert (await browser.post("/stations/pump-7/window", {"csrf": mark})).status == 303
    assert (await browser.post("/windows", {"csrf": mark, "station": "ring", "for": "8 h"})).status == 303
    assert (await browser.post("/stations/pump-7/maintenance-done", {"csrf": mark})).status == 303
    asked = [(one.name, one.target, dict(one.arguments), one.who) for one in page.asked]
    assert asked == [
        ("window", "pump-7", {"for": "2 h"}, "a-operator"),
        ("window-over", "pump-7", {}, "a-operator"),
        ("window", "ring", {"for": "8 h"}, "a-operator"),
        ("maintenance-done", "pump-7", {}, "a-operator"),
    ]


async def test_a_forged_form_silences_nothing(page, store):
    browser, _ = await page.someone("operator")
    for path in ("/incidents/INC1/shelve", "/windows", "/stations/pump-7/window"):
        assert (await browser.post(path, {"csrf": "forged", "for": "8 h", "station": "ring"})).status == 403
    assert not page.asked


async def test_incidents_stand_gravest_first_each_with_a_word_and_a_shape(page, store):
    show(page, incidents=(
        an_incident(id="A", shelved_until=WALL, shelved_by="ana"), an_incident(id="B", acknowledged_by="bo"),
        an_incident(id="C"), an_incident(id="D", ended_at=WALL), an_incident(id="E", severity="warning"),
    ), windows=(WindowView("ring", "cy", WALL, WALL),))  # fmt: skip
    text = (await page.browser().get("/incidents")).text

    assert list("CEBAD") == sorted("ABCDE", key=lambda one: text.index(f"/incidents/{one}"))
    for words in ("critical", "shelved by ana", "seen by bo", "is under maintenance", "■", "▲"):
        assert words in text
    assert "<button" not in text.split("<main", 1)[1]


async def test_who_may_gets_the_buttons_and_they_ask_the_ledger(page, store):
    show(page, incidents=(an_incident(),))
    browser, mark = await page.someone("operator")
    assert "/incidents/INC1/shelve" in (await browser.get("/incidents/rows")).text

    for does in ("acknowledge", "shelve", "unshelve"):
        answer = await browser.post(f"/incidents/INC1/{does}", {"csrf": mark, "for": "8 h"})
        assert (answer.status, answer.header("location")) == (303, "/incidents")
    assert [(one.name, dict(one.arguments)) for one in page.asked] == [
        ("acknowledge", {}), ("shelve", {"for": "8 h"}), ("unshelve", {}),
    ]  # fmt: skip
    assert (await browser.post("/incidents/INC1/order", {"csrf": mark})).status == 403
    assert (await browser.post("/incidents/INC1/explode", {"csrf": mark})).status == 404


async def test_an_incident_tells_its_story(page, store):
    with store.commit() as db:
        db.execute(
            "INSERT INTO incidents (id, number, station, asset, failure_mode, severity, text, raised_at, ended_why)"
            " VALUES ('INC1', 1, 'pump-7', 'PUMP-7', 'outer race', 'critical', 'PUMP-7: outer race', ?, '')", (WALL,),
        )  # fmt: skip
        db.execute(
            "INSERT INTO order_status VALUES ('INC1', 'maximo', 'stands', '', ?, '1001', 'javascript:alert(1)', 0,"
            " 'proposed', 'WAPPR', '', ?)", (WALL, WALL),
        )  # fmt: skip
        db.execute(
            "INSERT INTO notices (incident, round, channel, act, state, payload, urgent, attempts, why, created_at,"
            " changed_at) VALUES ('INC1', 1, 'night-pager', 'raised', 'done', '{}', 1, 1, '', ?, ?)", (WALL, WALL),
        )  # fmt: skip
        add_event(db, EventRecord(WALL, "pump-7", "incident-raised", "heard <b>it</b>"), "INC1")
        add_audit(db, WALL, Command("shelve", "INC1", "ana", "page"), accepted=True, answer="shelved for 8 h")
    show(page, incidents=(an_incident(),))
    text = (await page.browser().get("/incidents/INC1")).text

    for words in ("1001", "night-pager", "WAPPR", "heard &lt;b&gt;it", "ana", "shelved for 8 h", "critical"):
        assert words in text
    assert "javascript:" not in text
    assert "1001" in (await page.browser().get("/orders")).text
    assert (await page.browser().get("/incidents/NONE")).status == 404


def test_the_mark_of_the_list_changes_with_it_and_only_then(page):
    show_ = page.app.state.show
    before = incidents.pieces(show_)
    assert incidents.pieces(show_) == before
    show(page, incidents=(an_incident(),))
    assert incidents.pieces(show_) != before


async def test_the_ears_say_level_and_health(page, store):
    snapshot = a_snapshot(alarms=[AlarmView("ring", "MicrophoneFault", True, WALL, "silent for 9 s", "high")])
    first = replace(snapshot.stations[0], ear=an_ear("ring", sentence="as quiet as a cut wire", gaps=3))
    page.world.snapshot = replace(snapshot, stations=(first, replace(snapshot.stations[1], ear=None)))
    text = (await page.browser().get("/ears")).text

    for words in ("-32 dB", "as quiet as a cut wire", "not heard", "silent for 9 s", "high"):
        assert words in text
    assert "ears" in page.app.state.show.pieces()


async def test_a_shift_is_counted_by_station_with_what_people_said(page, store):
    with store.commit() as db:
        for sequence in range(8):
            add_part(db, part(sequence, Evaluation.OK))
        rejected = [add_part(db, part(100 + n, Evaluation.NOT_OK, defect="crack")) for n in range(3)]
        add_part(db, part(200, Evaluation.NOT_DECIDABLE, quality=("clipped", "gap")))
        add_part(db, part(201, Evaluation.NOT_DECIDABLE, outcome="late"))
        add_part(db, part(300, Evaluation.OK, outcome="master"))
        add_part(db, part(301, Evaluation.OK, minutes=60 * 24))
        for said in ("bad", "good"):
            db.execute(
                "INSERT INTO labels (wall, part, station, part_id, said, class, who, via)"
                " VALUES (?,?,'ring','P',?,'','a','page')",
                (WALL, rejected[0], said),
            )
    text = (await page.browser().get("/statistics")).text
    table = (await page.browser().get("/statistics.csv")).text.splitlines()

    for words in ("crack", "clipped", "late", "pseudo-scrap"):
        assert words in text
    assert table[1].split(",")[2:] == ["ring", "13", "8", "3", "2", "1", "0", "0"]
    empty = await page.browser().get("/statistics?shift=2026-11-20T06:00")
    assert "No part was judged in this shift" in empty.text
    for wrong in ("yesterday", "2026-11-24T06:01", "9999-12-31T23:59", "0001-01-01T00:00"):
        assert (await page.browser().get(f"/statistics?shift={wrong}")).status == 422


def test_a_night_shift_in_which_the_clock_changes_is_an_hour_longer():
    now = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)
    shifts = shifts_until(now, ("06:00", "14:00", "22:00"), BERLIN, 3)

    hours = [(s.end.astimezone(UTC) - s.start.astimezone(UTC)) / timedelta(hours=1) for s in shifts]
    assert [f"{s.start:%H}" for s in shifts] == ["06", "22", "14"]
    assert hours == [8, 9, 8]


def test_a_single_shift_a_day_is_a_day():
    (one,) = shifts_until(NOW, ("00:00",), BERLIN, 1)
    assert one.end - one.start == timedelta(days=1)


def test_a_pareto_keeps_every_count_and_ends_at_all():
    counts = Counter({f"defect {n}": n for n in range(1, 15)})
    bars = pareto(counts)

    assert sum(bar.count for bar in bars) == counts.total()
    assert bars[-1].name == "all others"
    assert bars[-1].together == pytest.approx(1.0)
    assert pareto(Counter()) == []


async def test_the_audit_trail_is_an_admins_once_there_are_people(page, store):
    with store.commit() as db:
        for number in range(60):
            add_audit(db, WALL, Command("label", f"T{number}", "ana", "page"), accepted=number % 2 == 0, answer="so")
    text = (await page.browser().get("/audit")).text
    assert "T59" in text
    assert "T9<" not in text
    assert "T9<" in (await page.browser().get("/audit?before=11")).text

    browser, _ = await page.someone("quality")
    assert (await browser.get("/audit")).status == 403
    assert (await page.browser().get("/audit")).status == 401


def test_a_hole_in_what_was_heard_is_never_bridged():
    points = [telling.Point((NOW - timedelta(minutes=m)).isoformat(), 3.0, None) for m in (60, 59, 58, 20, 19)]
    plot = trend(points, BERLIN, NOW - timedelta(hours=2), NOW, ())

    assert [kind for kind, _ in plot.curves] == ["level", "level"]


def test_cursors_stand_at_every_multiple_within_the_picture():
    frequency = np.arange(0, 1000, 0.5, dtype=np.float32)
    level = np.exp(-((frequency - 107.4) ** 2)).astype(np.float32)
    found = telling.Spectrum(
        WALL, "I", "t", "envelope", (3000, 6000), 1797.0, (("BPFO", 107.4),), frequency, level, "0"
    )
    plot = spectrum_plot(found)

    assert len(plot.marks) == 6
    at = np.array([mark.x for mark in plot.marks]) - 44.0
    assert at == pytest.approx(at[0] * np.arange(1, 7), abs=0.6)


@pytest.mark.parametrize("kind", ["envelope", "sound"])
@pytest.mark.parametrize("values", [np.zeros(10), np.full(10, np.nan), np.full(10, -300.0), np.zeros(1)])
def test_whatever_a_spectrum_holds_the_picture_stays_in_its_box(kind, values):
    frequency = np.arange(values.size, dtype=np.float32)
    found = telling.Spectrum(WALL, "", "t", kind, (1, 2), None, (), frequency, values.astype(np.float32), "0")
    plot = spectrum_plot(found)
    if plot is not None:
        for pair in plot.curves[0][1].split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= 720
            assert 0 <= y <= 180


def test_thinning_loses_no_line():
    level = np.zeros(100_001, np.float32)
    level[777] = 5.0
    frequency, kept = spectra.thinned(np.arange(level.size, dtype=np.float32), level)

    assert kept.size <= spectra.POINTS_MAX
    assert frequency[np.argmax(kept)] == 777
