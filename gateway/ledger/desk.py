"""Where messages become rows: one transaction a batch, incident and outbox item in the same one.

Nothing is changed in memory before the commit, so a batch that failed may be written again as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from analytics.decision.verdict import Evaluation
from gateway.incidents import rules
from gateway.incidents.text import cut
from gateway.ledger import alerting, commands, event_evidence, labelling, memory, quiet, spectra
from gateway.ledger.hours import close_hours
from gateway.ledger.minutes import Minutes
from gateway.ledger.page import Clip, Page, Written
from gateway.ledger.plan import LedgerPlan
from gateway.ledger.telling import tell
from gateway.ledger.unheard import Unheard
from gateway.processes.clock import Clock
from gateway.processes.condition import ConditionReport, EpisodeView
from gateway.processes.kept import StationKept
from gateway.processes.ledger_messages import (
    Command,
    CommandAnswer,
    DefectCodes,
    DefectNames,
    EventRecord,
    PartRecord,
    PlantTags,
    Proposed,
)
from gateway.processes.messages import AcceptSound, EarReport, RestartBaseline
from gateway.processes.plant_tags import OLD_S
from gateway.processes.sounds import SoundsReport
from gateway.store import records
from gateway.store.database import Store

TEXT_MAX = 1_000  #: characters of an episode's sentence; whoever wrote more was not writing for people
NAME_MAX = 100
KEPT_MAX = 1_000_000  #: characters of what a machine's station wants to be told again; it needs some 20,000


class Desk:
    """Writes batches.

    Parameters
    ----------
    plan, store, clock
        What to do, where, and when it is.
    make_id
        Gives an incident's id: random, base32, at most 20 characters.
    """

    def __init__(self, plan: LedgerPlan, store: Store, clock: Clock, make_id: Callable[[], str]) -> None:
        self._plan, self._store, self._clock, self._make_id = plan, store, clock, make_id
        self._policy = plan.policy
        self._ears: dict[str, tuple[str, ...]] = {}
        self._reports: dict[str, ConditionReport] = {}
        self._tags: dict[str, tuple[float | bool | None, float]] = {}  # value, when it was heard of
        self._noted: dict[str, None] = {}
        self._minutes = Minutes()
        self._unheard = Unheard()
        self._closed: list[records.ConditionMinute] = []
        with store.reading() as db:
            self.codes = records.defect_codes(db)

    @staticmethod
    def knows(message: object) -> bool:
        """Say whether a message is for the ledger at all."""
        known = PartRecord | EventRecord | ConditionReport | SoundsReport | EarReport | Command | DefectNames
        return isinstance(message, known | PlantTags | Proposed | StationKept)

    def write(self, batch: Sequence[object], *, review: bool = False) -> Written:
        """Write a batch in one commit.

        Parameters
        ----------
        batch
            Messages this desk `knows`, in the order they came.
        review
            Also look over the incidents for what time or the CMMS has changed.

        Raises
        ------
        sqlite3.Error
            Nothing was written; the same batch may be tried again.
        ValueError, OverflowError, TypeError
            A message of the batch cannot be stored, whatever is tried; nothing was written.
        """
        with self._store.commit() as db:
            now = self._clock.wall()
            book = memory.load(db, now)
            page = Page(db, now, book, book, dict(self._ears), dict(self._reports), self._known(), dict(self._noted))
            for message in batch:
                self._take(page, message)
            for minute in self._closed:
                records.add_condition(db, minute)
                entry = self._plan.entry(minute.station)
                close_hours(db, self._plan.line, entry.asset if entry else "", minute.station)
            for station, report in page.drawn.items():
                spectra.keep(page, station, report)
            if review:
                self._end_unheard(page)
                page.book, tells = rules.review(page.book, now, self._policy, self._make_id)
                tell(page, tells, self._plan)
            memory.save(db, page.saved, page.book)
            if review or page.book is not book:
                alerting.look(page, self._plan)
        self._adopt(page, batch)
        return page.written

    @property
    def minutes_waiting(self) -> bool:
        """True while a closed minute is not yet written."""
        return bool(self._closed)

    def close_minutes(self, *, everything: bool = False) -> None:
        """Close the minutes that are full, or, at the end, all."""
        self._closed += self._minutes.rest() if everything else self._minutes.due(self._clock.now())

    def _adopt(self, page: Page, batch: Sequence[object]) -> None:
        """Take over what is true now that it is committed."""
        self._ears, self._reports, self._closed = page.ears, page.reports, []
        self._noted = page.noted
        for message in batch:
            if isinstance(message, ConditionReport):
                self._closed += self._minutes.add(message)
        for answer in page.written.answers:
            if isinstance(answer, DefectCodes):
                self.codes[answer.station] = dict(answer.codes)

    def _end_unheard(self, page: Page) -> None:
        for heard in self._unheard.over(page.book, self._policy, self._clock.now()):
            page.book, tells = rules.hear(page.book, heard, page.now, self._policy, self._make_id)
            tell(page, tells, self._plan)

    def _known(self) -> dict[str, float]:
        """Give what the plant's tags say, those that somebody knows."""
        since = self._clock.now() - OLD_S
        return {name: float(value) for name, (value, at) in self._tags.items() if value is not None and at >= since}

    def _take(self, page: Page, message: object) -> None:
        match message:
            case PartRecord():
                self._part(page, message)
            case EventRecord():
                records.add_event(page.db, message)
            case ConditionReport():
                self._condition(page, message)
            case SoundsReport():
                self._sounds(page, message)
            case EarReport():
                self._ear(page, message)
            case StationKept():
                if len(message.text) <= KEPT_MAX:
                    records.set_station_state(page.db, page.wall, message)
            case Command():
                self._command(page, message)
            case DefectNames():
                codes = records.give_codes(page.db, message.station, message.names)
                page.written.answers.append(DefectCodes(message.station, codes))
                page.written.changed = True
            case PlantTags():
                # Values as they are now, whatever becomes of this transaction.
                self._tags.update({name: (value, self._clock.now()) for name, value in message.values.items()})
                page.tags = self._known()
            case Proposed():
                labelling.proposed(page, message)
            case _:
                raise TypeError(f"the ledger was given a {type(message).__name__}")

    def _part(self, page: Page, record: PartRecord) -> None:
        part = records.add_part(page.db, record)
        evidence = record.evidence
        # Checked here too, whoever sent it: no sound is stored unless the site file says so.
        rejects = self._plan.sound == "rejects" and record.told.evaluation is not Evaluation.OK
        if evidence is not None and evidence.sound is not None and (rejects or self._plan.sound == "all"):
            name = f"{record.station}-{record.part_id}"
            page.written.clips.append(
                Clip(
                    name,
                    evidence.rate,
                    evidence.sound,
                    lambda db, file, sha256: records.set_clip(db, part, file, sha256),
                )
            )

    def _ear(self, page: Page, report: EarReport) -> None:
        words = tuple(report.quality)
        known = (*words, *(("sure",) if report.sure else ()))
        if page.ears.get(report.station, ()) == known:
            return
        page.ears[report.station] = known
        sentence = report.sentence or (", ".join(words) if words else "good again")
        level = "warning" if words else "info"
        records.add_event(page.db, EventRecord(page.wall, report.station, "ear-changed", sentence, level))
        page.written.changed = True

    def _condition(self, page: Page, report: ConditionReport) -> None:
        entry = self._plan.entry(report.station)
        if entry is None or not entry.asset:
            return
        self._wear(page, report)
        if report.kept is not None and len(report.kept) <= KEPT_MAX:
            records.set_machine_state(page.db, page.wall, report.station, report.kept)
        page.reports[report.station] = replace(report, evidence=None, kept=None)
        if report.evidence is not None:
            page.drawn[report.station] = report
        for episode in report.episodes:
            named = report.diagnosis.name == episode.failure_mode
            confidence = report.diagnosis.confidence if named else None
            self._episode(page, report.station, entry.asset, episode, confidence)

    def _sounds(self, page: Page, report: SoundsReport) -> None:
        entry = self._plan.entry(report.station)
        if entry is None or not entry.sounds:
            return
        self._unheard.said((one.id for one in report.episodes if one.active), self._clock.now())
        for episode in report.episodes:
            last = report.heard
            confidence = last.confidence if last is not None and last.kind == episode.failure_mode else None
            self._episode(page, report.station, entry.asset or report.station, episode, confidence)
        if report.evidence is not None:
            event_evidence.keep(page, report.station, report.evidence, self._plan.sound)

    def _wear(self, page: Page, report: ConditionReport) -> None:
        """Say where the level of wear changed; at a start nothing is known of before."""
        before = page.reports.get(report.station)
        if report.wear is None or before is None or before.wear is None or before.wear.level == report.wear.level:
            return
        sentence = f"wear: {before.wear.level} -> {report.wear.level}; {cut(report.wear.reason, TEXT_MAX)}"
        level = "info" if report.wear.level == "normal" else "warning"
        records.add_event(page.db, EventRecord(page.wall, report.station, "wear-changed", sentence, level))

    def _episode(self, page: Page, station: str, asset: str, episode: EpisodeView, confidence: float | None) -> None:
        unknown = page.book.of_episode(episode.id) is None
        if unknown and not episode.active and memory.seen_before(page.db, episode.id):
            return  # of an incident that is over and forgotten
        heard = rules.Heard(
            station=station,
            asset=asset,
            episode=episode.id,
            failure_mode=cut(episode.failure_mode, NAME_MAX),
            severity=episode.severity,
            active=episode.active,
            text=cut(episode.text, TEXT_MAX),
            zone=self._plan.alerts.rules.zones.get(station, ""),
        )
        sifted = alerting.sift(page, heard, self._plan, confidence) if unknown else heard
        if sifted is None:
            return
        page.book, tells = rules.hear(page.book, sifted, page.now, self._policy, self._make_id)
        tell(page, tells, self._plan)

    def _command(self, page: Page, message: Command) -> None:
        command = commands.clipped(message)
        answer = commands.judge(command, page.book, self._plan)
        carry_out = labelling.CARRIED_OUT.get(command.name)
        if answer.accepted and carry_out is not None:
            answer = carry_out(page, command, self._plan)
        records.add_audit(page.db, page.wall, command, accepted=answer.accepted, answer=answer.sentence)
        page.written.answers.append(
            CommandAnswer(command.name, command.target, command.who, answer.accepted, answer.sentence, command.id)
        )
        if not answer.accepted:
            return
        page.written.changed = True
        if carry_out is not None:
            return
        if command.name == "maintenance-done":
            records.forget_machine_state(page.db, command.target)
            page.written.answers.append(RestartBaseline(command.target))
            said = f"maintenance done, says {command.who}; the normal sound is learned anew"
            records.add_event(page.db, EventRecord(page.wall, command.target, "maintenance-done", said))
            return
        if command.name == "accept-sound":
            page.written.answers.append(AcceptSound(command.target))
            said = f"what its microphone hears now is normal, says {command.who}; it is learned anew"
            records.add_event(page.db, EventRecord(page.wall, command.target, "sound-accepted", said))
            return
        if command.name in quiet.NAMES:
            page.book, tells = quiet.carry_out(page, command)
            tell(page, tells, self._plan)
            return
        incident = page.book.incidents[command.target]
        if command.name == "acknowledge":
            page.book, tells = rules.acknowledge(page.book, incident, command.who, page.now)
        else:
            page.book, tells = rules.order_by_hand(page.book, incident, page.now, self._policy)
        tell(page, tells, self._plan)
