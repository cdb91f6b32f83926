"""The part flow of one station: from the trigger to the verdict."""

from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.decision.judge import Judgement, judge
from analytics.decision.verdict import Evaluation, Verdict, not_decidable
from analytics.quality.words import Quality
from analytics.signal.capture import SURROUNDINGS_S, Capture
from gateway.audio.source import SourceFault
from gateway.processes.clock import Clock
from gateway.processes.cut import Cut, cut_of
from gateway.processes.messages import Judged, PartNumbers, Recording, StartCapture, Taught
from gateway.stations.drifting import Drifting
from gateway.stations.ear import Ear
from gateway.stations.evidence import evidence_of
from gateway.stations.plan import PartPlan
from gateway.stations.shelf import Shelf, Shelved

OVERDUE_S = 0.5  #: past the end of its sound a part waits that long for samples which should be there
BEFORE_S = 1.0  #: heard before a capture whose sound is to be kept, to be looked through for speech
WAITING_MAX = 8  #: captures under way; the handshake has one at a time and abandons it before the next

PartMessage = Recording | Judged | Taught


@dataclass(frozen=True, slots=True)
class _Pending:
    """A part whose sound is being recorded."""

    asked: StartCapture
    start: int
    stop: int
    expires: float


class PartStation:
    """Cuts each part out of the sound, has it judged and says what came of it.

    Every `StartCapture` is answered by exactly one `Judged` (or `Taught`, where it was to be taught from), unless it is
    abandoned before. Nothing here waits.

    In observe mode there is no verdict: numbers are stored, and `Judged` carries the evaluation Undefined with the
    score.

    Parameters
    ----------
    name
        The station.
    plan
        Its part flow.
    ear
        What it hears with.
    shelf
        Its recipes.
    clock
        The gateway's clock.
    """

    def __init__(self, name: str, plan: PartPlan, ear: Ear, shelf: Shelf, clock: Clock) -> None:
        self.name = name
        self._plan = plan
        self._ear = ear
        self._shelf = shelf
        self._clock = clock
        self._after = round(plan.after_ms / 1000 * ear.rate)
        self._length = round(plan.length_ms / 1000 * ear.rate)
        self._around = round(SURROUNDINGS_S * ear.rate)
        self._pending: OrderedDict[int, _Pending] = OrderedDict()
        self._drifting = Drifting()

    @property
    def pending(self) -> int:
        """Captures under way."""
        return len(self._pending)

    def due_at(self) -> float | None:
        """Tell when the next capture's last sample will be there (monotonic seconds); None where none is awaited."""
        if not self._pending:
            return None
        return min(self._ear.time_of(one.stop + self._around) for one in self._pending.values())

    def start(self, asked: StartCapture) -> list[PartMessage]:
        """Begin to record a part; answers at once that it is being recorded, or why it cannot be."""
        if not self._ear.alive:
            return [self._unheard(asked, f"Nothing is heard: {self._ear.sentence}", Quality.VANISHED)]
        try:
            start = self._ear.place(asked.part_id, self._ear.index_at(asked.seen_at) + self._after)
        except SourceFault as fault:
            return [self._unheard(asked, str(fault), Quality.GAP)]
        if start is None:
            sentence = f"The rehearsal has no sound for part {asked.part_id[:64]!r}."
            return [self._unheard(asked, sentence, Quality.GAP)]
        answers: list[PartMessage] = []
        if len(self._pending) >= WAITING_MAX:
            _, oldest = self._pending.popitem(last=False)
            answers.append(self._unheard(oldest.asked, "Newer parts came before this one was heard.", Quality.OVERRUN))
        stop = start + self._length
        expires = max(self._ear.time_of(stop + self._around), self._clock.now()) + OVERDUE_S
        self._pending[asked.ticket] = _Pending(asked, start, stop, expires)
        return [*answers, Recording(self.name, asked.ticket, self._clock.now())]

    def to_keep(self) -> str | None:
        """Give what is known of drift and to be told again after a restart; None while little has changed."""
        return self._drifting.to_keep()

    def recall(self, text: str) -> str:
        """Take up what was known of drift; gives a sentence where it could not be."""
        return self._drifting.recall(text)

    def abandon(self, ticket: int) -> None:
        """Forget a part; nothing more is said of it."""
        self._pending.pop(ticket, None)

    def advance(self) -> list[PartMessage]:
        """Judge every part whose sound is complete, and give up those whose sound will not come."""
        answers: list[PartMessage] = []
        for ticket, one in list(self._pending.items()):
            if self._ear.end >= one.stop + self._around:
                del self._pending[ticket]
                answers.append(self._conclude(one))
            elif self._clock.now() > one.expires:
                del self._pending[ticket]
                word = Quality.GAP if self._ear.alive else Quality.VANISHED
                sentence = self._ear.sentence or "the sound of this part did not come"
                answers.append(self._unheard(one.asked, f"The part was not heard to its end: {sentence}", word))
        return answers

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _conclude(self, one: _Pending) -> PartMessage:
        capture = self._cut(one)
        asked = one.asked
        if asked.teach:
            words = (*self._deaf(), *((Quality.GAP,) if capture.gaps else ()))
            return Taught(
                self.name,
                asked.ticket,
                asked.part_type,
                capture.rate,
                capture.samples,
                capture.start,
                capture.stop,
                words,
                capture.before,
                capture.after,
                capture.ambient,
            )
        recipe = self._shelf.recipe(asked.part_type)
        if recipe is None or recipe.model is None:
            sentence, word = self._shelf.why_not(asked.part_type)
            return self._answer(one, capture, Judgement(not_decidable(sentence, word)), None)
        try:
            judgement = judge(capture, recipe.model, recipe.embed)
        except (ArithmeticError, ValueError) as fault:  # numbers the recipe and the sound cannot agree on
            judgement = Judgement(not_decidable(f"The recipe could not judge this sound: {fault}", Quality.INTERNAL))
        return self._answer(one, capture, judgement, recipe)

    def _cut(self, one: _Pending) -> Capture:
        """Cut the part with as much of its surroundings as was heard without a hole.

        A hole inside the part is a gap and the part cannot be judged; a hole in the surroundings only takes away what
        lies beyond it: the part is then judged without context on that side.
        """
        first, last = one.start - self._around, one.stop + self._around
        samples, gaps = self._ear.read(first, last)
        start, stop = self._around, self._around + self._length
        if self._ear.patchy:  # the file is the part, also where it is shorter than what the site file cuts out
            stop = min((a for a, _ in gaps if start < a < stop), default=stop)
        low = max((b for a, b in gaps if a < start), default=0)
        high = min((a for a, b in gaps if b > stop), default=len(samples))
        low, high = min(low, start), max(high, stop)
        inside = tuple((max(a, start) - low, min(b, stop) - low) for a, b in gaps if a < stop and b > start)
        return Capture(
            np.ascontiguousarray(samples[low:high]),
            self._ear.rate,
            start - low,
            stop - low,
            inside,
            before=low == 0,
            after=high == len(samples),
            ambient=self._ambient(first + low, first + high),
        )

    def _ambient(self, first: int, last: int) -> NDArray[np.float32] | None:
        heard = self._ear.ambient(first, last)
        if heard is None or heard[1]:
            return None
        return np.ascontiguousarray(heard[0])

    def _deaf(self) -> tuple[Quality, ...]:
        return self._ear.untrusted

    def _answer(self, one: _Pending, capture: Capture, judgement: Judgement, recipe: Shelved | None) -> Judged:
        ear = self._deaf()
        believed = doubted(judgement.verdict, ear)
        verdict = self._spoken(believed)
        if recipe is not None:
            self._drifting.take(one.asked.part_type, recipe, believed)
        judged_at = self._clock.now()
        captured_at = min(self._ear.time_of(one.stop + self._around), judged_at)
        return Judged(
            self.name,
            one.asked.ticket,
            verdict,
            captured_at,
            judged_at,
            recipe.label if recipe else "",
            judgement.level_db,
            evidence_of(capture, verdict.evaluation, self._plan.keep_sound, lambda: self._heard_before(one)),
            _numbers(cut_of(capture, ear, recipe.view.folder if recipe else ""), judgement, recipe),
            self._drifting.sentence,
        )

    def _heard_before(self, one: _Pending) -> NDArray[np.float32]:
        """Copy the second before the capture: whether somebody speaks is told better with it."""
        first = one.start - self._around
        return np.ascontiguousarray(self._ear.read(first - round(BEFORE_S * self._ear.rate), first)[0])

    def _spoken(self, verdict: Verdict) -> Verdict:
        if self._plan.mode != "observe":
            return verdict
        return replace(verdict, evaluation=Evaluation.UNDEFINED, defect=None)

    def _unheard(self, asked: StartCapture, sentence: str, word: Quality) -> PartMessage:
        """Answer for a part of which there is no sound."""
        if asked.teach:
            return Taught(
                self.name, asked.ticket, asked.part_type, self._ear.rate, np.zeros(0, np.float32), 0, 0, (word,)
            )
        now = self._clock.now()
        return Judged(self.name, asked.ticket, self._spoken(not_decidable(sentence, word)), now, now)


def doubted(verdict: Verdict, ear: tuple[Quality, ...]) -> Verdict:
    """Believe no part of an ear that was just found deaf, whatever this one sounded like."""
    deaf = tuple(word for word in ear if word not in verdict.quality)
    if not deaf or verdict.evaluation is Evaluation.NOT_DECIDABLE:
        return verdict
    reason = f"The microphone cannot be trusted: {', '.join(deaf)}."
    return replace(
        verdict,
        evaluation=Evaluation.NOT_DECIDABLE,
        defect=None,
        reason=reason,
        quality=(*verdict.quality, *deaf),
    )


def _numbers(cut: Cut, judgement: Judgement, recipe: Shelved | None) -> PartNumbers:
    front_end = recipe.front_end if recipe and judgement.features is not None else ""
    return PartNumbers(cut.text, front_end, judgement.features, judgement.embedding)
