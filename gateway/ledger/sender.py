"""The one sender of a CMMS: takes the outbox step by step to the network and writes down what is certain."""

import random
import threading
from collections.abc import Callable

from connectors.cmms.port import (
    DELETED,
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
from gateway.ledger import outbox
from gateway.ledger.deliverer import IDLE_S, Deliverer
from gateway.ledger.journal import Journal
from gateway.ledger.outbox import Item, Kind, State
from gateway.ledger.plan import Delivery
from gateway.processes.clock import Clock
from gateway.store.database import Store
from gateway.store.evidence import Evidence

LOOKS = 2  #: look-ups that must find nothing before an unread order is sent again
AUTH_S = (60.0, 600.0)  #: waits while the key is refused: a person is on the way, not a machine
EXTRAS_TRIES = 8  #: for a picture or a note; about 10 minutes. The order stands without it


class Sender(Deliverer):
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
        super().__init__(f"cmms:{cmms}")
        self.cmms = cmms
        self.fault = ""  #: what a person must know of this CMMS; empty while all is well
        self._port, self._store, self._evidence, self._clock, self._plan = port, store, evidence, clock, plan
        self._journal = Journal(cmms, store, clock)
        self._changed = changed
        self._chance = chance or random.Random()  # noqa: S311, spreads waits, hides nothing
        self._due: dict[int, float] = {}  # monotonic; a new process tries everything at once
        self._paused_until = 0.0
        self._faults = 0  # in a row
        self._follow = threading.Event()

    def ask_after_orders(self) -> None:
        """Read the state of every open order when nothing else is due."""
        self._follow.set()
        self._wake.set()

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
            self._journal.not_found(item)
            self._due[item.id] = self._clock.now() + self._plan.look_after_s[1]
            return
        people = [] if unsettled else self._port.find_open(order.asset, order.failure_mode)
        if people:
            self._journal.adopted(item, order, people[0])
            self._follow.set()
            self._changed()
            return
        self._journal.sending(item)
        self._settle(item, self._port.create(order))

    def _settle(self, item: Item, outcome: Outcome) -> None:
        match outcome:
            case Created(ref, degraded):
                self._stands(item, ref, f"made without {', '.join(degraded)}, which it refused" if degraded else "made")
            case Duplicate(ref):
                self._stands(item, ref, "it stood already")
            case Rejected(reason, field):
                self._journal.rejected(item, f"{reason} ({field})" if field else reason)
            case Unknown(reason):
                self._journal.unsettled(item, reason)
                self._due[item.id] = self._clock.now() + self._plan.look_after_s[0]
            case RetryAfter(seconds, reason):
                self._journal.not_done(item, reason)
                self._pause(max(seconds, self._backoff(self._faults)), reason)
            case AuthFailed(reason):
                self._journal.not_done(item, reason)
                wait = min(AUTH_S[1], AUTH_S[0] * 2.0 ** min(self._faults, 10))
                self._pause(wait, f"{reason}; orders are kept until the key is mended")
        self._changed()

    def _stands(self, item: Item, ref: Ref, how: str) -> None:
        self._journal.stands(item, ref, how)
        self._follow.set()
        self._changed()

    # ---- what follows the order ------------------------------------------------------------------------------------

    def _picture(self, item: Item) -> None:
        content = self._evidence.read(str(item.payload["file"]))
        if content is None:
            self._journal.without(item, "the picture was removed to make room")
            self._changed()
            return
        with self._store.reading() as db:
            ref = outbox.ref_of(db, item.incident)
        about = str(item.payload.get("title", ""))
        self._port.attach(ref, Attachment(f"wheeltapper-{item.incident}.png", "image/png", content, about))
        self._journal.delivered(item, f"picture attached to order {ref.number}")
        self._changed()

    def _note(self, item: Item) -> None:
        ref = self._journal.noting(item)
        # A note whose answer was lost may appear twice: it cannot be looked up, and a second note harms nobody.
        self._port.note(ref, str(item.payload["text"]))
        self._journal.delivered(item, f"note added to order {ref.number}")
        self._changed()

    def _follow_orders(self) -> None:
        with self._store.reading() as db:
            orders = outbox.to_follow(db, self.cmms)
        for incident, ref, state, memo in orders:
            if self._stop.is_set():
                return
            status = self._port.read(ref)
            # A deleted one is not asked after again, so it is always news.
            if (status.state, status.memo) != (state, memo) or status.raw == DELETED:
                found = self._plan.failure_codes.get(status.problem.upper(), "")
                self._journal.followed(incident, ref, status, found)
                self._changed()

    # ---- waiting ----------------------------------------------------------------------------------------------------

    def _cannot(self, item: Item | None, reason: str) -> None:
        """Deal with a question the CMMS did not answer. Nothing was ordered by it."""
        if item is not None:
            self._due[item.id] = self._clock.now() + self._backoff(item.attempts)
        if item is not None and item.kind is not Kind.ORDER:
            if item.attempts + 1 >= EXTRAS_TRIES:
                self._journal.without(item, reason)
            else:
                self._journal.put_off(item, reason)
        self._pause(self._backoff(self._faults), reason)

    def _pause(self, seconds: float, reason: str) -> None:
        self._paused_until = self._clock.now() + seconds
        self._faults += 1
        if not self.fault:  # said once when it breaks, once when it heals
            self._journal.down(f"{self.cmms}: {reason}")
        self.fault = f"{self.cmms}: {reason}"
        self._changed()

    def _well(self) -> None:
        if self._clock.now() < self._paused_until:
            return  # this very step ended in a pause
        self._faults = 0
        if self.fault:
            self.fault = ""
            self._journal.back()
            self._changed()

    def _backoff(self, tries: int) -> float:
        first, longest = self._plan.retry_s
        return min(longest, first * 2.0 ** min(tries, 20)) * self._chance.uniform(0.5, 1.0)
