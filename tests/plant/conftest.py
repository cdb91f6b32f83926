import pytest
import pytest_asyncio

from connectors.plc.hush import hush_libraries
from tests.plant.castings import Bin, write_castings_recipe
from tests.plant.lines import PlantPlc, write_site
from tests.plant.running import RunningGateway


@pytest.fixture(scope="session")
def recipe(tmp_path_factory):
    """A recipe that knows castings."""
    folder = tmp_path_factory.mktemp("recipes") / "castings"
    write_castings_recipe(folder)
    return folder


class Plant:
    """A line with every protocol and every mode, and one gateway for all of it."""

    def __init__(self):
        self.castings = PlantPlc("castings", "opcua", "ring")
        self.trial = PlantPlc("trial", "opcua", "watch", "shade")
        self.cell = PlantPlc("cell", "modbus", "gear", "press")
        self.old = PlantPlc("old", "modbus-server", "seat")
        self.plcs = (self.castings, self.trial, self.cell, self.old)
        self.ring = self.castings.seat("ring")
        self.watch = self.trial.seat("watch", mode="observe")
        self.shade = self.trial.seat("shade", mode="shadow")
        self.gear = self.cell.seat("gear")
        # A device that is not there has a worker all the same, and it is another one than the simulated stations have.
        self.press = self.cell.seat("press", source='{ kind = "microphone", device = "no such device" }')
        self.seat = self.old.seat("seat")
        self.heard = (self.ring, self.gear, self.seat)  #: active, and with sound
        self.seats = (*self.heard, self.watch, self.shade, self.press)
        self.gateway = None
        self.bin = Bin(60, 12)

    async def ready(self):
        for seat in self.heard:
            await seat.ready()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def plant(recipe, tmp_path_factory):
    """The line of all tests here; each of them waits until it is ready, whatever the one before has broken."""
    hush_libraries()
    plant = Plant()
    for plc in plant.plcs:
        await plc.start()
    extra = '[serve]\nopcua = "opc.tcp://127.0.0.1:0"\nsecurity = "None"\n'
    site = write_site(tmp_path_factory.mktemp("plant"), plant.plcs, plant.seats, recipe, extra)
    plant.gateway = RunningGateway(site)
    try:
        await plant.gateway.start()
        yield plant
    finally:
        await plant.gateway.stop()
        for plc in plant.plcs:
            await plc.stop()
