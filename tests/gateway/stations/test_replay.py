"""The same sound and the same recipe give the same verdict: live, from a file, and replayed from the store."""

import csv
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from analytics.decision.fixed import parse_fixed
from analytics.decision.judge import judge
from analytics.decision.verdict import Evaluation
from analytics.features.log_mel import Profile
from analytics.quality.words import Quality
from gateway.audio.files import capture_of, one_channel, read_recording
from gateway.cli.again import NotAgain, Replayer
from gateway.cli.app import main
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.messages import Judged
from gateway.stations.plan import SourcePlan
from gateway.store import records
from gateway.store.database import Store
from gateway.store.evidence import FOLDER, Evidence
from gateway.store.kept import KeptReader
from gateway.store.rescored import scores_of_numbers
from models.recipe import load, write_recipe
from models.teach import TaughtPart, TeachSettings, learn
from tests.gateway.stations.one_worker import (
    CASTINGS,
    RATE,
    T0,
    casting,
    cracked,
    good,
    one_station,
    part_plan,
    place,
    recorded,
    run,
)

NAMES = [*good[:3], *cracked[:3]]


def stored(folder, answers, *, sound=True):
    """Write what a worker answered as the ledger would."""
    store = Store.open(folder, "now")
    evidence = Evidence(folder / FOLDER, 10**9)
    for one in answers:
        told = one.verdict
        record = PartRecord("ring", "active", 1, one.ticket + 1, f"P{one.ticket}", 1, "2026-01-01T00:00:00+00:00", told,
                            0, 0, None, True, 9.0, 3.0, one.recipe, "judged", numbers=one.numbers)  # fmt: skip
        with store.commit() as db:
            part = records.add_part(db, record)
        if sound and one.evidence is not None and one.evidence.sound is not None:
            name = evidence.keep_clip("ring", one.evidence.sound, one.evidence.rate)
            with store.commit() as db:
                records.set_clip(db, part, name, records.sound_sha256(one.evidence.sound))
    store.close()
    return folder


def heard_live(recipe, wire, **more):
    for ticket, name in enumerate(NAMES):
        place(wire, ticket, name, 0.5 + ticket * 0.7013)
    plan = one_station(part_plan(recipe, keep_sound="all", mode="active", **more), CASTINGS)
    return run(plan, wire, 6).of(Judged)


@pytest.fixture
def own(recipe, tmp_path):
    """A copy of the recipe that a test may spoil."""
    return shutil.copytree(recipe, tmp_path / "recipes" / "casting")


@pytest.fixture
def store(own, wire, tmp_path):
    return stored(tmp_path / "data", heard_live(own, wire))


def kept(store, last=99):
    with KeptReader(store) as reader:
        return reader.last(last)


def test_what_was_heard_live_is_replayed_bit_for_bit_on_every_run(own, wire, tmp_path):
    live = heard_live(own, wire)
    store = stored(tmp_path / "data", live)

    for _ in range(2):
        again = [Replayer(store).replay(one) for one in kept(store)]
        assert [one.verdict for one in again] == [one.verdict for one in live]
        assert all(one.same for one in again)
    assert {one.verdict.evaluation for one in live} == {Evaluation.OK, Evaluation.NOT_OK}


def test_a_file_judged_heard_live_and_replayed_gives_one_verdict(own, wire, tmp_path):
    for ticket, name in enumerate(NAMES):
        soundfile.write(tmp_path / f"{name}.wav", casting(name), RATE, subtype="FLOAT")
        place(wire, ticket, name, 0.5 + ticket * 0.7013)
    plan = part_plan(own, keep_sound="all")
    live = run(one_station(plan, recorded(tmp_path)), wire, 6).of(Judged)
    store = stored(tmp_path / "data", live)

    model = load(own).model
    files = [read_recording(tmp_path / f"{name}.wav") for name in NAMES]
    alone = [judge(capture_of(one_channel(file), RATE, surroundings=False), model).verdict for file in files]
    assert alone == [one.verdict for one in live] == [Replayer(store).replay(one).verdict for one in kept(store)]


