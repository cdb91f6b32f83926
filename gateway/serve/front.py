"""The front process: everything others read, and where people ask. It can hold nobody up."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from gateway.processes.alarms import STATION_ALARMS
from gateway.processes.channel import Channel, ChannelClosed
from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import Command, CommandAnswer, EventRecord
from gateway.processes.messages import Stop
from gateway.processes.snapshot import Snapshot
from gateway.serve.inbox import Inbox
from gateway.serve.plan import FrontPlan, ServedStation
from gateway.serve.spool import Spool, SpoolFault
from gateway.serve.tag import Tag
from gateway.serve.tags import tags_of

if TYPE_CHECKING:
    from gateway.serve.modbus import HmiModbus
    from gateway.serve.opcua import OpcUaServer
    from gateway.serve.page.server import PageServer

log = structlog.get_logger()

STALE_S = 3.0  #: without a snapshot for so long nothing is good any more
MEMORY_MAX = 2 * 1024**3  #: bytes of address space; it uses about a third
RETRY_S = 5.0  #: before a port that is taken is tried again
LOOK_S = 0.5  #: between looks into the commands folder
ANSWERS_MAX = 200  #: waiting to be written there


def station_tags(stations: Sequence[ServedStation]) -> list[tuple[str, tuple[Tag, ...]]]:
    """Every station with its tags."""
    return [
        (s.name, tags_of(parts=s.parts, machine=s.machine, sounds=s.sounds, alarms=STATION_ALARMS)) for s in stations
    ]


def run_front(plan: FrontPlan, channel: Channel, clock: Clock) -> None:
    """Serve until `Stop` comes or main is gone."""
    _limit_memory()

    async def serve() -> None:
        await Front(plan, channel, clock).run()

    asyncio.run(serve())


def _limit_memory() -> None:
    """Let a hostile request cost this process at most so much memory, where the system can say so.

    A request of 46 bytes may claim an array of two thousand million values, and asyncua begins to make it. With a limit
    it ends in a MemoryError of that connection, or of this process, which is started again; never in a PC without
    memory.
    """
    try:
        import resource
    except ImportError:  # Windows; a job object of the service does it there
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, resource.getrlimit(resource.RLIMIT_AS)[1]))


class Front:
    """The servers and the newest snapshot."""

    def __init__(self, plan: FrontPlan, channel: Channel, clock: Clock) -> None:
        self._plan, self._channel, self._clock = plan, channel, clock
        self._stations = station_tags(plan.stations)
        self._opcua: OpcUaServer | None = None
        self._modbus: HmiModbus | None = None
        self._page: PageServer | None = None
        self._inbox = Inbox(asyncio.get_running_loop())
        self._answers: asyncio.Queue[CommandAnswer] = asyncio.Queue(ANSWERS_MAX)

    async def run(self) -> None:
        """Start every server, publish every snapshot, stop."""
        self._channel.listen(self._inbox.put, lambda: self._inbox.put(ChannelClosed()))
        starting = asyncio.create_task(self._start())
        asking = asyncio.create_task(self._take_commands())
        asking.add_done_callback(self._asking_ended)
        try:
            await self._serve()
        finally:
            starting.cancel()
            asking.cancel()
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
            if isinstance(message, BaseException):
                raise message
            if isinstance(message, CommandAnswer):
                self._answer(message)
            if isinstance(message, Snapshot):
                await self._publish(message)

    async def _publish(self, snapshot: Snapshot) -> None:
        if self._modbus is not None:
            self._modbus.publish(snapshot)
        if self._opcua is not None:
            await self._opcua.publish(snapshot)
        if self._page is not None:
            self._page.publish(snapshot)

    async def _go_stale(self) -> None:
        log.warning("main is silent: every tag is marked uncertain")
        if self._modbus is not None:
            self._modbus.go_stale()
        if self._opcua is not None:
            await self._opcua.go_stale()
        if self._page is not None:
            self._page.go_stale()

    async def _start(self) -> None:
        """Bring each server up, again and again where its port is taken; one does not wait for the other."""
        await asyncio.gather(self._start_opcua(), self._start_modbus(), self._start_page())

    async def _start_opcua(self) -> None:
        plan = self._plan.opcua
        if plan is None:
            return
        from gateway.serve.opcua import OpcUaServer  # a third of the process, for sites that serve it
        from gateway.serve.operators import Operators

        while self._opcua is None:
            operators = Operators(plan.people, self._clock, self._channel.send) if plan.people else None
            server = OpcUaServer(plan, self._stations, operators)
            try:
                self._event("serve-opcua", f"the own OPC UA server listens on {await server.start()}")
                self._opcua = server
            except OSError as fault:
                self._event("serve-opcua", f"{plan.url} cannot be listened on: {fault.strerror}; trying on", "error")
                await server.stop()
                await asyncio.sleep(RETRY_S)

    async def _start_modbus(self) -> None:
        host, _, port = self._plan.modbus.rpartition(":")
        if not host:
            return
        from gateway.serve.modbus import HmiModbus

        while self._modbus is None:
            server = HmiModbus(host, int(port), self._stations)
            try:
                self._event("serve-modbus", f"the own Modbus server listens on {host}:{await server.start()}")
                self._modbus = server
            except OSError as fault:
                self._event("serve-modbus", f"{self._plan.modbus} cannot be listened on: {fault.strerror}", "error")
                await asyncio.sleep(RETRY_S)

    async def _start_page(self) -> None:
        plan = self._plan.page
        if plan is None:
            return
        from gateway.serve.page.server import PageServer

        while self._page is None:
            server = PageServer(plan, self._clock, self._channel.send)
            if why := server.why_not():
                self._event("serve-page", why, "error")
                await asyncio.sleep(RETRY_S)
                continue
            try:
                self._event("serve-page", f"the page is at {await server.start()}")
                self._page = server
            except OSError as fault:
                said = f"{plan.host}:{plan.port} cannot be listened on: {fault.strerror}; trying on"
                self._event("serve-page", said, "error")
                await asyncio.sleep(RETRY_S)

    # ---- commands ------------------------------------------------------------

    async def _take_commands(self) -> None:
        """Carry commands from the folder to the ledger and their answers back; the disk is waited for elsewhere."""
        if not self._plan.commands:
            return
        spool, fault = Spool(Path(self._plan.commands), self._clock), ""
        while True:
            answers = await self._answers_within(LOOK_S)
            try:
                looked = await asyncio.to_thread(spool.turn, answers)
            except SpoolFault as found:
                if fault != str(found):
                    self._event("commands-closed", str(found), "error")
                fault = str(found)
                continue
            if fault:
                self._event("commands-open", f"{self._plan.commands}: commands are taken again")
                fault = ""
            if looked.refused:
                more = f"; {len(looked.refused)} files in all" if len(looked.refused) > 1 else ""
                self._event("command-refused", f"a command file was refused: {looked.refused[-1]}{more}", "warning")
            for command in looked.commands:
                self._send(command)

    def _send(self, command: Command) -> None:
        if not self._channel.send(command):
            sentence = f"{command.name}: the gateway is busy; ask again"
            self._answer(CommandAnswer(command.name, command.target, command.who, False, sentence, command.id))

    def _answer(self, answer: CommandAnswer) -> None:
        doors = [door for door in (self._page, self._opcua) if door is not None]
        if any(door.answered(answer) for door in doors):
            return
        try:
            self._answers.put_nowait(answer)
        except asyncio.QueueFull:
            log.warning("an answer was dropped: the commands folder keeps the front waiting", command=answer.name)

    async def _answers_within(self, seconds: float) -> list[CommandAnswer]:
        try:
            answers = [await asyncio.wait_for(self._answers.get(), seconds)]
        except TimeoutError:
            return []
        while not self._answers.empty():
            answers.append(self._answers.get_nowait())
        return answers

    def _asking_ended(self, task: asyncio.Task[None]) -> None:
        """Let a bug end the process, so that main brings it back: silence would look like a gateway that refuses."""
        if not task.cancelled() and (bug := task.exception()) is not None:
            self._inbox.put(bug)

    async def _stop(self) -> None:
        if self._modbus is not None:
            await self._modbus.stop()
        if self._opcua is not None:
            await self._opcua.stop()
        if self._page is not None:
            await self._page.stop()

    def _event(self, kind: str, sentence: str, level: str = "info") -> None:
        self._channel.send(EventRecord(self._clock.wall().isoformat(), "front", kind, sentence, level))
