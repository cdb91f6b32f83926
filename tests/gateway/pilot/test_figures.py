import pytest

from analytics.decision.verdict import Evaluation
from gateway.pilot.cases import Case, Gathered
from gateway.pilot.drawing import histogram_of, place_of
from gateway.pilot.figures import figures_of
from gateway.pilot.labels import Label
from gateway.pilot.report import graded, percent, share_words

OK, NOT_OK, UNDECIDED = Evaluation.OK, Evaluation.NOT_OK, Evaluation.NOT_DECIDABLE


def case(name, bad, told, *, group="", part="", quality=(), score=0.5, latency=None, by=(), label=True):
    truth = Label(name if label else "", "crack" if bad else "good", bad, part or name, group, "", by)
    return Case(truth, told, score, None, "said", quality, "ring", "r v1", "2026-11-24T12:00:00", latency)


def gathered(cases, heard=None):
    return Gathered(tuple(cases), (), (), tuple(heard or cases), ("r v1",))


def parts(bad, told, count, **more):
    return [case(f"{bad}{told}{n}", bad, told, **more) for n in range(count)]


def test_three_verdicts_on_bad_and_on_good_parts_add_up():
    found = figures_of(
        gathered(
            parts(True, NOT_OK, 8) + parts(True, OK, 1) + parts(True, UNDECIDED, 1)
            + parts(False, OK, 18) + parts(False, NOT_OK, 2)
        ), (), (0.02, 0.05),
    ).rates  # fmt: skip
    assert (found.found.events, found.missed.events, found.bad_undecided.events, found.found.n) == (8, 1, 1, 10)
    assert (found.passed.events, found.false_rejects.events, found.good_undecided.events) == (18, 2, 0)


def test_sixty_bad_parts_without_a_miss_prove_five_percent_and_not_two():
    cases = parts(True, NOT_OK, 60) + parts(False, OK, 60)
    missed, rejects = figures_of(gathered(cases), (), (0.02, 0.05)).targets
    assert (missed.word, missed.more) == ("not proven", 89)
    assert (rejects.word, rejects.more) == ("proven", 0)


def test_sixty_recordings_of_six_takes_prove_little():
    cases = [case(f"b{n}", True, NOT_OK, group=str(n % 6)) for n in range(60)] + parts(False, OK, 5)
    found = figures_of(gathered(cases), (), (0.02, 0.05))
    assert found.groups == (6, 5)
    assert found.targets[0].proven == pytest.approx(1 - 0.05 ** (1 / 6))
    assert found.targets[0].more == 143


def test_a_rate_above_what_was_agreed_is_not_mended_by_more_parts():
    found = figures_of(gathered(parts(True, OK, 30) + parts(True, NOT_OK, 30)), (), (0.02, 0.05))
    assert found.targets[0].word == "not met"
    assert found.targets[1].word == "not tested"


def test_labels_given_to_rejects_alone_are_called_chosen():
    labelled = parts(True, NOT_OK, 30)
    heard = labelled + [case(f"o{n}", False, OK, label=False) for n in range(200)]
    assert figures_of(gathered(labelled, heard), (), (0.02, 0.05)).chosen
    assert not figures_of(gathered(labelled + parts(False, OK, 30)), (), (0.02, 0.05)).chosen


def test_what_was_not_decided_is_told_by_cause():
    cases = [
        *parts(True, NOT_OK, 7),
        case("a", False, UNDECIDED, quality=("late", "no_context")),
        case("b", False, UNDECIDED, quality=("late", "clipped")),
        case("c", False, UNDECIDED),
    ]
    found = figures_of(gathered(cases), (), (0.02, 0.05))
    assert {word: share.events for word, share in found.causes.items()} == {
        "late": 2, "clipped": 1, "no cause was kept": 1
    }  # fmt: skip
    assert (found.late.events, found.decided.events, found.ears.events) == (2, 7, 9)


def test_times_have_bounds_and_the_longest_says_what_it_proves():
    cases = [case(str(n), False, OK, latency=float(n)) for n in range(1, 101)]
    found = figures_of(gathered(cases), (), (0.02, 0.05)).latency
    assert (found.n, found.median.value, found.largest) == (100, 50, 100)
    assert found.p99.high is None
    assert 0.029 < found.beyond < 0.03


def test_rates_are_given_by_column_too():
    cases = [case("a", True, OK, by=("c1",)), case("b", True, NOT_OK, by=("c2",)), case("c", False, OK, by=("c1",))]
    found = figures_of(gathered(cases), ("car",), (0.02, 0.05)).by["car"]
    assert (found["c1"].missed.rate, found["c2"].missed.rate, found["c2"].passed.n) == (1.0, 0.0, 0)


def test_the_same_part_again_has_a_spread():
    cases = [case(f"a{n}", False, OK, part="A", score=0.5 * 1.1**n) for n in range(3)]
    assert figures_of(gathered(cases), (), (0.02, 0.05)).repeats.freedom == 2


def test_a_score_at_the_limit_is_drawn_on_the_side_that_passes():
    found = histogram_of([case("a", False, OK, score=1.0), case("b", True, NOT_OK, score=1.0001)])
    assert found.goods[0].x < found.limit < found.bads[0].x
    assert place_of(1e-9) == 0
    assert place_of(1e9) == 1


def test_bounds_of_the_table_are_kept_to_the_letter():
    from analytics.decision.proportions import share_of

    many = share_of([True] * 19 + [False] * 981)
    assert graded(many, 0.02, 0.05) == "acceptable, not proven"
    assert graded(share_of([False] * 500), 0.02, 0.05) == "acceptable, proven"
    assert graded(share_of([True] * 95 + [False] * 5), 0.9, 0.8) == "acceptable, not proven"
    assert graded(share_of([True] * 7 + [False] * 3), 0.9, 0.8) == "not acceptable"
    assert graded(share_of([]), 0.9, 0.8) == "not tested"


def test_no_share_is_said_without_its_bounds_and_counts():
    from analytics.decision.proportions import share_of

    assert share_words(share_of([False] * 60)) == "0 % (0 % to 6.0 %; 0 of 60)"
    assert share_words(share_of([])) == "not tested (0 parts)"
    assert percent(0.001) == "0.10 %"
