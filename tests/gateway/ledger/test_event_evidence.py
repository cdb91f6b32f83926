"""What an incident of sound was raised on: kept with it, where the site file lets it be."""

from contextlib import ExitStack

import numpy as np
import pytest

from gateway.ledger.body import Ledger
from gateway.ledger.plan import LedgerPlan, StationEntry
from gateway.processes.condition import EpisodeView
from gateway.processes.ledger_messages import Command, CommandAnswer
from gateway.processes.sounds import EventEvidence, SoundsReport
from gateway.store import telling
from gateway.store.event_clips import event_clip

RATE = 16_000
SOUND = np.random.default_rng(0).normal(0, 0.05, 2 * RATE).astype(np.float32)


class Gate:
    """A ledger that hears of one station, and what it wrote."""

    def __init__(self, folder, channel, clock, stack, sound):
        plan = LedgerPlan("line", str(folder), stations=(StationEntry("gate", sounds=True),), sound=sound)
        self.ledger = Ledger(plan, channel, clock, lambda name: None, stack)
        self.folder, self.channel, self.clock = folder, channel, clock

    def hear(self, *episodes, evidence=None):
        wall = self.clock.wall().isoformat()
        views = tuple(EpisodeView(name, "glass", "critical", wall, active=True, text="glass") for name in episodes)
        self.turn(SoundsReport("gate", self.clock.now(), wall, ("glass",), None, views, "", evidence))

    def turn(self, message):
        self.channel.incoming.append(message)
        self.clock.pass_(1.0)
        self.ledger.turn(0.0)

    def kept(self):
        with self.ledger.store.reading() as db:
            (incident,) = (row[0] for row in db.execute("SELECT id FROM incidents"))
            return incident, event_clip(db, incident), telling.spectrum(db, "gate", incident)


def evidence(episode="E1", sound=SOUND):
    return EventEvidence(episode, RATE, np.arange(4, dtype=np.float32), np.full(4, -60, np.float32), sound)


@pytest.fixture
def gate(tmp_path, channel, clock):
    with ExitStack() as stack:
        yield lambda sound: Gate(tmp_path, channel, clock, stack, sound)


@pytest.mark.parametrize("sound", ["never", "rejects", "all"])
def test_the_spectrum_is_always_kept_and_the_sound_bit_for_bit_where_it_may_be_written(gate, tmp_path, sound):
    one = gate(sound)
    one.hear("E1")
    one.hear("E1", evidence=evidence())

    incident, clip, spectrum = one.kept()
    assert (spectrum.kind, spectrum.incident) == ("sound", incident)
    assert (clip is not None) == (sound != "never")
    assert len(list((tmp_path / "evidence").iterdir())) == (sound != "never")
    if clip:
        assert clip.kind == "glass"
        assert np.array_equal(clip.sound(tmp_path).samples[:, 0], SOUND)


def test_of_one_incident_the_first_sound_stays(gate):
    one = gate("all")
    one.hear("E1", evidence=evidence())
    first = one.kept()[1]
    one.hear("E1", "E2", evidence=evidence("E2", SOUND[:RATE]))
    assert one.kept()[1] == first


def test_evidence_of_an_episode_nobody_was_told_of_is_not_kept(gate, tmp_path):
    one = gate("all")
    one.hear(evidence=evidence("E9"))
    with one.ledger.store.reading() as db:
        assert db.execute("SELECT count(*) FROM spectra").fetchone() == (0,)
    assert not list((tmp_path / "evidence").iterdir())


def test_who_listens_to_an_incident_stands_in_the_audit_trail(gate, channel):
    one = gate("all")
    one.hear("E1", evidence=evidence())
    incident = one.kept()[0]
    for target in (incident, "NONE"):
        one.turn(Command("listen", target, "ana", "page", {"of": "incident"}))
    answers = [sent for sent in channel.sent if isinstance(sent, CommandAnswer)]
    assert [answer.accepted for answer in answers] == [True, False]
    assert "ana listens to incident" in answers[0].sentence
    assert "no sound was kept" in answers[1].sentence
