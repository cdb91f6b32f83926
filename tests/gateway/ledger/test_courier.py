"""From an episode to a message on a channel that refuses, breaks and dies with us: nothing lost, nothing told twice."""

import random
from contextlib import ExitStack
from datetime import timedelta

import pytest

from connectors.notify.port import Act, Later, Refused, Told
from gateway.incidents.alerts import AlertRules
from gateway.incidents.routes import About, Route, Step
from gateway.incidents.sifting import Inhibit, Witness
from gateway.ledger.body import Ledger
from gateway.ledger.plan import AlertPlan, LedgerPlan, StationEntry
from gateway.processes.condition import ConditionReport, Diagnosis, EpisodeView
from gateway.processes.ledger_messages import Command, LedgerReport, PlantTags
from gateway.processes.sounds import SoundsReport
from gateway.store.alarm_load import busiest, loads, offenders
from gateway.store.read import Reader

GLASS = ("glass-1", "glass-2")


class TwinChannel:
    """Behaves as the port promises; `plan` holds what the next sends do."""

    def __init__(self):
        self.acts, self.refresh_s, self.plan, self.taken = frozenset(Act), None, [], []

    def check(self):
        return ()

    def send(self, notice):
        outcome = self.plan.pop(0) if self.plan else Told("taken")
        if outcome == "die":
            self.taken.append((notice.key, notice.act))
            raise KeyboardInterrupt
        if isinstance(outcome, Told):
            self.taken.append((notice.key, notice.act))
        return outcome


class Plant:
    def __init__(self, folder, channel, clock, twin):
        self.folder, self.inbox, self.clock, self.twin = folder, channel, clock, twin
        rules = AlertRules(
            (Route("all", ("pager",), escalate=(Step(timedelta(minutes=15), ("pager",)),)),),
            zones=dict.fromkeys(GLASS, "office wing"),
        )
        inhibits = (Inhibit("line stands", About(stations=frozenset({"press"})), runs="runs"),)
        witnesses = (Witness("temperature", "t", About(stations=frozenset({"pump-7"})), above=70.0),)
        stations = (StationEntry("press", asset="PRESS"), StationEntry("pump-7", "Pump 7", asset="PUMP-7"))
        stations += tuple(StationEntry(name, sounds=True) for name in GLASS)
        self.plan = LedgerPlan(
            "Line 2", str(folder), stations=stations, alerts=AlertPlan(rules, ("pager",), inhibits, witnesses)
        )
        self.open()

    def open(self):
        self.stack = ExitStack()
        self.ledger = Ledger(self.plan, self.inbox, self.clock, lambda name: None, self.stack, lambda name: self.twin)
        self.ledger.couriers[0]._chance = random.Random(7)

    def kill(self):
        self.stack.close()
        self.open()

    def turn(self, *messages, pass_s=1.0):
        self.clock.pass_(pass_s)
        self.inbox.incoming += messages
        self.ledger.turn(0.0)
        while self.ledger.couriers[0].step() == 0.0:
            pass

    def machine(self, station, *episodes):
        views = tuple(
            EpisodeView(
                name, "gear", "critical", "2026-11-24T12:00:00+00:00", active, f"{station}: gear indication; reason"
            )
            for name, active in episodes
        )
        diagnosis = Diagnosis("undecided", None, "test")
        wall = self.clock.wall().isoformat()
        return ConditionReport(station, self.clock.now(), wall, True, None, {}, 8.0, "frozen", diagnosis, (), views)

    def glass(self, station, *episodes):
        wall = self.clock.wall().isoformat()
        views = tuple(
            EpisodeView(name, "glass break", "critical", wall, active, f"{station}: glass") for name, active in episodes
        )
        return SoundsReport(station, self.clock.now(), wall, ("glass break",), episodes=views)

    def ask(self, sql):
        with Reader(self.folder) as reader:
            return reader.db.execute(sql).fetchall()


@pytest.fixture
def plant(tmp_path, channel, clock):
    plant = Plant(tmp_path, channel, clock, TwinChannel())
    yield plant
    plant.stack.close()


def acts(plant):
    return [act for _, act in plant.twin.taken]


def test_an_incident_is_told_acknowledged_and_not_escalated(plant):
    plant.turn(plant.machine("pump-7", ("E1", True)))
    assert acts(plant) == [Act.RAISED]
    (incident,) = plant.ask("SELECT id FROM incidents")[0]
    plant.turn(Command("acknowledge", incident, "hanna", "terminal"))
    plant.turn(plant.machine("pump-7", ("E1", True)), pass_s=3600)
    assert acts(plant) == [Act.RAISED, Act.ACKNOWLEDGED]


def test_nobody_acknowledged_so_it_rings_once_more(plant):
    for _ in range(4):
        plant.turn(plant.machine("pump-7", ("E1", True)), pass_s=600)
    assert acts(plant) == [Act.RAISED, Act.ESCALATED]


def test_a_channel_that_is_out_gets_everything_once_it_is_back(plant):
    plant.twin.plan = [Later(60.0, "503"), Later(60.0, "503")]
    plant.turn(plant.machine("pump-7", ("E1", True)))
    assert plant.ledger.couriers[0].fault == "pager: 503"
    for _ in range(4):
        plant.turn(pass_s=61)
    assert acts(plant) == [Act.RAISED]
    assert [k for (k,) in plant.ask("SELECT kind FROM events WHERE kind LIKE 'channel%'")] == [
        "channel-down",
        "channel-back",
    ]


