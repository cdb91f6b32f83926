"""The process sound is heard and judged in: one loop, one thread, nothing that waits but for the next sound."""

from collections import deque
from collections.abc import Callable, Iterable
from secrets import token_hex

from gateway.audio.open import make_source
from gateway.audio.source import Source, SourceStuck
from gateway.processes.channel import Endpoint
from gateway.processes.clock import Clock
from gateway.processes.entry import freeze_heap
from gateway.processes.kept import StationKept
from gateway.processes.messages import (
    VERSION,
    Abandon,
    AcceptSound,
    PlantState,
    Recall,
    RecipeLoaded,
    RestartBaseline,
    StartCapture,
    Started,
    Stop,
    Tick,
    UseRecipe,
    WorkerNote,
)
from gateway.stations.ear import Ear
from gateway.stations.feeding import Feeding
from gateway.stations.intake import Intake
from gateway.stations.machine import MachineStation
from gateway.stations.part import PartStation
from gateway.stations.passes import Passes
from gateway.stations.plan import SourcePlan, StationPlan, WorkerPlan
from gateway.stations.shelf import Shelf
from gateway.stations.sounds import SoundsStation

IDLE_S = 0.02  #: between passes while no part is awaited; a message ends the wait at once
BUSY_S = 0.005  #: between passes while a part is being recorded
CLOSE_S = 0.001  #: between passes once its last sample should be there: the verdict's latency is made here
CLOSE_FOR_S = 0.05  #: so long; blocks of a sound card come every 2 to 20 ms
TICK_S = 0.05
REPORT_S = 0.004  #: of a pass for reports; an ear's whole second takes 3 ms, and all ears' seconds end together
DRAIN_S = 1.0  #: after `Stop`, for the parts that are under way
KEPT_S = 2.0  #: sound remembered beyond the longest part and its surroundings

MakeSource = Callable[[SourcePlan, Clock], Source]


def run_worker(plan: WorkerPlan, channel: Endpoint, clock: Clock) -> None:
    """Hear and judge for the stations of one plan, until `Stop` comes.

    Raises
    ------
    ChannelClosed
        Main is gone.
    SystemExit
        The audio system does not answer any more, and main was told; a new process can begin anew.
    """
    worker = Worker(plan, channel, clock)
    freeze_heap()  # recipes and models live as long as the worker
    try:
        worker.run()
    except SourceStuck as fault:
        raise SystemExit(1) from fault
    finally:
        worker.close()


