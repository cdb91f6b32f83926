"""A whole worker on simulated sound and simulated time."""

import csv
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from analytics.decision.judge import judge
from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from analytics.synthesis.parts import part_sound, part_truth
from analytics.synthesis.streams import Ambience
from gateway.audio.files import capture_of, one_channel, read_recording
from gateway.audio.source import Chunk, SourceFault, SourceStuck
from gateway.processes.messages import (
    VERSION,
    Abandon,
    ConditionReport,
    EarReport,
    Judged,
    PlantState,
    RecipeLoaded,
    Recording,
    StartCapture,
    Started,
    Stop,
    Taught,
    Tick,
    UseRecipe,
    WorkerNote,
)
from gateway.stations.machine import MachineStation
from gateway.stations.plan import MachinePlan, PartPlan, SourcePlan, StationPlan, WorkerPlan
from gateway.stations.worker import Worker, run_worker
from models.recipe import load, write_recipe
from models.taught import TaughtPart
from models.teach import learn

RATE, SEED = 48_000, 7
CASTINGS = SourcePlan("simulated", RATE, sound="castings", seed=SEED)
T0 = 100.0  # the clock's first reading

good = [name for name in map(str, range(200)) if part_truth("castings", SEED, name).good]
cracked = [name for name in map(str, range(200)) if not part_truth("castings", SEED, name).good]


def part_plan(recipe, **more):
    return PartPlan(
        **{"mode": "shadow", "after_ms": 20.0, "length_ms": 300.0, "recipes": {1: str(recipe)}, "reject_rate": 1.0}
        | more
    )


def one_station(part, source=CASTINGS, **more):
    return WorkerPlan("w", (source,), (StationPlan("ring", 0, part=part, **more),))


def start(ticket, part_id, seen_at, part_type=1, station="ring", teach=False):
    return StartCapture(station, ticket, part_type, part_id, seen_at, teach)


def run(plan, wire, until_s, make=None):
    wire.at(T0 + until_s, Stop())
    if make is None:
        run_worker(plan, wire, wire.clock)
    else:
        Worker(plan, wire, wire.clock, make).run()
    return wire


def place(wire, ticket, part_id, at_s, **more):
    wire.at(T0 + at_s, start(ticket, part_id, T0 + at_s, **more))


def test_good_parts_pass_cracked_ones_do_not_and_each_verdict_is_its_own_parts(recipe, wire):
    names = [*good[:8], *cracked[:4]]
    for ticket, name in enumerate(names):
        place(wire, ticket, name, 0.5 + ticket)

    run(one_station(part_plan(recipe)), wire, 13)

    verdicts = {one.ticket: one.verdict for one in wire.of(Judged)}
    assert [verdicts[k].evaluation for k in range(12)] == [Evaluation.OK] * 8 + [Evaluation.NOT_OK] * 4
    assert [one.ticket for one in wire.of(Recording)] == list(range(12))
    assert wire.of(Judged)[0].recipe.startswith("casting v1 ")
    assert wire.of(Judged)[0].level_db is not None


def test_the_verdict_comes_within_a_millisecond_of_waiting_after_the_last_sample(recipe, wire):
    for ticket in range(5):
        place(wire, ticket, good[ticket], 0.5 + ticket * 1.0037)

    run(one_station(part_plan(recipe)), wire, 7)

    waited = [one.judged_at - one.captured_at for one in wire.of(Judged)]
    assert len(waited) == 5
    assert max(waited) <= 0.0011
    assert wire.of(Judged)[0].captured_at == pytest.approx(T0 + 0.5 + 0.020 + 0.300 + 0.100, abs=0.001)


def test_started_says_what_stands_and_ticks_come_four_times_as_often_as_they_must(recipe, wire):
    run(one_station(part_plan(recipe)), wire, 3)

    started = wire.said[0]
    assert isinstance(started, Started)
    assert (started.worker, started.version) == ("w", VERSION)
    assert started.recipes["ring"][1].name == "casting"
    assert started.recipes["ring"][1].fault == ""
    ticks = [one.at for one in wire.of(Tick)]
    assert np.diff(ticks).max() <= 0.2
    assert np.diff(ticks).min() >= 0.05