def test_a_death_after_the_channel_took_it_sends_the_same_key_again_and_nothing_is_lost(plant):
    plant.twin.plan = ["die"]
    with pytest.raises(KeyboardInterrupt):
        plant.turn(plant.machine("pump-7", ("E1", True)))
    plant.kill()
    plant.turn()
    assert len(plant.twin.taken) == 2
    assert len(set(plant.twin.taken)) == 1, "the other side tells a repetition by its key"
    plant.turn(plant.machine("pump-7", ("E1", True)))
    assert len(plant.twin.taken) == 2


def test_a_message_that_is_refused_does_not_keep_the_others(plant):
    plant.twin.plan = [Refused("no such field")]
    plant.turn(plant.machine("pump-7", ("E1", True)), plant.machine("press", ("E2", True)))
    assert len(plant.twin.taken) == 1
    assert plant.ask("SELECT count(*) FROM events WHERE kind = 'notice-refused'") == [(1,)]


def test_panes_heard_by_two_microphones_of_a_zone_are_one_incident_and_an_hour_later_another(plant):
    for number in range(5):
        episode = (f"P{number}", True)
        plant.turn(plant.glass("glass-1", episode), plant.glass("glass-2", (f"Q{number}", True)), pass_s=6)
        plant.turn(plant.glass("glass-1", (f"P{number}", False)), plant.glass("glass-2", (f"Q{number}", False)))
    assert acts(plant) == [Act.RAISED]
    plant.turn(pass_s=601)
    assert acts(plant) == [Act.RAISED, Act.RESOLVED]
    plant.turn(plant.glass("glass-2", ("R", True)), pass_s=3600)
    assert acts(plant) == [Act.RAISED, Act.RESOLVED, Act.RAISED]


def test_what_is_heard_while_the_line_stands_is_written_down_once_and_becomes_an_incident_if_it_lasts(plant):
    plant.turn(PlantTags({"runs": False}), plant.machine("press", ("E1", True)))
    plant.turn(plant.machine("press", ("E1", True)))
    assert plant.ask("SELECT count(*) FROM incidents") == [(0,)]
    assert plant.ask("SELECT count(*) FROM events WHERE kind = 'episode-kept-back'") == [(1,)]
    plant.turn(PlantTags({"runs": True}), plant.machine("press", ("E1", True)))
    assert acts(plant) == [Act.RAISED]


def test_a_tag_that_was_not_heard_of_for_long_keeps_nothing_back(plant):
    plant.turn(PlantTags({"runs": False}))
    plant.turn(plant.machine("press", ("E1", True)), pass_s=61)
    assert acts(plant) == [Act.RAISED]


def test_what_a_tag_says_of_an_incident_stands_in_its_sentence(plant):
    plant.turn(PlantTags({"t": 78.0}), plant.machine("pump-7", ("E1", True)))
    ((text, confidence),) = plant.ask("SELECT text, confidence FROM incidents JOIN alerts ON incident = id")
    assert text.endswith("temperature 78 is over 70: speaks for it; confidence no figure -> 75%")
    assert confidence == pytest.approx(0.75)


def test_the_load_of_a_channel_is_measured_against_one_in_ten_minutes(plant):
    begin = plant.clock.wall()
    plant.turn(plant.machine("pump-7", ("E1", True)), plant.machine("press", ("E2", True)))
    end = begin + timedelta(hours=1)
    with Reader(plant.folder) as reader:
        (load,) = loads(reader.db, begin, end)
        worst = offenders(reader.db, begin, 5)
        assert busiest(reader.db, plant.clock.wall()) == ("pager", 2)
    assert (load.rings, load.most_in_10_min, load.floods) == (2, 2, 0)
    assert load.mean_in_10_min == pytest.approx(2 / 6)
    assert {(one.station, one.rings, one.share) for one in worst} == {("pump-7", 1, 0.5), ("press", 1, 0.5)}


def test_a_sound_event_whose_listener_was_killed_is_over_and_told_to_be(plant):
    plant.turn(plant.glass("glass-1", ("P", True)))
    plant.kill()
    plant.turn(plant.glass("glass-1"), pass_s=5)
    assert acts(plant) == [Act.RAISED]
    plant.turn(plant.glass("glass-1"), pass_s=61)
    assert plant.ask("SELECT count(*) FROM episodes WHERE active") == [(0,)]
    plant.turn(plant.glass("glass-1"), pass_s=601)
    assert acts(plant) == [Act.RAISED, Act.RESOLVED]


def test_a_sound_event_that_is_said_to_last_goes_on_however_long(plant):
    for _ in range(5):
        plant.turn(plant.glass("glass-1", ("P", True)), pass_s=59)
    assert plant.ask("SELECT count(*) FROM episodes WHERE active") == [(1,)]


def test_an_incident_is_shown_with_its_zone_and_whether_it_is_a_sound_event(plant):
    plant.turn(plant.glass("glass-1", ("P", True)), plant.machine("pump-7", ("E1", True)))
    shown = [one for one in plant.inbox.sent if isinstance(one, LedgerReport)][-1].incidents
    assert {(one.station, one.zone, one.event) for one in shown} == {
        ("glass-1", "office wing", True),
        ("pump-7", "", False),
    }
