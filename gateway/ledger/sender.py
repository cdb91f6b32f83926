"""The one sender of a CMMS: takes the outbox step by step to the network and writes down what is certain."""

import random
import sqlite3
import threading
from collections.abc import Callable

import structlog

from connectors.cmms.port import (
    Attachment,
    AuthFailed,
    CmmsFault,
    CmmsPort,
    Created,
    Duplicate,
    Order,
    Outcome,
    Ref,
    Rejected,
    RetryAfter,
    Unknown,
)
from gateway.incidents.book import Fate
from gateway.ledger import outbox
from gateway.ledger.outbox import Item, Kind, State
from gateway.ledger.plan import Delivery
from gateway.processes.clock import Clock
from gateway.processes.messages import EventRecord
from gateway.store.database import Store
from gateway.store.evidence import Evidence
from gateway.store.records import add_event

log = structlog.get_logger()

LOOKS = 2  #: look-ups that must find nothing before an unread order is sent again
IDLE_S = 1.0
AUTH_S = (60.0, 600.0)  #: waits while the key is refused: a person is on the way, not a machine
EXTRAS_TRIES = 8  #: for a picture or a note; about 10 minutes. The order stands without it
CRASH_S = 10.0


class Sender:
    """Delivers the items of one CMMS, one at a time.

    Parameters
    ----------
    cmms
        Its name in the site file.
    port
        The connector; used from one thread alone.
    store, evidence, clock, plan
        Where the outbox lies, where pictures lie, what time it is, how patient to be.
    changed
        Called after every commit that somebody may want to see.
    chance
        Spreads retries so that many gateways do not come back in step.
    """

    def __init__(
        self,
        cmms: str,
        port: CmmsPort,
        store: Store,
        evidence: Evidence,
        clock: Clock,
        plan: Delivery,
        changed: Callable[[], None],
        chance: random.Random | None = None,
    ) -> None:
        self.cmms = cmms
        self.fault = ""  #: what a person must know of this CMMS; empty while all is well
        self._port, self._store, self._evidence, self._clock, self._plan = port, store, evidence, clock, plan
        self._changed = changed
        self._chance = chance or random.Random()  # noqa: S311, spreads waits, hides nothing
        self._due: dict[int, float] = {}  # monotonic; a new process tries everything at once
        self._paused_until = 0.0
        self._faults = 0  # in a row
        self._follow = threading.Event()
        self._wake = threading.Event()
        self._stop = threading.Event()
        # Daemon: a network call of this thread may outlast a shutdown by its timeout. What it was doing is durable.
        self._thread = threading.Thread(target=self._run, name=f"cmms:{cmms}", daemon=True)

    def start(self) -> None:
        """Begin delivering."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the outbox: there is something new."""
        self._wake.set()

    def ask_after_orders(self) -> None:
        """Read the state of every open order when nothing else is due."""
        self._follow.set()
        self._wake.set()

    def stop(self, timeout_s: float) -> bool:
        """Finish the step under way. False where the CMMS keeps us waiting longer than that."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def step(self) -> float:
        """Deliver one item, or ask after orders; gives the seconds to wait before the next step.

        Raises
        ------
        sqlite3.Error
            The store cannot be written; nothing was sent, or the item is left in `sending`, which is settled later.
        """
        now = self._clock.now()
        if now < self._paused_until:
            return self._paused_until - now
        with self._store.reading() as db:
            items = outbox.pending(db, self.cmms)
        known = {item.id for item in items}
        self._due = {item: at for item, at in self._due.items() if item in known}
        item = next((i for i in items if self._due.get(i.id, 0.0) <= now), None)
        try:
            if item is not None:
                self._deliver(item)
            elif self._follow.is_set():
                self._follow.clear()
                self._follow_orders()
            else:
                return max(0.01, min(IDLE_S, *(at - now for at in self._due.values()), IDLE_S))
        except CmmsFault as fault:
            self._cannot(item, str(fault))
            return 0.0
        self._well()
        return 0.0

    # ---- orders -----------------------------------------------------------------------------------------------------

    def _deliver(self, item: Item) -> None:
        if item.kind is Kind.ORDER:
            self._order(item, item.order())
        elif item.kind is Kind.PICTURE:
            self._picture(item)
        else:
            self._note(item)

    def _order(self, item: Item, order: Order) -> None:
        unsettled = item.state in {State.UNKNOWN, State.SENDING}
        # Even before the first attempt: after our database was restored from a backup the order may stand already.
        ref = self._port.find(order.key)
        if ref is not None:
            self._stands(item, ref, "found by its key")
            return
        if unsettled and item.looked + 1 < LOOKS:
            with self._store.commit() as db:
                outbox.mark(db, item, State.UNKNOWN, self._wall(), attempts=item.attempts, looked=item.looked + 1)
            self._due[item.id] = self._clock.now() + self._plan.look_after_s[1]
            return
        if not unsettled:
            people = self._port.find_open(order.asset, order.failure_mode)
            if people:
                self._adopt(item, order, people[0])
                return
        with self._store.commit() as db:
            outbox.mark(db, item, State.SENDING, self._wall(), attempts=item.attempts + 1)
        self._settle(item, self._port.create(order))

    def _settle(self, item: Item, outcome: Outcome) -> None:
        match outcome:
            case Created(ref, degraded):
                self._stands(item, ref, f"made without {', '.join(degraded)}, which it refused" if degraded else "made")
            case Duplicate(ref):
                self._stands(item, ref, "it stood already")
            case Rejected(reason, field):
                self._rejected(item, f"{reason} ({field})" if field else reason)
            case Unknown(reason):
                self._unsettled(item, reason)
            case RetryAfter(seconds, reason):
                self._again(item, reason)
                self._pause(max(seconds, self._backoff(self._faults)), reason)
            case AuthFailed(reason):
                self._again(item, reason)
                wait = min(AUTH_S[1], AUTH_S[0] * 2.0 ** min(self._faults, 10))
                self._pause(wait, f"{reason}; orders are kept until the key is mended")

    def _stands(self, item: Item, ref: Ref, how: str) -> None:
        with self._store.commit() as db:
            wall = self._wall()
            outbox.mark(db, item, State.DONE, wall, attempts=item.attempts + 1)
            outbox.settle_order(db, item.incident, Fate.STANDS, wall, ref=ref)
            self._event(db, "order-stands", f"order {ref.number} for {item.payload['asset']}: {how}")
        self._changed()
        self._follow.set()

    def _adopt(self, item: Item, order: Order, ref: Ref) -> None:
        with self._store.commit() as db:
            wall = self._wall()
            outbox.mark(db, item, State.DONE, wall, attempts=item.attempts)
            outbox.settle_order(db, item.incident, Fate.STANDS, wall, ref=ref)
            outbox.adopt(db, item.incident)
            outbox.add_note(db, item.incident, self.cmms, f"{order.title}\n{order.text}", wall)
            self._event(
                db, "order-adopted", f"order {ref.number} for {order.asset} was open already: a note goes there"
            )
        self._changed()
        self._follow.set()

    def _rejected(self, item: Item, reason: str) -> None:
        with self._store.commit() as db:
            wall = self._wall()
            outbox.mark(db, item, State.REJECTED, wall, why=reason, attempts=item.attempts + 1)
            outbox.settle_order(db, item.incident, Fate.REJECTED, wall, why=reason)
            said = f"no order could be made for {item.payload['asset']}, {item.payload['failure_mode']}: {reason}"
            self._event(db, "order-rejected", said, "error")
        self._changed()

    def _unsettled(self, item: Item, reason: str) -> None:
        with self._store.commit() as db:
            wall = self._wall()
            outbox.mark(db, item, State.UNKNOWN, wall, why=reason, attempts=item.attempts + 1)
            outbox.settle_order(db, item.incident, Fate.UNSETTLED, wall, why=reason)
            self._event(db, "order-unsettled", f"sent, no answer read ({reason}); looking it up", "warning")
        self._due[item.id] = self._clock.now() + self._plan.look_after_s[0]
        self._changed()

    def _again(self, item: Item, reason: str) -> None:
        with self._store.commit() as db:
            outbox.mark(db, item, State.WAITING, self._wall(), why=reason, attempts=item.attempts + 1)
            outbox.settle_order(db, item.incident, Fate.QUEUED, self._wall(), why=reason)

    # ---- what follows the order ------------------------------------------------------------------------------------

    def _picture(self, item: Item) -> None:
        content = self._evidence.read(str(item.payload["file"]))
        if content is None:
            self._without(item, "the picture was removed to make room")
            return
        attachment = Attachment(
            f"wheeltapper-{item.incident}.png", "image/png", content, str(item.payload.get("title", ""))
        )
        with self._store.reading() as db:
            ref = outbox.ref_of(db, item.incident)
        self._port.attach(ref, attachment)
        self._delivered(item, f"picture attached to order {ref.number}")

    def _note(self, item: Item) -> None:
        with self._store.commit() as db:
            # From here on new lines begin a note of their own: this one may be read already.
            outbox.mark(db, item, State.SENDING, self._wall(), attempts=item.attempts)
            ref = outbox.ref_of(db, item.incident)
        # A note whose answer was lost may appear twice: it cannot be looked up, and a second note harms nobody.
        self._port.note(ref, str(item.payload["text"]))
        self._delivered(item, f"note added to order {ref.number}")

    def _delivered(self, item: Item, said: str) -> None:
        with self._store.commit() as db:
            outbox.mark(db, item, State.DONE, self._wall(), attempts=item.attempts + 1)
            self._event(db, f"{item.kind}-delivered", said)
        self._changed()

    def _without(self, item: Item, why: str) -> None:
        with self._store.commit() as db:
            outbox.mark(db, item, State.VOID, self._wall(), why=why, attempts=item.attempts + 1)
            number = outbox.ref_of(db, item.incident).number
            self._event(db, f"{item.kind}-missing", f"order {number} stands without its {item.kind}: {why}", "warning")
        self._changed()

    def _follow_orders(self) -> None:
        with self._store.reading() as db:
            orders = outbox.to_follow(db, self.cmms)
        for incident, ref, state, memo in orders:
            if self._stop.is_set():
                return
            status = self._port.read(ref)
            if (status.state, status.memo) == (state, memo):
                continue
            with self._store.commit() as db:
                outbox.follow(db, incident, status, self._wall())
                memo = f": {status.memo}" if status.memo else ""
                self._event(db, "order-state", f"order {ref.number} is {status.state} ({status.raw}){memo}")
            self._changed()

    # ---- waiting ----------------------------------------------------------------------------------------------------

    def _cannot(self, item: Item | None, reason: str) -> None:
        """Deal with a question the CMMS did not answer. Nothing was ordered by it."""
        if item is not None:
            self._due[item.id] = self._clock.now() + self._backoff(item.attempts)
            if item.kind is not Kind.ORDER:
                if item.attempts + 1 >= EXTRAS_TRIES:
                    self._without(item, reason)
                else:
                    with self._store.commit() as db:
                        outbox.mark(db, item, State.WAITING, self._wall(), why=reason, attempts=item.attempts + 1)
        self._pause(self._backoff(self._faults), reason)

    def _pause(self, seconds: float, reason: str) -> None:
        self._paused_until = self._clock.now() + seconds
        self._faults += 1
        if not self.fault:  # said once when it breaks, once when it heals
            self._say("cmms-down", f"{self.cmms}: {reason}", "error")
        self.fault = f"{self.cmms}: {reason}"
        self._changed()

    def _well(self) -> None:
        if self._clock.now() < self._paused_until:
            return  # this very step ended in a pause
        self._faults = 0
        if self.fault:
            self.fault = ""
            self._say("cmms-back", f"{self.cmms} answers again", "info")
            self._changed()

    def _backoff(self, tries: int) -> float:
        first, longest = self._plan.retry_s
        return min(longest, first * 2.0 ** min(tries, 20)) * self._chance.uniform(0.5, 1.0)

    def _say(self, kind: str, sentence: str, level: str) -> None:
        with self._store.commit() as db:
            self._event(db, kind, sentence, level)

    def _event(self, db: sqlite3.Connection, kind: str, sentence: str, level: str = "info") -> None:
        add_event(db, EventRecord(self._wall(), self.cmms, kind, sentence, level))

    def _wall(self) -> str:
        return self._clock.wall().isoformat()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                wait = self.step()
            except sqlite3.Error as error:
                # The ledger's own thread says it to people and makes room; here it is enough to wait.
                log.warning("outbox waits for the store", cmms=self.cmms, error=str(error))
                wait = CRASH_S
            except Exception:
                # The supervisor of this thread. A fault of ours may have come after the order went out: the row says
                # `sending` then, and the next step looks it up.
                log.exception("the sender failed and goes on", cmms=self.cmms)
                wait = CRASH_S
            if wait > 0:
                self._wake.wait(wait)
                self._wake.clear()
