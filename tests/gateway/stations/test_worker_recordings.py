"""A worker on recorded parts: with holes, without surroundings, faster than life, and beside `judge`."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from analytics.decision.judge import judge
from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from analytics.synthesis.parts import part_sound
from analytics.synthesis.streams import Ambience
from gateway.audio.files import capture_of, one_channel, read_recording
from gateway.processes.messages import (
    Judged,
    Taught,
)
from models.recipe import load, write_recipe
from models.taught import TaughtPart
from models.teach import learn
from tests.gateway.stations.one_worker import (
    RATE,
    SEED,
    benched,
    cracked,
    good,
    one_station,
    part_plan,
    place,
    recorded,
    run,
)

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
    sound = casting(good[0])
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
    soundfile.write(tmp_path / "a.wav", casting(good[0])[: round(0.25 * RATE)], RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "b.wav", casting(good[0])[: round(0.05 * RATE)], RATE, subtype="FLOAT")
    place(wire, 1, "a", 0.5)
    place(wire, 2, "b", 1.5)

    run(one_station(part_plan(recipe), recorded(tmp_path)), wire, 3)

    whole, stump = wire.of(Judged)
    assert whole.verdict.evaluation is Evaluation.OK
    assert stump.verdict.quality == (Quality.TOO_SHORT,)


def test_recorded_parts_can_be_judged_ten_times_as_fast(recipe, wire, tmp_path):
    for name in [*good[:4], *cracked[:2]]:
        soundfile.write(tmp_path / f"{name}.wav", casting(name), RATE, subtype="FLOAT")
    for ticket, name in enumerate([*good[:4], *cracked[:2]]):
        place(wire, ticket, name, 0.5 + ticket / 10)

    run(one_station(part_plan(recipe), recorded(tmp_path, pace=10.0)), wire, 2)

    evaluations = [one.verdict.evaluation for one in wire.of(Judged)]
    assert evaluations == [Evaluation.OK] * 4 + [Evaluation.NOT_OK] * 2


def test_recorded_parts_can_be_judged_as_fast_as_they_are_asked_for(recipe, wire, tmp_path):
    for ticket, name in enumerate(good[:3]):
        soundfile.write(tmp_path / f"{name}.wav", casting(name), RATE, subtype="FLOAT")
        place(wire, ticket, name, 0.1 + ticket / 10)

    run(one_station(part_plan(recipe), recorded(tmp_path, pace=0.0)), wire, 1)

    assert [one.verdict.evaluation for one in wire.of(Judged)] == [Evaluation.OK] * 3


def test_judge_file_and_the_live_station_give_the_same_number(recipe, wire, tmp_path):
    names = [*good[:3], *cracked[:3]]
    for ticket, name in enumerate(names):
        soundfile.write(tmp_path / f"{name}.wav", casting(name), RATE, subtype="FLOAT")
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


def casting(name):
    """As the hall hears it: a part recorded elsewhere would rightly be strange."""
    sound = part_sound("castings", SEED, name, RATE)
    samples = Ambience("castings", SEED, RATE).block(0, round(0.3 * RATE))
    part = sound.samples[sound.lead :][: len(samples)]
    samples[: len(part)] += part
    return samples
