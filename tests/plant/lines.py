"""The other side of the gateway: PLCs with their programs on real sockets, and the site file that joins the two."""

import json
import socket

from connectors.plc.port import GwState
from connectors.simulated.plc_modbus import ModbusCallingPlc, ModbusServingPlc
from connectors.simulated.plc_opcua import OpcUaPlcPlan, OpcUaServingPlc
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations
from gateway.store.database import DATABASE
from gateway.store.read import Reader
from tests.plant.castings import SEED
from tests.plant.running import until

# Long times: other tests share the machine, and here it is judged what is said of a part, not how soon.
DEADLINE_S, ACK_S = 1.8, 1.5
READY = (GwState.READY, GwState.BUSY, GwState.DEGRADED)


def free_port():
    """A port that is free now: a PLC that calls must know where."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PlantPlc:
    """A PLC of one kind with some stations, which can go away and come back at the same address."""

    def __init__(self, name, kind, *stations):
        self.name, self.kind = name, kind
        settings = PlcSettings(deadline_s=DEADLINE_S, ack_s=ACK_S, quiet_s=0.5)
        self.stations = PlcStations({name: PlcProgram(settings) for name in stations})
        self._port = free_port() if kind == "modbus-server" else 0
        self.served = None
        self.address = ""

    async def start(self):
        bases = {name: 64 * number for number, name in enumerate(self.stations.programs)}
        if self.kind == "opcua":
            self.served = OpcUaServingPlc(self.stations, OpcUaPlcPlan(port=self._port))
        elif self.kind == "modbus":
            self.served = ModbusServingPlc(self.stations, bases, port=self._port)
        else:
            self.served = ModbusCallingPlc(self.stations, bases, self._port)
            self.served.answer_s = 2.0
        self.address = await self.served.start()
        self._port = int(self.address.removesuffix("/plc").rpartition(":")[2])

    async def stop(self):
        await self.served.stop()

    @property
    def table(self):
        """What the site file says of it."""
        if self.kind == "opcua":
            where = f'url = "{self.address}"\nsecurity = "None"\ntimeout_ms = 2000\n'
        else:
            where = f'host = "127.0.0.1"\nport = {self._port}\n'
        if self.kind == "modbus":
            where += "timeout_ms = 2000\n"
        return f'[plc.{self.name}]\nkind = "{self.kind}"\n{where}'

    def seat(self, name, **parts):
        return Seat(self, name, **parts)


class Seat:
    """One station as the PLC sees it."""

    def __init__(self, plc, name, mode="active", source=None, **parts):
        self.plc, self.name, self.mode = plc, name, mode
        self.source = source or f'{{ kind = "simulated", sound = "castings", seed = {SEED} }}'
        self.program = plc.stations.programs[name]
        self._parts = parts

    @property
    def g(self):
        return self.plc.stations.g[self.name]

    def table(self, recipe):
        block = list(self.plc.stations.programs).index(self.name)
        lines = {"plc": self.plc.name, "tags": f"nsu=urn:wheeltapper:handshake:1;s={self.name}.", "block": block}
        said = "".join(f"{key} = {json.dumps(value)}\n" for key, value in {**lines, **self._parts}.items())
        return (
            f'[[station]]\nname = "{self.name}"\nmode = "{self.mode}"\nsource = {self.source}\n'
            f"[station.parts]\n{said}recipes = {{ 1 = {json.dumps(str(recipe))} }}\n"
        )

    async def ready(self):
        """Wait until a part may come: the gateway is alive and says so."""
        beat = self.g.heartbeat

        def stands():
            return self.program.armed and self.g.state in READY and self.g.heartbeat != beat

        await until(stands, f"{self.name} is ready")

    async def send(self, part_id):
        """Let a part come, and wait until the PLC has given it a number; returns it."""
        before = self.plc.stations.p[self.name].trig_seq
        self.program.arrive(part_id, 1)
        await until(lambda: self.plc.stations.p[self.name].trig_seq != before, f"{part_id} is triggered")
        return self.plc.stations.p[self.name].trig_seq

    async def judged(self, part_id):
        """Let a part come, and wait for its result; returns the G block that bears it."""
        sequence = await self.send(part_id)
        await until(lambda: self.g.result_seq == sequence, f"a result for {part_id} at {self.name}")
        return self.g

    async def decided(self, part_id):
        """Wait until the gate has decided on a part; returns what the PLC remembers of it."""

        def found():
            return next((one for one in self.program.log if one.part_id == part_id), None)

        return await until(found, f"{self.name} decides on {part_id}")


def write_site(folder, plcs, seats, recipe, extra="", sound="never"):
    """Write a site file; returns its path."""
    text = f'[line]\nname = "Plant"\n[store]\nsound = "{sound}"\n'
    text += "".join(plc.table for plc in plcs)
    text += "".join(seat.table(recipe) for seat in seats)
    site = folder / "plant.toml"
    site.write_text(text + extra, encoding="utf-8")
    return site


def stored_parts(site):
    """Every part in the store, by PartId; none while the ledger is still to make it, which no verdict waits for."""
    if not (site.parent / "data" / DATABASE).is_file():
        return {}
    with Reader(site.parent / "data") as reader:
        return {row.part_id: row for row in reader.parts(10_000)}
