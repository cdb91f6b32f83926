import numpy as np
import pytest

from models.held_out import folds_over, held_out_scores, suspicion_of
from models.teach import fit_mahalanobis


class Mean:
    """Scores by the distance to the mean of what it was fitted to."""

    def __init__(self, rows):
        self.mean = rows.mean(axis=0)

    def score(self, rows):
        return np.abs(rows - self.mean).max(axis=1).astype(np.float64)


def test_parts_without_groups_are_dealt_evenly():
    folds = folds_over([""] * 25)

    assert sorted(np.bincount(folds)) == [2, 2, 2, 2, 2, 3, 3, 3, 3, 3]


def test_a_group_is_never_split():
    groups = [f"take {index % 13}" for index in range(100)]
    folds = folds_over(groups)

    assert all(
        len({fold for fold, other in zip(folds, groups, strict=True) if other == group}) == 1 for group in groups
    )
    assert len(set(folds)) == 10


def test_two_groups_make_two_folds():
    assert len(set(folds_over(["a"] * 5 + ["b"] * 2))) == 2


def test_one_part_has_nothing_to_leave_out():
    with pytest.raises(ValueError, match="nothing to leave out"):
        folds_over([""])


def test_no_part_is_scored_by_a_fit_that_knew_it():
    rows = np.zeros((20, 1), np.float32)
    rows[7] = 100  # a fit that knew it would lie at 5

    scores = held_out_scores(rows, folds_over([""] * 20), Mean)

    assert scores[7] == 100


def test_bad_parts_among_the_good_stand_out_in_suspicion():
    """Three alike among fifty hide each other from a plain leave-out score more than from suspicion."""
    random = np.random.default_rng(4)
    ranks = {"plain": [], "suspicion": []}
    for _ in range(10):
        rows = random.normal(size=(50, 40)).astype(np.float32)
        rows[:3] += 1.2 * random.choice([-1, 1], size=40)  # one defect, three parts of it
        folds = folds_over([""] * 50)
        plain = held_out_scores(rows, folds, fit_mahalanobis)
        for name, scores in {"plain": plain, "suspicion": suspicion_of(rows, folds, fit_mahalanobis, plain)}.items():
            ranks[name].append(len({0, 1, 2} & set(np.argsort(-scores)[:5])))

    assert sum(ranks["suspicion"]) >= max(27, sum(ranks["plain"]))


def test_with_too_few_parts_left_to_ask_the_plain_scores_stay():
    rows = np.concatenate([np.zeros((1, 1)), np.full((19, 1), 9.0)]).astype(np.float32)
    folds = folds_over(["a"] + ["b"] * 19)
    scores = np.concatenate([np.full(1, 9.0), np.zeros(19)])

    assert suspicion_of(rows, folds, Mean, scores) is scores


def test_bad_parts_that_are_alike_and_bad_parts_that_are_alone_are_both_the_most_suspicious():
    random = np.random.default_rng(0)
    rows = random.normal(size=(60, 20)).astype(np.float32)
    rows[:3, 0] += 9  # three of one kind
    rows[3, 5:9] -= 4  # one of its own
    folds = folds_over([""] * 60)

    found = suspicion_of(rows, folds, fit_mahalanobis, held_out_scores(rows, folds, fit_mahalanobis))

    assert set(np.argsort(-found)[:4]) == {0, 1, 2, 3}


def test_parts_of_one_group_do_not_vouch_for_each_other():
    random = np.random.default_rng(1)
    rows = random.normal(size=(40, 8)).astype(np.float32)
    groups = [str(index // 10) for index in range(40)]
    rows[30:] = rows[30] + 3 + 1e-3 * random.normal(size=(10, 8))  # ten near copies of one strange part
    folds = folds_over(groups)

    found = suspicion_of(rows, folds, fit_mahalanobis, held_out_scores(rows, folds, fit_mahalanobis))

    assert found[30:].min() > found[:30].max()


def test_as_many_bad_parts_as_are_left_out_do_not_hide_each_other():
    """Five of one kind among fifty fill the tenth that is left out, and not one of them may stay to vouch for it."""
    random = np.random.default_rng(6)
    found = {"plain": 0, "suspicion": 0}
    for _ in range(10):
        rows = random.normal(size=(50, 40)).astype(np.float32)
        rows[:5] += 1.1 * random.choice([-1, 1], size=40)
        folds = folds_over([""] * 50)
        plain = held_out_scores(rows, folds, fit_mahalanobis)
        for name, scores in {"plain": plain, "suspicion": suspicion_of(rows, folds, fit_mahalanobis, plain)}.items():
            found[name] += int(np.sum(np.argsort(-scores)[:5] < 5))

    assert found["suspicion"] >= max(45, found["plain"] + 5)