def test_a_part_type_without_recipe_is_not_decidable(recipe, wire):
    place(wire, 1, good[0], 0.5, part_type=9)

    run(one_station(part_plan(recipe)), wire, 2)

    (one,) = wire.of(Judged)
    assert one.verdict.evaluation is Evaluation.NOT_DECIDABLE
    assert one.verdict.quality == (Quality.UNKNOWN_TYPE,)
    assert one.verdict.reason == "PartType 9 has no recipe; known: 1."


def test_a_recipe_that_does_not_fit_is_refused_when_loaded_with_the_way_to_mend_it(recipe, wire):
    source = replace(CASTINGS, rate=24_000)
    place(wire, 1, good[0], 0.5)

    run(one_station(part_plan(recipe), source), wire, 2)

    view = wire.of(Started)[0].recipes["ring"][1]
    assert "taught at 48000 samples a second, the source gives 24000; set rate = 48000" in view.fault
    (one,) = wire.of(Judged)
    assert one.verdict.quality == (Quality.NO_RECIPE,)
    assert one.verdict.reason == view.fault


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"length_ms": 100.0}, "needs 200 ms of a part, capture.length_ms is 100; set it to 200 or more"),
        ({"reject_rate": 0.001}, "promises 1 % false rejects, reject_rate wants 0.1 %"),
        ({"recipes": {1: "/nowhere/recipe"}}, "/nowhere/recipe"),
    ],
)
def test_a_recipe_that_cannot_be_used_says_why(recipe, wire, plan, sentence):
    run(one_station(part_plan(recipe, **plan)), wire, 0.2)

    assert sentence in wire.of(Started)[0].recipes["ring"][1].fault


def test_a_recipe_can_be_put_to_use_while_the_station_runs(recipe, wire):
    wire.at(T0 + 0.5, UseRecipe("ring", 1, str(recipe)))
    place(wire, 1, good[0], 1.0)

    run(one_station(part_plan(recipe, recipes={})), wire, 2)

    (loaded,) = wire.of(RecipeLoaded)
    assert (loaded.station, loaded.part_type, loaded.recipe.fault) == ("ring", 1, "")
    assert wire.of(Judged)[0].verdict.evaluation is Evaluation.OK


def test_a_part_to_teach_from_comes_back_as_sound_and_without_a_verdict(recipe, wire):
    place(wire, 1, "T1", 0.5, teach=True)

    run(one_station(part_plan(recipe)), wire, 2)

    (one,) = wire.of(Taught)
    assert wire.of(Judged) == []
    assert (one.part_type, one.rate, one.quality, one.before, one.after) == (1, RATE, (), True, True)
    assert (one.start, one.stop, len(one.samples)) == (4800, 4800 + 14_400, 14_400 + 9600)


def test_in_observe_mode_there_is_a_score_and_no_verdict(recipe, wire):
    place(wire, 1, cracked[0], 0.5)

    run(one_station(part_plan(recipe, mode="observe")), wire, 2)

    (one,) = wire.of(Judged)
    assert one.verdict.evaluation is Evaluation.UNDEFINED
    assert one.verdict.score > 1
    assert one.verdict.defect is None


def test_nothing_is_said_of_a_part_nobody_wants_any_more(recipe, wire):
    place(wire, 1, good[0], 0.5)
    wire.at(T0 + 0.6, Abandon("ring", 1))
    place(wire, 2, good[1], 0.7)

    run(one_station(part_plan(recipe)), wire, 2)

    assert [one.ticket for one in wire.of(Judged)] == [2]


def test_a_part_under_way_is_judged_before_the_worker_ends(recipe, wire):
    place(wire, 1, good[0], 0.5)

    run(one_station(part_plan(recipe)), wire, 0.6)

    assert [one.verdict.evaluation for one in wire.of(Judged)] == [Evaluation.OK]
    assert wire.clock.now() < T0 + 1.1


