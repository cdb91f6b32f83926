"""The ledger as a whole, turn by turn: messages in, rows and orders out."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analytics.decision.verdict import Evaluation, Verdict
from connectors.cmms.port import OrderState, OrderStatus
from gateway.ledger.body import Ledger
from gateway.ledger.picture import PictureFault
from gateway.ledger.plan import Delivery, LedgerPlan, StationEntry
from gateway.processes.condition import ConditionReport, Diagnosis, EpisodeView, Line, MachineEvidence
from gateway.processes.kept import StationKept
from gateway.processes.ledger_messages import (
    Command,
    CommandAnswer,
    DefectCodes,
    DefectNames,
    EventRecord,
    LedgerReport,
    PartRecord,
)
from gateway.processes.messages import AcceptSound, EarReport, PartEvidence, RestartBaseline, Stop
from gateway.store.read import Reader

OUTER = Diagnosis(
    "outer race",
    "BPFO",
    "4 harmonics in both envelopes",
    "drive end",
    None,
    1797.0,
    (Line("BPFO", 3.585, 107.4, (14.0, 11.0, 9.0, 7.0)),),
)


def part(sequence=1, **changes):
    told = changes.pop("told", Verdict(Evaluation.NOT_OK, 1.83, "crack", None, "ring too low"))
    values = {
        "station": "ring", "mode": "active", "plc_mode": 1, "sequence": sequence, "part_id": f"P{sequence:05d}",
        "part_type": 1, "wall": "2026-11-24T12:00:00+00:00", "told": told, "defect_code": 2, "quality_code": 0,
        "true": None,
        "written": True, "latency_ms": 9.1, "judge_ms": 3.0, "recipe": "bracket-A/1/abc", "outcome": "judged",
    }  # fmt: skip
    return PartRecord(**{**values, **changes})


def report(clock, *episodes, evidence=None, station="pump-7"):
    return ConditionReport(
        station, clock.now(), clock.wall().isoformat(), True, 1480.0, {"rms_db": -20.0}, 12.3, "frozen", OUTER, (),
        episodes, evidence,
    )  # fmt: skip


def episode(name="E1", *, active=True, severity="warning", mode="outer race"):
    return EpisodeView(name, mode, severity, "2026-11-24T12:00:00+00:00", active, f"Pump 7: {mode} indication, +12 dB")


def spectrum():
    return MachineEvidence(np.arange(500, dtype=np.float32), np.ones(500, dtype=np.float32), (3000.0, 6000.0))


@pytest.fixture
def ledger(tmp_path, channel, clock, cmms):
    plan = LedgerPlan(
        "Casting line 2",
        str(tmp_path),
        stations=(StationEntry("ring"), StationEntry("pump-7", "Pump 7, cooling", "PUMP-7", "maximo")),
        sound="rejects",
        delivery=Delivery(),
    )
    with ExitStack() as stack:
        ledger = Ledger(plan, channel, clock, lambda name: cmms, stack)
        ledger.painter._draw = lambda sketch: b"\x89PNG picture"
        yield ledger
        ledger.painter.close(5.0)


def deliver(ledger, clock, steps=20):
    sender = ledger.senders["maximo"]
    for _ in range(steps):
        wait = sender.step()
        if wait > 0:
            clock.pass_(wait)


def turn(ledger, channel, clock, *messages):
    channel.incoming.extend(messages)
    clock.pass_(1.0)
    ledger.turn(0.0)


def last_report(channel):
    return [m for m in channel.sent if isinstance(m, LedgerReport)][-1]


def test_a_part_is_stored_as_it_was_told(ledger, channel, clock, tmp_path):
    turn(ledger, channel, clock, part())

    with Reader(tmp_path) as reader:
        (row,) = reader.parts(10)
    assert (row.part_id, row.evaluation, row.score, row.defect) == ("P00001", Evaluation.NOT_OK, 1.83, "crack")
    assert row.clip is None


def test_parts_can_be_read_by_station_and_from_a_row_on(ledger, channel, clock, tmp_path):
    turn(ledger, channel, clock, *(part(n, station="ring" if n % 2 else "motor") for n in range(1, 7)))

    with Reader(tmp_path) as reader:
        assert [row.sequence for row in reader.parts(2, station="ring")] == [3, 5]
        assert [row.sequence for row in reader.parts(99, after=4)] == [5, 6]


def test_sound_is_written_only_where_the_site_file_says_so(ledger, channel, clock, tmp_path):
    sound = PartEvidence(48000, np.zeros(480, dtype=np.float32))
    good = Verdict(Evaluation.OK, 0.5, None, None, "as taught")
    turn(ledger, channel, clock, part(1, evidence=sound), part(2, told=good, evidence=sound))

    with Reader(tmp_path) as reader:
        rejected, passed = reader.parts(10)
    assert rejected.clip is not None
    assert (tmp_path / "evidence" / rejected.clip).is_file()
    assert passed.clip is None


def test_an_episode_becomes_one_order_with_its_picture_however_often_it_is_reported(ledger, channel, clock, cmms):
    turn(ledger, channel, clock, report(clock, episode(), evidence=spectrum()))
    ledger.painter.close(5.0)
    for _ in range(5):
        turn(ledger, channel, clock, report(clock, episode()))
    deliver(ledger, clock)
    turn(ledger, channel, clock)

    ((number, order),) = cmms.orders.items()
    assert order.title == "Pump 7, cooling drive end bearing: outer race indication, +12 dB"
    assert "107.4 Hz = 3.58 x 29.96 Hz, 4 harmonics" in order.text
    assert order.key in order.text
    assert cmms.attached == [(number, f"wheeltapper-{order.key}.png")]
    (incident,) = last_report(channel).incidents
    assert (incident.order, incident.order_state) == (number, "proposed")
    assert last_report(channel).outbox_waiting == 0


def test_the_incident_ends_when_its_order_is_done(ledger, channel, clock, cmms):
    turn(ledger, channel, clock, report(clock, episode()))
    deliver(ledger, clock)
    cmms.states["1001"] = OrderStatus(OrderState.DONE, "COMP", "bearing changed")
    ledger.senders["maximo"].ask_after_orders()
    deliver(ledger, clock)
    turn(ledger, channel, clock, report(clock, episode(active=False)))

    with Reader(Path(ledger.store.folder)) as reader:
        (row,) = reader.orders(10)
    assert row.ended_at is not None
    assert (row.state, row.memo) == ("done", "bearing changed")


def test_defect_codes_are_given_once_and_kept_over_a_restart(ledger, channel, clock, tmp_path):
    turn(ledger, channel, clock, DefectNames("ring", ("crack", "blowhole")), DefectNames("ring", ("chill", "crack")))

    codes = [m for m in channel.sent if isinstance(m, DefectCodes)]
    assert codes[-1].codes == {"crack": 2, "blowhole": 3, "chill": 4}
    assert last_report(channel).defect_codes == {"ring": {"crack": 2, "blowhole": 3, "chill": 4}}


def test_a_person_acknowledges_once_and_everything_asked_is_audited(ledger, channel, clock):
    turn(ledger, channel, clock, report(clock, episode()))
    incident = last_report(channel).incidents[0].id
    turn(
        ledger,
        channel,
        clock,
        Command("acknowledge", incident, "Ana", "page"),
        Command("acknowledge", incident, "Ben", "page"),
        Command("acknowledge", "nobody", "Ana", "page"),
        Command("reboot", "plc", "Eve", "page"),
        Command("acknowledge", incident, " ", "page"),
    )

    answers = [m.accepted for m in channel.sent if isinstance(m, CommandAnswer)]
    assert answers == [True, False, False, False, False]
    assert last_report(channel).incidents[0].acknowledged_by == "Ana"
    with ledger.store.reading() as db:
        assert db.execute("SELECT count(*) FROM audit").fetchone() == (5,)


def test_maintenance_done_restarts_the_baseline_of_a_machine_alone(ledger, channel, clock):
    turn(ledger, channel, clock, Command("maintenance-done", "pump-7", "Ana", "terminal"))
    turn(ledger, channel, clock, Command("maintenance-done", "ring", "Ana", "terminal"))

    assert [m for m in channel.sent if isinstance(m, RestartBaseline)] == [RestartBaseline("pump-7")]


def test_an_accepted_sound_goes_to_its_station_and_is_on_record_with_who_said_so(ledger, channel, clock, tmp_path):
    turn(ledger, channel, clock, Command("accept-sound", "ring", "Ana", "terminal"))
    turn(ledger, channel, clock, Command("accept-sound", "rung", "Ana", "terminal"))

    assert [m for m in channel.sent if isinstance(m, AcceptSound)] == [AcceptSound("ring")]
    with Reader(tmp_path) as reader:
        assert [(e.where, e.kind) for e in reader.events(10)] == [("ring", "sound-accepted")]
        assert "says Ana" in reader.events(10)[0].sentence
    with ledger.store.reading() as db:
        assert [row[0] for row in db.execute("SELECT accepted FROM audit ORDER BY rowid")] == [1, 0]


def test_a_warning_that_becomes_sure_is_an_event_of_its_own(ledger, channel, clock, tmp_path):
    from analytics.quality.words import Quality

    warned = EarReport("ring", clock.now(), (Quality.GAIN_STEP,), "not yet sure", -60.0, 0, 0, 0.1)
    sure = replace(warned, sentence="sure", sure=True)
    turn(ledger, channel, clock, warned, warned, sure, sure)

    with Reader(tmp_path) as reader:
        assert [e.sentence for e in reader.events(10) if e.kind == "ear-changed"] == ["not yet sure", "sure"]


def test_what_stations_learned_is_told_again_when_the_ledger_starts(ledger, channel, clock):
    ear, drift = StationKept("ring", "ear", "{1}"), StationKept("ring", "drift", "{2}")
    turn(ledger, channel, clock, ear, drift, StationKept("gone", "ear", "{}"), replace(ear, text="{3}"))
    channel.incoming.append(Stop())
    ledger.run()
    assert {m for m in channel.sent if isinstance(m, StationKept)} == {drift, replace(ear, text="{3}")}


def test_a_microphone_that_falls_silent_is_an_event_once(ledger, channel, clock, tmp_path):
    from analytics.quality.words import Quality

    silent = EarReport("ring", clock.now(), (Quality.SILENT,), "no sound for 2 s", -120.0, 0, 0, 0.1)
    turn(ledger, channel, clock, silent, silent, silent)

    with Reader(tmp_path) as reader:
        assert [(e.where, e.kind) for e in reader.events(10)] == [("ring", "ear-changed")]


def test_a_minute_of_a_machine_is_one_row(ledger, channel, clock, tmp_path):
    for _ in range(125):
        turn(ledger, channel, clock, report(clock))

    with Reader(tmp_path) as reader:
        rows = reader.conditions(10, "pump-7")
    assert len(rows) == 2
    assert rows[0].indicators == {"rms_db": -20.0}


def test_one_unstorable_message_costs_only_itself(ledger, channel, clock, tmp_path):
    turn(ledger, channel, clock, part(1), part(2, part_id="bad \ud800"), part(2**70), part(4))

    with Reader(tmp_path) as reader:
        assert [row.part_id for row in reader.parts(10)] == ["P00001", "P00004"]
        assert [e.kind for e in reader.events(10)] == ["record-unstorable"] * 2


def test_events_are_stored_in_order(ledger, channel, clock, tmp_path):
    turn(
        ledger,
        channel,
        clock,
        *(EventRecord("2026-11-24T12:00:00+00:00", "plc", "link-lost", f"{n}") for n in range(3)),
    )

    with Reader(tmp_path) as reader:
        assert [e.sentence for e in reader.events(2)] == ["1", "2"]


def test_a_connector_that_cannot_be_made_keeps_nothing_else_from_working(tmp_path, channel, clock):
    def make(name):
        raise ValueError("ca_file: /etc/plant.pem cannot be read")

    plan = LedgerPlan("L", str(tmp_path), stations=(StationEntry("pump-7", "", "PUMP-7", "maximo"),))
    with ExitStack() as stack:
        ledger = Ledger(plan, channel, clock, make, stack)
        turn(ledger, channel, clock, report(clock, episode()))
        ledger.painter.close(5.0)

    shown = last_report(channel)
    assert "ca_file" in shown.faults[0]
    assert shown.incidents[0].order == "queued"


def test_an_episode_that_is_over_and_forgotten_is_not_raised_again_by_a_late_report(ledger, channel, clock):
    turn(ledger, channel, clock, report(clock, episode(mode="abnormal sound")))
    deliver(ledger, clock)
    turn(ledger, channel, clock, report(clock, episode(mode="abnormal sound", active=False)))
    with ledger.store.commit() as db:
        db.execute("UPDATE order_status SET state = 'done'")
    turn(ledger, channel, clock)
    clock.pass_(25 * 3600)
    turn(ledger, channel, clock)
    turn(ledger, channel, clock, report(clock, episode(mode="abnormal sound", active=False)))

    assert len(last_report(channel).incidents) == 1


def test_a_withheld_order_is_made_when_a_person_asks_for_it(ledger, channel, clock, cmms):
    turn(ledger, channel, clock, report(clock, episode("E1")))
    deliver(ledger, clock)
    turn(ledger, channel, clock, report(clock, episode("E2", mode="inner race")))
    withheld = next(i for i in last_report(channel).incidents if i.failure_mode == "inner race")
    assert withheld.order.startswith("none (PUMP-7 has had its automatic order of this week (1001)")

    turn(ledger, channel, clock, Command("order", withheld.id, "Ana", "page"))
    deliver(ledger, clock)

    assert [order.failure_mode for order in cmms.orders.values()] == ["outer race", "inner race"]


def test_a_rejected_order_is_tried_again_when_a_person_has_mended_the_mapping(ledger, channel, clock, cmms):
    cmms.plan.append("reject")
    turn(ledger, channel, clock, report(clock, episode()))
    deliver(ledger, clock)
    turn(ledger, channel, clock)
    (incident,) = last_report(channel).incidents
    assert incident.order == "none (asset is not valid (assetnum))"
    assert last_report(channel).outbox_stuck == 1

    turn(ledger, channel, clock, Command("order", incident.id, "Ana", "page"))
    deliver(ledger, clock)
    assert len(cmms.orders) == 1


def test_a_picture_that_fails_is_said_and_the_order_stands(ledger, channel, clock, cmms, tmp_path):
    def fail(sketch):
        raise PictureFault("no picture within 60 s")

    ledger.painter._draw = fail
    turn(ledger, channel, clock, report(clock, episode(), evidence=spectrum()))
    ledger.painter.close(5.0)
    deliver(ledger, clock)

    assert len(cmms.orders) == 1
    with Reader(tmp_path) as reader:
        assert "no picture within 60 s" in next(e.sentence for e in reader.events(99) if e.kind == "picture-missing")


def test_a_picture_that_was_being_drawn_when_the_gateway_died_is_given_up_at_the_next_start(ledger, channel, clock):
    ledger.painter.draw = lambda drawing: None
    turn(ledger, channel, clock, report(clock, episode(), evidence=spectrum()))
    ledger.painter.give_up_lost()
    turn(ledger, channel, clock)
    deliver(ledger, clock)
    turn(ledger, channel, clock)

    assert last_report(channel).outbox_waiting == 0
