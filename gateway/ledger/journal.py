"""What is certain about each item of a CMMS's outbox, one commit a step, with the event people read."""

import sqlite3

from connectors.cmms.port import Order, OrderStatus, Ref
from gateway.incidents.book import Fate
from gateway.ledger import outbox
from gateway.ledger.outbox import Item, State
from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import EventRecord
from gateway.store.database import Store
from gateway.store.labels import add_feedback
from gateway.store.records import add_event


class Journal:
    """Writes for one sender. Every method commits, or raises `sqlite3.Error` and has written nothing."""

    def __init__(self, cmms: str, store: Store, clock: Clock) -> None:
        self._cmms, self._store, self._clock = cmms, store, clock

    # ---- an order ---------------------------------------------------------------------------------------------------

    def sending(self, item: Item) -> None:
        """Before the first byte goes out."""
        with self._store.commit() as db:
            outbox.mark(db, item, State.SENDING, self._wall(), attempts=item.attempts + 1)

    def stands(self, item: Item, ref: Ref, how: str) -> None:
        """Write that the CMMS has it."""
        with self._store.commit() as db:
            wall = self._wall()
            outbox.mark(db, item, State.DONE, wall, attempts=item.attempts + 1)
            outbox.settle_order(db, item.incident, Fate.STANDS, wall, ref=ref)
            self._event(
                db, "order-stands", f"order {ref.number} for {item.payload['asset']}: {how}", incident=item.incident
            )

    def adopted(self, item: Item, order: Order, ref: Ref) -> None:
        """Write that a person's own order stands for it, and is to get the story as a note."""
        with self._store.commit() as db:
            wall = self._wall()
            outbox.mark(db, item, State.DONE, wall, attempts=item.attempts)
            outbox.settle_order(db, item.incident, Fate.STANDS, wall, ref=ref)
            outbox.adopt(db, item.incident)
            outbox.add_note(db, item.incident, self._cmms, f"{order.title}\n{order.text}", wall)
            said = f"order {ref.number} for {order.asset} was open already: a note goes there"
            self._event(db, "order-adopted", said, incident=item.incident)

    def rejected(self, item: Item, reason: str) -> None:
        """Write that the CMMS will never take it as it is."""
        with self._store.commit() as db:
            wall = self._wall()
            outbox.mark(db, item, State.REJECTED, wall, why=reason, attempts=item.attempts + 1)
            outbox.settle_order(db, item.incident, Fate.REJECTED, wall, why=reason)
            said = f"no order could be made for {item.payload['asset']}, {item.payload['failure_mode']}: {reason}"
            self._event(db, "order-rejected", said, "error", incident=item.incident)

    def unsettled(self, item: Item, reason: str) -> None:
        """Write that it was sent, and no answer was read."""
        with self._store.commit() as db:
            wall = self._wall()
            outbox.mark(db, item, State.UNKNOWN, wall, why=reason, attempts=item.attempts + 1)
            outbox.settle_order(db, item.incident, Fate.UNSETTLED, wall, why=reason)
            self._event(
                db,
                "order-unsettled",
                f"sent, no answer read ({reason}); looking it up",
                "warning",
                incident=item.incident,
            )

    def not_found(self, item: Item) -> None:
        """Write that a look-up for an unsettled order found nothing."""
        with self._store.commit() as db:
            outbox.mark(db, item, State.UNKNOWN, self._wall(), attempts=item.attempts, looked=item.looked + 1)

    def not_done(self, item: Item, reason: str) -> None:
        """Write that it is certain that nothing was made."""
        with self._store.commit() as db:
            wall = self._wall()
            outbox.mark(db, item, State.WAITING, wall, why=reason, attempts=item.attempts + 1)
            outbox.settle_order(db, item.incident, Fate.QUEUED, wall, why=reason)

    # ---- what follows an order --------------------------------------------------------------------------------------

    def noting(self, item: Item) -> Ref:
        """Close a note for new lines, since it may be read from now on; gives where it goes."""
        with self._store.commit() as db:
            outbox.mark(db, item, State.SENDING, self._wall(), attempts=item.attempts)
            return outbox.ref_of(db, item.incident)

    def delivered(self, item: Item, said: str) -> None:
        """Write that a picture or a note is where it belongs."""
        with self._store.commit() as db:
            outbox.mark(db, item, State.DONE, self._wall(), attempts=item.attempts + 1)
            self._event(db, f"{item.kind}-delivered", said, incident=item.incident)

    def put_off(self, item: Item, why: str) -> None:
        """Write that a picture or a note could not be delivered yet."""
        with self._store.commit() as db:
            outbox.mark(db, item, State.WAITING, self._wall(), why=why, attempts=item.attempts + 1)

    def without(self, item: Item, why: str) -> None:
        """Write that a picture or a note is given up; the order stands."""
        with self._store.commit() as db:
            outbox.mark(db, item, State.VOID, self._wall(), why=why, attempts=item.attempts + 1)
            number = outbox.ref_of(db, item.incident).number
            self._event(
                db,
                f"{item.kind}-missing",
                f"order {number} stands without its {item.kind}: {why}",
                "warning",
                item.incident,
            )

    def followed(self, incident: str, ref: Ref, status: OrderStatus, found: str = "") -> None:
        """Write that the CMMS says something new of an order; `found` is what its failure code says of the incident."""
        with self._store.commit() as db:
            outbox.follow(db, incident, status, self._wall())
            memo = f": {status.memo}" if status.memo else ""
            if found:
                add_feedback(db, incident, self._wall(), status.problem, found)
                memo = f"{memo}; failure code {status.problem}: {found}"
            self._event(
                db, "order-state", f"order {ref.number} is {status.state} ({status.raw}){memo}", incident=incident
            )

    # ---- the CMMS itself --------------------------------------------------------------------------------------------

    def down(self, reason: str) -> None:
        """Write that it does not answer, or refuses us altogether."""
        with self._store.commit() as db:
            self._event(db, "cmms-down", reason, "error")

    def back(self) -> None:
        """Write that it answers again."""
        with self._store.commit() as db:
            self._event(db, "cmms-back", f"{self._cmms} answers again")

    def _event(self, db: sqlite3.Connection, kind: str, sentence: str, level: str = "info", incident: str = "") -> None:
        add_event(db, EventRecord(self._wall(), self._cmms, kind, sentence, level), incident)

    def _wall(self) -> str:
        return self._clock.wall().isoformat()
