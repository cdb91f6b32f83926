"""The next version of a recipe from labels: better where they are honest, refused where they are not."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from analytics.decision.model import FrontEnd
from analytics.features.log_mel import Level, Profile
from models.hearing import Hearing
from models.propose import Labelled, Labels, Refused, interval, propose
from models.recipe import load_taught, write_recipe
from models.taught import Heard, TaughtRows, TeachSettings
from models.teach import learn_rows, scores_of

FRONT_END = FrontEnd(Profile.KNOCK, Level.NORMALISED, 48_000, 0.04)
D = FRONT_END.count
AT = "2026-11-24T12:00:00+00:00"


def rows_of(seed, count, *, cracked=0.0):
    """Good parts differ along 12 directions; a crack moves a part along one that no good part moves along much."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(12, D))
    rows = random.normal(size=(count, 12)) @ mixing + 0.3 * random.normal(size=(count, D))
    crack = np.random.default_rng(98).normal(size=D)
    return (rows + cracked * random.uniform(0.7, 1.3, (count, 1)) * crack).astype(np.float32)


def a_recipe(folder, goods=60, cracks=0, cracked=0.5):
    features = np.concatenate([rows_of(1, goods), rows_of(2, cracks, cracked=cracked)])
    heard = tuple(Heard(f"{i}.wav", f"{i:064x}", "", "crack" if i >= goods else "") for i in range(len(features)))
    learned = learn_rows(TaughtRows(features, None, heard), Hearing(FRONT_END), TeachSettings())
    return write_recipe(folder, learned, AT)


def labelled(recipe, goods=100, cracks=30, cracked=0.5, seed=3):
    rows = np.concatenate([rows_of(seed, goods), rows_of(seed + 1, cracks, cracked=cracked)])
    rejected = scores_of(recipe.model, rows) > 1
    order = np.random.default_rng(seed).permutation(len(rows))
    parts = [
        Labelled(
            f"part {i}",
            hashlib.sha256(rows[i].tobytes()).hexdigest(),
            "crack" if i >= goods else "",
            rows[i],
            day="2026-11-24",
            rejected=bool(rejected[i]),
            who="ana",
        )
        for i in order
    ]
    return Labels(tuple(parts), len(parts))


def flipped(labels, which):
    parts = tuple(replace(one, defect="" if one.bad else "crack") if which(one) else one for one in labels.parts)
    return Labels(parts, labels.judged)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return a_recipe(tmp_path_factory.mktemp("recipes") / "casting", cracks=3)


@pytest.fixture(scope="module")
def rows(recipe):
    return load_taught(recipe.folder)


def test_honest_labels_make_a_version_that_misses_less_on_parts_neither_has_seen(recipe, rows):
    made = propose(recipe, rows, labelled(recipe))

    unseen = rows_of(50, 200, cracked=0.5)
    before, after = (np.mean(scores_of(model, unseen) <= 1) for model in (recipe.model, made.learned.model))
    assert after < before
    assert made.beside.after.errors <= made.beside.before.errors
    assert (made.used, made.held_out) == (91, 39)
    assert made.beside.before.good + made.beside.before.bad == 39
    assert made.learned.model.defects == ("crack",)


def test_the_latest_labels_are_held_out_and_never_learned_from(recipe, rows):
    labels = labelled(recipe)
    made = propose(recipe, rows, labels)

    learned = {one.sha256 for one in made.learned.taught.heard}
    assert [one.sha256 in learned for one in labels.parts] == [True] * 91 + [False] * 39


def test_swapped_labels_are_refused_with_the_reason(recipe, rows):
    with pytest.raises(Refused, match=r"contradict the verdicts of \d+ of 130 parts .* swapped"):
        propose(recipe, rows, flipped(labelled(recipe, cracked=1.0), lambda one: True))


def test_defects_called_good_are_refused_because_they_lie_among_the_taught_ones(recipe, rows):
    labels = labelled(recipe, cracked=0.8)
    some = {one.name for one in labels.parts if one.bad and one.rejected}
    keep = set(sorted(some)[:18])
    with pytest.raises(Refused, match="lie among the taught defects"):
        propose(recipe, rows, flipped(labels, lambda one: one.name in keep))


def test_more_false_rejects_than_the_limit_has_proven_are_not_believed(tmp_path):
    recipe = a_recipe(tmp_path / "casting")
    labels = labelled(recipe, cracked=2.0)
    wrong = {one.name for one in labels.parts if one.bad and one.rejected}
    spoilt = flipped(labels, lambda one: one.name in wrong)
    with pytest.raises(Refused, match="false rejects; the limit is proven to"):
        propose(recipe, load_taught(recipe.folder), spoilt)


def test_good_parts_called_bad_are_refused_because_they_sound_better_than_most(recipe, rows):
    labels = labelled(recipe, cracked=1.0)
    names = {one.name for one in labels.parts if not one.bad}
    some = set(sorted(names)[:25])
    with pytest.raises(Refused, match="sound better than the typical good one"):
        propose(recipe, rows, flipped(labels, lambda one: one.name in some))


def test_people_who_contradict_each_other_are_asked_to_agree_first(recipe, rows):
    labels = labelled(recipe)
    parts = tuple(replace(one, contradicted=i < 20) for i, one in enumerate(labels.parts))
    with pytest.raises(Refused, match="20 of 130 parts were called good and bad in turn, 20 of them last by ana"):
        propose(recipe, rows, Labels(parts, 130))


def test_a_few_labels_are_too_few(recipe, rows):
    with pytest.raises(Refused, match="9 labelled parts; wanted at least 10"):
        propose(recipe, rows, Labels(labelled(recipe).parts[:9], 9))


def test_labels_that_were_learned_from_already_do_not_count_again(recipe, rows, tmp_path):
    labels = labelled(recipe)
    made = propose(recipe, rows, labels)
    second = write_recipe(tmp_path / "casting", made.learned, AT)

    with pytest.raises(Refused, match="0 labelled parts; 91 more are in"):
        propose(second, load_taught(second.folder), Labels(labels.parts[:91], 91))


def test_a_version_that_does_worse_is_refused_with_its_figures(recipe, rows):
    """Early parts that hardly differ were called cracked, later ones of the same sound good."""
    labels = labelled(recipe, goods=100, cracks=40, cracked=0.5)
    early, late = labels.parts[:98], labels.parts[98:]
    late = tuple(replace(one, defect="") for one in late if not one.rejected)
    with pytest.raises(
        Refused, match=r"does worse than casting v1 .*: version in use: 0 of \d+ false rejects"
    ) as refused:
        propose(recipe, rows, Labels(early + late, 140))
    beside = refused.value.beside
    assert beside.after.false_rejects > beside.before.false_rejects == 0
    assert len(beside.worse) == beside.after.false_rejects


def test_the_interval_of_a_share_is_exact():
    assert interval(0, 59) == (0.0, pytest.approx(1 - 0.025 ** (1 / 59)))
    assert interval(5, 5)[1] == 1.0
    low, high = interval(3, 20)  # Clopper and Pearson: 0.0321, 0.3789
    assert (low, high) == (pytest.approx(0.0321, abs=1e-4), pytest.approx(0.3789, abs=1e-4))
