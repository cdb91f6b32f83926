"""Counts for the plant's own tools, kept where parts end: so many and no more, whatever a year brings."""

from bisect import bisect_left

from analytics.decision.verdict import Evaluation
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.snapshot import ANSWER_BOUNDS_S, SCORE_BOUNDS, UNSAID, PartDials


class Dials:
    """Histograms and causes of one station, since the gateway started."""

    def __init__(self) -> None:
        self._answers = [0] * (len(ANSWER_BOUNDS_S) + 1)
        self._answers_s = 0.0
        self._scores = [0] * (len(SCORE_BOUNDS) + 1)
        self._scores_sum = 0.0
        self._not_decidable: dict[str, int] = {}  # at most one for each word there is
        self._happened: dict[str, int] = {}

    def part(self, record: PartRecord) -> None:
        """Count a part of the production that is over."""
        told = record.told
        if record.answer_ms is not None and record.outcome == "judged":
            seconds = record.answer_ms / 1000
            self._answers[bisect_left(ANSWER_BOUNDS_S, seconds)] += 1
            self._answers_s += seconds
        if told.score is not None:
            self._scores[bisect_left(SCORE_BOUNDS, told.score)] += 1
            self._scores_sum += told.score
        if told.evaluation is Evaluation.NOT_DECIDABLE and record.outcome != "lost":
            for word in told.quality or (UNSAID,):
                self._not_decidable[word] = self._not_decidable.get(word, 0) + 1

    def happened(self, what: str, by: int) -> None:
        """Count what is no part's outcome."""
        self._happened[what] = self._happened.get(what, 0) + by

    def view(self, plc_beat_at: float | None) -> PartDials:
        """Show them; nothing in it changes afterwards."""
        return PartDials(
            tuple(self._answers),
            self._answers_s,
            tuple(self._scores),
            self._scores_sum,
            dict(self._not_decidable),
            dict(self._happened),
            plc_beat_at,
        )
