"""The front process: everything others read. It hears snapshots and sends commands, and can hold nobody up."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from gateway.processes.alarms import STATION_ALARMS
from gateway.processes.channel import Channel, ChannelClosed
from gateway.processes.clock import Clock
from gateway.processes.messages import EventRecord, Stop
from gateway.processes.snapshot import Snapshot
from gateway.serve.modbus import HmiModbus
from gateway.serve.opcua import OpcUaServer, OpcUaServerPlan
from gateway.serve.tags import Tag, tags_of

log = structlog.get_logger()

STALE_S = 3.0  #: without a snapshot for so long nothing is good any more
RETRY_S = 5.0  #: before a port that is taken is tried again


@dataclass(frozen=True, slots=True)
class ServedStation:
    """What the front needs to know of a station to build its tags."""

    name: str
    parts: bool
    machine: bool


@dataclass(frozen=True, slots=True)
class FrontPlan:
    """What is served, and where; an empty address means not at all."""

    line: str
    stations: tuple[ServedStation, ...]
    opcua: OpcUaServerPlan | None = None
    modbus: str = ""  #: host:port


def station_tags(stations: Sequence[ServedStation]) -> list[tuple[str, tuple[Tag, ...]]]:
    """Every station with its tags."""
    return [(s.name, tags_of(parts=s.parts, machine=s.machine, alarms=STATION_ALARMS)) for s in stations]


def run_front(plan: FrontPlan, channel: Channel, clock: Clock) -> None:
    """Serve until `Stop` comes or main is gone."""
    asyncio.run(Front(plan, channel, clock).run())


class Front:
    """The servers and the newest snapshot."""

    def __init__(self, plan: FrontPlan, channel: Channel, clock: Clock) -> None:
        self._plan, self._channel, self._clock = plan, channel, clock
        self._stations = station_tags(plan.stations)
        self._opcua: OpcUaServer | None = None
        self._modbus: HmiModbus | None = None
        self._inbox: asyncio.Queue[object] = asyncio.Queue()
        self._newest: Snapshot | None = None

    async def run(self) -> None:
        """Start every server, publish every snapshot, stop."""
        loop = asyncio.get_running_loop()
        self._channel.listen(
            lambda message: _into(loop, self._inbox, message), lambda: _into(loop, self._inbox, ChannelClosed())
        )
        starting = asyncio.create_task(self._start())
        try:
            await self._serve()
        finally:
            starting.cancel()
            await self._stop()

    async def _serve(self) -> None:
        while True:
            try:
                message = await asyncio.wait_for(self._inbox.get(), STALE_S)
            except TimeoutError:
                await self._go_stale()
                continue
            if isinstance(message, Stop | ChannelClosed):
                return
            if isinstance(message, Snapshot) and self._inbox.empty():  # only the newest is worth the work
                self._newest = message
                await self._publish(message)

    async def _publish(self, snapshot: Snapshot) -> None:
        if self._modbus is not None:
            self._modbus.publish(snapshot)
        if self._opcua is not None:
            await self._opcua.publish(snapshot)

    async def _go_stale(self) -> None:
        log.warning("main is silent: every tag is marked uncertain")
        if self._modbus is not None:
            self._modbus.go_stale()
        if self._opcua is not None:
            await self._opcua.go_stale()

    async def _start(self) -> None:
        """Bring each server up, again and again where its port is taken; one does not wait for the other."""
        await asyncio.gather(self._start_opcua(), self._start_modbus())

    async def _start_opcua(self) -> None:
        plan = self._plan.opcua
        while plan is not None and self._opcua is None:
            server = OpcUaServer(plan, self._stations)
            try:
                self._event("serve-opcua", f"the own OPC UA server listens on {await server.start()}")
                self._opcua = server
            except OSError as fault:
                self._event("serve-opcua", f"{plan.url} cannot be listened on: {fault.strerror}; trying on", "error")
                await server.stop()
                await asyncio.sleep(RETRY_S)

    async def _start_modbus(self) -> None:
        host, _, port = self._plan.modbus.rpartition(":")
        while host and self._modbus is None:
            server = HmiModbus(host, int(port), self._stations)
            try:
                self._event("serve-modbus", f"the own Modbus server listens on {host}:{await server.start()}")
                self._modbus = server
            except OSError as fault:
                self._event("serve-modbus", f"{self._plan.modbus} cannot be listened on: {fault.strerror}", "error")
                await asyncio.sleep(RETRY_S)

    async def _stop(self) -> None:
        if self._modbus is not None:
            await self._modbus.stop()
        if self._opcua is not None:
            await self._opcua.stop()

    def _event(self, kind: str, sentence: str, level: str = "info") -> None:
        self._channel.send(EventRecord(self._clock.wall().isoformat(), "front", kind, sentence, level))


def _into(loop: asyncio.AbstractEventLoop, inbox: asyncio.Queue[object], message: object) -> None:
    loop.call_soon_threadsafe(inbox.put_nowait, message)
