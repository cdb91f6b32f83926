"""Several microphones heard as one: the same from a file, live and taught, and never by a recipe of another ear."""

import numpy as np
import pytest
import soundfile

from analytics.decision.verdict import Evaluation
from analytics.signal.beamforming import Beam, summed_whole
from gateway.audio.files import SoundFileError, read_recording, recordings_in
from gateway.cli.recordings import heard_of, parts_of, read_all
from gateway.processes.messages import Judged, PlantState, Taught
from gateway.stations.ear import Ear
from gateway.stations.intake import Intake
from gateway.stations.learner import LearnPlan, run_learner
from gateway.stations.machine import MachineStation
from gateway.stations.plan import MachinePlan, SourcePlan
from gateway.stations.shelf import Shelf
from models.recipe import load, write_recipe
from models.taught import TeachSettings
from models.teach import learn
from tests.gateway.stations.one_worker import (
    RATE,
    casting,
    cracked,
    good,
    one_station,
    part_plan,
    place,
    recorded,
    run,
)
from tests.gateway.stations.test_ear import Ramp, pass_time

BEAM = Beam((1, 3), (0.0, 0.25))
LATE = round(0.25 / 1000 * RATE)


def three_channels(name):
    """A part as the array hears it: the second channel is another thing, the third hears later, both with noise."""
    rng = np.random.default_rng(int(name))
    sound = casting(name)
    later = np.concatenate([np.zeros(LATE, np.float32), sound[:-LATE]])
    other = rng.normal(0, 0.1, len(sound)).astype(np.float32)
    return np.stack([sound, other, later], axis=1) + rng.normal(0, 1e-4, (len(sound), 3)).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("array")
    for name in [*good[:20], *cracked[:3]]:
        soundfile.write(folder / f"{name}.wav", three_channels(name), RATE, subtype="FLOAT")
    return folder


@pytest.fixture(scope="module")
def recipe(files):
    found = [(one, "") for one in recordings_in([files / f"{name}.wav" for name in good[:20]])]
    parts = parts_of(found, read_all([one for one, _ in found], None, lambda *_: None), None, False, beam=BEAM)
    learned = learn(parts, TeachSettings(beam=BEAM))
    write_recipe(files / "recipe", learned, "2026-01-01T00:00:00+00:00")
    return files / "recipe"


def test_a_recipe_remembers_its_array_and_judges_live_as_from_the_file(files, recipe, wire):
    assert load(recipe).model.beam == BEAM
    names = [*good[:2], *cracked[:2]]
    for ticket, name in enumerate(names):
        place(wire, ticket, name, 0.5 + ticket)
    source = recorded(files, channels=3)

    run(one_station(part_plan(recipe, beam=BEAM), source, beam=BEAM), wire, 5)

    live = [one.verdict.score for one in wire.of(Judged)]
    assert [one.verdict.evaluation for one in wire.of(Judged)] == [Evaluation.OK] * 2 + [Evaluation.NOT_OK] * 2
    assert live == [score_of(files / f"{name}.wav", recipe) for name in names]


def score_of(path, recipe):
    from gateway.cli.judge import _judge_file

    return _judge_file(path, load(recipe), None, (None, None), None, False).verdict.score


def test_what_mode_3_hears_is_the_sum_and_the_recipe_learned_from_it_says_so(files, recipe, wire, tmp_path):
    for ticket, name in enumerate(good[:12]):
        place(wire, ticket, name, 0.5 + ticket / 2, teach=True)
    run(one_station(part_plan(recipe, beam=BEAM), recorded(files, channels=3), beam=BEAM), wire, 8)
    taught = wire.of(Taught)

    file = read_recording(files / f"{good[0]}.wav", None)
    assert np.array_equal(taught[0].samples[taught[0].start : taught[0].stop], summed_whole(BEAM, file.samples, RATE))

    answers = []
    channel = type("Channel", (), {"send": lambda self, message: answers.append(message)})()
    run_learner(LearnPlan("ring", 1, str(tmp_path / "own"), 0.5, tuple(taught), BEAM), channel, wire.clock)
    assert [answer.fault for answer in answers] == [""]
    assert load(tmp_path / "own").model.beam == BEAM


@pytest.mark.parametrize(
    ("beam", "words"),
    [(None, "hears one microphone"), (Beam((1, 2), (0.0, 0.25)), "hears the array 1:0,2:0.25"), (BEAM, "")],
)
def test_a_recipe_of_another_ear_is_refused(recipe, beam, words):
    fault = Shelf(part_plan(recipe, beam=beam), RATE).views()[1].fault
    assert words in fault
    assert bool(fault) == bool(words)
    if fault:
        assert "taught through the array 1:0,3:0.25" in fault


def test_a_file_with_too_few_channels_or_a_channel_chosen_beside_is_refused(files, tmp_path):
    soundfile.write(tmp_path / "two.wav", np.zeros((RATE, 2)), RATE)
    with pytest.raises(SoundFileError, match="wants channel 3"):
        heard_of(read_recording(tmp_path / "two.wav", None), None, BEAM)
    with pytest.raises(SoundFileError, match="no --channel beside it"):
        heard_of(read_recording(files / f"{good[0]}.wav", None), 1, BEAM)


def test_a_gap_reaches_as_far_as_the_filter(clock):
    device = Intake(SourcePlan("microphone", 16_000, 2), clock, 4.0, lambda p, c: Ramp(p, c, lost=[(8000, 8100)]))
    ear = Ear("ring", device, 0, clock, beam=Beam((1, 2), (0.0, 1.0)))
    device.listen()
    pass_time(clock, [device], 1.0)
    before, after = Beam((1, 2), (0.0, 1.0)).reach(16_000)

    samples, gaps = ear.read(7000, 9000)

    assert ear.end == device.ring.end - after
    assert len(samples) == 2000
    assert gaps == ((1000 - after, 1100 + before),)
    pieces = list(ear.since(7000))
    assert [start for start, _ in pieces] == [7000, 8100 + before]
    assert np.array_equal(pieces[0][1], samples[: 1000 - after])


def test_what_a_machine_learned_through_other_microphones_is_learned_anew(clock):
    def station(beam):
        return MachineStation("pump", MachinePlan("P", rpm=1480.0, beam=beam), 8000, clock, lambda: "id")

    first = station(None)
    first.restart_baseline()
    first.plant(PlantState("pump", 0.0, True, 1480.0))
    kept = first.report(clock.now(), clock.wall(), ()).kept

    assert "other microphones" in station(BEAM).recall(kept)
    assert station(None).recall(kept) == ""
