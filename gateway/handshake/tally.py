"""What one station's handshake leaves behind: records, counters, the last part, for store and screens."""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from analytics.decision.verdict import Evaluation
from gateway.handshake.answers import true_verdict
from gateway.handshake.dials import Dials
from gateway.handshake.state import WATCHED, Part, State, StationRules
from gateway.handshake.writes import gw_state
from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.messages import RecipeView
from gateway.processes.snapshot import Counters, LastPart, PartView

UNKNOWN_DEFECT = 1  #: DefectCode of a defect nobody taught, or whose code has not come from the ledger yet
DRIFTS = "RecipeDrifts"  #: alarm
SAID_AGAIN_S = 10.0  #: one line per cause in this time, with the number of times
LATENCIES_MAX = 1000
CHIPS_MAX = 20
_SAYINGS: Mapping[str, tuple[str, str]] = {
    "missed": ("triggers-missed", "{n} triggers were never seen: the PLC counted on"),
    "bad_input": ("plc-bad-input", "TrigSeq held a number outside 1..32767, {n} times; it was ignored"),
    "old_trigger": ("plc-old-trigger", "TrigSeq went back, {n} times; it was ignored"),
    "torn": ("plc-torn-read", "TrigHead and TrigSeq differed in a second read, {n} times; it was read again"),
    "unjudged": ("parts-unjudged", "{n} parts came in Mode off or bypass and were not judged"),
    "voided": ("handshake-voided", "everything in flight was voided, {n} times"),
    "stale_verdict": ("verdict-unwanted", "{n} verdicts came for parts that nobody waits for any more"),
}


class Tally:
    """Counters and views of one station; `codes` holds the DefectCode of every taught class."""

    def __init__(self, rules: StationRules) -> None:
        self.codes: Mapping[str, int] = {}
        self.alarms: dict[str, str] = {}
        self.counters = Counters()
        self._rules = rules
        self._last: LastPart | None = None
        self._latencies: deque[float] = deque(maxlen=LATENCIES_MAX)
        self._chips: deque[int] = deque(maxlen=CHIPS_MAX)
        self._dials = Dials()
        self._unsaid: dict[str, int] = {}
        self._said_at: dict[str, float] = {}

    def defect_code(self, defect: str | None) -> int:
        """Give the DefectCode of a class: 0 none, 1 unknown, else as the ledger gave it."""
        return 0 if defect is None else self.codes.get(defect, UNKNOWN_DEFECT)

    def drift(self, sentence: str) -> tuple[str, str] | None:
        """Raise or clear the alarm of a recipe that drifts; gives kind and sentence of an event, on the edge alone."""
        before = self.alarms.pop(DRIFTS, "")
        if sentence:
            self.alarms[DRIFTS] = sentence
        if bool(before) == bool(sentence):
            return None
        return ("alarm-raised", f"{DRIFTS}: {sentence}") if sentence else ("alarm-cleared", f"{DRIFTS}: no longer")

    def record(self, part: Part, clock: Clock) -> PartRecord:
        """Count a part that is over, and give its record."""
        assert part.answer is not None
        answer, judged = part.answer, part.judged
        wall = clock.wall() - timedelta(seconds=clock.now() - part.seen_at)
        record = PartRecord(
            station=self._rules.station,
            mode=self._rules.mode.value,
            plc_mode=part.plc_mode,
            sequence=part.sequence,
            part_id=part.part_id,
            part_type=part.part_type,
            wall=wall.isoformat(timespec="milliseconds"),
            told=answer.told,
            defect_code=answer.defect_code,
            quality_code=answer.quality_code,
            true=true_verdict(part),
            written=part.written,
            latency_ms=part.latency_ms,
            judge_ms=(judged.judged_at - judged.captured_at) * 1000 if judged else None,
            recipe=judged.recipe if judged else "",
            outcome="master" if part.master else answer.outcome,
            evidence=judged.evidence if judged else None,
            answer_ms=_answer_ms(part),
            numbers=judged.numbers if judged else None,
        )
        self._count_part(record)
        return record

    def _count_part(self, record: PartRecord) -> None:
        counters, evaluation = self.counters, record.told.evaluation
        if record.outcome == "master":  # it checks the station, and is none of its parts
            return
        if record.outcome == "taught":  # heard to learn from: no verdict was wanted, and none counts
            self.counters = replace(counters, taught=counters.taught + 1)
            return
        names = ["parts"]
        if record.outcome in ("late", "overrun", "aborted", "lost"):
            names.append(record.outcome)
        if record.outcome != "lost" and evaluation is not Evaluation.UNDEFINED:
            names.append(("", "ok", "not_ok", "not_decidable")[evaluation])
        self.counters = replace(counters, **{name: getattr(counters, name) + 1 for name in names})
        self._chips.append(int(evaluation))
        self._dials.part(record)
        if record.answer_ms is not None and record.outcome == "judged":
            self._latencies.append(record.answer_ms)
        self._last = LastPart(
            sequence=record.sequence,
            part_id=record.part_id,
            part_type=record.part_type,
            wall=record.wall,
            verdict=record.told,
            defect_code=record.defect_code,
            quality_code=record.quality_code,
            latency_ms=record.latency_ms,
            recipe=record.recipe,
        )

    def count(self, what: str, by: int, now: float) -> tuple[str, str] | None:
        """Count what is no part's outcome.

        Returns
        -------
        Kind and sentence of an event, where this cause may be spoken of again; else None.
        """
        if what == "missed":
            self.counters = replace(self.counters, missed=self.counters.missed + by)
        self._dials.happened(what, by)
        self._unsaid[what] = self._unsaid.get(what, 0) + by
        if now - self._said_at.get(what, float("-inf")) < SAID_AGAIN_S:
            return None
        self._said_at[what] = now
        kind, sentence = _SAYINGS[what]
        return kind, sentence.format(n=self._unsaid.pop(what))

    def view(self, state: State, link: str, sentence: str, recipes: Mapping[int, RecipeView]) -> PartView:
        """Show the station."""
        return PartView(
            mode=self._rules.mode.value,
            link=link,
            link_sentence=sentence,
            ready=bool(state.ready) and not state.locked,
            locked=state.locked,
            plc=state.plc,
            gateway=replace(state.image, state=gw_state(state)),
            counters=self.counters,
            last=self._last,
            recipes=recipes,
            latencies_ms=tuple(self._latencies),
            chips=tuple(self._chips),
            dials=self._dials.view(state.plc_beat_at if state.phase in WATCHED else None),
        )


def _answer_ms(part: Part) -> float | None:
    """Give the time from the capture's last sample to the answered result."""
    if part.judged is None or part.latency_ms is None:
        return None
    return part.latency_ms - (part.judged.captured_at - part.seen_at) * 1000
