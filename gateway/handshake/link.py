"""Drives the handshakes of all stations of one PLC over its port.

One task owns the port, so every request is alone on the line; a result waits for the one request that is under way
and for no other. All methods are called on that task's event loop.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from analytics.decision.verdict import not_decidable
from analytics.quality.words import Quality
from connectors.plc.port import GwImage, PlantValue, PlcFault, PlcPort, PlcRefused, PlcUnreachable
from gateway.handshake import events
from gateway.handshake.parts import next_due
from gateway.handshake.state import StationRules, Worker, begin
from gateway.handshake.table import step
from gateway.handshake.tally import Tally
from gateway.processes.clock import Clock
from gateway.processes.messages import (
    Abandon,
    EventRecord,
    Judged,
    PartRecord,
    RecipeView,
    Recording,
    StartCapture,
)
from gateway.processes.snapshot import PartView

_T = TypeVar("_T")
CLOCK_STEP_S = 0.5  #: the wall clock moved this much against the monotonic one: a step, not a slew
_Send = events.WriteZero | events.WriteAccept | events.WriteResult


class Jobs(Protocol):
    """Where captures are ordered; neither call may block."""

    def start(self, order: StartCapture) -> None:
        """Have the sound of a part recorded and judged."""
        ...

    def abandon(self, order: Abandon) -> None:
        """Say that nobody waits for it any more."""
        ...


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Times of one PLC link, in seconds.

    Parameters
    ----------
    request_s
        Longest wait for one answer; results are bounded by their own deadline instead.
    retry_s, retry_max_s
        Pause before the first and before every later attempt to connect, doubling, with up to 20 % of jitter. A PLC
        that refuses is asked at the longer pace at once: waiting does not help, a person has to act.
    drain_s
        How long `stop` lets open parts be answered.
    """

    name: str = "plc"
    poll_s: float = 0.010
    values_s: float = 0.25
    request_s: float = 0.5
    open_s: float = 10.0
    close_s: float = 2.0
    retry_s: float = 0.2
    retry_max_s: float = 5.0
    drain_s: float = 2.0


class _Station:
    """One station's state, and what waits to be sent for it."""

    __slots__ = ("beat", "recipes", "reread_at", "send", "state", "tally")

    def __init__(self, rules: StationRules, boot_id: int) -> None:
        self.state = begin(rules, boot_id)
        self.tally = Tally(rules)
        self.recipes: Mapping[int, RecipeView] = {}
        self.send: _Send | None = None
        self.reread_at: float | None = None
        self.beat: GwImage | None = None


