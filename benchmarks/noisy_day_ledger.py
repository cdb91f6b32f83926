"""The ledger in a process of its own, on a clock that is turned, killed whenever the benchmark wants."""

import multiprocessing
import random
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection

from connectors.notify.open import NotifySettings, open_channel
from gateway.ledger.body import Ledger
from gateway.ledger.plan import LedgerPlan


@dataclass(frozen=True)
class Text:
    """A secret of the benchmark's own, that a process may be given."""

    text: str

    def __call__(self) -> str:
        return self.text


class TurnedClock:
    """Told what time it is."""

    seconds, date = 0.0, datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> float:
        return self.seconds

    def wall(self) -> datetime:
        return self.date


@dataclass
class Inbox:
    """The ledger's end of a channel, without a process behind it."""

    heard: list[object] = field(default_factory=list)

    def send(self, message: object) -> bool:
        return True

    def receive(self, timeout_s: float) -> list[object]:
        heard, self.heard = self.heard, []
        return heard


def ledger_process(
    pipe: Connection, plan: LedgerPlan, channels: dict[str, NotifySettings], first: tuple[float, datetime]
) -> None:
    """Turn the ledger and its couriers once a step, as told."""
    clock, inbox = TurnedClock(), Inbox()
    clock.seconds, clock.date = first
    with ExitStack() as stack:
        ledger = Ledger(plan, inbox, clock, lambda name: None, stack, lambda name: open_channel(channels[name]))
        while True:
            clock.seconds, clock.date, messages = pipe.recv()
            inbox.heard += messages
            ledger.turn(0.0)
            for courier in ledger.couriers:
                while courier.step() == 0.0:
                    pass
            pipe.send("turned")


class Killable:
    """Starts it, turns it, kills it."""

    def __init__(self, plan: LedgerPlan, channels: dict[str, NotifySettings]) -> None:
        self._spawn = multiprocessing.get_context("forkserver")
        self._spawn.set_forkserver_preload(["benchmarks.noisy_day_ledger"])
        self._plan, self._channels = plan, channels
        self.kills, self.process, self._pipe = 0, None, None

    def turn(self, seconds: float, date: datetime, messages: list[object], *, kill: bool) -> bool:
        if self.process is None:
            self._pipe, theirs = self._spawn.Pipe()
            self.process = self._spawn.Process(
                target=ledger_process, args=(theirs, self._plan, self._channels, (seconds, date))
            )
            self.process.start()
            theirs.close()
        try:
            self._pipe.send((seconds, date, messages))
            if kill:
                time.sleep(random.uniform(0.0, 0.004))
                self.kill()
                return False
            return bool(self._pipe.recv())
        except (EOFError, OSError):  # killed while a receiver held a message
            self.process.join()
            self.process = None
            return False

    def kill(self) -> None:
        process = self.process
        if process is not None and process.is_alive():
            self.kills += 1
            process.kill()
        if process is not None:
            process.join()
            self.process = None