def test_a_part_with_a_hole_and_an_ambient_microphone_is_replayed_as_not_decidable(own, wire, bench, tmp_path):
    bench.holes = [(RATE // 2 + 6000, RATE // 2 + 6100)]
    place(wire, 1, "", 0.5)
    place(wire, 2, "", 1.2)
    source = SourcePlan("microphone", RATE)
    plan = one_station(part_plan(own, keep_sound="all", mode="active"), source, ambient_source=0)
    live = run(plan, wire, 2, lambda source, clock: bench).of(Judged)
    store = stored(tmp_path / "data", live)

    again = [Replayer(store).replay(one) for one in kept(store)]
    assert [one.verdict for one in again] == [one.verdict for one in live]
    assert Quality.GAP in again[0].verdict.quality
    assert all(one.same for one in again)


def test_a_part_of_a_dead_microphone_is_replayed_with_what_was_known_of_the_ear(own, wire, bench, tmp_path):
    bench.wrong["frozen"] = T0
    place(wire, 1, "", 3.0)
    plan = one_station(part_plan(own, keep_sound="all", mode="active"), SourcePlan("microphone", RATE))
    live = run(plan, wire, 5, lambda source, clock: bench).of(Judged)
    store = stored(tmp_path / "data", live)

    (again,) = (Replayer(store).replay(one) for one in kept(store))
    assert again.verdict == live[0].verdict
    assert again.same


def test_in_observe_mode_the_numbers_are_compared(own, wire, tmp_path):
    for ticket, name in enumerate(NAMES):
        place(wire, ticket, name, 0.5 + ticket * 0.7013)
    live = run(one_station(part_plan(own, keep_sound="all", mode="observe"), CASTINGS), wire, 6).of(Judged)
    store = stored(tmp_path / "data", live)

    assert all(Replayer(store).replay(one).same for one in kept(store))


def test_sound_that_was_not_kept_is_gone_or_changed_is_said_plainly(store, own):
    first, second, third, *_ = kept(store)
    clips = store / FOLDER
    (clips / first.row.clip).unlink()
    sound, rate = soundfile.read(clips / second.row.clip, dtype="float32")
    sound[7] += 0.01
    soundfile.write(clips / second.row.clip, sound, rate, format="WAV", subtype="FLOAT")
    (clips / third.row.clip).write_bytes(b"RIFF")

    for part, sentence in (
        (first, "was kept, and has made room for newer evidence"),
        (second, "not the sound that was judged"),
        (third, "cannot be read"),
    ):
        with pytest.raises(NotAgain, match=sentence):
            Replayer(store).replay(part)


def test_a_recipe_that_is_gone_or_another_is_said_plainly(store, own):
    part = kept(store)[0]
    shutil.rmtree(own / "v1")
    with pytest.raises(NotAgain, match=r"casting v1 [0-9a-f]{12} judged it and cannot be used any more: .*v1"):
        Replayer(store).replay(part)

    (own / "current").unlink()
    write_recipe(own, _other(own), "2026-03-01T00:00:00+00:00")
    with pytest.raises(NotAgain, match=r"casting v1 [0-9a-f]{12} judged it; .* now holds casting v1 [0-9a-f]{12}"):
        Replayer(store).replay(part)


def _other(folder):
    heard = [
        TaughtPart(f"O{k}", capture_of(casting(name), RATE, surroundings=False)) for k, name in enumerate(good[9:25])
    ]
    return learn(heard)


def test_the_command_shows_a_part_and_ends_with_0_only_where_it_came_out_the_same(store, own, capsys):
    assert main(["replay", "P0", "--store", str(store)]) == 0
    assert "the same" in capsys.readouterr().out

    assert main(["replay", "--last", "99", "--store", str(store), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["same"] for row in rows] == [True] * len(NAMES)
    assert {row["recipe"] for row in rows} == {load(own).title}

    (store / FOLDER / kept(store)[-1].row.clip).unlink()
    assert main(["replay", "6", "--store", str(store)]) == 1
    assert "has made room" in capsys.readouterr().out
    assert main(["replay", "nobody", "--store", str(store)]) == 1
    assert "no such part" in capsys.readouterr().err
    assert main(["replay", "--store", str(store)]) == 2


def test_another_recipe_says_what_would_change_by_sound_or_by_numbers(store, own, tmp_path, capsys):
    other = tmp_path / "recipes" / "other"
    write_recipe(other, _other(own), "2026-03-01T00:00:00+00:00")
    by_sound = _replayed(store, other, capsys)
    shutil.rmtree(store / FOLDER)
    by_numbers = _replayed(store, other, capsys)

    assert {row["remark"] for row in by_sound} == {""}
    assert {row["remark"] for row in by_numbers} == {"by its numbers"}
    assert [row["score"] for row in by_numbers] == [row["score"] for row in by_sound]
    assert [row["verdict"] for row in by_numbers] == [row["verdict"] for row in by_sound]


def _replayed(store, other, capsys):
    main(["replay", "--last", "99", "--with", str(other), "--store", str(store), "--json"])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@dataclass(frozen=True)
class Tones:
    """Stands in for a network: how strong 24 tones are."""

    name: str = "tones"
    sha256: str = "ab" * 32
    rate: int = RATE
    size: int = 24

    def embed(self, samples, rate):
        power = np.abs(np.fft.rfft(samples, rate))[100:12_100:500]
        return np.log(power + 1e-3).astype(np.float32)


def test_a_second_voter_hears_the_same_again_and_its_numbers_are_kept(own, wire, tmp_path, monkeypatch):
    monkeypatch.setattr("models.embedding.load_embedding", lambda name, folder=None: Tones())
    heard = [
        TaughtPart(f"O{k}", capture_of(casting(name), RATE, surroundings=False)) for k, name in enumerate(good[9:49])
    ]
    write_recipe(
        own, learn(heard, TeachSettings(profile=Profile.STEADY), embedding=Tones()), "2026-03-01T00:00:00+00:00"
    )
    live = heard_live(own, wire)
    store = stored(tmp_path / "data", live)

    again = [Replayer(store).replay(one) for one in kept(store)]
    assert [one.verdict for one in again] == [one.verdict for one in live]
    assert all(one.same for one in again)
    model = load(own).model
    assert [scores_of_numbers([one], model)[0] for one in kept(store)] == [one.verdict.score for one in live]
    other = replace(model, second=replace(model.second, sha256="cd" * 32))
    (why,) = set(scores_of_numbers(kept(store), other))
    assert why == "numbers made through tones abababababab; wanted tones cdcdcdcdcdcd"

    monkeypatch.setattr("models.embedding.load_embedding", lambda name, folder=None: Tones(sha256="cd" * 32))
    with pytest.raises(NotAgain, match="taught through tones abababababab, found cdcdcdcdcdcd: another model"):
        Replayer(store).replay(kept(store)[0])


@pytest.mark.parametrize(("limit", "known"), [("score <= 0.9", True), ("level <= -12 dB", False)])
def test_a_persons_own_limit_counts_without_sound_only_where_it_is_known(own, store, limit, known):
    model = replace(load(own).model, fixed=(parse_fixed(limit),))

    scores = scores_of_numbers(kept(store), model)

    assert {isinstance(score, float) for score in scores} == {known}
    if known:
        assert scores[0] == pytest.approx(max(1.0, 1 / 0.9) * kept(store)[0].row.score)


BOTTLES = Path(__file__).parents[4] / "shared" / "data" / "bottles"


def test_real_bottles_are_replayed_bit_for_bit(wire, tmp_path):
    if not BOTTLES.is_dir():
        pytest.skip("../shared/data/bottles is not here: replay is not run on real sound")
    with (BOTTLES / "labels.csv").open() as listed:
        rows = list(csv.DictReader(listed))
    goods = [BOTTLES / row["file"] for row in rows if row["label"] == "good"]
    bad = [BOTTLES / row["file"] for row in rows if row["label"] == "cracked"]
    files = [*goods[:50], *bad[:10]]
    heard = [
        TaughtPart(path.name, capture_of(one_channel(read_recording(path)), RATE, surroundings=False))
        for path in files[:30]
    ]
    write_recipe(tmp_path / "bottle", learn(heard), "2026-01-01T00:00:00+00:00")
    for ticket, path in enumerate(files[30:]):
        place(wire, ticket, path.stem, 0.5 + ticket * 0.05)
    plan = part_plan(tmp_path / "bottle", length_ms=43.0, keep_sound="all", mode="active")
    live = run(one_station(plan, recorded(BOTTLES, pace=10.0)), wire, 5).of(Judged)
    store = stored(tmp_path / "data", live)

    again = [Replayer(store).replay(one) for one in kept(store)]
    assert len(again) == 30
    assert all(one.same for one in again)
    np.testing.assert_array_equal([one.score for one in again], [one.verdict.score for one in live])
