"""The simulated PLC that calls: it can be ended whatever its client library makes of a cancelled request."""

import asyncio

from pymodbus.exceptions import ModbusIOException

from connectors.simulated import plc_modbus
from connectors.simulated.plc_program import PlcProgram
from connectors.simulated.plc_stations import PlcStations


class Swallowing:
    """A client whose requests turn a cancellation into a fault, as pymodbus does in one of its waits."""

    asked: asyncio.Event
    connected = True

    def __init__(self, *_, **__):
        pass

    async def connect(self):
        return True

    def close(self):
        pass

    async def read_input_registers(self, *_, **__):
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ModbusIOException("cancelled") from None


async def test_it_ends_though_its_client_swallows_the_cancellation(monkeypatch):
    monkeypatch.setattr(plc_modbus, "AsyncModbusTcpClient", Swallowing)
    Swallowing.asked = asyncio.Event()
    plc = plc_modbus.ModbusCallingPlc(PlcStations({"ring": PlcProgram()}), {"ring": 0}, 1)
    await plc.start()
    await Swallowing.asked.wait()
    await asyncio.wait_for(plc.stop(), 5.0)