class Link:
    """The part handshakes of every station behind one PLC connection.

    Parameters
    ----------
    port_factory
        Makes a new, closed port; called once for every attempt to connect.
    stations
        The rules of each station.
    clock
        Injected; its monotonic time must be the event loop's.
    jobs
        Where captures are ordered.
    sink
        Takes the record of every part, once, and of what happens to the link; must not block.
    on_values
        Takes the plain tags, a few times a second, while the link is up.
    rng
        Draws boot ids and the jitter of retries.
    """

    def __init__(
        self,
        port_factory: Callable[[], PlcPort],
        stations: Sequence[StationRules],
        clock: Clock,
        jobs: Jobs,
        sink: Callable[[PartRecord | EventRecord], None],
        *,
        settings: LinkSettings | None = None,
        on_values: Callable[[Mapping[str, PlantValue]], None] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.settings = settings or LinkSettings()
        self._factory = port_factory
        self._clock = clock
        self._jobs = jobs
        self._sink = sink
        self._on_values = on_values
        self._rng = rng or random.SystemRandom()
        self._stations = {rules.station: _Station(rules, self._boot_id()) for rules in stations}
        self._results: deque[str] = deque()  # stations whose result waits; each has one write at most
        self._sends: deque[str] = deque()  # stations whose zero image or TrigAck waits
        self._wake = asyncio.Event()
        self._up = False
        self._sentence = "not connected yet"
        self._stop_at: float | None = None
        self._wall_ahead: float | None = None

    # ---- what main tells -------------------------------------------------------------------------------------------

    def recording(self, message: Recording) -> None:
        """Take word that a recording has started."""
        self._feed(message.station, events.RecordingStarted(message.ticket))

    def judged(self, message: Judged) -> None:
        """Take a verdict; its result is sent as the very next request."""
        station = self._stations[message.station]
        code = station.tally.defect_code(message.verdict.defect)
        self._feed(message.station, events.VerdictCame(message, code))

    def tick(self, stations: Iterable[str]) -> None:
        """Take word that the worker of these stations has completed a pass of its loop."""
        for name in stations:
            self._feed(name, events.WorkerTicked())

    def worker_lost(self, stations: Iterable[str]) -> None:
        """Take word that the worker of these stations is gone."""
        for name in stations:
            self._feed(name, events.WorkerLost())

    def worker_back(self, stations: Iterable[str]) -> None:
        """Take word that a worker stands (again); where one was lost, the stations get a new GwBootId."""
        for name in stations:
            lost = self._stations[name].state.worker is Worker.LOST
            self._feed(name, events.WorkerBack(self._boot_id()) if lost else events.WorkerTicked())

    def recipes(self, station: str, recipes: Mapping[int, RecipeView], *, degraded: bool = False) -> None:
        """Take the recipes a station has, by PartType; `degraded` says its ear needs a person but still serves."""
        self._stations[station].recipes = dict(recipes)
        self._ready(station, degraded)

    def defect_codes(self, station: str, codes: Mapping[str, int]) -> None:
        """Take the DefectCode of every taught class of a station."""
        self._stations[station].tally.codes = dict(codes)

    def stop(self) -> None:
        """End `run`: no new part is heard, open parts are answered, within a bound."""
        if self._stop_at is None:
            self._stop_at = self._clock.now() + self.settings.drain_s
            for name, station in self._stations.items():
                self._ready(name, station.state.degraded)
        self._wake.set()

    def views(self) -> Mapping[str, PartView]:
        """Show every station, for the snapshot."""
        link = "up" if self._up else "down"
        return {
            name: station.tally.view(station.state, link, self._sentence, station.recipes)
            for name, station in self._stations.items()
        }

    def alarms(self) -> Mapping[str, Mapping[str, str]]:
        """Show the alarms that are active: sentence by name, by station."""
        return {name: dict(station.tally.alarms) for name, station in self._stations.items()}

    def taught(self, station: str, ticket: int, at: float) -> None:
        """Take word that a teach part (Mode 3) was heard; it needs no verdict."""
        verdict = not_decidable("heard to be taught from (Mode 3)", Quality.TEACHING)
        self._feed(station, events.VerdictCame(Judged(station, ticket, verdict, captured_at=at, judged_at=at)))

    def _boot_id(self) -> int:
        return self._rng.randint(1, 0xFFFF)

    def _ready(self, name: str, degraded: bool) -> None:
        recipes = self._stations[name].recipes
        ready = frozenset(kind for kind, recipe in recipes.items() if not recipe.fault)
        broken = frozenset(recipes) - ready
        self._feed(name, events.ReadyChanged(ready, broken, degraded, locked=self._stop_at is not None))

    # ---- the connection --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, serve, and connect again, until `stop` or cancelled."""
        pause = self.settings.retry_s
        while self._stop_at is None:
            port = self._factory()
            try:
                async with asyncio.timeout(self.settings.open_s):
                    await port.open()
                pause = self.settings.retry_s
                self._came_up()
                await self._serve(port)
            except (PlcFault, TimeoutError) as fault:
                self._note_fault(fault)
                pause = self.settings.retry_max_s if isinstance(fault, PlcRefused) else pause
            finally:
                # First closed, then said so: nothing may be sent on this connection once its parts are given up.
                await self._close(port)
                self._went_down()
            if self._stop_at is None:
                await self._wait(self._clock.now() + pause * self._rng.uniform(1.0, 1.2))
                pause = min(pause * 2, self.settings.retry_max_s)

    async def _close(self, port: PlcPort) -> None:
        try:
            async with asyncio.timeout(self.settings.close_s):
                await port.close()
        except (PlcFault, TimeoutError) as fault:
            self._event(
                "plc-close-failed", f"the connection could not be closed cleanly: {_sentence(fault)}", "warning"
            )

    def _came_up(self) -> None:
        self._up = True
        self._sentence = ""
        self._event("plc-link-up", "the link to the PLC stands")
        for name in self._stations:
            self._feed(name, events.Connected())

    def _note_fault(self, fault: BaseException) -> None:
        """Say it once when it breaks; a retry that fails the same way is silent."""
        sentence = _sentence(fault)
        if self._up or sentence != self._sentence:
            kind = "plc-refused" if isinstance(fault, PlcRefused) else "plc-link-down"
            self._event(kind, sentence, "error")
        self._sentence = sentence

    def _went_down(self) -> None:
        if not self._up:
            return
        self._up = False
        self._sentence = self._sentence or "the link was closed"
        for station in self._stations.values():
            station.send = station.reread_at = station.beat = None
        self._results.clear()
        self._sends.clear()
        for name in self._stations:
            self._feed(name, events.Disconnected(self._sentence))

    async def _serve(self, port: PlcPort) -> None:
        """Send what waits, most urgent first; between that, poll."""
        poll_at = values_at = self._clock.now()
        while not self._drained():
            now = self._clock.now()
            if await self._send_next(port) or await self._reread_next(port, now):
                continue
            if beats := {name: station.beat for name, station in self._stations.items() if station.beat is not None}:
                await self._beat(port, beats)
            elif self._on_values is not None and now >= values_at:
                values_at = now + self.settings.values_s
                self._on_values(await self._bounded(port.values(), "reading the plain tags"))
            elif now >= poll_at:
                # On an absolute schedule; polls that were missed are not made up for.
                poll_at = max(poll_at + self.settings.poll_s, now)
                await self._poll(port)
            else:
                rereads = (s.reread_at for s in self._stations.values() if s.reread_at is not None)
                due = (next_due(station.state, now) for station in self._stations.values())
                await self._wait(min(poll_at, *due, *rereads))
                self._pass_time()

    def _drained(self) -> bool:
        if self._stop_at is None:
            return False
        states = [station.state for station in self._stations.values()]
        idle = not any(state.part or state.reading or state.answers or state.writing for state in states)
        return idle or self._clock.now() >= self._stop_at

    async def _wait(self, until: float) -> None:
        """Sleep until a moment or until something is to be sent."""
        self._wake.clear()
        delay = until - self._clock.now()
        timer = asyncio.get_running_loop().call_later(max(delay, 0.0), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    # ---- requests --------------------------------------------------------------------------------------------------

    async def _send_next(self, port: PlcPort) -> bool:
        """Carry out one write; results go before all else."""
        queue = self._results or self._sends
        if not queue:
            return False
        name = queue.popleft()
        station = self._stations[name]
        send, station.send = station.send, None
        assert send is not None, name
        # The heartbeat may have been counted since the image was made.
        image = replace(send.image, heartbeat=station.state.image.heartbeat)
        if isinstance(send, events.WriteZero):
            await self._bounded(port.zero(name, image), "writing the zero image")
        else:
            left = send.until - self._clock.now()
            if left <= 0:
                self._feed(name, events.WriteFailed("its time had run out before it could be sent"))
                return True
            if isinstance(send, events.WriteAccept):
                await self._bounded(port.accept(name, image), "writing TrigAck", left)
            else:
                await self._bounded(port.result(name, image), "writing a result", left)
        self._feed(name, events.WriteDone())
        return True

    async def _reread_next(self, port: PlcPort, now: float) -> bool:
        """Carry out one second read that is due."""
        for name, station in self._stations.items():
            if station.reread_at is not None and now >= station.reread_at:
                station.reread_at = None
                try:
                    image = await self._bounded(port.read(name), "reading a part's data")
                except PlcRefused:
                    self._feed(name, events.RereadCame(None))
                else:
                    self._feed(name, events.RereadCame(image))
                return True
        return False

    async def _beat(self, port: PlcPort, beats: Mapping[str, GwImage]) -> None:
        for name in beats:
            self._stations[name].beat = None
        await self._bounded(port.beat(beats), "writing the heartbeat")

    async def _poll(self, port: PlcPort) -> None:
        images = await self._bounded(port.poll(), "polling")
        stepped = self._clock_stepped()
        for name in self._stations:
            if stepped:
                self._feed(name, events.ClockStepped())
            image = images.get(name)
            # A station whose tags are Bad is as good as unread (row 20).
            self._feed(name, events.Polled(image) if image is not None else events.TimePassed())

    async def _bounded(self, request: Awaitable[_T], what: str, left: float = float("inf")) -> _T:
        """Wait for one answer; a request that was given up may still be carried out, so the connection has to go."""
        limit = min(left, self.settings.request_s)
        try:
            async with asyncio.timeout(limit):
                return await request
        except TimeoutError as late:
            raise PlcUnreachable(f"{self.settings.name}: {what}: no answer within {limit * 1000:.0f} ms") from late

    def _pass_time(self) -> None:
        now = self._clock.now()
        for name, station in self._stations.items():
            if next_due(station.state, float("-inf")) <= now:
                self._feed(name, events.TimePassed())

    def _clock_stepped(self) -> bool:
        """Whether the wall clock jumped since the last look (row 14)."""
        ahead = self._clock.wall().timestamp() - self._clock.now()
        before, self._wall_ahead = self._wall_ahead, ahead
        if before is None or abs(ahead - before) < CLOCK_STEP_S:
            return False
        self._event("clock-step", f"the wall clock stepped by {ahead - before:+.1f} s; no judgement uses it", "warning")
        return True

    # ---- actions ---------------------------------------------------------------------------------------------------

    def _feed(self, name: str, event: events.Event) -> None:
        """Step one station's table and set out what it asks for."""
        station = self._stations[name]
        station.state, actions = step(station.state, event, self._clock.now())
        for action in actions:
            self._act(name, station, action)

    def _act(self, name: str, station: _Station, action: events.Action) -> None:
        match action:
            case events.WriteResult():
                station.send = action
                self._results.append(name)
                self._wake.set()
            case events.WriteZero() | events.WriteAccept():
                station.send = action
                self._sends.append(name)
                self._wake.set()
            case events.Reread(after_s):
                station.reread_at = self._clock.now() + after_s
                self._wake.set()
            case events.Beat(image):
                station.beat = image
                self._wake.set()
            case StartCapture():
                self._jobs.start(action)
            case Abandon():
                self._jobs.abandon(action)
            case events.Record(part):
                self._sink(station.tally.record(part, self._clock))
            case events.Count(what, by):
                if (saying := station.tally.count(what, by, self._clock.now())) is not None:
                    self._event(*saying, "warning", where=name)
            case events.Raise(alarm, sentence):
                station.tally.alarms[alarm] = sentence
                self._event("alarm-raised", f"{alarm}: {sentence}", "error", where=name)
            case events.Clear(alarm):
                sentence = station.tally.alarms.pop(alarm)
                self._event("alarm-cleared", f"{alarm}: no longer: {sentence}", where=name)

    def _event(self, kind: str, sentence: str, level: str = "info", *, where: str = "") -> None:
        wall = self._clock.wall().isoformat(timespec="milliseconds")
        self._sink(EventRecord(wall, where or self.settings.name, kind, sentence, level))


def _sentence(fault: BaseException) -> str:
    return str(fault) or "no answer in time"
