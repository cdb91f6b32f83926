"""PLCs that go away, restart and stand still: no pass without a valid OK, and the gateway needs no restart.

Each story is lived through by a PLC of every protocol at once.
"""

import asyncio

import pytest

from analytics.decision.verdict import Evaluation
from tests.plant.castings import is_good
from tests.plant.running import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def at_every_plc(plant, story):
    """Let it happen at every station with sound, while a part is under way; then the next part must be judged."""
    await plant.ready()
    said = len(plant.gateway.said)

    async def happens(seat):
        part_id = plant.bin.good()
        await seat.send(part_id)
        await story(seat, said)
        log = await seat.decided(part_id)
        await plant.ready()
        next_id = plant.bin.good()
        assert (await seat.judged(next_id)).verdict == Evaluation.OK
        assert (await seat.decided(next_id)).passed
        return log

    logs = await asyncio.gather(*map(happens, plant.heard))
    for seat in plant.heard:
        for log in seat.program.log:
            assert not log.wrong, log
            assert not log.passed or (log.verdict == Evaluation.OK and is_good(log.part_id)), log
    return logs


async def test_a_plc_that_goes_away_with_a_part_under_way_gets_no_old_result_when_it_is_back(plant):
    gone_at = {}

    async def goes_away(seat, said):
        await seat.plc.stop()
        gone_at[seat.name] = seat.plc.stations.now()
        try:
            await plant.gateway.says(kind="plc-link-down", after=said, where=f"plc.{seat.plc.name}")
        finally:
            await seat.plc.start()

    logs = await at_every_plc(plant, goes_away)
    for seat, log in zip(plant.heard, logs, strict=True):
        assert not log.passed or log.result_at < gone_at[seat.name], log  # its OK had come before


async def test_a_plc_that_restarts_with_a_part_under_way_rejects_it_and_goes_on(plant):
    async def restarts(seat, said):
        seat.plc.stations.restart(seat.name, memory_kept=False, g_kept=False)

    logs = await at_every_plc(plant, restarts)
    assert not any(log.passed for log in logs)


async def test_a_plc_that_stands_still_passes_nothing_without_an_ok_and_goes_on(plant):
    async def stands_still(seat, said):
        seat.plc.stations.stopped = True
        try:
            # A heartbeat that stands is an alarm; a PLC that calls and writes nothing any more has lost its link.
            await until(lambda: plant.gateway.has_said({"alarm-raised", "plc-link-down"}, seat, said), "it is noticed")
        finally:
            seat.plc.stations.stopped = False

    await at_every_plc(plant, stands_still)
