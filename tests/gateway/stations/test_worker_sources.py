"""A worker whose source fails: what it costs, and what is said."""

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, sosfilt

from analytics.decision.verdict import Evaluation
from analytics.quality.words import UNTRUSTED, Quality
from gateway.audio.open import make_source
from gateway.audio.source import Chunk
from gateway.processes.kept import StationKept
from gateway.processes.messages import (
    AcceptSound,
    EarReport,
    Judged,
    Recording,
    Taught,
    WorkerNote,
)
from gateway.stations.plan import SourcePlan, StationPlan, WorkerPlan
from gateway.stations.worker import Worker
from tests.gateway.stations.conftest import Wire
from tests.gateway.stations.one_worker import (
    CASTINGS,
    RATE,
    T0,
    benched,
    good,
    one_station,
    part_plan,
    place,
    run,
)

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


class Neighbour:
    """A hall, and a machine that runs between some of its seconds, started and stopped from one sample to the next."""

    def __init__(self, clock, band_hz, runs_s):
        self._inner = make_source(CASTINGS, clock)
        self.rate, self.channels, self.ended = RATE, 1, False
        self.open, self.place, self.close = self._inner.open, self._inner.place, self._inner.close
        self._band = butter(2, band_hz, "bandpass", fs=RATE, output="sos")
        self._state = np.zeros((len(self._band), 2))
        self._chance = np.random.default_rng(3)
        self._runs = runs_s

    def chunks(self):
        for chunk in self._inner.chunks():
            noise = self._chance.standard_normal(len(chunk.samples))
            machine, self._state = sosfilt(self._band, noise, zi=self._state)
            at = (chunk.start + np.arange(len(noise))) / RATE
            on = np.any([(first <= at) & (at < last) for first, last in self._runs], axis=0)
            yield Chunk(chunk.start, chunk.samples + (0.02 * on * machine).astype(np.float32)[:, None], chunk.clock)


@pytest.mark.parametrize(("band_hz", "void_s"), [((200, 900), 0), ((40, 19_000), 35)])
def test_the_first_start_of_a_machine_voids_parts_for_half_a_minute_at_most_and_no_later_one(
    recipe, clock, band_hz, void_s
):
    wire = Wire(clock)
    first, stop, again, end = 45, 130, 160, 200
    for at in range(40, end, 5):
        place(wire, at, good[0], at)
    source = Neighbour(clock, band_hz, [(first, stop), (again, end)])

    run(one_station(part_plan(recipe)), wire, end, lambda plan, clock: source)

    warned = [one.at - T0 for one in wire.of(EarReport) if Quality.SWAPPED in one.quality]
    assert first < warned[0] < first + 10
    assert warned[-1] < first + 75
    void = [one.ticket for one in wire.of(Judged) if set(one.verdict.quality) & set(UNTRUSTED)]
    assert len(wire.of(Judged)) == len(range(40, end, 5))
    assert 5 * len(void) <= void_s
    assert all(first + 20 < at < first + 75 for at in void)


def test_a_machine_that_was_known_before_a_restart_is_known_after_it_and_nonsense_is_one_sentence(recipe, clock):
    def swapped(wire, end):
        run(one_station(part_plan(recipe)), wire, end, lambda plan, clock: Neighbour(clock, (200, 900), [(45, 1_000)]))
        return [one for one in wire.of(EarReport) if Quality.SWAPPED in one.quality]

    wire = Wire(clock)
    assert swapped(wire, 120)
    kept = [one for one in wire.of(StationKept) if one.kind == "ear"][-1]

    clock.time, wire = T0, Wire(clock)
    wire.at(T0 + 1, StationKept("ring", "ear", "nonsense"))
    wire.at(T0 + 2, kept)
    assert not swapped(wire, 65)
    (note,) = [one.sentence for one in wire.of(WorkerNote) if "learned anew" in one.sentence]
    assert note.startswith("ring: ")


def test_a_person_accepts_what_is_heard_and_parts_are_judged_again(recipe, clock):
    wire = Wire(clock)
    source = make_source(CASTINGS, clock)
    plain = source.chunks
    source.chunks = lambda: (
        Chunk(one.start, one.samples * np.float32(0.5 if clock.now() > T0 + 45 else 1), one.clock) for one in plain()
    )
    for at in (60, 90, 110):
        place(wire, at, good[0], at)
    wire.at(T0 + 100, AcceptSound("ring"))

    run(one_station(part_plan(recipe)), wire, 112, lambda plan, clock: source)

    void = {one.ticket: Quality.GAIN_STEP in one.verdict.quality for one in wire.of(Judged)}
    assert void == {60: False, 90: True, 110: False}
    assert any("not yet sure" in one.sentence for one in wire.of(EarReport))
    assert wire.of(EarReport)[-1].quality == ()


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
