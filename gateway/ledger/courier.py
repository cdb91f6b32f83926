"""The one courier of a channel: takes its messages step by step to people and writes down what is certain."""

import random
from collections.abc import Callable

from connectors.notify.port import Later, Notice, NotifyPort, Refused, Told
from gateway.ledger import notices
from gateway.ledger.deliverer import IDLE_S, Deliverer
from gateway.ledger.notices import Item, State
from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import EventRecord
from gateway.store.database import Store
from gateway.store.records import add_event

RETRY_S = (2.0, 300.0)  #: first and longest wait of a channel that is out


class Courier(Deliverer):
    """Delivers the messages of one channel, one at a time.

    Parameters
    ----------
    channel
        Its name in the site file.
    port
        The connector; used from one thread alone.
    store, clock
        Where the outbox lies, what time it is.
    changed
        Called after every commit that somebody may want to see.
    chance
        Spreads retries so that many gateways do not come back in step.
    """

    def __init__(
        self,
        channel: str,
        port: NotifyPort,
        store: Store,
        clock: Clock,
        changed: Callable[[], None],
        chance: random.Random | None = None,
    ) -> None:
        super().__init__(f"notify:{channel}")
        self.channel = channel
        self.fault = ""  #: what a person must know of this channel; empty while all is well
        self._port, self._store, self._clock, self._changed = port, store, clock, changed
        self._chance = chance or random.Random()  # noqa: S311, spreads waits, hides nothing
        self._paused_until = 0.0
        self._faults = 0  # in a row
        self._refreshed_at = clock.now()
        self._again: list[Notice] = []

    def step(self) -> float:
        """Deliver one message; gives the seconds to wait before the next step.

        Raises
        ------
        sqlite3.Error
            The store cannot be written; nothing was sent, or the message is left in `sending` and goes out again.
        """
        now = self._clock.now()
        if now < self._paused_until:
            return self._paused_until - now
        with self._store.reading() as db:
            items = notices.pending(db, self.channel)
        if items:
            self._deliver(items[0])
            return 0.0
        return self._refresh(now)

    def _deliver(self, item: Item) -> None:
        if item.notice.act not in self._port.acts:
            with self._store.commit() as db:
                notices.mark(db, item, State.VOID, self._wall(), why="this channel has no word for it")
            return
        with self._store.commit() as db:
            notices.mark(db, item, State.SENDING, self._wall(), attempts=item.attempts + 1)
        outcome = self._port.send(item.notice)
        match outcome:
            case Told(by):
                said = f"{item.notice.act} was told to {self.channel}: {item.notice.title} ({by})"
                self._settle(item, State.DONE, "notice-told", said)
                self._well()
            case Refused(reason):
                said = f"{self.channel} will never take this message ({item.notice.title}): {reason}"
                self._settle(item, State.REJECTED, "notice-refused", said, why=reason, level="error")
                self._well()
            case Later(seconds, reason):
                with self._store.commit() as db:
                    notices.mark(db, item, State.WAITING, self._wall(), why=reason, attempts=item.attempts + 1)
                self._pause(seconds, reason)
        self._changed()

    def _settle(self, item: Item, state: State, kind: str, said: str, *, why: str = "", level: str = "info") -> None:
        with self._store.commit() as db:
            notices.mark(db, item, state, self._wall(), why=why, attempts=item.attempts + 1)
            add_event(db, EventRecord(self._wall(), self.channel, kind, said, level), item.incident)

    def _refresh(self, now: float) -> float:
        """Tell a channel that forgets what stands still, one a step."""
        if self._port.refresh_s is None:
            return IDLE_S
        if not self._again and now - self._refreshed_at >= self._port.refresh_s:
            self._refreshed_at = now
            with self._store.reading() as db:
                self._again = notices.standing(db, self.channel)
        if not self._again:
            return IDLE_S
        outcome = self._port.send(self._again.pop())
        if isinstance(outcome, Later):
            self._again.clear()  # all of it at the next turn
            self._pause(outcome.seconds, outcome.reason)
            self._changed()
        else:
            self._well()
        return 0.0

    def _pause(self, seconds: float, reason: str) -> None:
        first, longest = RETRY_S
        wait = min(longest, first * 2.0 ** min(self._faults, 20)) * self._chance.uniform(0.5, 1.0)
        self._paused_until = self._clock.now() + max(seconds, wait)
        self._faults += 1
        if not self.fault:  # said once when it breaks, once when it heals
            self._event("channel-down", f"{self.channel}: {reason}; messages wait", "error")
        self.fault = f"{self.channel}: {reason}"

    def _well(self) -> None:
        self._faults = 0
        if self.fault:
            self.fault = ""
            self._event("channel-back", f"{self.channel} takes messages again")

    def _event(self, kind: str, sentence: str, level: str = "info") -> None:
        with self._store.commit() as db:
            add_event(db, EventRecord(self._wall(), self.channel, kind, sentence, level))

    def _wall(self) -> str:
        return self._clock.wall().isoformat()
