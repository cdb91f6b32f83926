"""The PLC programs of a line and their scan cycle; the servers beside this file put them on a socket."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from connectors.plc.port import GwImage, PlcImage
from connectors.simulated.plc_program import PlcProgram


class SimulatedPlc(Protocol):
    """A whole PLC: programs, plain tags, and the protocol the gateway meets."""

    stations: "PlcStations"

    async def start(self) -> str:
        """Serve (or, where the PLC is the client, connect) and scan; returns the address, with the port it took."""
        ...

    async def set_value(self, name: str, value: float) -> None:
        """Give a plain tag a new value."""
        ...

    async def stop(self) -> None:
        """Be gone, as a PLC without power: connections are reset."""
        ...


class PlcStations:
    """The programs of several stations, run in one scan cycle.

    Parameters
    ----------
    programs
        One a station.
    scan_s
        Cycle time.
    now
        The PLC's own monotonic timer, seconds.

    Attributes
    ----------
    g
        G block of each station, as the gateway's writes left it.
    p
        P block of each station, as the last scan left it.
    stopped
        The PLC is in STOP: no scan, heartbeats stand still, its server goes on answering.
    """

    def __init__(
        self, programs: Mapping[str, PlcProgram], scan_s: float = 0.005, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.programs = dict(programs)
        self.scan_s = scan_s
        self.now = now
        self.g = {station: GwImage() for station in programs}
        self.p = {station: PlcImage() for station in programs}
        self.scans = 0
        self.stopped = False

    def scan(self, station: str) -> bool:
        """Run one program once; True where its P block changed."""
        before = self.p[station]
        self.p[station] = self.programs[station].scan(self.g[station], self.now())
        return self.p[station] != before

    def restart(self, station: str, *, memory_kept: bool = True, g_kept: bool = True) -> None:
        """STOP->RUN of one program; its G block survives or is zeroed, as PLCs differ."""
        self.programs[station].restart(memory_kept=memory_kept, clock_s=int(self.now()))
        if not g_kept:
            self.g[station] = GwImage()

    async def run(self, publish: Callable[[str, PlcImage], Awaitable[None]]) -> None:
        """Scan for ever, on an absolute schedule, handing on every P block that changed."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if not self.stopped:
                for station in self.programs:
                    if self.scan(station):
                        await publish(station, self.p[station])
                self.scans += 1
            # A scan that came late is not made up for: a PLC would call it an overrun and go on.
            due = max(due + self.scan_s, loop.time())
            await asyncio.sleep(due - loop.time())
