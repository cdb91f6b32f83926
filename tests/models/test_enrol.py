"""A recipe learns further defects from the numbers it keeps, and can go back."""

from dataclasses import replace

import numpy as np
import pytest

from analytics.decision.judge import judge
from analytics.signal.capture import Capture
from models.enrol import enrol, version_before, worse
from models.recipe import RecipeError, load, load_taught, use, write_recipe
from models.report import DefectReport
from models.taught import TaughtPart, TeachError
from models.teach import learn

RATE, AT = 16_000, "2026-03-04T05:06:07+00:00"
TONES = {"": (900, 2100, 4300), "crack": (840, 1950, 4000), "dent": (900, 2600, 4300)}


def a_knock(seed, defect=""):
    random, t = np.random.default_rng(seed), np.arange(RATE // 5) / RATE
    tones = (
        10 ** (random.normal(0, 0.5) / 20) * np.sin(2 * np.pi * hz * t + random.uniform(0, 6)) * np.exp(-40 * t)
        for hz in TONES[defect]
    )
    sound = (0.1 * sum(tones) + random.normal(0, 1e-4, len(t))).astype(np.float32)
    return Capture(sound, RATE, 0, len(t), before=False, after=False)


def some(defect, first, count, group=""):
    return [
        TaughtPart(f"{defect or 'good'}/{seed}.wav", a_knock(seed, defect), group, defect)
        for seed in range(first, first + count)
    ]


@pytest.fixture
def folder(tmp_path):
    write_recipe(tmp_path / "r", learn([*some("", 0, 24), *some("crack", 100, 5)]), AT)
    return tmp_path / "r"


def further(folder, parts):
    return enrol(load(folder), load_taught(folder), parts)


def test_what_is_learned_later_is_what_would_have_been_learned_at_once(folder):
    later = further(folder, some("dent", 200, 5))
    at_once = learn([*some("", 0, 24), *some("crack", 100, 5), *some("dent", 200, 5)])
    parts = [a_knock(seed, defect) for defect in TONES for seed in range(900, 906)]

    assert later.report == at_once.report
    for part in parts:
        one, other = judge(part, later.model), judge(part, at_once.model)
        assert one.verdict.score == pytest.approx(other.verdict.score, rel=1e-9)
        assert (one.verdict.defect, one.nearest) == (other.verdict.defect, other.nearest)


def test_a_defect_enrolled_gets_its_name_with_the_recording_it_is_most_like(folder):
    before, after = load(folder).model, further(folder, some("dent", 200, 6)).model
    dents = [a_knock(seed, "dent") for seed in range(900, 920)]
    told = [judge(dent, after) for dent in dents]

    assert sum(judge(dent, before).verdict.defect == "dent" for dent in dents) == 0
    assert sum(one.verdict.defect == "dent" for one in told) >= 18
    assert all(0 < one.verdict.confidence < 1 for one in told)
    named = next(one for one in told if one.verdict.defect == "dent")
    assert f"most like {named.nearest[0].recording}" in named.verdict.reason


def test_enrolling_more_of_a_known_defect_counts_them_together(folder):
    assert [one.taught for one in further(folder, some("crack", 300, 4)).report.defects] == [9]


def test_a_sound_that_was_taught_before_is_refused(folder):
    again = [replace(some("crack", 100, 1)[0], defect="dent"), *some("dent", 200, 1)]
    with pytest.raises(TeachError, match=r"^crack/100.wav: the same sound as crack/100.wav, taught as crack$"):
        further(folder, again)


def test_a_silent_example_is_refused(folder):
    silent = replace(some("dent", 1, 1)[0], capture=Capture(np.zeros(3200, np.float32), RATE, 0, 3200))
    with pytest.raises(TeachError, match="silent or one sample repeated"):
        further(folder, [silent])


def test_a_recipe_that_stands_on_its_sisters_takes_no_defects(folder):
    loaded = load(folder)
    borrowed = replace(loaded, report=replace(loaded.report, sisters=("pump-1 v1",)))
    with pytest.raises(TeachError, match="stands on its sisters pump-1 v1"):
        enrol(borrowed, load_taught(folder), some("dent", 200, 3))


def test_it_is_said_what_further_examples_made_worse(folder):
    report = load(folder).report
    cracked = DefectReport("crack", 10, 9, 8)
    before = replace(report, rejected=1, defects=(cracked,))

    assert worse(before, before) == []
    assert worse(before, replace(before, rejected=2, defects=(DefectReport("crack", 11, 9, 8),))) == []
    assert worse(before, replace(before, rejected=3)) == ["3 of 24 good parts above the limit when left out, 1 before"]
    assert worse(before, replace(before, defects=(DefectReport("crack", 10, 6, 6),))) == [
        "crack: 6 of 10 found when left out, 9 of 10 before",
        "crack: 6 of 10 named when left out, 8 of 10 before",
    ]


def test_the_version_before_is_the_one_it_was_made_from(folder):
    write_recipe(folder, further(folder, some("dent", 200, 3)), AT)
    assert version_before(folder) == 1
    use(folder, 1, "me", AT)
    write_recipe(folder, further(folder, some("dent", 250, 3)), AT)  # made from 1, not from the 2 that was taken back

    assert load(folder).version == 3
    assert version_before(folder) == 1


def test_before_the_first_version_there_is_nothing(folder):
    with pytest.raises(RecipeError, match="nothing to undo"):
        version_before(folder)


def test_a_folder_without_its_notes_says_how_to_go_back(folder):
    (folder / "activations.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(RecipeError, match="wheeltapper recipe use"):
        version_before(folder)
