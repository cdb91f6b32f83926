"""The simulated PLC that calls: it can be ended whatever its client library makes of a cancelled request."""

import asyncio
import contextlib

import pytest
from pymodbus.exceptions import ModbusIOException
from pymodbus.pdu.register_message import ReadInputRegistersResponse

from connectors.plc.registers import G_LENGTH
from connectors.simulated import plc_modbus
from connectors.simulated.plc_program import PlcProgram
from connectors.simulated.plc_stations import PlcStations


class Swallowing:
    """A client whose requests swallow a cancellation, as pymodbus does in some of its waits."""

    asked: asyncio.Event
    fault: Exception | None
    connected = True

    def __init__(self, *_, **__):
        pass

    async def connect(self):
        return True

    def close(self):
        pass

    async def read_input_registers(self, *_, **__):
        return ReadInputRegistersResponse(registers=[0] * G_LENGTH)

    async def write_registers(self, *_, **__):
        self.asked.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault


@pytest.mark.parametrize("fault", [None, ModbusIOException("cancelled")])
async def test_it_ends_though_its_client_swallows_the_cancellation(monkeypatch, fault):
    monkeypatch.setattr(plc_modbus, "AsyncModbusTcpClient", Swallowing)
    Swallowing.asked, Swallowing.fault = asyncio.Event(), fault
    plc = plc_modbus.ModbusCallingPlc(PlcStations({"ring": PlcProgram()}), {"ring": 0}, 1)
    await plc.start()
    await Swallowing.asked.wait()
    await asyncio.wait_for(plc.stop(), 5.0)