@pytest.mark.parametrize(
    ("keep", "name", "sound", "picture"),
    [
        ("never", 0, False, True),
        ("rejects", 0, True, True),
        ("rejects", 1, False, False),
        ("all", 1, True, False),
        ("never", 1, False, False),
    ],
)
def test_sound_is_handed_on_only_where_the_site_file_lets_it(recipe, wire, keep, name, sound, picture):
    place(wire, 1, [cracked[0], good[0]][name], 0.5)

    run(one_station(part_plan(recipe, keep_sound=keep)), wire, 2)

    evidence = wire.of(Judged)[0].evidence
    assert (evidence is not None and evidence.sound is not None) == sound
    assert (evidence is not None and evidence.spectrogram_db is not None) == picture


# ---- sources that fail --------------------------------------------------------------------------------------------


def recorded(folder, **more):
    return SourcePlan("recording", RATE, path=str(folder), **more)


def test_a_source_that_does_not_open_costs_its_own_station_alone_and_comes_back(recipe, wire, tmp_path):
    folder = tmp_path / "later"
    plan = WorkerPlan(
        "w",
        (CASTINGS, recorded(folder, play="stream")),
        (StationPlan("ring", 0, part=part_plan(recipe)), StationPlan("deaf", 1, part=part_plan(recipe))),
    )
    place(wire, 1, good[0], 0.5)
    place(wire, 2, good[0], 1.5, station="deaf")
    wire.at(T0 + 2.0, lambda: _record(folder))
    place(wire, 3, good[0], 9.0, station="deaf")

    run(plan, wire, 10)

    verdicts = {one.ticket: one.verdict for one in wire.of(Judged)}
    assert verdicts[1].evaluation is Evaluation.OK
    assert verdicts[2].quality == (Quality.VANISHED,)
    assert "there is no such file or folder" in verdicts[2].reason
    assert [one.ticket for one in wire.of(Recording)] == [1, 3]
    assert sum("no such file" in one.sentence for one in wire.of(WorkerNote)) == 1
    ears = wire.of(EarReport, station="deaf")
    assert ears[1].quality == (Quality.VANISHED,)
    assert ears[-1].quality == ()


def _record(folder):
    folder.mkdir()
    soundfile.write(folder / "a.wav", 0.1 * np.random.default_rng(1).standard_normal(10 * RATE), RATE)


class Bench:
    """A source that does what a test wants of it: noise, but silent, stuck or gone from a time on."""

    def __init__(self, plan, clock):
        self.rate, self.channels, self.ended = plan.rate, plan.channels, False
        self.clock = clock
        self.began = 0.0
        self.at = 0
        self.wrong = {}  # what -> since when
        self.holes = []  # (first, past-the-last) indices never handed over
        self.opened = 0

    def open(self):
        self.began, self.at, self.opened = self.clock.now(), 0, self.opened + 1

    def since(self, what):
        return what in self.wrong and self.clock.now() >= self.wrong[what]

    def chunks(self):
        if self.since("stuck"):
            raise SourceStuck("microphone: the audio system does not answer")
        if self.since("gone") and self.opened == 1:
            raise SourceFault("microphone: no sound for 1.5 s")
        if self.since("quiet"):
            return
        stop = int((self.clock.now() - self.began) * self.rate)
        start, self.at = self.at, max(self.at, stop)
        for low, high in _outside(self.holes, start, stop):
            chance = np.random.default_rng(low)
            samples = (0.05 * chance.standard_normal((high - low, self.channels))).astype(np.float32)
            if self.since("silent"):
                samples[:] = 0
            if self.since("frozen"):
                samples[:] = 0.125
            yield Chunk(low, samples, self.clock.now())

    def place(self, part_id, index):
        return index

    def close(self):
        pass


def _outside(holes, start, stop):
    """Cut the span start..stop into what lies outside the holes."""
    for first, last in [*holes, (stop, stop)]:
        if start < min(first, stop):
            yield start, min(first, stop)
        start = max(start, min(last, stop))


@pytest.fixture
def bench(clock):
    return Bench(SourcePlan("microphone", RATE), clock)


def benched(recipe, bench, wire, until_s, **more):
    plan = one_station(part_plan(recipe, **more), SourcePlan("microphone", RATE))
    return run(plan, wire, until_s, lambda source, clock: bench)


