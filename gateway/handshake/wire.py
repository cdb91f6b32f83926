"""The requests of one connection: what waits to be sent, in which order, and how long each may take."""

import asyncio
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from connectors.plc.port import PlcPort, PlcRefused, PlcUnreachable
from gateway.handshake import events
from gateway.handshake.state import Phase, State
from gateway.processes.clock import Clock

_T = TypeVar("_T")
_Write = events.WriteZero | events.WriteAccept | events.WriteResult
Request = _Write | events.Reread | events.Beat


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Times of one PLC link, in seconds.

    Parameters
    ----------
    name
        As in the site file: ``plc.main``.
    request_s
        Longest wait for one answer; results are bounded by their own deadline too.
    retry_s, retry_max_s
        Pause before the first and before every later attempt to connect, doubling, with up to 20 % of jitter. A PLC
        that refuses is asked at the longer pace at once: waiting does not help, a person has to act.
    drain_s
        How long `Link.stop` lets open parts be answered.
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


class Stations(Protocol):
    """What a wire asks of the handshakes it serves."""

    def feed(self, name: str, event: events.Event) -> None:
        """Step one station."""
        ...

    def state(self, name: str) -> State:
        """Give what is known of one station now."""
        ...


class Wire:
    """One connection, made for one `PlcPort` and gone with it, so that nothing can be sent on a later one.

    The table has at most one write of a station on its way, so a queue never holds more than one entry a station.
    """

    def __init__(self, port: PlcPort, settings: LinkSettings, clock: Clock, stations: Stations) -> None:
        self.port = port
        self._settings = settings
        self._clock = clock
        self._stations = stations
        self._results: deque[tuple[str, events.WriteResult]] = deque()
        self._writes: deque[tuple[str, _Write]] = deque()
        self._rereads: dict[str, float] = {}
        self._beats: dict[str, None] = {}  # in order of asking
        self._wake = asyncio.Event()

    def put(self, name: str, request: Request) -> None:
        """Set out a request of one station; it wakes whoever waits in `wait`."""
        match request:
            case events.WriteResult():
                self._results.append((name, request))
            case events.Reread(after_s):
                self._rereads[name] = self._clock.now() + after_s
            case events.Beat():
                self._beats[name] = None
            case _:
                self._writes.append((name, request))
        self._wake.set()

    def wake(self) -> None:
        """End `wait`."""
        self._wake.set()

    async def wait(self, until: float) -> None:
        """Sleep until a moment, a second read that is due, or until something is to be sent."""
        self._wake.clear()
        delay = min((until, *self._rereads.values())) - self._clock.now()
        timer = asyncio.get_running_loop().call_later(max(delay, 0.0), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    async def send_next(self) -> bool:
        """Carry out the most urgent request that waits, one only; False if there is none.

        Results go before all else, then zero images and TrigAck, then second reads.

        Raises
        ------
        PlcFault
            The connection has to be closed: what was asked may still be carried out.
        """
        if self._results:
            await self._write(*self._results.popleft())
        elif self._writes:
            await self._write(*self._writes.popleft())
        elif (due := self._reread_due()) is not None:
            await self._reread(due)
        else:
            return False
        return True

    async def send_beats(self) -> bool:
        """Write the heartbeats that wait, in one request; False if there are none.

        Images are taken now, not when they were asked for: a boot id of before must not come back.
        """
        states = {name: self._stations.state(name) for name in self._beats}
        self._beats.clear()
        images = {name: state.image for name, state in states.items() if state.phase is Phase.OPEN}
        if images:
            await self.bounded(self.port.beat(images), "writing the heartbeat")
        return bool(images)

    async def _write(self, name: str, write: _Write) -> None:
        # The heartbeat may have been counted since the image was made.
        image = replace(write.image, heartbeat=self._stations.state(name).image.heartbeat)
        if isinstance(write, events.WriteZero):
            await self.bounded(self.port.zero(name, image), "writing the zero image")
        else:
            left = write.until - self._clock.now()
            if left <= 0:
                self._stations.feed(name, events.WriteFailed("its time had run out before it could be sent"))
                return
            if isinstance(write, events.WriteAccept):
                await self.bounded(self.port.accept(name, image), "writing TrigAck", left)
            else:
                await self.bounded(self.port.result(name, image), "writing a result", left)
        self._stations.feed(name, events.WriteDone())

    def _reread_due(self) -> str | None:
        now = self._clock.now()
        return next((name for name, at in self._rereads.items() if at <= now), None)

    async def _reread(self, name: str) -> None:
        del self._rereads[name]
        try:
            image = await self.bounded(self.port.read(name), "reading a part's data")
        except PlcRefused:
            # Bad status: unreadable, and to be read again (rows 5 and 20); the line itself is alive.
            self._stations.feed(name, events.RereadCame(None))
        else:
            self._stations.feed(name, events.RereadCame(image))

    async def bounded(self, request: Awaitable[_T], what: str, left: float = float("inf")) -> _T:
        """Wait for one answer, for `request_s` or `left` at most.

        Raises
        ------
        PlcUnreachable
            If it did not come in time.
        """
        limit = min(left, self._settings.request_s)
        try:
            async with asyncio.timeout(limit):
                return await request
        except TimeoutError as late:
            name = self._settings.name
            raise PlcUnreachable(f"{name}: {what}: no answer within {limit * 1000:.0f} ms; is the PLC busy?") from late
