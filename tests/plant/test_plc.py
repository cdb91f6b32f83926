"""A PLC that goes away, restarts and stands still: no pass without a valid OK, and the gateway needs no restart."""

import pytest

from analytics.decision.verdict import Evaluation
from tests.plant.castings import is_good

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.parametrize("seat", ["ring", "gear", "seat"]),
]


def passed_well(seat):
    """Whether everything that went through this gate was told OK, and is good."""
    return all(log.verdict == Evaluation.OK and is_good(log.part_id) for log in seat.program.log if log.passed)


async def comes_back(plant, seat):
    await plant.ready()
    part_id = plant.bin.good()
    assert (await seat.judged(part_id)).verdict == Evaluation.OK
    assert (await seat.decided(part_id)).passed
    assert passed_well(seat)
    assert not any(log.wrong for log in seat.program.log)


async def test_a_plc_that_goes_away_with_a_part_under_way_gets_no_old_result_when_it_is_back(plant, seat):
    await plant.ready()
    seat = getattr(plant, seat)
    part_id = plant.bin.good()
    said = len(plant.gateway.said)
    await seat.send(part_id)
    await seat.plc.stop()
    try:
        await plant.gateway.says(kind="plc-link-down", after=said, where=f"plc.{seat.plc.name}")
    finally:
        await seat.plc.start()
    log = await seat.decided(part_id)
    assert not log.passed
    await comes_back(plant, seat)


async def test_a_plc_that_restarts_with_a_part_under_way_rejects_it_and_goes_on(plant, seat):
    await plant.ready()
    seat = getattr(plant, seat)
    part_id = plant.bin.good()
    await seat.send(part_id)
    seat.plc.stations.restart(seat.name, memory_kept=False, g_kept=False)
    assert not (await seat.decided(part_id)).passed
    await comes_back(plant, seat)


async def test_a_plc_that_stands_still_passes_nothing_without_an_ok_and_goes_on(plant, seat):
    await plant.ready()
    seat = getattr(plant, seat)
    part_id = plant.bin.good()
    said = len(plant.gateway.said)
    await seat.send(part_id)
    seat.plc.stations.stopped = True
    try:
        await plant.gateway.says("PlcHeartbeatStale", after=said, kind="alarm-raised", where=seat.name)
    finally:
        seat.plc.stations.stopped = False
    await seat.decided(part_id)
    await comes_back(plant, seat)
