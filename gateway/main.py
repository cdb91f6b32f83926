"""The main process: hands every message to the room it is for, keeps the snapshot, starts and ends the rest.

Nothing here blocks. What is slow has a process of its own, and a queue that is full drops and counts.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import structlog

from connectors.plc.port import PlantValue
from gateway.errands import Errands, MakeDesk
from gateway.handshake.link import Link
from gateway.handshake.tasks import keep_linked, unlink
from gateway.newest import Newest, StationFacts
from gateway.plant import Plant
from gateway.processes.clock import Clock
from gateway.processes.condition import ConditionReport
from gateway.processes.entry import BodyName, freeze_heap
from gateway.processes.kept import StationKept
from gateway.processes.ledger_messages import (
    Command,
    CommandAnswer,
    DefectCodes,
    DefectNames,
    EventRecord,
    KeptStates,
    LedgerReport,
    PartRecord,
    Propose,
    SelfTestDue,
)
from gateway.processes.memory import MachineMemory
from gateway.processes.messages import (
    VERSION,
    AcceptSound,
    EarReport,
    Judged,
    RecipeLoaded,
    RecipeView,
    Recording,
    RestartBaseline,
    Started,
    Taught,
    Tick,
    UseRecipe,
    WorkerNote,
)
from gateway.processes.plant_tags import AlertTags
from gateway.processes.service import ServiceManager
from gateway.processes.snapshot import Snapshot
from gateway.processes.sounds import SoundsReport
from gateway.processes.supervisor import ChildPlan, Supervisor
from gateway.recipes_in_use import RecipesInUse

log = structlog.get_logger()

PUBLISH_S = 0.25  #: HMIs read no faster, and the front has little to do
LEDGER, FRONT = "ledger", "front"


@dataclass(frozen=True, slots=True)
class ChildBody:
    """A process of the gateway: what it runs and with which plan."""

    name: str
    body: BodyName
    plan: object


class Gateway:
    """Main's half of every conversation.

    Parameters
    ----------
    line
        Name of the line.
    stations
        Facts of every station.
    workers, others
        The processes that judge; the ledger and the front, which tests may leave out.
    teaching
        Makes the desk where parts of Mode 3 are collected, given a function that starts a learner.
    clock
        The gateway's clock; its monotonic time is the event loop's.
    boot_id
        Tells this start of the gateway from others, 1..65535.
    quiet
        Child processes log nothing.
    plain
        Child processes log for eyes.
    published
        Also called with each snapshot, in the event loop: the live table of the demo.

    Attributes
    ----------
    links
        One for each PLC; set by wiring before `run`, since links are made with methods of this object.
    """

    def __init__(
        self,
        line: str,
        stations: Sequence[StationFacts],
        workers: Sequence[ChildBody],
        others: Sequence[ChildBody],
        teaching: MakeDesk,
        clock: Clock,
        *,
        boot_id: int,
        quiet: bool = False,
        plain: bool = False,
        published: Callable[[Snapshot], None] = lambda snapshot: None,
    ) -> None:
        self.links: Sequence[Link] = ()
        self._clock, self._published = clock, published
        self._stations = {facts.name: facts for facts in stations}
        self._supervisor = Supervisor(clock, quiet, plain)
        self._order = (*(w.name for w in workers), *(o.name for o in others))
        self._others = {o.name for o in others}
        self._newest = Newest(line, boot_id, stations, clock.now())
        self._recipes = RecipesInUse()
        self._plant = Plant(stations)
        self._alert_tags = AlertTags()
        self._memory = MachineMemory(self.to_worker)
        self._errands = Errands(self, self._supervisor, teaching)
        self._manager = ServiceManager(clock.now())
        for worker in workers:
            lost = partial(self._worker_lost, worker.name)
            self._supervisor.add(ChildPlan(worker.name, worker.body, worker.plan, self._from_worker, lost, ticks=True))
        for other in others:
            self._supervisor.add(
                ChildPlan(other.name, other.body, other.plan, self._from_other, background=True, keep=2000)
            )

    # ---- what links and rooms ask of main ------------------------------------------------------------

    def to_worker(self, station: str, message: object) -> bool:
        """Send to the worker that hears this station."""
        return self._supervisor.send(self._stations[station].worker, message)

    def to_ledger(self, message: object) -> None:
        """Send to the ledger; what cannot be queued is counted and alarmed."""
        self._supervisor.send(LEDGER, message)

    def record(self, record: PartRecord | EventRecord) -> None:
        """Hand a record to the ledger, and say what happened in the log; never blocks."""
        if isinstance(record, EventRecord):
            getattr(log, record.level)(record.sentence, where=record.where, kind=record.kind)
        self.to_ledger(record)

    def event(self, where: str, kind: str, sentence: str, level: str = "info") -> None:
        """Say what happened, dated now."""
        self.record(EventRecord(self._clock.wall().isoformat(), where, kind, sentence, level))

    def plant_values(self, values: Mapping[str, PlantValue]) -> None:
        """Tell the machines what the plant's tags say."""
        now = self._clock.now()
        if (tags := self._alert_tags.take(values, now)) is not None:
            self.to_ledger(tags)
        for state in self._plant.take(values, now):
            self.to_worker(state.station, state)

    # ---- the life of the process ------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`, then end everything in the order of the flow, within a bound."""
        self.event("gateway", "started", f"wheeltapper {version('wheeltapper')} started; it is not a safety function")
        freeze_heap()
        try:
            async with asyncio.TaskGroup() as tasks:
                supervision = tasks.create_task(self._supervisor.run(), name="supervisor")
                publishing = tasks.create_task(self._publish(), name="snapshot")
                linked = [
                    tasks.create_task(keep_linked(link, self._link_failed), name=f"link:{link.settings.name}")
                    for link in self.links
                ]
                await stop.wait()
                self._manager.stopping()
                self.event("gateway", "stopping", "the gateway was told to stop")
                await unlink(self.links, linked)
                await self._supervisor.stop(self._order)
                publishing.cancel()
                await supervision
        finally:
            await self._supervisor.stop(self._order, each_s=0.2)

    async def _publish(self) -> None:
        while True:
            snapshot = self.snapshot()
            # A front that does not read gets the next one, not a queue of old ones.
            if FRONT in self._others and self._supervisor.waiting(FRONT) < 2:
                self._supervisor.send(FRONT, snapshot)
            self._published(snapshot)
            self._manager.alive(snapshot.at)
            for alarm in self._newest.raised(snapshot):
                self.record(alarm)
            await asyncio.sleep(PUBLISH_S)

    def snapshot(self) -> Snapshot:
        """State of the whole gateway, now."""
        processes, dropped = self._supervisor.views(), self._supervisor.dropped()
        return self._newest.snapshot(self._clock.now(), self._clock.wall(), processes, dropped, self.links)

    # ---- from the workers ------------------------------------------------------------

    def _from_worker(self, message: object) -> None:
        match message:
            case Tick():
                self._manager.judged(self._clock.now())
                self._supervisor.ticked(message.worker)
                self._each_link(message.worker, Link.tick)
            case Recording():
                self._link(message.station).recording(message)
            case Judged():
                self._link(message.station).judged(message)
            case Taught():
                self._link(message.station).taught(message.station, message.ticket, self._clock.now())
                self._errands.taught(message, known=self._recipes.judges(message.station, message.part_type))
            case EarReport():
                self._ear(message)
            case ConditionReport():
                self._newest.condition(self._memory.heard(message))
                self.to_ledger(message)
            case StationKept():
                self._memory.learned(message)
                self.to_ledger(message)
            case SoundsReport():
                self._newest.sounds(message)
                self.to_ledger(message)
            case RecipeLoaded():
                self._recipe_loaded(message.station, {message.part_type: message.recipe})
            case Started():
                self._worker_back(message)
            case WorkerNote():
                self.event(message.worker, "worker-note", message.sentence, message.level)
            case _:
                raise TypeError(f"main does not know {type(message).__name__} from a worker")

    def _heard_by(self, worker: str) -> list[str]:
        return [name for name, facts in self._stations.items() if facts.worker == worker]

    def _each_link(self, worker: str, tell: Callable[[Link, Sequence[str]], None]) -> None:
        """Tell every link which of its stations this worker hears."""
        heard = [self._stations[name] for name in self._heard_by(worker)]
        for index, link in enumerate(self.links):
            if names := [facts.name for facts in heard if facts.link == index]:
                tell(link, names)

    def _link(self, station: str) -> Link:
        index = self._stations[station].link
        assert index is not None, f"{station} has no part flow"
        return self.links[index]

    def _worker_lost(self, worker: str, why: str) -> None:
        self.event(worker, "worker-lost", why, "error")
        self._newest.unheard(self._heard_by(worker))
        self._each_link(worker, Link.worker_lost)

    def _worker_back(self, started: Started) -> None:
        if started.version != VERSION:
            found = f"it speaks version {started.version} of our messages, and main {VERSION}"
            self.event(started.worker, "worker-refused", f"{found}; wheeltapper was upgraded: restart it", "error")
            return
        self.event(
            started.worker, "worker-started", f"{started.worker} hears {', '.join(self._heard_by(started.worker))}"
        )
        self._memory.back(self._heard_by(started.worker))
        self._each_link(started.worker, Link.worker_back)
        for station, recipes in started.recipes.items():
            before = self._recipes.before(station, recipes)
            for part_type, recipe in before.items():
                # Sent before any part: the worker's new loop has nothing under way that another version could judge.
                self.to_worker(station, UseRecipe(station, part_type, recipe.folder))
                sentence = f"{recipe.name} was changed on disk; version {recipe.version} judges on until a restart"
                self.event(station, "recipe-kept", sentence, "warning")
            self._recipe_loaded(station, {**recipes, **before})

    def _recipe_loaded(self, station: str, recipes: Mapping[int, RecipeView]) -> None:
        self._link(station).recipes(station, self._recipes.loaded(station, recipes))
        names = tuple(sorted({defect for recipe in recipes.values() for defect in recipe.defects}))
        if names:
            self.to_ledger(DefectNames(station, names))

    def _ear(self, report: EarReport) -> None:
        self._newest.ear(report)
        self.to_ledger(report)
        if self._stations[report.station].link is not None:
            self._link(report.station).ear(report.station, deaf=report.deaf)

    # ---- from ledger and front ------------------------------------------------------------

    def _from_other(self, message: object) -> None:
        match message:
            case LedgerReport():
                self._newest.ledger(message, self._clock.now())
            case DefectCodes():
                self._link(message.station).defect_codes(message.station, message.codes)
            case Command():
                self.to_ledger(message)
            case RestartBaseline():
                self._memory.restart(message)
            case AcceptSound():  # a worker that begins anew learns anew what it hears
                self.to_worker(message.station, message)
            case UseRecipe():
                self._recipes.chosen(message)
                self.to_worker(message.station, message)
            case Propose():
                self._errands.propose(message)
            case KeptStates() | StationKept():
                self._memory.stored(message)
            case EventRecord():
                self.record(message)
            case SelfTestDue():
                self._self_test()
            case CommandAnswer():
                self._tell_front(message)
            case _:
                raise TypeError(f"main does not know {type(message).__name__}")

    def _self_test(self) -> None:
        for station, sentence, level in self._newest.self_test():  # a line is not stopped for it
            self.event(station, "self-test", sentence, level)

    def _tell_front(self, answer: CommandAnswer) -> None:
        if FRONT in self._others:
            self._supervisor.send(FRONT, answer)

    # ---- small things ------------------------------------------------------------

    def _link_failed(self, link: str, sentence: str) -> None:
        self.event(link, "link-failed", sentence, "error")
