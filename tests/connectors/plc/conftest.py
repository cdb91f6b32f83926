"""A simulated PLC behind a faulty wire, for each way of reaching one."""

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio

from connectors.plc.modbus import ModbusSettings
from connectors.plc.modbus_server import ModbusServerPlc, ModbusServerSettings
from connectors.plc.opcua_session import OpcUaSettings
from connectors.plc.open import open_port
from connectors.plc.port import GwImage, PlcPort, PlcUnreachable
from connectors.plc.registers import RegisterTag
from connectors.simulated.plc_modbus import ModbusCallingPlc, ModbusServingPlc
from connectors.simulated.plc_opcua import NAMESPACE, OpcUaPlcPlan, OpcUaServingPlc, simulated_tags
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations
from connectors.simulated.wire import FaultyWire

ACTIVE = frozenset({"ring", "gear"})  #: "watched" is there too, and may not be written
BASES = {"ring": 0, "gear": 64, "watched": 128}
TAGS = {"rpm": RegisterTag(1000, "float"), "running": RegisterTag(1002, "bool")}
NODES = {name: f"nsu={NAMESPACE};s={name}" for name in TAGS}


class Witness(PlcProgram):
    """A PLC program that remembers every G image it met, as each scan read it."""

    def __init__(self):
        super().__init__(PlcSettings(quiet_s=0.0, deadline_s=60.0), last_seq=40)
        self.seen: list[GwImage] = []

    def scan(self, g, now):
        if not self.seen or self.seen[-1] != g:
            self.seen.append(g)
        return super().scan(g, now)


class Rig:
    """One kind of link: the PLC, the wire, and how the gateway's port is made."""

    def __init__(self, kind: str):
        self.kind = kind
        self.stations = PlcStations({name: Witness() for name in BASES}, scan_s=0.002)
        self.wire: FaultyWire
        self.wire_port = 0
        self._ports: list[PlcPort] = []

    @property
    def plc_calls(self) -> bool:
        return self.kind == "modbus-server"

    async def start(self):
        if self.plc_calls:
            self.wire = FaultyWire(0)
            self.wire_port = await self.wire.start()
            self.plc = ModbusCallingPlc(self.stations, BASES, self.wire_port, TAGS)
            self.plc.retry_s = 0.005
        elif self.kind == "modbus":
            self.plc = ModbusServingPlc(self.stations, BASES, TAGS)
        else:
            self.plc = OpcUaServingPlc(self.stations, OpcUaPlcPlan(values={"rpm": 0.0, "running": False}))
        address = await self.plc.start()
        if not self.plc_calls:
            self.wire = FaultyWire(int(address.removesuffix("/plc").rpartition(":")[2]))
            self.wire_port = await self.wire.start()

    def settings(self):
        common = {"name": "plc.main", "writes": ACTIVE}
        if self.plc_calls:
            return ModbusServerSettings(
                **common, host="127.0.0.1", port=0, stations=BASES, values=TAGS, silent_s=0.3, first_write_s=1.0
            )
        if self.kind == "modbus":
            return ModbusSettings(**common, host="127.0.0.1", port=self.wire_port, stations=BASES, values=TAGS)
        return OpcUaSettings(
            **common,
            url=f"opc.tcp://127.0.0.1:{self.wire_port}/plc",
            stations={name: simulated_tags(name) for name in BASES},
            values=NODES,
            security="None",
            notice="subscribe" if self.kind == "opcua-subscribe" else "poll",
            timeout_s=0.3,
        )

    async def port(self) -> PlcPort:
        """Open a new port to the PLC."""
        port = open_port(self.settings())
        self._ports.append(port)
        if isinstance(port, ModbusServerPlc):
            self.wire.target = ("127.0.0.1", await port.listen())
        await port.open()
        return port

    async def until(self, condition, seconds=5.0):
        """Let the loop run until something holds; fails loudly where it never does."""
        async with asyncio.timeout(seconds):
            while not (found := condition()):
                await asyncio.sleep(0.002)
        return found

    async def polled(self, port, station, condition, seconds=5.0):
        """Poll until a station's image is as wanted, and return it."""
        async with asyncio.timeout(seconds):
            while True:
                image = (await port.poll()).get(station)
                if image is not None and condition(image):
                    return image
                await asyncio.sleep(0.002)

    async def seen(self, station, condition):
        """Wait until a scan of the PLC has met such a G image."""
        met = self.stations.programs[station].seen
        return await self.until(lambda: met and condition(met[-1]))

    async def lost(self, port, seconds):
        """Poll until it fails, and return the fault; fails loudly where that takes too long."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await port.poll()
                except PlcUnreachable as fault:
                    return fault
                await asyncio.sleep(0.002)

    async def fresh(self):
        """Between two tests: a whole wire, new programs, G as zeros."""
        for port in self._ports:
            await port.close()
        self._ports.clear()
        self.wire.thaw()
        self.wire.cut()
        self.wire.refuse, self.wire.delay_s = False, 0.0
        self.stations.stopped = False
        for name in BASES:
            self.stations.programs[name] = Witness()
            self.stations.g[name] = GwImage()
        if isinstance(self.plc, ModbusServingPlc):
            self.plc.unmapped.clear()
        if not self.plc_calls:
            # A PLC that serves shows the last test's parts until its new programs have been scanned once.
            scans = self.stations.scans
            await self.until(lambda: self.stations.scans >= scans + 2)

    async def stop(self):
        await self.fresh()
        await self.plc.stop()
        await self.wire.stop()


KINDS = ("opcua", "opcua-subscribe", "modbus", "modbus-server")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KINDS)
async def shared_rig(request):
    rig = Rig(request.param)
    await rig.start()
    yield rig
    await rig.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def rig(shared_rig):
    yield shared_rig
    await shared_rig.fresh()


@pytest.fixture
def result_image():
    """A whole result, every field different, as the gateway writes it for sequence 41 under boot id 1."""
    return GwImage(
        heartbeat=7,
        boot_id=40_000,
        state=1,
        trig_ack=41,
        result_head=41,
        verdict=1,
        quality_code=0,
        defect_code=3,
        score=0.75,
        latency_ms=120,
        pass_key=(~41 & 0xFFFF) ^ 1,
        result_seq=41,
    )


@pytest.fixture
def zero_image(result_image):
    return replace(GwImage(), heartbeat=result_image.heartbeat, boot_id=result_image.boot_id, state=1)
