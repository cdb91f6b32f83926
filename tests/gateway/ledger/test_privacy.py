"""No sound with speech in it is written, whoever sent it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from analytics.decision.verdict import Evaluation, Verdict
from analytics.quality.words import Quality
from gateway.ledger import privacy
from gateway.ledger.desk import Desk
from gateway.ledger.plan import LedgerPlan, StationEntry
from gateway.ledger.privacy import Privacy
from gateway.ledger.scribe import Scribe
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.messages import PartEvidence
from gateway.processes.sounds import EventEvidence, SoundsReport
from gateway.store.database import Store
from gateway.store.evidence import Evidence
from gateway.store.read import Reader
from models.embedding import ModelError

DATA = Path(__file__).parents[3] / "../shared/data/speech"
RATE = 16_000


def noise(seconds, seed=0):
    return np.random.default_rng(seed).normal(0, 0.05, round(seconds * RATE)).astype(np.float32)


def word():
    found = sorted(DATA.glob("*/digit3_*.flac"))
    if not found:
        pytest.skip(f"recordings that are not here ({DATA})")
    samples, rate = soundfile.read(found[0], dtype="float32")
    return np.repeat(samples, RATE // rate)


def over(bed, at, level=1.0):
    """Lay a word over noise, from sample `at` on."""
    said, out = word(), bed.copy()
    out[at : at + len(said)] += said * (bed.std() / said.std() * level)
    return out


def part(evidence):
    told = Verdict(Evaluation.NOT_OK, 1.83, "crack", None, "ring too low")
    return PartRecord(
        "ring", "active", 1, 7, "P7", 1, "2026-11-24T12:00:00+00:00", told, 2, 0, None, True, 9.1, 3.0,
        "bracket-A/1/abc", "judged", evidence,
    )  # fmt: skip


def test_a_part_somebody_spoke_over_keeps_its_numbers_and_loses_sound_and_picture():
    picture = np.zeros((4, 64), np.float32)

    cleared = Privacy("drop").cleared(part(PartEvidence(RATE, over(noise(2.0), RATE // 2), picture)))

    assert cleared.evidence is None
    assert cleared.told.score == 1.83
    assert Quality.SPEECH in cleared.told.quality


def test_a_part_nobody_spoke_over_keeps_its_sound_bit_for_bit():
    sound = noise(2.0)

    cleared = Privacy("drop").cleared(part(PartEvidence(RATE, sound, None, noise(1.0, 1))))

    assert cleared.evidence.sound is sound
    assert cleared.evidence.before is None
    assert cleared.told.quality == ()


def test_a_word_that_only_the_ambient_microphone_heard_counts_too():
    both = np.stack([noise(2.0), over(noise(2.0, 1), RATE // 2)], axis=1)

    assert Privacy("drop").cleared(part(PartEvidence(RATE, both))).evidence is None


def test_a_word_just_before_the_part_takes_its_sound_along_and_one_long_before_does_not():
    said = len(word())
    just = over(noise(1.5), round(1.5 * RATE) - said)

    assert Privacy("drop").cleared(part(PartEvidence(RATE, noise(0.3, 1), None, just))).evidence is None

    long = np.concatenate([just, noise(2.0, 2)])
    assert Privacy("drop").cleared(part(PartEvidence(RATE, noise(0.3, 1), None, long))).evidence is not None


def event(sound, before=None):
    numbers = np.zeros(3, np.float32)
    return SoundsReport(
        "gate", 1.0, "", ("glass",), evidence=EventEvidence("E1", RATE, numbers, numbers, sound, before)
    )


def test_an_event_somebody_spoke_over_loses_its_sound_and_keeps_its_spectrum():
    said = len(word())
    just = over(noise(1.5), round(1.5 * RATE) - said)

    for heard in (event(over(noise(2.5), RATE)), event(noise(2.5, 1), just)):
        cleared = Privacy("drop").cleared(heard).evidence
        assert (cleared.sound, cleared.before) == (None, None)
        assert cleared.level_db is heard.evidence.level_db

    clean = event(noise(2.5), noise(1.0, 1))
    assert Privacy("drop").cleared(clean).evidence.sound is clean.evidence.sound
    assert Privacy("drop").cleared(clean).evidence.before is None


def test_the_site_file_may_keep_it():
    record = part(PartEvidence(RATE, over(noise(2.0), RATE // 2)))

    assert Privacy("keep").cleared(record) is record


def test_what_cannot_be_looked_through_is_not_written_and_a_person_hears_why(monkeypatch):
    def missing():
        raise ModelError("silero-vad.onnx: no speech model (gone); install wheeltapper again")

    monkeypatch.setattr(privacy, "SpeechModel", missing)
    gate = Privacy("drop")

    cleared = gate.cleared(part(PartEvidence(RATE, noise(1.0))))

    assert cleared.evidence.sound is None
    assert "install wheeltapper again" in gate.fault
    assert gate.cleared(event(noise(1.0))).evidence.sound is None


def test_what_is_no_part_or_has_no_sound_passes_untouched():
    for message in (part(None), part(PartEvidence(RATE)), "anything"):
        assert Privacy("drop").cleared(message) is message


@pytest.mark.parametrize("sound", ["never", "rejects", "all"])
def test_on_disk_lies_no_file_of_a_part_somebody_spoke_over(tmp_path, clock, sound):
    store = Store.open(tmp_path, "2026-11-24T12:00:00+00:00")
    plan = LedgerPlan("line", str(tmp_path), stations=(StationEntry("ring"),), sound=sound)
    folder = tmp_path / "evidence"
    scribe = Scribe(Desk(plan, store, clock, lambda: "I1"), store, Evidence(folder, 10**9), clock, plan.speech)

    scribe.hear([part(PartEvidence(RATE, over(noise(2.0), RATE // 2))), part(PartEvidence(RATE, noise(2.0)))])
    scribe.write(review=False)
    store.close()

    with Reader(tmp_path) as reader:
        spoken, clean = reader.parts(2)
    assert (spoken.clip, spoken.quality) == (None, ("speech",))
    assert (clean.clip is not None) == (sound != "never")
    assert len(list(folder.iterdir())) == (sound != "never")