@pytest.mark.parametrize(
    ("wrong", "word"), [("quiet", Quality.VANISHED), ("silent", Quality.SILENT), ("frozen", Quality.FROZEN)]
)
@pytest.mark.parametrize("since_s", [3.0, 3.37, 3.99])
def test_a_dead_microphone_is_reported_within_two_seconds(recipe, bench, wire, wrong, word, since_s):
    bench.wrong = {wrong: T0 + since_s}

    benched(recipe, bench, wire, 6.2)

    reports = wire.of(EarReport)
    assert all(one.quality == () for one in reports if one.at < T0 + since_s)
    first = next(one for one in reports if word in one.quality)
    assert first.at - (T0 + since_s) <= 2.0
    assert word in reports[-1].quality


@pytest.mark.parametrize("wrong", ["silent", "frozen", "quiet", "gone"])
def test_no_part_is_passed_by_a_dead_microphone(recipe, bench, wire, wrong):
    bench.wrong = {wrong: T0 + 0.7}
    place(wire, 1, "any", 0.5)
    place(wire, 2, "any", 2.5)

    benched(recipe, bench, wire, 4)

    for one in wire.of(Judged):
        assert one.verdict.evaluation is Evaluation.NOT_DECIDABLE
    assert [one.ticket for one in wire.of(Judged)] == [1, 2]


def test_a_part_whose_sound_stops_coming_is_answered_half_a_second_after_its_end(recipe, bench, wire):
    bench.wrong = {"quiet": T0 + 0.7}
    place(wire, 1, "any", 0.5)

    benched(recipe, bench, wire, 3)

    (one,) = wire.of(Judged)
    assert one.verdict.quality == (Quality.VANISHED,)
    assert one.judged_at == pytest.approx(T0 + 0.5 + 0.42 + 0.5, abs=0.02)


def test_after_reopening_the_index_has_jumped_so_a_part_across_it_has_a_gap(recipe, bench, wire):
    bench.wrong = {"gone": T0 + 2.0}
    place(wire, 1, "any", 1.85, teach=True)

    benched(recipe, bench, wire, 5)

    (one,) = wire.of(Taught)
    assert Quality.GAP in one.quality
    last = wire.of(EarReport)[-1]
    assert last.quality == ()
    assert last.gaps == 1
    assert last.lost_samples == pytest.approx(0.5 * RATE, abs=0.05 * RATE)
    assert bench.opened == 2


def test_an_audio_system_that_does_not_answer_ends_the_process_with_a_word(recipe, bench, wire, monkeypatch):
    bench.wrong = {"stuck": T0 + 1.0}
    monkeypatch.setattr("gateway.stations.worker.Worker", lambda *three: Worker(*three, lambda source, clock: bench))

    with pytest.raises(SystemExit) as end:
        run(one_station(part_plan(recipe), SourcePlan("microphone", RATE)), wire, 5)

    assert end.value.code == 1
    assert wire.of(WorkerNote)[-1].level == "error"


# ---- gaps and surroundings ----------------------------------------------------------------------------------------


def heard_with_hole(recipe, bench, wire, first_s, last_s):
    """A part from 1.020 to 1.320 s with a hole in what was heard; taught, so that the capture itself comes back."""
    bench.holes = [(round(first_s * RATE), round(last_s * RATE))]
    place(wire, 1, "any", 1.0, teach=True)
    benched(recipe, bench, wire, 3)
    return wire.of(Taught)[0]


def test_a_hole_inside_the_part_is_a_gap(recipe, bench, wire):
    one = heard_with_hole(recipe, bench, wire, 1.1, 1.101)

    assert one.quality == (Quality.GAP,)


def test_a_hole_before_the_part_takes_away_the_surroundings_beyond_it(recipe, bench, wire):
    one = heard_with_hole(recipe, bench, wire, 0.95, 0.96)

    assert (one.quality, one.before, one.after) == ((), False, True)
    assert one.start == pytest.approx(0.06 * RATE, abs=50)
    assert one.stop - one.start == 0.3 * RATE


def test_a_hole_after_the_part_takes_away_the_surroundings_beyond_it(recipe, bench, wire):
    one = heard_with_hole(recipe, bench, wire, 1.35, 1.36)

    assert (one.quality, one.before, one.after) == ((), True, False)
    assert len(one.samples) - one.stop == pytest.approx(0.03 * RATE, abs=50)


