"""The ledger's process: hears from main, writes in batches, lets its senders deliver, says how it stands."""

import base64
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from threading import Event

import structlog

from connectors.cmms.port import CmmsFault, CmmsPort
from connectors.notify.port import NotifyFault, NotifyPort
from gateway.ledger import outbox, views
from gateway.ledger.courier import Courier
from gateway.ledger.desk import Desk
from gateway.ledger.jobs import Job, schedule
from gateway.ledger.keeping import Keeper
from gateway.ledger.metering import AlarmMeter
from gateway.ledger.painter import Painter
from gateway.ledger.plan import LedgerPlan
from gateway.ledger.scribe import Scribe
from gateway.ledger.sender import Sender
from gateway.processes.channel import ChannelClosed, Endpoint
from gateway.processes.clock import Clock
from gateway.processes.kept import StationKept
from gateway.processes.ledger_messages import KeptStates, LedgerReport, SelfTestDue
from gateway.processes.messages import Stop
from gateway.store import records
from gateway.store.database import Store
from gateway.store.evidence import FOLDER as EVIDENCE
from gateway.store.evidence import Evidence

log = structlog.get_logger()

BATCH_S = 0.1  #: between commits; what a power cut may cost of records main has already handed over
REPORT_S = 1.0
# For the drawing and the network calls under way, together, inside the 3 s main gives a process to end. What they
# were doing is durable.
STOP_S = 2.0

MakePort = Callable[[str], CmmsPort]
MakeChannel = Callable[[str], NotifyPort]


def _no_channel(name: str) -> NotifyPort:
    raise NotifyFault(f"{name}: no channel was wired")


def random_id() -> str:
    """Give 16 characters of base32, 80 random bits: no two gateways and no restored backup ever meet in one."""
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii")


def run_ledger(
    plan: LedgerPlan,
    channel: Endpoint,
    clock: Clock,
    make_port: MakePort,
    make_channel: MakeChannel = _no_channel,
) -> None:
    """Run until `Stop` is heard or main is gone.

    Parameters
    ----------
    plan
        Everything but the connectors.
    channel
        To main.
    clock
        The gateway's clock.
    make_port
        Gives the connector of a CMMS by its name in the site file.
    make_channel
        Gives the connector of a channel to people by its name.

    Raises
    ------
    StoreError
        The store cannot be opened, or was damaged while it ran: the next start moves it aside.
    """
    with ExitStack() as stack:
        ledger = Ledger(plan, channel, clock, make_port, stack, make_channel)
        ledger.run()


