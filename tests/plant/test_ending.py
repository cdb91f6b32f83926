"""What a second signal does."""

import signal

import pytest

from tests.plant.lines import PlantPlc, write_site
from tests.plant.running import RunningGateway

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_a_second_signal_ends_the_gateway_at_once_though_a_process_of_it_stands_still(tmp_path, recipe):
    plc = PlantPlc("cell", "modbus", "gear")
    await plc.start()
    seat = plc.seat("gear")
    gateway = RunningGateway(write_site(tmp_path, [plc], [seat], recipe))
    try:
        await gateway.start()
        await seat.ready()
        gateway.freeze("ledger")  # the end in order would wait for it
        gateway.tell(signal.SIGTERM)
        await gateway.says(kind="stopping")
        gateway.tell(signal.SIGTERM)
        assert await gateway.ended() == -signal.SIGTERM
        gateway.thaw("ledger")
        await gateway.nobody_left()
    finally:
        await gateway.stop()
        await plc.stop()
