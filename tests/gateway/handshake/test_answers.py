from dataclasses import replace

import pytest

from analytics.decision.verdict import Evaluation, Verdict
from analytics.quality.words import Quality
from connectors.plc.port import GwImage, Mode
from gateway.handshake.answers import answer, clean_part_id, refusal, result_image, true_verdict
from gateway.handshake.quality_code import BITS
from gateway.handshake.state import Part, StationMode
from gateway.processes.messages import Judged

PART = Part(7, 10.0, 10.0, 10.6, plc_boot_id=3, plc_mode=Mode.AUTOMATIC, ticket=1)
OK = Verdict(Evaluation.OK, 1.0, None, None, "below its limits")
NOT_OK = Verdict(Evaluation.NOT_OK, 1.5, "crack", None, "rings low")


def judged(verdict):
    return Judged("ring", 1, verdict, 10.4, 10.45)


def told(verdict, part=PART, code=2):
    return answer(part, judged(verdict), code, StationMode.ACTIVE)


def test_an_ok_is_told_with_its_key_and_a_score_on_the_limit_is_ok():
    image = result_image(GwImage(), replace(PART, answer=told(OK)), 10.5)
    assert (image.verdict, image.pass_key, image.score) == (1, (~7 & 0xFFFF) ^ 3, 1.0)
    assert (image.result_head, image.result_seq, image.defect_code, image.latency_ms) == (7, 7, 0, 500)


def test_a_not_ok_is_told_with_its_defect_and_without_a_key():
    image = result_image(GwImage(), replace(PART, answer=told(NOT_OK)), 10.5)
    assert (image.verdict, image.pass_key, image.defect_code) == (2, 0, 2)


@pytest.mark.parametrize("word", [word for word in Quality if BITS[word] not in (None, BITS[Quality.CLOCK_STEP])])
def test_an_ok_with_a_masked_word_is_never_told_as_ok(word):
    answered = told(replace(OK, quality=(word,)))
    assert answered.told.evaluation is Evaluation.NOT_DECIDABLE
    assert answered.quality_code == 1 << BITS[word]
    assert word in answered.told.reason


@pytest.mark.parametrize("word", [Quality.CLOCK_STEP, Quality.NO_CONTEXT])
def test_a_word_that_does_not_touch_the_judgement_lets_ok_stand(word):
    assert told(replace(OK, quality=(word,))).told.evaluation is Evaluation.OK


def test_undefined_is_told_as_not_decidable_because_zero_means_no_result_yet():
    nothing = Verdict(Evaluation.UNDEFINED, 0.4, None, None, "numbers only")
    assert told(nothing).told.evaluation is Evaluation.NOT_DECIDABLE


def test_in_observe_the_numbers_are_kept_and_nothing_is_said():
    answered = answer(PART, judged(NOT_OK), 2, StationMode.OBSERVE)
    assert (answered.told.evaluation, answered.told.score, answered.outcome) == (Evaluation.UNDEFINED, 1.5, "observed")
    assert true_verdict(replace(PART, answer=answered, judged=judged(NOT_OK))) is None


def test_what_was_not_told_is_the_true_verdict():
    late = refusal(PART, "no verdict before the deadline", Quality.LATE, outcome="late")
    assert true_verdict(replace(PART, answer=late, judged=judged(OK))) is OK
    assert true_verdict(replace(PART, answer=late)) is None
    assert true_verdict(replace(PART, answer=told(OK), judged=judged(OK))) is None


def test_score_and_latency_saturate():
    huge = replace(NOT_OK, score=1e300)
    image = result_image(GwImage(), replace(PART, answer=told(huge)), 1000.0)
    assert image.score < 3.4e38
    assert image.latency_ms == 65535


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("SN-0042", "SN-0042"),
        ("SN\0\0\0", "SN"),
        ("\xff" * 40, "?" * 32),
        ("a\nb\x1b[31m", "a?b?[31m"),
        ("../ü", "../?"),
        ("", ""),
    ],
)
def test_a_part_id_leaves_as_printable_ascii(raw, clean):
    assert clean_part_id(raw) == clean
