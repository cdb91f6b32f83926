"""Has pictures drawn one after the other beside the ledger's own work, and hands them to the outbox."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from gateway.ledger import outbox
from gateway.ledger.page import Drawing
from gateway.ledger.picture import PictureFault, Sketch, draw
from gateway.processes.clock import Clock
from gateway.processes.messages import EventRecord
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
        self._pool = ThreadPoolExecutor(1, "painter")

    def draw(self, drawing: Drawing) -> None:
        """Have it drawn; the outbox learns of it when it is done. Orders are capped by week, so the queue is short."""
        self._pool.submit(self._paint, drawing)

    def give_up_lost(self) -> None:
        """Say of every picture a former process was making that it will not come: its spectrum is gone."""
        try:
            with self._store.commit() as db:
                for item in outbox.undrawn(db):
                    self._give_up(db, item, "the gateway was restarted while it was drawn")
        except sqlite3.Error as error:
            log.warning("missing pictures could not be noted; the next start does it", error=str(error))

    def close(self) -> None:
        """Let the drawing under way go; what was not begun is given up at the next start."""
        self._pool.shutdown(wait=False, cancel_futures=True)

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
