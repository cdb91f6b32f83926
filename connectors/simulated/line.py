"""The other sides of the demonstration line: two PLCs with their programs, and a Maximo, all on real sockets.

The line knows which part comes when, and nothing of sound: what a part sounds like is for whoever plays its PartId.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from connectors.plc.port import GwState, Mode
from connectors.simulated.maximo import OrderView, SimulatedMaximo
from connectors.simulated.plc_modbus import ModbusServingPlc
from connectors.simulated.plc_opcua import OpcUaPlcPlan, OpcUaServingPlc
from connectors.simulated.plc_program import PartLog, PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations

READY_S = 20.0  #: the line goes on without the gateway after so long: a real one would, too
LEARNED_S = 6.0  #: a gateway that is not ready after so long has heard too few parts, on a PC that had no time for them
TAUGHT_AGAIN, ROUNDS = 6, 8  #: parts sent on top then, as a person would, and how often
READY = (GwState.READY, GwState.BUSY, GwState.DEGRADED)
API_KEY = "demo-key"  #: of the simulated Maximo


@dataclass(frozen=True, slots=True)
class Cycle:
    """How a station of the line is fed.

    Parameters
    ----------
    spacing_s, teach_spacing_s
        Between two parts in Mode 1 and in Mode 3. In Mode 1 it leaves the quiet in which a disturbance of one part has
        died away before the next is heard.
    teach_parts
        Known-good parts sent in Mode 3 first; their PartId begins with T. A few more than the site file asks for, as a
        person would send: one that is not heard well is not learned from.
    """

    prefix: str
    spacing_s: float
    teach_spacing_s: float
    teach_parts: int
    deadline_s: float


CYCLES = {
    "ring": Cycle("C", 0.6, 0.48, 26, 0.7),
    "gearmotor": Cycle("G", 1.0, 0.66, 20, 0.9),
}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each side listens; 0 takes a free port."""

    opcua: int = 0
    modbus: int = 0
    maximo: int = 0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where each side listens, once it does."""

    opcua: str
    modbus: str  #: host:port
    maximo: str


@dataclass(frozen=True, slots=True)
class LineReport:
    """What the line saw, for whoever knows the truth."""

    parts: dict[str, tuple[PartLog, ...]]  #: by station, oldest first
    stray_results: int
    orders: tuple[OrderView, ...]


class SimulatedLine:
    """The whole line; one asyncio task feeds each station."""

    def __init__(self, ports: Ports | None = None) -> None:
        ports = ports or Ports()
        self._maximo_port = ports.maximo
        self._stopping = asyncio.Event()
        # The quiet start after STOP->RUN (contract, rule 11) is shortened: nothing older than this run exists here.
        self.programs = {
            name: PlcProgram(PlcSettings(deadline_s=cycle.deadline_s, quiet_s=0.5)) for name, cycle in CYCLES.items()
        }
        self._maximo = SimulatedMaximo()
        plan = OpcUaPlcPlan(values={"pump.rpm": 1480.0, "pump.running": True}, port=ports.opcua)
        self._opcua = OpcUaServingPlc(PlcStations({"ring": self.programs["ring"]}), plan)
        self._modbus = ModbusServingPlc(
            PlcStations({"gearmotor": self.programs["gearmotor"]}), {"gearmotor": 0}, port=ports.modbus
        )

    async def start(self) -> Addresses:
        """Start every side."""
        for program in self.programs.values():
            program.mode = Mode.TEACH
        maximo = self._maximo.start("127.0.0.1", self._maximo_port)
        return Addresses(await self._opcua.start(), await self._modbus.start(), maximo)

    async def run(self, progress: Callable[[str], None] = lambda sentence: None) -> None:
        """Feed parts until `stop_parts`."""
        async with asyncio.TaskGroup() as tasks:
            for name in CYCLES:
                tasks.create_task(self._feed(name, progress), name=f"feed:{name}")

    def stop_parts(self) -> None:
        """Send no further part; those on their way go through the gate."""
        self._stopping.set()

    def report(self) -> LineReport:
        """Say what was seen so far."""
        parts = {name: tuple(program.log) for name, program in self.programs.items()}
        strays = sum(program.stray_results for program in self.programs.values())
        return LineReport(parts, strays, tuple(self._maximo.orders))

    async def stop(self) -> None:
        """Be gone."""
        await self._opcua.stop()
        await self._modbus.stop()
        self._maximo.stop()

    async def _feed(self, name: str, progress: Callable[[str], None]) -> None:
        cycle, program = CYCLES[name], self.programs[name]
        await self._gateway_ready(name, READY_S)
        progress(f"{name}: {cycle.teach_parts} known-good parts in Mode 3")
        sent = 0
        for more in (cycle.teach_parts, *[TAUGHT_AGAIN] * ROUNDS):
            program.mode = Mode.TEACH
            begin = time.monotonic()
            for number in range(1, more + 1):
                program.arrive(f"T-{cycle.prefix}{sent + number:04d}", 1)
                if await self._over(begin + number * cycle.teach_spacing_s):
                    return
            sent += more
            program.mode = Mode.AUTOMATIC
            if await self._gateway_ready(name, LEARNED_S):
                break
        progress(f"{name}: Mode 1, every {cycle.spacing_s:g} s a part")
        number, begin = 0, time.monotonic()
        while not await self._over(begin + number * cycle.spacing_s):
            number += 1
            program.arrive(f"{cycle.prefix}-{number:05d}", 1)

    async def _gateway_ready(self, name: str, within_s: float) -> bool:
        """Wait for GwState, as a PLC does before it lets the line run; it must follow the mode, so not at once."""
        stations = (self._opcua if name == "ring" else self._modbus).stations
        deadline = time.monotonic() + within_s
        while not await self._over(time.monotonic() + 0.3) and time.monotonic() < deadline:
            if self.programs[name].armed and stations.g[name].state in READY:
                return True
        return False

    async def _over(self, until: float) -> bool:
        """Wait until then; True where the line was told to send no further part."""
        try:
            await asyncio.wait_for(self._stopping.wait(), max(0.0, until - time.monotonic()))
        except TimeoutError:
            return False
        return True
