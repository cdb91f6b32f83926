import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from analytics.decision.agreement import Trial, agreement_of, kappa_of


def study(*rows):
    """Rows of (part, bad, verdicts); the appraiser of a verdict stands before a colon."""
    trials = []
    for part, bad, verdicts in rows:
        for word in verdicts:
            appraiser, _, said = word.rpartition(":")
            trials.append(Trial(part, bad, {"r": True, "p": False, "?": None}[said], appraiser))
    return trials


def test_a_part_counts_as_right_only_where_every_trial_is():
    found = agreement_of(study(("a", True, "rrr"), ("b", True, "rpr"), ("c", False, "ppp"), ("d", False, "pp?")))

    assert (found.effectiveness.events, found.effectiveness.n) == (2, 4)
    assert (found.missed.events, found.missed.n) == (1, 6)
    assert (found.false_alarms.events, found.false_alarms.n) == (0, 6)
    assert (found.repeatable.events, found.repeatable.n) == (2, 4)
    assert found.reproducible is None


def test_three_trials_on_one_part_are_worth_one():
    found = agreement_of(study(*((f"{n}", True, "rrr") for n in range(10))))
    assert found.missed.effective == pytest.approx(10)


def test_appraisers_are_compared_part_by_part():
    found = agreement_of(study(("a", True, ["x:r", "y:r"]), ("b", False, ["x:p", "y:r"]), ("c", False, ["x:p"])))
    assert (found.reproducible.events, found.reproducible.n) == (1, 2)
    assert found.repeatable is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=4, max_size=60))
def test_kappa_is_cohens_and_lies_between_its_bounds(pairs):
    found = kappa_of([Trial(str(n), bad, rejected) for n, (bad, rejected) in enumerate(pairs)])
    if len({bad for bad, _ in pairs}) < 2:
        assert found is None
        return
    assert found.low <= found.value <= found.high
    if len({said for _, said in pairs}) == 2:
        assert found.value == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))


def test_a_study_without_an_error_is_not_certain():
    found = kappa_of(study(*((f"b{n}", True, "r") for n in range(25)), *((f"g{n}", False, "p") for n in range(25))))
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.5 < found.low < 0.8


def test_nothing_decided_has_no_kappa():
    assert kappa_of(study(("a", True, "?"), ("b", False, "?"))) is None


def test_the_bounds_of_kappa_hold_at_least_as_often_as_they_say():
    draw, held = np.random.default_rng(5), 0
    found, passed = 0.9, 0.95
    for _ in range(300):
        said = [*(draw.random(20) < found), *(draw.random(30) >= passed)]
        trials = [Trial(str(number), number < 20, bool(word)) for number, word in enumerate(said)]
        bounds = kappa_of(trials)
        held += bounds.low <= 0.8536 <= bounds.high  # (0.93 - 0.522) / (1 - 0.522), by hand
    assert held >= 0.95 * 300