class Worker:
    """The loop's state.

    Parameters
    ----------
    plan
        Sources and stations.
    channel
        To main and back.
    clock
        The gateway's clock.
    make
        Builds a source; tests hand in their own.
    """

    def __init__(self, plan: WorkerPlan, channel: Endpoint, clock: Clock, make: MakeSource = make_source) -> None:
        self.name = plan.name
        self._channel = channel
        self._clock = clock
        self._passes = Passes(clock)
        self._ticked: float | None = None
        self._stop_by: float | None = None
        self._intakes = [
            Intake(source, clock, _memory_s(plan, index), make) for index, source in enumerate(plan.sources)
        ]
        self._ears: dict[str, Ear] = {}
        self._shelves: dict[str, Shelf] = {}
        self._parts: dict[str, PartStation] = {}
        self._machines: dict[str, MachineStation] = {}
        self._sounds: dict[str, SoundsStation] = {}
        self._feeding = Feeding(clock, self._next_due)
        for station in plan.stations:
            self._build(station)
        self._turn = deque(self._ears)

    def run(self) -> None:
        """Say what stands, then pass after pass until it is over."""
        self._listen()
        recipes = {name: shelf.views() for name, shelf in self._shelves.items()}
        self._channel.send(Started(self.name, VERSION, recipes))
        for name, sounds in self._sounds.items():
            if sounds.fault:
                self._channel.send(WorkerNote(self.name, "error", f"{name}: {sounds.fault}"))
        while not self._over():
            wait_s = self._wait_s()
            due = self._clock.now() + wait_s
            messages = self._channel.receive(wait_s)
            self._passes.begin(due)
            if messages:  # what came meanwhile is heard first: a part is not refused for sound that only waits here
                self._listen()
            for message in messages:
                self._obey(message)
                self._passes.did(type(message).__name__)
            self._pass()

    def close(self) -> None:
        """Let go of every source."""
        for intake in self._intakes:
            intake.close()

    # ---- one pass -------------------------------------------------------------------------------------------------

    def _pass(self) -> None:
        self._listen()
        for name, part in self._parts.items():
            self._tell(part.advance())
            self._passes.did("judging at", name)
        if name := self._feeding.feed():
            self._passes.did("listening to", name)
        self._report()
        self._passes.end()
        self._tick()

    def _tick(self) -> None:
        now = self._clock.now()
        if self._ticked is not None and now - self._ticked < TICK_S:
            return
        self._ticked = now
        longest = self._passes.longest()
        self._channel.send(Tick(self.name, now, self._passes.count, longest))
        if note := self._passes.note(longest):
            self._channel.send(WorkerNote(self.name, "warning", note))

    def _listen(self) -> None:
        for intake in self._intakes:
            try:
                sentence = intake.listen()
            except SourceStuck as fault:
                self._channel.send(WorkerNote(self.name, "error", str(fault)))
                raise
            if sentence:
                self._channel.send(WorkerNote(self.name, "warning", sentence))
        self._passes.did("taking sound in")

    def _report(self) -> None:
        """Report on one station after the other; who is left over when that takes long comes first in the next pass."""
        enough = self._clock.now() + REPORT_S
        for _ in range(len(self._turn)):
            name = self._turn[0]
            self._turn.rotate(-1)
            self._report_on(name)
            self._passes.did("reporting on", name)
            if self._clock.now() > enough:
                return

    def _report_on(self, name: str) -> None:
        ear = self._ears[name]
        report = ear.watch()
        if report is not None:
            self._channel.send(report)
            self._keep(name, "ear", ear.to_keep())
            self._keep(name, "drift", self._parts[name].to_keep() if name in self._parts else None)
        machine = self._machines.get(name)
        if machine is not None and machine.due(self._clock.now()):
            self._channel.send(machine.report(self._clock.now(), self._clock.wall(), ear.quality))
        sounds = self._sounds.get(name)
        if sounds is not None and sounds.due(self._clock.now()):
            self._channel.send(sounds.report(self._clock.now(), self._clock.wall()))

    def _keep(self, station: str, kind: str, text: str | None) -> None:
        if text is not None:
            self._channel.send(StationKept(station, kind, text))

    def _next_due(self) -> float | None:
        return min((due for due in (part.due_at() for part in self._parts.values()) if due is not None), default=None)

    def _wait_s(self) -> float:
        due = self._next_due()
        if due is None:
            return IDLE_S
        ahead = due - self._clock.now()
        if ahead > 0:
            return min(ahead, BUSY_S)
        return CLOSE_S if ahead > -CLOSE_FOR_S else BUSY_S

    def _over(self) -> bool:
        if self._stop_by is None:
            return False
        return self._clock.now() >= self._stop_by or not any(part.pending for part in self._parts.values())

    # ---- messages -------------------------------------------------------------------------------------------------

    def _obey(self, message: object) -> None:
        match message:
            case StartCapture(station=name) if name in self._parts and self._stop_by is None:
                self._tell(self._parts[name].start(message))
            case Abandon(station=name, ticket=ticket) if name in self._parts:
                self._parts[name].abandon(ticket)
            case PlantState(station=name) if name in self._machines:
                self._machines[name].plant(message)
            case UseRecipe(station=name, part_type=part_type, folder=folder) if name in self._shelves:
                view = self._shelves[name].use(part_type, folder)
                self._channel.send(RecipeLoaded(name, part_type, view))
            case Recall(station=name, kept=kept) if name in self._machines:
                self._note(name, self._machines[name].recall(kept))
            case StationKept(station=name, kind="ear", text=text) if name in self._ears:
                self._note(name, self._ears[name].recall(text))
            case StationKept(station=name, kind="drift", text=text) if name in self._parts:
                self._note(name, self._parts[name].recall(text))
            case RestartBaseline(station=name) if name in self._machines:
                self._machines[name].restart_baseline()
            case AcceptSound(station=name) if name in self._ears:
                self._ears[name].accept()
            case Stop():
                self._stop_by = self._clock.now() + DRAIN_S
            case _:
                self._channel.send(WorkerNote(self.name, "warning", f"not for this worker: {type(message).__name__}"))

    def _note(self, station: str, sentence: str) -> None:
        if sentence:
            self._channel.send(WorkerNote(self.name, "warning", f"{station}: {sentence}"))

    def _tell(self, answers: Iterable[object]) -> None:
        for answer in answers:
            self._channel.send(answer)

    # ---- building -------------------------------------------------------------------------------------------------

    def _build(self, plan: StationPlan) -> None:
        intake = self._intakes[plan.source]
        ambient = None
        if plan.ambient_source is not None:
            ambient = (self._intakes[plan.ambient_source], plan.ambient_channel)
        ear = Ear(plan.name, intake, plan.channel, self._clock, ambient, plan.beam)
        self._ears[plan.name] = ear
        if plan.part is not None:
            shelf = Shelf(plan.part, ear.rate)
            self._shelves[plan.name] = shelf
            self._parts[plan.name] = PartStation(plan.name, plan.part, ear, shelf, self._clock)
        if plan.machine is not None:
            station = MachineStation(
                plan.name, plan.machine, ear.rate, self._clock, lambda: token_hex(8), ear.ambient if ambient else None
            )
            self._machines[plan.name] = station
            self._feeding.add(plan.name, station, ear)
        if plan.sounds is not None:
            sounds = SoundsStation(plan.name, plan.sounds, ear.rate, self._clock, lambda: token_hex(8))
            self._sounds[plan.name] = sounds
            self._feeding.add(plan.name, sounds, ear)


def _memory_s(plan: WorkerPlan, source: int) -> float:
    """Sound a source must remember for the longest part heard by it, in seconds of its own time."""
    parts = [one.part for one in plan.stations if one.part is not None and source in (one.source, one.ambient_source)]
    longest = max(((abs(part.after_ms) + part.length_ms) / 1000 for part in parts), default=0.0)
    pace = 1.0 if plan.sources[source].kind == "microphone" else max(1.0, plan.sources[source].pace)
    return longest + KEPT_S * min(pace, 10.0)