def test_a_recorded_part_without_surroundings_is_judged_without_context(recipe, wire, tmp_path):
    sound = _casting(good[0])
    soundfile.write(tmp_path / f"{good[0]}.wav", sound, RATE, subtype="FLOAT")
    place(wire, 1, good[0], 0.5)
    place(wire, 2, "unknown", 1.5)

    run(one_station(part_plan(recipe), recorded(tmp_path)), wire, 3)

    known, unknown = wire.of(Judged)
    assert known.verdict.evaluation is Evaluation.OK
    assert known.verdict.quality == (Quality.NO_CONTEXT,)
    assert unknown.verdict.evaluation is Evaluation.NOT_DECIDABLE
    assert unknown.verdict.quality == (Quality.GAP,)
    assert unknown.verdict.reason == "The rehearsal has no sound for part 'unknown'."


def test_a_recorded_part_shorter_than_the_window_is_the_part(recipe, wire, tmp_path):
    soundfile.write(tmp_path / "a.wav", _casting(good[0])[: round(0.25 * RATE)], RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "b.wav", _casting(good[0])[: round(0.05 * RATE)], RATE, subtype="FLOAT")
    place(wire, 1, "a", 0.5)
    place(wire, 2, "b", 1.5)

    run(one_station(part_plan(recipe), recorded(tmp_path)), wire, 3)

    whole, stump = wire.of(Judged)
    assert whole.verdict.evaluation is Evaluation.OK
    assert stump.verdict.quality == (Quality.TOO_SHORT,)


def test_recorded_parts_can_be_judged_ten_times_as_fast(recipe, wire, tmp_path):
    for name in [*good[:4], *cracked[:2]]:
        soundfile.write(tmp_path / f"{name}.wav", _casting(name), RATE, subtype="FLOAT")
    for ticket, name in enumerate([*good[:4], *cracked[:2]]):
        place(wire, ticket, name, 0.5 + ticket / 10)

    run(one_station(part_plan(recipe), recorded(tmp_path, pace=10.0)), wire, 2)

    evaluations = [one.verdict.evaluation for one in wire.of(Judged)]
    assert evaluations == [Evaluation.OK] * 4 + [Evaluation.NOT_OK] * 2


def test_recorded_parts_can_be_judged_as_fast_as_they_are_asked_for(recipe, wire, tmp_path):
    for ticket, name in enumerate(good[:3]):
        soundfile.write(tmp_path / f"{name}.wav", _casting(name), RATE, subtype="FLOAT")
        place(wire, ticket, name, 0.1 + ticket / 10)

    run(one_station(part_plan(recipe), recorded(tmp_path, pace=0.0)), wire, 1)

    assert [one.verdict.evaluation for one in wire.of(Judged)] == [Evaluation.OK] * 3


def test_judge_file_and_the_live_station_give_the_same_number(recipe, wire, tmp_path):
    names = [*good[:3], *cracked[:3]]
    for ticket, name in enumerate(names):
        soundfile.write(tmp_path / f"{name}.wav", _casting(name), RATE, subtype="FLOAT")
        place(wire, ticket, name, 0.5 + ticket * 0.7013)

    run(one_station(part_plan(recipe), recorded(tmp_path)), wire, 6)

    model = load(recipe).model
    files = [read_recording(tmp_path / f"{name}.wav") for name in names]
    alone = [judge(capture_of(one_channel(file), RATE, surroundings=False), model).verdict for file in files]
    assert [one.verdict for one in wire.of(Judged)] == alone


BOTTLES = Path(__file__).parents[4] / "shared" / "data" / "bottles"


def test_real_bottles_are_judged_live_as_from_their_files_each_result_on_its_own_part(wire, tmp_path):
    if not BOTTLES.is_dir():
        pytest.skip("../shared/data/bottles is not here: the part flow is not run on real sound")
    rows = list(csv.DictReader((BOTTLES / "labels.csv").open()))
    goods = [row["file"] for row in rows if row["label"] == "good"]
    bad = [row["file"] for row in rows if row["label"] == "cracked"]
    heard = [TaughtPart(name, _file_capture(BOTTLES / name)) for name in goods[:40]]
    model = write_recipe(tmp_path / "bottle", learn(heard), "2026-01-01T00:00:00+00:00").model
    played = [*goods[500:530], *bad[:15]]
    np.random.default_rng(3).shuffle(played)
    for ticket, name in enumerate(played):
        place(wire, ticket, Path(name).stem, 0.5 + ticket * 0.05)

    plan = part_plan(tmp_path / "bottle", length_ms=43.0)
    run(one_station(plan, recorded(BOTTLES, pace=10.0)), wire, 5)

    live = {one.ticket: one.verdict for one in wire.of(Judged)}
    assert len(live) == len(played)
    assert all(live[k] == judge(_file_capture(BOTTLES / name), model).verdict for k, name in enumerate(played))
    caught = [live[k].evaluation is Evaluation.NOT_OK for k, name in enumerate(played) if name in bad]
    assert sum(caught) >= 0.9 * len(caught)