class Ledger:
    """The parts of the process, wired; `turn` is one pass of its loop."""

    def __init__(
        self,
        plan: LedgerPlan,
        channel: Endpoint,
        clock: Clock,
        make_port: MakePort,
        stack: ExitStack,
        make_channel: MakeChannel = _no_channel,
    ) -> None:
        folder = Path(plan.folder)
        self.store = Store.open(folder, clock.wall().isoformat(timespec="seconds"))
        stack.callback(self.store.close)
        self.evidence = Evidence(folder / EVIDENCE, plan.keep.evidence_bytes)
        self._channel, self._clock, self._plan, self._policy = channel, clock, plan, plan.policy
        self._changed = Event()  # somebody committed what people may want to see
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        desk = Desk(plan, self.store, clock, random_id)
        self.scribe = Scribe(desk, self.store, self.evidence, clock, plan.speech)
        self.keeper = Keeper(plan, self.store, clock)
        self.meter = AlarmMeter(self.store, clock, plan.alerts.operators)
        self.painter = Painter(self.store, self.evidence, clock, self._changed.set)
        self.senders: dict[str, Sender] = {}
        self._unmade: list[str] = []
        for name in plan.cmms:
            try:
                port = make_port(name)
            except (CmmsFault, ValueError) as fault:
                # A certificate file that cannot be read must not keep parts from being stored.
                self._unmade.append(f"{name}: {fault}; orders wait in the outbox")
                continue
            self.senders[name] = Sender(name, port, self.store, self.evidence, clock, plan.delivery, self._changed.set)
        self.couriers = [courier for name in plan.alerts.channels if (courier := self._courier(name, make_channel))]
        self._scheduler = schedule(plan, self._jobs.put)
        self._reported_at = -REPORT_S
        self._stopping = False

    @property
    def _deliveries(self) -> list[Sender | Courier]:
        return [*self.senders.values(), *self.couriers]

    def _courier(self, name: str, make_channel: MakeChannel) -> Courier | None:
        try:
            port = make_channel(name)
        except (NotifyFault, ValueError) as fault:
            self._unmade.append(f"notify.{name}: {fault}; messages wait")
            return None
        return Courier(name, port, self.store, self._clock, self._changed.set)

    def run(self) -> None:
        """Turn until it is told to stop."""
        self._channel.send(KeptStates(self._machine_states()))
        for kept in self._station_states():
            self._channel.send(kept)
        self.painter.give_up_lost()
        for sender in self.senders.values():
            sender.start()
            sender.ask_after_orders()
        for courier in self.couriers:
            courier.start()
        self._scheduler.start()
        try:
            while not self._stopping:
                self.turn(BATCH_S)
        except ChannelClosed:
            log.warning("main is gone: the ledger writes what it holds and ends")
        finally:
            self._finish()

    def _machine_states(self) -> dict[str, str]:
        """Give what the stations of machines learned, as far as the site file still has them."""
        with self.store.reading() as db:
            states = records.machine_states(db)
        return {name: kept for name, kept in states.items() if (entry := self._plan.entry(name)) and entry.asset}

    def _station_states(self) -> list[StationKept]:
        """Give what stations learned of their microphones and parts, as far as the site file still has them."""
        with self.store.reading() as db:
            return [kept for kept in records.station_states(db) if self._plan.entry(kept.station)]

    def turn(self, wait_s: float) -> None:
        """Hear, write, report."""
        heard = self._channel.receive(wait_s)
        self._stopping |= any(isinstance(message, Stop) for message in heard)
        if changed := self._changed.is_set():
            self._changed.clear()  # before looking: what changes from here on is looked at in the next turn
        due = self._clock.now() - self._reported_at >= REPORT_S
        self.scribe.hear([message for message in heard if not isinstance(message, Stop)])
        changed |= self._write(review=changed or due)
        while not self._jobs.empty():
            self._job(self._jobs.get())
        if changed or due:
            self._report()

    def _write(self, *, review: bool) -> bool:
        written = self.scribe.write(review=review)
        for answer in written.answers:
            self._channel.send(answer)
        for drawing in written.drawings:
            self.painter.draw(drawing)
        if written.changed:
            for delivery in self._deliveries:
                delivery.wake()
        return written.changed

    def _job(self, job: Job) -> None:
        match job:
            case Job.POLL:
                for sender in self.senders.values():
                    sender.ask_after_orders()
            case Job.SELF_TEST:
                self._channel.send(SelfTestDue())
            case Job.SUMMARY:
                self.keeper.summarise(timedelta(days=1))
            case Job.RETENTION:
                self.keeper.delete_old()

    def _report(self) -> None:
        self._reported_at = self._clock.now()
        self.keeper.look()
        with self.store.reading() as db:
            shown = views.incidents(db, self._policy)
            windows = views.windows(db)
            waiting, stuck = outbox.counts(db)
        down = (one.fault for one in self._deliveries if one.fault)
        faults = (*self.store.alarms, *self.scribe.faults, *self._unmade, *down)
        report = LedgerReport(
            at=self._reported_at,
            incidents=shown,
            outbox_waiting=waiting,
            outbox_stuck=stuck,
            faults=faults,
            defect_codes=self.scribe.codes,
            windows=windows,
            budget=self.meter.look(),
        )
        self._channel.send(report)

    def _finish(self) -> None:
        self._scheduler.shutdown(wait=False)
        self.scribe.finish()
        end = self._clock.now() + STOP_S
        for delivery in self._deliveries:
            delivery.stop(0.0)
        self.painter.close(end - self._clock.now())
        for sender in self.senders.values():
            if not sender.stop(max(0.0, end - self._clock.now())):
                log.warning("a CMMS keeps the ledger waiting; its order is settled at the next start", cmms=sender.cmms)
        for courier in self.couriers:
            if not courier.stop(max(0.0, end - self._clock.now())):
                log.warning("a channel keeps the ledger waiting; its message goes out again", channel=courier.channel)
