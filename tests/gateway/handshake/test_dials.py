from dataclasses import replace

import pytest

from analytics.decision.verdict import Evaluation, Verdict, not_decidable
from analytics.quality.words import Quality
from gateway.handshake.dials import Dials
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.snapshot import ANSWER_BOUNDS_S, SCORE_BOUNDS, UNSAID, PartDials

OK = Verdict(Evaluation.OK, 0.6, None, None, "within the limit")
PART = PartRecord(
    "ring", "active", 1, 7, "C-7", 1, "2026-11-24T12:00:00Z", OK, 0, 0, None, True, 120.0, 3.0, "r", "judged",
    answer_ms=10.0,
)  # fmt: skip


def test_what_lies_on_a_bound_is_counted_at_most_that():
    dials = Dials()
    for milliseconds in (2.5, 10.0, 10.1, 1000.0, 5000.0):
        dials.part(replace(PART, answer_ms=milliseconds))
    view = dials.view(None)
    found = dict(zip((*ANSWER_BOUNDS_S, "slower"), view.answers, strict=True))
    assert {bound: n for bound, n in found.items() if n} == {0.0025: 1, 0.01: 1, 0.015: 1, 1.0: 1, "slower": 1}
    assert view.answers_s == pytest.approx(6.0226)


def test_a_score_on_the_limit_is_within_it_and_a_part_without_a_score_is_in_no_bucket():
    dials = Dials()
    dials.part(replace(PART, told=replace(OK, score=1.0)))
    dials.part(replace(PART, told=Verdict(Evaluation.NOT_OK, 9.0, None, None, "rings lower")))
    dials.part(replace(PART, told=not_decidable("nothing was heard", Quality.SILENT)))
    found = dict(zip((*SCORE_BOUNDS, "above"), dials.view(None).scores, strict=True))
    assert {bound: n for bound, n in found.items() if n} == {1.0: 1, "above": 1}


def test_a_part_that_came_too_late_is_in_no_histogram_of_answers():
    dials = Dials()
    dials.part(replace(PART, outcome="late", told=not_decidable("too late", Quality.LATE)))
    assert dials.view(None).answers == PartDials().answers
    assert dials.view(None).not_decidable == {"late": 1}


def test_a_part_that_is_not_decidable_counts_for_each_of_its_words():
    dials = Dials()
    for words in ((Quality.GAP, Quality.CLIPPED), (Quality.GAP,), ()):
        dials.part(replace(PART, told=not_decidable("no", *words)))
    assert dials.view(None).not_decidable == {"gap": 2, "clipped": 1, UNSAID: 1}


def test_a_view_does_not_change_when_more_parts_come():
    dials = Dials()
    dials.happened("torn", 1)
    before = dials.view(0.4)
    dials.part(PART)
    dials.happened("torn", 2)
    assert before == PartDials(happened={"torn": 1}, plc_beat_at=0.4)
    assert dials.view(0.4).happened == {"torn": 3}
