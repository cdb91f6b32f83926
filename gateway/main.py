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
from gateway.handshake.link import Link
from gateway.handshake.tasks import keep_linked, unlink
from gateway.newest import Newest, StationFacts
from gateway.processes.clock import Clock
from gateway.processes.condition import ConditionReport
from gateway.processes.entry import BodyName, freeze_heap
from gateway.processes.memory import MachineMemory
from gateway.processes.messages import (
    VERSION,
    AcceptSound,
    Command,
    CommandAnswer,
    DefectCodes,
    DefectNames,
    EarReport,
    EventRecord,
    Judged,
    KeptStates,
    LedgerReport,
    PartRecord,
    PlantState,
    Propose,
    Proposed,
    RecipeLoaded,
    RecipeView,
    Recording,
    RestartBaseline,
    SelfTestDue,
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
from gateway.stations.learner import Learned, LearnPlan
from gateway.teaching import TeachingDesk

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
        teaching: Callable[[Callable[[LearnPlan], None]], TeachingDesk],
        clock: Clock,
        *,
        boot_id: int,
        quiet: bool = False,
        published: Callable[[Snapshot], None] = lambda snapshot: None,
    ) -> None:
        self.links: Sequence[Link] = ()
        self._clock, self._published = clock, published
        self._stations = {facts.name: facts for facts in stations}
        self._supervisor = Supervisor(clock, quiet)
        self._order = (*(w.name for w in workers), *(o.name for o in others))
        self._others = {o.name for o in others}
        self._newest = Newest(line, boot_id, stations, clock.now())
        self._recipes: dict[str, dict[int, RecipeView]] = {}
        self._plant: dict[str, PlantValue] = {}
        self._alert_tags = AlertTags()
        self._memory = MachineMemory(self.to_worker)
        self._teaching = teaching(self._start_learner)
        self._manager = ServiceManager(clock.now())
        self._learners = 0
        self._proposing: set[tuple[str, int]] = set()
        self._activated: dict[tuple[str, int], str] = {}  # folder a person chose while this gateway runs
        for worker in workers:
            lost = partial(self._worker_lost, worker.name)
            self._supervisor.add(
                ChildPlan(worker.name, worker.body, worker.plan, self._from_worker, lost, ticks=True)
            )
        for other in others:
            self._supervisor.add(
                ChildPlan(other.name, other.body, other.plan, self._from_other, background=True, keep=2000)
            )

    # ---- what links and rooms ask of main ------------------------------------------------------------

    def to_worker(self, station: str, message: object) -> bool:
        """Send to the worker that hears this station."""
        return self._supervisor.send(self._stations[station].worker, message)

    def record(self, record: PartRecord | EventRecord) -> None:
        """Hand a record to the ledger, and say what happened in the log; never blocks."""
        if isinstance(record, EventRecord):
            getattr(log, record.level)(record.sentence, where=record.where, kind=record.kind)
        self._supervisor.send(LEDGER, record)

    def plant_values(self, values: Mapping[str, PlantValue]) -> None:
        """Tell the machines what the plant's tags say."""
        now = self._clock.now()
        self._plant.update(values)  # a machine's tags may lie in two PLCs
        if (tags := self._alert_tags.take(values, now)) is not None:
            self._supervisor.send(LEDGER, tags)
        for facts in self._stations.values():
            own = (facts.rpm_value, facts.running_value, *facts.covariate_values.values())
            if not any(key in values for key in own):
                continue
            rpm, running, *beside = (None if (said := self._plant.get(key)) is None else said.value for key in own)
            runs = None if running is None else bool(running)
            covariates = dict(zip(facts.covariate_values, beside, strict=True))
            self.to_worker(facts.name, PlantState(facts.name, now, runs, rpm, covariates))

    # ---- the life of the process ------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`, then end everything in the order of the flow, within a bound."""
        self._event("gateway", "started", f"wheeltapper {version('wheeltapper')} started; it is not a safety function")
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
                self._event("gateway", "stopping", "the gateway was told to stop")
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
                self._taught(message)
            case EarReport():
                self._ear(message)
            case ConditionReport():
                self._newest.condition(self._memory.heard(message))
                self._supervisor.send(LEDGER, message)
            case SoundsReport():
                self._newest.sounds(message)
                self._supervisor.send(LEDGER, message)
            case RecipeLoaded():
                self._recipe_loaded(message.station, {message.part_type: message.recipe})
            case Started():
                self._worker_back(message)
            case WorkerNote():
                self._event(message.worker, "worker-note", message.sentence, message.level)
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
        self._event(worker, "worker-lost", why, "error")
        self._newest.unheard(self._heard_by(worker))
        self._each_link(worker, Link.worker_lost)

    def _worker_back(self, started: Started) -> None:
        if started.version != VERSION:
            found = f"it speaks version {started.version} of our messages, and main {VERSION}"
            self._event(started.worker, "worker-refused", f"{found}; wheeltapper was upgraded: restart it", "error")
            return
        self._event(
            started.worker, "worker-started", f"{started.worker} hears {', '.join(self._heard_by(started.worker))}"
        )
        self._memory.back(self._heard_by(started.worker))
        self._each_link(started.worker, Link.worker_back)
        for station, recipes in started.recipes.items():
            # What was learned since the site file was read is kept by the folder it was written to.
            self._recipe_loaded(station, self._as_before(station, recipes))

    def _as_before(self, station: str, recipes: Mapping[int, RecipeView]) -> Mapping[int, RecipeView]:
        """Have a worker that came back judge by the versions of before: a change on disk waits for a restart."""
        found = dict(recipes)
        for part_type, recipe in recipes.items():
            before = self._recipes.get(station, {}).get(part_type)
            if self._activated.get((station, part_type)) == recipe.folder:
                continue
            if before is not None and not before.fault and before.hash != recipe.hash:
                # Sent before any part: the worker's new loop has nothing under way that another version could judge.
                self.to_worker(station, UseRecipe(station, part_type, before.folder))
                found[part_type] = before
                sentence = f"{before.name} was changed on disk; version {before.version} judges on until a restart"
                self._event(station, "recipe-kept", sentence, "warning")
        return found

    def _recipe_loaded(self, station: str, recipes: Mapping[int, RecipeView]) -> None:
        known = self._recipes.setdefault(station, {})
        known.update(recipes)
        self._link(station).recipes(station, known)
        names = tuple(sorted({defect for recipe in recipes.values() for defect in recipe.defects}))
        if names:
            self._supervisor.send(LEDGER, DefectNames(station, names))

    def _ear(self, report: EarReport) -> None:
        self._newest.ear(report)
        self._supervisor.send(LEDGER, report)
        if self._stations[report.station].link is not None:
            self._link(report.station).ear(report.station, deaf=report.deaf)

    # ---- teaching ------------------------------------------------------------

    def _taught(self, part: Taught) -> None:
        self._link(part.station).taught(part.station, part.ticket, self._clock.now())
        recipe = self._recipes.get(part.station, {}).get(part.part_type)
        known = recipe is not None and not recipe.fault
        log.info(self._teaching.heard(part, known=known), station=part.station)

    def _start_learner(self, plan: LearnPlan) -> None:
        self._learners += 1
        name = f"learner-{self._learners}"
        body = "gateway.stations.learner:run_learner"

        def lost(why: str) -> None:
            self._learned(Learned(plan.station, plan.part_type, plan.folder, f"{why}; its parts are to be heard again"))

        # It does not step back as the others do: it is a second of work, and the line waits for it.
        self._supervisor.add(ChildPlan(name, body, plan, self._learned, lost, once=True))

    def _learned(self, message: object) -> None:
        assert isinstance(message, Learned)
        self._teaching.ended(message.station, message.part_type)
        if message.fault:
            self._event(message.station, "not-learned", message.fault, "warning")
            return
        self._event(message.station, "learned", f"type {message.part_type} was learned into {message.folder}")
        self.to_worker(message.station, UseRecipe(message.station, message.part_type, message.folder))

    # ---- proposing ------------------------------------------------------------

    def _start_proposer(self, asked: Propose) -> None:
        """Make the next version in a process of its own that steps back for those that judge."""
        key = (asked.station, asked.part_type)
        if key in self._proposing:
            said = "a next version is being made already; ask again when it is there"
            self._supervisor.send(LEDGER, Proposed(*key, asked.who, "", None, said))
            return
        self._proposing.add(key)
        self._learners += 1

        def heard(message: object) -> None:
            assert isinstance(message, Proposed)
            self._proposing.discard(key)
            self._supervisor.send(LEDGER, message)

        def lost(why: str) -> None:
            heard(Proposed(*key, asked.who, "", None, f"{why}; nothing was proposed"))

        name = f"proposer-{self._learners}"
        self._supervisor.add(
            ChildPlan(name, "gateway.proposer:run_proposer", asked, heard, lost, once=True, background=True)
        )

    # ---- from ledger and front ------------------------------------------------------------

    def _from_other(self, message: object) -> None:
        match message:
            case LedgerReport():
                self._newest.ledger(message, self._clock.now())
            case DefectCodes():
                self._link(message.station).defect_codes(message.station, message.codes)
            case Command():
                self._supervisor.send(LEDGER, message)
            case RestartBaseline():
                self._memory.restart(message)
            case AcceptSound():  # a worker that begins anew learns anew: nothing to remember
                self.to_worker(message.station, message)
            case UseRecipe():
                self._activated[message.station, message.part_type] = message.folder
                self.to_worker(message.station, message)
            case Propose():
                self._start_proposer(message)
            case KeptStates():
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
            self._event(station, "self-test", sentence, level)

    def _tell_front(self, answer: CommandAnswer) -> None:
        if FRONT in self._others:
            self._supervisor.send(FRONT, answer)

    # ---- small things ------------------------------------------------------------

    def _link_failed(self, link: str, sentence: str) -> None:
        self._event(link, "link-failed", sentence, "error")

    def _event(self, where: str, kind: str, sentence: str, level: str = "info") -> None:
        self.record(EventRecord(self._clock.wall().isoformat(), where, kind, sentence, level))
