import numpy as np
import pytest

from models.held_out import folds_over, held_out_scores, suspicion_of, trimmed_scores
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


def test_bad_parts_among_the_good_stand_out_in_the_trimmed_score():
    """Three alike among fifty hide each other from a plain leave-out score more than from the trimmed one."""
    random = np.random.default_rng(4)
    ranks = {"plain": [], "trimmed": []}
    for _ in range(10):
        rows = random.normal(size=(50, 40)).astype(np.float32)
        rows[:3] += 1.2 * random.choice([-1, 1], size=40)  # one defect, three parts of it
        folds = folds_over([""] * 50)
        plain = held_out_scores(rows, folds, fit_mahalanobis)
        for name, scores in {"plain": plain, "trimmed": trimmed_scores(rows, folds, fit_mahalanobis, plain)}.items():
            ranks[name].append(len({0, 1, 2} & set(np.argsort(-scores)[:5])))

    assert sum(ranks["trimmed"]) >= max(27, sum(ranks["plain"]))


def test_a_whole_group_that_stands_out_leaves_the_plain_scores():
    rows = np.concatenate([np.zeros((2, 1)), np.full((18, 1), 9.0)]).astype(np.float32)
    folds = folds_over(["a"] * 2 + ["b"] * 18)
    scores = np.concatenate([np.full(2, 9.0), np.zeros(18)])

    assert trimmed_scores(rows, folds, Mean, scores) is scores


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