def _file_capture(path):
    return capture_of(one_channel(read_recording(path)), RATE, surroundings=False)


def _casting(name):
    """As the hall hears it: a part recorded elsewhere would rightly be strange."""
    sound = part_sound("castings", SEED, name, RATE)
    samples = Ambience("castings", SEED, RATE).block(0, round(0.3 * RATE))
    part = sound.samples[sound.lead :][: len(samples)]
    samples[: len(part)] += part
    return samples


# ---- channels and machines ----------------------------------------------------------------------------------------


def test_several_stations_hear_their_own_channel_of_one_device(recipe, wire, clock):
    class Two(Bench):
        def chunks(self):
            for chunk in super().chunks():
                samples = np.full((len(chunk.samples), 2), [0.25, 0.5], np.float32)
                samples[::2] *= -1
                yield Chunk(chunk.start, samples, chunk.clock)

    source = SourcePlan("microphone", RATE, channels=2)
    plan = WorkerPlan(
        "w",
        (source,),
        (
            StationPlan("left", 0, 0, part=part_plan(recipe)),
            StationPlan("right", 0, 1, ambient_source=0, ambient_channel=0, part=part_plan(recipe)),
        ),
    )
    place(wire, 1, "any", 0.5, station="left", teach=True)
    place(wire, 2, "any", 0.5, station="right", teach=True)

    run(plan, wire, 2, lambda source, clock: Two(source, clock))

    levels = {one.station: float(np.abs(one.samples).mean()) for one in wire.of(Taught)}
    assert levels == pytest.approx({"left": 0.25, "right": 0.5})


def test_a_machine_is_fed_told_of_the_plant_and_reported_each_second(recipe, wire):
    source = SourcePlan("simulated", RATE, sound="pump", seed=3, rpm=1480.0)
    machine = MachinePlan("PUMP-7", rpm=1480.0, learn_s=2.0)
    plan = WorkerPlan("w", (source,), (StationPlan("pump", 0, machine=machine),))
    for tenth in range(60):
        wire.at(T0 + tenth / 10, PlantState("pump", T0 + tenth / 10, True, 1480.0))

    run(plan, wire, 6)

    reports = wire.of(ConditionReport)
    assert 4 <= len(reports) <= 7
    assert reports[-1].indicators
    assert reports[-1].rpm == 1480.0
    assert reports[-1].quality == ()


def test_a_verdict_does_not_wait_for_a_machine_that_takes_its_time(recipe, wire, monkeypatch):
    fed = []

    class Slow(MachineStation):
        def feed(self, samples, start):
            fed.append((start, start + len(samples)))
            wire.clock.time += 0.05

    monkeypatch.setattr("gateway.stations.worker.MachineStation", Slow)
    pump = SourcePlan("simulated", RATE, sound="pump", seed=3, rpm=1480.0)
    stations = (
        StationPlan("ring", 0, part=part_plan(recipe)),
        StationPlan("pump", 1, machine=MachinePlan("PUMP-7", rpm=1480.0)),
    )
    for ticket in range(8):
        place(wire, ticket, good[ticket], 0.5 + ticket * 0.5037)

    run(WorkerPlan("w", (CASTINGS, pump), stations), wire, 5)

    assert max(one.judged_at - one.captured_at for one in wire.of(Judged)) <= 0.0021
    assert len(wire.of(Judged)) == 8
    assert all(a[1] == b[0] for a, b in itertools.pairwise(fed))
    assert fed[-1][1] > 4.5 * RATE
