"""Has pictures drawn one after the other beside the ledger's own work, and hands them to the outbox."""

import sqlite3
import threading
from collections.abc import Callable
from queue import SimpleQueue

import structlog

from gateway.ledger import outbox
from gateway.ledger.page import Drawing
from gateway.ledger.picture import PictureFault, Sketch, draw
from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import EventRecord
from gateway.store.database import Store
from gateway.store.evidence import Evidence, EvidenceFault
from gateway.store.records import add_event

log = structlog.get_logger()

Draw = Callable[[Sketch], bytes]


class Painter:
    """One thread that waits for one drawing process at a time."""

    def __init__(
        self,
        store: Store,
        evidence: Evidence,
        clock: Clock,
        changed: Callable[[], None],
        draw_one: Draw = draw,
    ) -> None:
        self._store, self._evidence, self._clock = store, evidence, clock
        self._changed, self._draw = changed, draw_one
        self._wanted: SimpleQueue[Drawing | None] = SimpleQueue()
        # Daemon: a drawing may take a minute, and nobody who stops the gateway waits for a picture.
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)
        self._thread.start()

    def draw(self, drawing: Drawing) -> None:
        """Have it drawn; the outbox learns of it when it is done. Orders are capped by week, so the queue is short."""
        self._wanted.put(drawing)

    def give_up_lost(self) -> None:
        """Say of every picture a former process was making that it will not come: its spectrum is gone."""
        try:
            with self._store.commit() as db:
                for item in outbox.undrawn(db):
                    self._give_up(db, item, "the gateway was restarted while it was drawn")
        except sqlite3.Error as error:
            log.warning("missing pictures could not be noted; the next start does it", error=str(error))

    def close(self, timeout_s: float) -> None:
        """Finish what is wanted within a bound; the rest is given up at the next start."""
        self._wanted.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (drawing := self._wanted.get()) is not None:
            try:
                self._paint(drawing)
            except Exception:
                # The supervisor of this thread: one picture must not cost the next.
                log.exception("the painter failed and goes on", incident=drawing.incident)
                self._failed(drawing, "a fault of the gateway's own; see its log")

    def _paint(self, drawing: Drawing) -> None:
        wall = self._clock.wall().isoformat()
        try:
            png = self._draw(drawing.sketch)
            name = self._evidence.keep_picture(drawing.incident, png)
            with self._store.commit() as db:
                outbox.drawn(db, drawing.item, name, drawing.title, wall)
        except (PictureFault, EvidenceFault) as fault:
            self._failed(drawing, str(fault))
        except sqlite3.Error as error:
            log.warning("a picture could not be noted; the next start gives it up", error=str(error))
        self._changed()

    def _failed(self, drawing: Drawing, why: str) -> None:
        try:
            with self._store.commit() as db:
                self._give_up(db, drawing.item, why)
        except sqlite3.Error as error:
            log.warning("a missing picture could not be noted; the next start does it", error=str(error))

    def _give_up(self, db: sqlite3.Connection, item: int, why: str) -> None:
        wall = self._clock.wall().isoformat()
        outbox.give_up_drawing(db, item, why, wall)
        add_event(
            db, EventRecord(wall, "ledger", "picture-missing", f"an order stands without its picture: {why}", "warning")
        )
