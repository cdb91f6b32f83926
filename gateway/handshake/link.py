"""Drives the handshakes of all stations of one PLC over its port.

One task owns the port, so every request is alone on the line; a result waits for the one request that is under way
and for no other. All methods are called on that task's event loop.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from analytics.decision.verdict import not_decidable
from analytics.quality.words import Quality
from connectors.plc.port import PlantValue, PlcFault, PlcPort, PlcRefused, PlcUnreachable
from gateway.handshake import events
from gateway.handshake.parts import next_due
from gateway.handshake.state import State, StationRules, Worker
from gateway.handshake.station import Jobs, Outside, Station
from gateway.handshake.wire import LinkSettings, Request, Wire
from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import EventRecord, PartRecord
from gateway.processes.messages import Judged, RecipeView, Recording
from gateway.processes.snapshot import PartView

CLOCK_STEP_S = 0.5  #: the wall clock moved this much against the monotonic one: a step, not a slew


class Link:
    """The part handshakes of every station behind one PLC connection.

    Parameters
    ----------
    port_factory
        Makes a new, closed port; called once for every attempt to connect. May raise `PlcFault`.
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
        self._outside = Outside(clock, jobs, sink, self._put)
        self._on_values = on_values
        self._rng = rng or random.SystemRandom()
        self._stations = {rules.station: Station(rules, self._boot_id(), self._outside) for rules in stations}
        self._wire: Wire | None = None  # while connected
        self._sentence = "not connected yet"
        self._stopped = asyncio.Event()
        self._stop_at = float("inf")
        self._wall_ahead: float | None = None

    # ---- what main tells -------------------------------------------------------------------------------------------

    def recording(self, message: Recording) -> None:
        """Take word that a recording has started."""
        self.feed(message.station, events.RecordingStarted(message.ticket))

    def judged(self, message: Judged) -> None:
        """Take a verdict; its result is sent as the very next request."""
        self._stations[message.station].judged(message)

    def taught(self, station: str, ticket: int, at: float) -> None:
        """Take word that a teach part (Mode 3) was heard; it needs no verdict."""
        verdict = not_decidable("heard to be taught from (Mode 3)", Quality.TEACHING)
        self.feed(station, events.VerdictCame(Judged(station, ticket, verdict, captured_at=at, judged_at=at)))

    def tick(self, stations: Iterable[str]) -> None:
        """Take word that the worker of these stations has completed a pass of its loop."""
        for name in stations:
            self.feed(name, events.WorkerTicked())

    def worker_lost(self, stations: Iterable[str]) -> None:
        """Take word that the worker of these stations is gone."""
        for name in stations:
            self.feed(name, events.WorkerLost())

    def worker_back(self, stations: Iterable[str]) -> None:
        """Take word that a worker stands (again); where one was lost, the stations get a new GwBootId."""
        for name in stations:
            lost = self._stations[name].state.worker is Worker.LOST
            self.feed(name, events.WorkerBack(self._boot_id(name)) if lost else events.WorkerTicked())

    def recipes(self, station: str, recipes: Mapping[int, RecipeView]) -> None:
        """Take the recipes a station has, by PartType."""
        self._stations[station].recipes(recipes)

    def ear(self, station: str, *, deaf: bool) -> None:
        """Take whether a station hears nothing it could believe: GwState says so, and parts are still answered."""
        self._stations[station].ear(deaf=deaf)

    def defect_codes(self, station: str, codes: Mapping[str, int]) -> None:
        """Take the DefectCode of every taught class of a station."""
        self._stations[station].tally.codes = dict(codes)

    def feed(self, name: str, event: events.Event) -> None:
        """Step one station's table, and carry out what it asks for."""
        self._stations[name].feed(event)

    def state(self, name: str) -> State:
        """Give what is known of one station now."""
        return self._stations[name].state

    def stop(self) -> None:
        """End `run`: no new part is heard, open parts are answered, within a bound."""
        if not self._stopped.is_set():
            self._stop_at = self._clock.now() + self.settings.drain_s
            self._stopped.set()
            for name in self._stations:
                self.feed(name, events.Ending())
        if self._wire is not None:
            self._wire.wake()

    def views(self) -> Mapping[str, PartView]:
        """Show every station, for the snapshot."""
        link = "up" if self._wire is not None else "down"
        return {name: station.view(link, self._sentence) for name, station in self._stations.items()}

    def alarms(self) -> Mapping[str, Mapping[str, str]]:
        """Show the alarms that are active: sentence by name, by station."""
        return {name: dict(station.tally.alarms) for name, station in self._stations.items()}

    def _boot_id(self, name: str | None = None) -> int:
        """Draw a GwBootId, another one than the station has."""
        now = self._stations[name].state.image.boot_id if name is not None else 0
        drawn = self._rng.randint(1, 0xFFFF - 1)
        return drawn if drawn < now or now == 0 else drawn + 1

    # ---- the connection --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, serve, and connect again, until `stop` or cancelled."""
        pause = self.settings.retry_s
        while not self._stopped.is_set():
            port: PlcPort | None = None
            try:
                port = self._factory()  # refuses where a secret cannot be read, which a person may mend meanwhile
                await self._open(port)
                pause = self.settings.retry_s
                self._came_up(port)
                await self._serve()
            except PlcFault as fault:
                self._note(fault)
                pause = self.settings.retry_max_s if isinstance(fault, PlcRefused) else pause
            finally:
                # First closed, then said so: nothing may act on this connection once its parts are given up.
                if port is not None:
                    await self._close(port)
                self._went_down()
            await self._pause(pause * self._rng.uniform(1.0, 1.2))
            pause = min(pause * 2, self.settings.retry_max_s)

    async def _open(self, port: PlcPort) -> None:
        limit = self.settings.open_s
        try:
            async with asyncio.timeout(limit):
                await port.open()
        except TimeoutError as late:
            raise PlcUnreachable(
                f"{self.settings.name}: no connection within {limit:g} s; is the address right, and the PLC running?"
            ) from late

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return

    async def _close(self, port: PlcPort) -> None:
        try:
            async with asyncio.timeout(self.settings.close_s):
                await port.close()
        except PlcFault as fault:
            self._event("plc-close-failed", f"could not be closed cleanly: {fault}", "warning")
        except TimeoutError:
            limit = self.settings.close_s
            self._event("plc-close-failed", f"was still closing after {limit:g} s and was left to itself", "warning")

    def _came_up(self, port: PlcPort) -> None:
        self._wire = Wire(port, self.settings, self._clock, self)
        self._sentence = ""
        self._event("plc-link-up", "the link to the PLC stands")
        for name in self._stations:
            self.feed(name, events.Connected())

    def _note(self, fault: PlcFault) -> None:
        """Say it once when it breaks; a retry that fails the same way is silent."""
        sentence = str(fault)
        if self._wire is not None or sentence != self._sentence:
            kind = "plc-refused" if isinstance(fault, PlcRefused) else "plc-link-down"
            self._event(kind, sentence, "error")
        self._sentence = sentence

    def _went_down(self) -> None:
        if self._wire is None:
            return
        self._wire = None
        self._sentence = self._sentence or "the link was closed"
        for name in self._stations:
            self.feed(name, events.Disconnected(self._sentence))

    async def _serve(self) -> None:
        """Send what waits, most urgent first; between that, poll."""
        wire = self._wire
        assert wire is not None
        poll_at = values_at = self._clock.now()
        beaten = False
        while not self._drained():
            if await wire.send_next():
                continue
            # One heartbeat between two polls: a PLC slower than our heart must still be read.
            if not beaten and await wire.send_beats():
                beaten = True
                continue
            now = self._clock.now()
            if self._on_values is not None and now >= values_at:
                values_at = now + self.settings.values_s
                self._on_values(await wire.bounded(wire.port.values(), "reading the plain tags"))
            elif now >= poll_at:
                # On an absolute schedule; polls that were missed are not made up for.
                poll_at = max(poll_at + self.settings.poll_s, now)
                await self._poll(wire)
                beaten = False
            else:
                await wire.wait(min(poll_at, *(next_due(s.state, now) for s in self._stations.values())))
                for station in self._stations.values():
                    station.pass_time(now)

    async def _poll(self, wire: Wire) -> None:
        images = await wire.bounded(wire.port.poll(), "polling")
        stepped = self._clock_stepped()
        for name, station in self._stations.items():
            if stepped:
                station.feed(events.ClockStepped())
            image = images.get(name)
            station.mind_masters()
            # A station whose tags are Bad is as good as unread (row 20).
            station.feed(events.Polled(image) if image is not None else events.TimePassed())

    def _drained(self) -> bool:
        """Whether `stop` was called and no part is open any more, or the time for it is over."""
        if not self._stopped.is_set():
            return False
        idle = all(station.idle for station in self._stations.values())
        return idle or self._clock.now() >= self._stop_at

    def _clock_stepped(self) -> bool:
        """Whether the wall clock jumped since the last look (row 14)."""
        ahead = self._clock.wall().timestamp() - self._clock.now()
        before, self._wall_ahead = self._wall_ahead, ahead
        if before is None or abs(ahead - before) < CLOCK_STEP_S:
            return False
        self._event("clock-step", f"the wall clock stepped by {ahead - before:+.1f} s; no judgement uses it", "warning")
        return True

    def _put(self, name: str, request: Request) -> None:
        assert self._wire is not None, request
        self._wire.put(name, request)

    def _event(self, kind: str, sentence: str, level: str = "info") -> None:
        self._outside.say(self.settings.name, kind, sentence, level)
