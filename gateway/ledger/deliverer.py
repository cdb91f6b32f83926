"""A thread that delivers step by step, and goes on whatever the store or a fault of ours does."""

import sqlite3
import threading
from abc import ABC, abstractmethod

import structlog

log = structlog.get_logger()

IDLE_S = 1.0
CRASH_S = 10.0


class Deliverer(ABC):
    """Takes one step after the other in a thread of its own.

    Parameters
    ----------
    to
        Where it delivers to, for the log: "cmms:maximo".
    """

    def __init__(self, to: str) -> None:
        self._to = to
        self._wake, self._stop = threading.Event(), threading.Event()
        # Daemon: a network call of this thread may outlast a shutdown by its timeout. What it was doing is durable.
        self._thread = threading.Thread(target=self._run, name=to, daemon=True)

    def start(self) -> None:
        """Begin delivering."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the outbox: there is something new."""
        self._wake.set()

    def stop(self, timeout_s: float) -> bool:
        """Finish the step under way. False where the other side keeps us waiting longer than that."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @abstractmethod
    def step(self) -> float:
        """Deliver one thing; gives the seconds to wait before the next step.

        Raises
        ------
        sqlite3.Error
            The store cannot be written; nothing was sent, or what was sent is left in `sending`.
        """

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                wait = self.step()
            except sqlite3.Error as error:
                # The ledger's own thread says it to people and makes room; here it is enough to wait.
                log.warning("a delivery waits for the store", to=self._to, error=str(error))
                wait = CRASH_S
            except Exception:
                # The supervisor of this thread. A fault of ours may have come after it went out: the row says `sending`
                # then; the next step looks an order up, and sends a message again.
                log.exception("a delivery failed and goes on", to=self._to)
                wait = CRASH_S
            if wait > 0:
                self._wake.wait(wait)
                self._wake.clear()
