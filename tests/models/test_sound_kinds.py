"""Kinds of sound, learned from a few examples and the background they are to be heard in."""

import json

import numpy as np
import pytest

from models.kinds_folder import load_kinds, write_kinds
from models.recipe_files import RecipeError
from models.sound_kinds import (
    Example,
    KindsError,
    Taught,
    background_rows,
    example_rows,
    learn,
    unit,
)
from tests.models.glass import RATE, glass, machine, over, student, taught, thud


@pytest.fixture(scope="module")
def learned():
    return learn(taught(), 1.0)


def heard(kinds, sound):
    return (kinds.clear(background_rows(sound, RATE, student())) > 0).any(axis=0)


def test_new_glass_is_heard_in_the_machine_and_the_machine_alone_is_not(learned):
    kinds, report = learned

    assert all(heard(kinds, over(machine(3.0, 3), 1.0, glass(seed))) for seed in range(100, 110))
    assert not heard(kinds, machine(30.0, 3))
    assert report.kinds[0].found >= 7
    assert report.beyond == pytest.approx(60.0, rel=0.1)  # one alarm an hour, told from a minute


def test_what_must_not_alarm_does_not(learned):
    kinds, _ = learned

    assert not any(heard(kinds, over(machine(3.0, 3), 1.0, thud(seed))) for seed in range(100, 110))


def test_fewer_false_alarms_an_hour_never_hear_more(learned):
    kinds, _ = learned
    stricter, _ = learn(taught(), 0.01)
    rows = background_rows(over(machine(5.0, 3), 2.0, glass(50), 1.0), RATE, student())

    assert (stricter.clear(rows) <= kinds.clear(rows) + 1e-9).all()


def test_confidence_rises_with_clearness_and_stays_within_0_and_1(learned):
    kinds, _ = learned

    found = [kinds.confidence(0, clear) for clear in (-50.0, 0.0, 2.0, 50.0)]

    assert found == sorted(found)
    assert 0 <= found[0] < found[-1] <= 1


def test_a_second_kind_is_told_from_the_first():
    first = taught(others=False)
    pump = [machine(10.0)]
    thuds = tuple(example_rows(thud(seed), pump, RATE, student(), seed) for seed in range(8))

    kinds, _ = learn(Taught({**first.kinds, "thud": thuds}, first.background), 1.0)

    assert heard(kinds, over(machine(3.0, 3), 1.0, glass(200), 3.0)).tolist() == [True, False]
    assert heard(kinds, over(machine(3.0, 3), 1.0, thud(200), 3.0)).tolist() == [False, True]


def test_one_example_is_learned_from_as_far_as_it_goes():
    one = taught()
    kinds, report = learn(Taught({"glass": one.kinds["glass"][:1]}, one.background, one.others), 1.0)

    assert report.kinds[0].found == 0  # nothing is left to learn it from
    assert kinds.names == ("glass",)


def test_too_little_background_is_refused_with_what_is_wanted():
    short = taught()
    with pytest.raises(KindsError, match="s of background; wanted 30 s at least"):
        learn(Taught(short.kinds, short.background[:2]), 1.0)


def test_what_was_written_is_read_back_bit_for_bit(tmp_path, learned):
    kinds, report = learned
    write_kinds(tmp_path / "kinds", kinds, report, (student().name, student().sha256))

    found = load_kinds(tmp_path / "kinds")

    assert (found.kinds.weights == kinds.weights).all()
    assert (found.kinds.limits == kinds.limits).all()
    assert (found.embedding, found.embedding_sha256) == ("student", student().sha256)
    assert found.report["kinds"][0]["name"] == "glass"


def test_a_folder_that_holds_something_is_not_written_to(tmp_path, learned):
    kinds, report = learned
    (tmp_path / "mine.txt").write_text("a person's own")

    with pytest.raises(KindsError, match="holds something already"):
        write_kinds(tmp_path, kinds, report, (student().name, student().sha256))


def test_missing_changed_and_foreign_folders_are_refused_in_one_sentence(tmp_path, learned):
    kinds, report = learned
    folder = tmp_path / "kinds"
    with pytest.raises(RecipeError, match="teach-sounds"):
        load_kinds(folder)
    write_kinds(folder, kinds, report, (student().name, student().sha256))
    packed = (folder / "kinds.npz").read_bytes()
    (folder / "kinds.npz").write_bytes(packed[:-1] + b"x")
    with pytest.raises(RecipeError, match="hash differs"):
        load_kinds(folder)
    (folder / "kinds.npz").write_bytes(packed)
    card = json.loads((folder / "kinds.json").read_text())
    for change in ({"format": 9}, {"kinds": {}}, {"extra": 1}):
        (folder / "kinds.json").write_text(json.dumps(card | change))
        with pytest.raises(RecipeError, match="teach it again"):
            load_kinds(folder)


def test_loudness_does_not_decide():
    vectors = np.random.default_rng(0).normal(0, 1, (5, 8)).astype(np.float32)

    np.testing.assert_allclose(unit(100 * vectors), unit(vectors), rtol=1e-6)
    assert (unit(np.zeros((1, 8), np.float32)) == 0).all()


def test_an_example_holds_itself_and_its_mixtures():
    rows = np.ones((2, 4), np.float32)

    assert Example(rows, (rows, rows)).rows.shape == (6, 4)
