"""From a judgement to what the PLC is told, and to the image that tells it."""

from dataclasses import replace

from analytics.decision.verdict import Evaluation, Verdict, not_decidable
from analytics.quality.words import Quality
from connectors.plc.port import GwImage, Mode
from gateway.handshake.quality_code import PASS_MASK, quality_code
from gateway.handshake.sequence import pass_key
from gateway.handshake.state import Answer, Part, StationMode
from gateway.processes.messages import Judged

SCORE_MAX = 3.0e38  #: below the largest Float; a higher score says nothing more
LATENCY_MAX = 0xFFFF


def refusal(part: Part, reason: str, *quality: Quality, outcome: str = "judged") -> Answer:
    """Answer a part without a judgement: NotDecidable, with the reason."""
    told = not_decidable(reason, *quality, *_marks(part))
    return Answer(told, quality_code(told.quality), 0, outcome)


def answer(part: Part, judged: Judged, defect_code: int, mode: StationMode) -> Answer:
    """Answer a part with its judgement.

    An OK never goes out with a masked quality bit: it is told as NotDecidable. That holds for the dry run too, whose
    own bit is masked; the true verdict is in the record.
    """
    verdict = judged.verdict
    if mode is StationMode.OBSERVE:
        return Answer(replace(verdict, evaluation=Evaluation.UNDEFINED, defect=None), 0, 0, "observed")
    if part.plc_mode == Mode.TEACH:
        return refusal(part, "heard to be taught from (Mode 3)", Quality.TEACHING, outcome="taught")
    quality = tuple(dict.fromkeys((*verdict.quality, *_marks(part))))
    code = quality_code(quality)
    told = replace(verdict, quality=quality)
    outcome = "master" if part.master else "judged"
    if told.evaluation is Evaluation.UNDEFINED:
        # Undefined exists only together with ResultSeq 0 (rule 7).
        told = replace(told, evaluation=Evaluation.NOT_DECIDABLE, defect=None)
    elif told.evaluation is Evaluation.OK and part.master:
        told = replace(told, evaluation=Evaluation.NOT_DECIDABLE, reason="a master part is never passed on")
    elif told.evaluation is Evaluation.OK and code & PASS_MASK:
        told = replace(told, evaluation=Evaluation.NOT_DECIDABLE, reason=f"no pass with {', '.join(quality)}")
    return Answer(told, code, defect_code if told.evaluation is Evaluation.NOT_OK else 0, outcome)


def _marks(part: Part) -> tuple[Quality, ...]:
    """Give the words that go with every answer of this part."""
    dry = (Quality.DRY_RUN,) if part.plc_mode == Mode.DRY_RUN or part.master else ()
    return (*dry, Quality.CLOCK_STEP) if part.clock_step else dry


def result_image(image: GwImage, part: Part, now: float) -> GwImage:
    """Put the answer of a part into the image.

    Parameters
    ----------
    now
        Monotonic seconds; LatencyMs counts from the trigger to here, saturating.
    """
    answer = part.answer
    assert answer is not None
    evaluation = answer.told.evaluation
    assert evaluation is not Evaluation.UNDEFINED, part
    assert evaluation is not Evaluation.OK or answer.quality_code & PASS_MASK == 0, part
    return replace(
        image,
        result_head=part.sequence,
        verdict=int(evaluation),
        quality_code=answer.quality_code,
        defect_code=answer.defect_code,
        score=min(answer.told.score or 0.0, SCORE_MAX),
        latency_ms=min(round((now - part.seen_at) * 1000), LATENCY_MAX),
        pass_key=pass_key(part.sequence, part.plc_boot_id) if evaluation is Evaluation.OK else 0,
        result_seq=part.sequence,
    )


def true_verdict(part: Part) -> Verdict | None:
    """Give the worker's verdict where the PLC was told something else, or nothing."""
    assert part.answer is not None
    if part.judged is None or part.answer.outcome in ("observed", "taught"):
        return None
    verdict = part.judged.verdict
    return verdict if verdict.evaluation is not part.answer.told.evaluation else None


def clean_part_id(raw: str) -> str:
    """Keep what is printable ASCII of a PartId, at most 32 characters; the rest becomes ``?``.

    It goes on into records, screens and files: control characters end here.
    """
    return "".join(c if " " <= c <= "~" else "?" for c in raw[:32].rstrip("\0 "))
