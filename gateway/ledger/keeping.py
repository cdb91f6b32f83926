"""What is done once a day: the day in one sentence, and rows that are too old."""

import sqlite3
from datetime import datetime, timedelta

import structlog

from analytics.decision.verdict import Evaluation
from gateway.ledger.plan import LedgerPlan
from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import EventRecord
from gateway.store.database import Store
from gateway.store.records import add_event, fact, set_fact
from gateway.store.retention import ClockWatch, delete_older, may_delete, start_watch

log = structlog.get_logger()

LAST_SEEN = "last wall time seen"
STEADY = "seconds without a step of the clock by then"
LAST_RETENTION = "day of the last retention"
NOTE_S = 600.0  #: how often the first two are written


class Keeper:
    """Watches the wall clock all day, so that it may be believed when rows are to be deleted by it."""

    def __init__(self, plan: LedgerPlan, store: Store, clock: Clock) -> None:
        self._plan, self._store, self._clock = plan, store, clock
        with store.reading() as db:
            seen, steady = fact(db, LAST_SEEN), fact(db, STEADY)
        last = None if seen is None else datetime.fromisoformat(seen)
        self.watch: ClockWatch = start_watch(clock.wall(), clock.now(), last, float(steady or 0.0))
        self._noted_at = clock.now()

    def look(self) -> None:
        """Look at both clocks, about once a second."""
        before, self.watch = self.watch, self.watch.look(self._clock.wall(), self._clock.now())
        try:
            if self.watch.steady_since != before.steady_since:
                self._say("clock-set", f"{self.watch.jumped}; nothing is deleted by age for a day", "warning")
            if self._clock.now() - self._noted_at >= NOTE_S:
                self._noted_at = self._clock.now()
                with self._store.commit() as db:
                    set_fact(db, LAST_SEEN, self.watch.wall.isoformat())
                    set_fact(db, STEADY, f"{self.watch.now - self.watch.steady_since:.0f}")
        except sqlite3.Error as error:
            # A full disk is said by the scribe; the fact is written ten minutes later.
            log.warning("the clock's state was not stored", error=str(error))

    def delete_old(self) -> dict[str, int]:
        """Delete what is too old, once a day, where the clock may be believed; gives the rows deleted by table.

        Called by the hour: a PC that is switched off at night has its turn in the day.
        """
        keep = self._plan.keep
        days = {
            "parts": keep.parts_days,
            "conditions": keep.conditions_days,
            "hours": keep.conditions_days,
            "events": keep.events_days,
            "audit": keep.events_days,
        }
        deleted: dict[str, int] = {}
        today = f"{self.watch.wall:%Y-%m-%d}"
        try:
            with self._store.commit() as db:
                if fact(db, LAST_RETENTION) == today or may_delete(self.watch, None):
                    return deleted
                set_fact(db, LAST_RETENTION, today)
            for table, kept in days.items():
                with self._store.commit() as db:
                    why = may_delete(self.watch, _newest(db, table))
                    deleted[table] = 0 if why else delete_older(db, table, self.watch.wall - timedelta(days=kept))
                if why:
                    log.info("nothing deleted by age", table=table, reason=why)
            if any(deleted.values()):
                said = ", ".join(f"{count} {table}" for table, count in deleted.items() if count)
                self._say("retention", f"deleted by age: {said}", "info")
        except sqlite3.Error as error:
            log.warning("retention waits for the next day", error=str(error))
        return deleted

    def summarise(self, span: timedelta) -> None:
        """Store the day in one sentence, as an event."""
        try:
            with self._store.commit() as db:
                since = (self._clock.wall() - span).isoformat()
                add_event(db, EventRecord(self._clock.wall().isoformat(), "ledger", "summary", _summary(db, since)))
        except sqlite3.Error as error:
            log.warning("no summary tonight", error=str(error))

    def _say(self, kind: str, sentence: str, level: str) -> None:
        with self._store.commit() as db:
            add_event(db, EventRecord(self._clock.wall().isoformat(), "ledger", kind, sentence, level))


def _newest(db: sqlite3.Connection, table: str) -> datetime | None:
    row = db.execute(f"SELECT wall FROM {table} ORDER BY id DESC LIMIT 1").fetchone()  # noqa: S608, names are ours
    return None if row is None else datetime.fromisoformat(row[0])


def _before(db: sqlite3.Connection, table: str, since: str) -> int:
    """Find the last row before a wall time, from the newest back: a day's rows are read, not two years'."""
    row = db.execute(f"SELECT id FROM {table} WHERE wall < ? ORDER BY id DESC LIMIT 1", (since,)).fetchone()  # noqa: S608
    return 0 if row is None else int(row[0])


def _summary(db: sqlite3.Connection, since: str) -> str:
    part, event = _before(db, "parts", since), _before(db, "events", since)
    parts = dict(db.execute("SELECT evaluation, count(*) FROM parts WHERE id > ? GROUP BY evaluation", (part,)))
    late = db.execute("SELECT count(*) FROM parts WHERE id > ? AND outcome = 'late'", (part,)).fetchone()[0]
    levels = dict(db.execute("SELECT level, count(*) FROM events WHERE id > ? GROUP BY level", (event,)))
    raised = db.execute("SELECT count(*) FROM incidents WHERE raised_at >= ?", (since,)).fetchone()[0]
    still = db.execute("SELECT count(*) FROM incidents WHERE ended_at IS NULL").fetchone()[0]
    return (
        f"24 h: {sum(parts.values())} parts, {parts.get(Evaluation.NOT_OK, 0)} NotOK,"
        f" {parts.get(Evaluation.NOT_DECIDABLE, 0)} NotDecidable, {late} late; {raised} incidents raised, {still} open;"
        f" {levels.get('error', 0)} errors, {levels.get('warning', 0)} warnings"
    )
