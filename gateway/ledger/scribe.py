"""Writes what the ledger hears, whatever the disk does: full, locked, read-only.

A batch that cannot be written is held and tried again; a message that can never be written is dropped and said; clips
come after their records and are the first thing given up.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

import structlog

from gateway.ledger.desk import Desk
from gateway.ledger.page import Clip, Written
from gateway.ledger.privacy import Privacy
from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import EventRecord, PartRecord
from gateway.processes.sounds import SoundsReport
from gateway.store.database import Store, StoreError, is_damage
from gateway.store.evidence import Evidence, EvidenceFault
from gateway.store.records import sound_sha256

log = structlog.get_logger()

BATCH_MAX = 500  #: messages a commit
HELD_MAX = 20_000  #: messages held while nothing can be written: hours of a fast line, some 20 MB
ROOM_BYTES = 64 * 2**20  #: of evidence removed at a time when the disk is full
RETRY_S = 1.0

# Of one message, not of the disk: text that is no UTF-8, a number beyond 64 bits, a value that breaks the schema.
UNSTORABLE = (
    ValueError,
    OverflowError,
    TypeError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)


class Scribe:
    """Holds what was heard until it is written."""

    def __init__(self, desk: Desk, store: Store, evidence: Evidence, clock: Clock, speech: str = "drop") -> None:
        self._desk, self._store, self._evidence, self._clock = desk, store, evidence, clock
        self._privacy = Privacy(speech)
        self._held: list[object] = []
        self._retry_at = 0.0
        self._alone = 0  # so many messages are written one by one: one of them cannot be stored
        self._disk = ""
        self._evidence_fault = ""
        self.lost = 0  #: messages dropped because nothing could be written for too long

    @property
    def codes(self) -> dict[str, dict[str, int]]:
        """Defect codes of every station."""
        return {station: dict(codes) for station, codes in self._desk.codes.items()}

    @property
    def faults(self) -> tuple[str, ...]:
        """What a person must know, as sentences."""
        lost = f"{self.lost} records were lost while the store could not be written" if self.lost else ""
        deaf = f"no sound is kept: {self._privacy.fault}" if self._privacy.fault else ""
        return tuple(fault for fault in (self._disk, self._evidence_fault, deaf, lost) if fault)

    def hear(self, messages: Sequence[object]) -> None:
        """Take messages in; they are safe once `write` has committed them."""
        for message in messages:
            if self._desk.knows(message):
                self._held.append(self._privacy.cleared(message))
            else:
                log.warning("the ledger was sent a message it does not know", kind=type(message).__name__)
        if self._disk:
            # Sound and spectra are what makes messages big: they go first.
            self._held = [_bare(message) for message in self._held]
        if len(self._held) > HELD_MAX:
            self.lost += len(self._held) - HELD_MAX
            del self._held[HELD_MAX:]

    def write(self, *, review: bool) -> Written:
        """Write what is held, a batch at a time; gives what it all leads to.

        Raises
        ------
        StoreError
            The database is damaged: the process ends, and its next start moves the file aside.
        """
        total = Written()
        self._desk.close_minutes()
        while (self._held or review or self._desk.minutes_waiting) and self._clock.now() >= self._retry_at:
            batch = self._held[: 1 if self._alone else BATCH_MAX]
            written = self._try(batch, review=review)
            if written is None:
                continue
            del self._held[: len(batch)]
            self._alone = max(0, self._alone - 1)
            review = False
            total.answers += written.answers
            total.drawings += written.drawings
            total.changed |= written.changed
            self._keep(written.clips)
        return total

    def finish(self) -> None:
        """Write the rest, minutes that are not full included, as far as the disk lets us."""
        self._retry_at = 0.0
        self.write(review=False)
        self._desk.close_minutes(everything=True)
        self.write(review=False)
        if self._held:
            log.error("the ledger ends with records it could not write", records=len(self._held))

    def _try(self, batch: list[object], *, review: bool) -> Written | None:
        try:
            written = self._desk.write(batch, review=review)
        except UNSTORABLE as error:
            if not batch:
                raise  # no message's fault but ours
            if len(batch) > 1:
                # One of them poisons the rest: each alone, so that only that one is lost.
                self._alone = len(batch)
                return None
            return self._drop(batch[0], error)
        except sqlite3.Error as error:
            if is_damage(error):
                raise StoreError(
                    f"{self._store.folder}: the store is damaged ({error}); the next start moves it aside"
                ) from error
            self._hold(error)
            return None
        if self._disk:
            self._disk = ""
            log.info("the store can be written again", held=len(self._held))
        return written

    def _drop(self, message: object, error: Exception) -> Written | None:
        kind = type(message).__name__
        log.error("a message could not be stored and was dropped", kind=kind, error=type(error).__name__)
        sentence = f"a {kind} could not be stored ({type(error).__name__}) and was dropped"
        event = EventRecord(self._clock.wall().isoformat(), "ledger", "record-unstorable", sentence, "error")
        return self._try([event], review=False)

    def _hold(self, error: sqlite3.Error) -> None:
        self._retry_at = self._clock.now() + RETRY_S
        freed = 0
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_FULL:
            freed = self._evidence.give_way(ROOM_BYTES)
        if not self._disk:
            log.error("the store cannot be written", error=str(error), held=len(self._held), evidence_freed=freed)
        self._disk = (
            f"{self._store.folder}: cannot be written ({error}); {len(self._held)} records wait, verdicts go on"
        )

    def _keep(self, clips: Sequence[Clip]) -> None:
        for clip in clips:
            try:
                name = self._evidence.keep_clip(clip.name, clip.sound, clip.rate)
                with self._store.commit() as db:
                    clip.note(db, name, sound_sha256(clip.sound))
            except (EvidenceFault, sqlite3.Error) as fault:
                if not self._evidence_fault:
                    log.warning("evidence lost", reason=str(fault))
                self._evidence_fault = str(fault)
            else:
                self._evidence_fault = ""


def _bare(message: object) -> object:
    if isinstance(message, PartRecord | SoundsReport) and message.evidence is not None:
        return replace(message, evidence=None)
    return message
