"""Processes of the gateway killed and frozen while parts come."""

from datetime import datetime

import pytest

from analytics.decision.verdict import Evaluation
from tests.plant.lines import READY, stored_parts
from tests.plant.running import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

FILES, MICROPHONE = "worker-files", "worker-no-such-device"


async def judged_right(plant):
    """One good part at every station; returns their PartIds."""
    part_ids = [plant.bin.good() for _ in plant.heard]
    for seat, part_id in zip(plant.heard, part_ids, strict=True):
        assert (await seat.judged(part_id)).verdict == Evaluation.OK, part_id
    return set(part_ids)


async def test_a_killed_worker_passes_no_part_and_is_back_with_a_new_boot_id_while_the_other_goes_on(
    plant, record_property
):
    await plant.ready()
    gateway, ring, press = plant.gateway, plant.ring, plant.press
    before, lives = ring.g.boot_id, gateway.lives(FILES)
    other, its_pid, its_beat = press.g.boot_id, gateway.pid(MICROPHONE), press.g.heartbeat
    part_id = plant.bin.good()
    sequence = await ring.send(part_id)
    await until(lambda: ring.g.trig_ack == sequence, "its sound is being recorded")
    said = len(gateway.said)
    gateway.kill(FILES)
    log = await ring.decided(part_id)
    assert not log.passed
    assert log.verdict == Evaluation.NOT_DECIDABLE
    await until(lambda: ring.g.boot_id not in (before, 0) and ring.g.state in READY, "it is back")
    lost, back = [await gateway.says(FILES, after=said, kind=kind) for kind in ("worker-lost", "worker-started")]
    seconds = datetime.fromisoformat(back["timestamp"]) - datetime.fromisoformat(lost["timestamp"])
    record_property("worker back after", f"{seconds.total_seconds():.2f} s")  # 2 s at most on a machine of its own
    assert gateway.lives(FILES) == lives + 1
    await judged_right(plant)
    assert (press.g.boot_id, gateway.pid(MICROPHONE)) == (other, its_pid)
    await until(lambda: press.g.heartbeat != its_beat, "the other worker's heartbeat goes on")


async def test_a_worker_that_hangs_passes_no_part_and_is_ended_and_comes_back(plant):
    await plant.ready()
    gateway, gear = plant.gateway, plant.gear
    before = gear.g.boot_id
    said = len(gateway.said)
    gateway.freeze(FILES)
    part_id = plant.bin.good()
    await gear.send(part_id)
    assert not (await gear.decided(part_id)).passed
    lost = await gateway.says("process lost", after=said, name=FILES)
    assert "hung for 3 s" in lost["why"]
    await until(lambda: gear.g.boot_id not in (before, 0) and gear.g.state in READY, "it is back")
    await judged_right(plant)


@pytest.mark.parametrize("name", ["front", "ledger"])
async def test_parts_are_judged_while_another_process_is_killed_and_it_comes_back(plant, name):
    await plant.ready()
    lives = plant.gateway.lives(name)
    plant.gateway.kill(name)
    await judged_right(plant)
    await until(lambda: plant.gateway.lives(name) > lives, f"{name} is started anew")


async def test_parts_are_judged_while_the_ledger_stands_still_and_are_in_the_store_afterwards(plant):
    await plant.ready()
    plant.gateway.freeze("ledger")
    try:
        wanted = await judged_right(plant)
        assert not wanted & stored_parts(plant.gateway.site).keys()
    finally:
        plant.gateway.thaw("ledger")
    await until(lambda: wanted <= stored_parts(plant.gateway.site).keys(), "the store holds them")
