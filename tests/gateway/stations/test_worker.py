"""A whole worker on simulated sound and simulated time."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from gateway.audio.source import Chunk
from gateway.processes.condition import ConditionReport
from gateway.processes.messages import (
    VERSION,
    Abandon,
    Judged,
    PlantState,
    RecipeLoaded,
    Recording,
    Started,
    Taught,
    Tick,
    UseRecipe,
)
from gateway.stations.feeding import STEP_S
from gateway.stations.machine import MachineStation
from gateway.stations.plan import MachinePlan, SourcePlan, StationPlan, WorkerPlan
from tests.gateway.stations.one_worker import (
    CASTINGS,
    RATE,
    T0,
    Bench,
    cracked,
    good,
    one_station,
    part_plan,
    place,
    run,
)


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
            wire.clock.time += 0.8 * STEP_S

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
