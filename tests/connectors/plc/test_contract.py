"""What every `PlcPort` promises, over real sockets, whichever protocol lies beneath."""

import asyncio
from dataclasses import replace

import pytest

from connectors.plc.open import open_port
from connectors.plc.port import GwImage, PlcRefused, PlcUnreachable

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_part_is_seen_by_poll_and_read_whole_by_the_second_read(rig):
    port = await rig.port()

    rig.stations.programs["ring"].arrive("A-0412", 3)
    seen = await rig.polled(port, "ring", lambda p: p.trig_seq == 41)
    part = await port.read("ring")

    assert seen.boot_id == 1
    assert (part.trig_head, part.trig_seq) == (41, 41)
    assert (part.part_id, part.part_type, part.deadline_ms, part.mode) == ("A-0412", 3, 60_000, 1)


async def test_poll_brings_every_station_and_each_its_own(rig):
    port = await rig.port()

    rig.stations.programs["gear"].arrive("G-1", 9)
    for name, wanted in (("gear", 41), ("ring", 0), ("watched", 0)):
        await rig.polled(port, name, lambda p, wanted=wanted: p.trig_seq == wanted)
    images = await port.poll()

    assert set(images) == {"ring", "gear", "watched"}
    assert images["gear"].part_type == 9
    assert images["ring"].trig_seq == 0


async def test_opening_and_reading_write_nothing(rig):
    port = await rig.port()

    await port.poll()
    await port.read("watched")
    await port.values()

    assert all(g == GwImage() for program in rig.stations.programs.values() for g in program.seen)


async def test_a_result_comes_whole_and_never_before_its_payload(rig, result_image):
    port = await rig.port()
    await port.zero("ring", replace(GwImage(), heartbeat=7, boot_id=40_000, state=1))
    await port.accept("ring", replace(GwImage(), heartbeat=7, boot_id=40_000, state=2, trig_ack=41))
    await rig.seen("ring", lambda g: g.trig_ack == 41)

    await port.beat({"ring": result_image})
    await port.result("ring", result_image)
    await rig.seen("ring", lambda g: g.result_seq == 41)

    met = [g for g in rig.stations.programs["ring"].seen if g.result_seq == 41]
    assert met
    assert all(g == result_image for g in met)


async def test_the_zero_image_leaves_nothing_that_could_pass(rig, result_image, zero_image):
    port = await rig.port()
    await port.accept("ring", result_image)
    await port.result("ring", result_image)
    await rig.seen("ring", lambda g: g.pass_key != 0)

    await port.zero("ring", zero_image)

    await rig.seen("ring", lambda g: g == zero_image)


async def test_a_heartbeat_touches_nothing_but_heartbeat_boot_id_and_state(rig, result_image):
    port = await rig.port()
    await port.zero("ring", GwImage())
    await port.zero("gear", GwImage())
    await port.accept("ring", result_image)
    await port.result("ring", result_image)
    await rig.seen("ring", lambda g: g.result_seq == 41)

    await port.beat(
        {"ring": GwImage(heartbeat=8, boot_id=5, state=3), "gear": GwImage(heartbeat=9, boot_id=6, state=1)}
    )

    await rig.seen("ring", lambda g: g == replace(result_image, heartbeat=8, boot_id=5, state=3))
    await rig.seen("gear", lambda g: g == GwImage(heartbeat=9, boot_id=6, state=1))


async def test_a_station_that_is_not_active_is_never_written(rig, result_image):
    port = await rig.port()

    for write in (port.zero, port.accept, port.result):
        with pytest.raises(PlcRefused, match="watched is not active"):
            await write("watched", result_image)
    with pytest.raises(PlcRefused, match="watched is not active"):
        await port.beat({"watched": result_image})

    assert rig.stations.g["watched"] == GwImage()


async def test_plain_tags_come_by_their_names(rig):
    port = await rig.port()
    await rig.plc.set_value("rpm", 1482.5)
    await rig.plc.set_value("running", 1.0)

    async with asyncio.timeout(5):
        while (values := await port.values())["running"].value != 1.0:
            await asyncio.sleep(0.002)

    assert values["rpm"].value == 1482.5


async def test_a_killed_plc_is_unreachable_at_once_and_for_good(rig):
    port = await rig.port()
    await port.poll()

    rig.wire.refuse = True
    rig.wire.cut()

    fault = await rig.lost(port, 2)

    assert str(fault).startswith("plc.main: ")
    rig.wire.refuse = False
    for call in (port.poll, port.values, lambda: port.read("ring"), lambda: port.zero("ring", GwImage())):
        with pytest.raises(PlcUnreachable):
            await call()


async def test_a_frozen_plc_costs_a_bounded_time(rig):
    port = await rig.port()
    await port.poll()

    rig.wire.freeze()

    await rig.lost(port, 3)
    async with asyncio.timeout(2):
        await port.close()


async def test_a_write_given_up_at_its_deadline_ends_the_connection(rig, result_image):
    port = await rig.port()
    if rig.plc_calls:
        pytest.skip("a result is in the gateway's own registers at once; there is nothing to give up")
    rig.wire.freeze()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(port.result("ring", result_image), 0.05)

    with pytest.raises(PlcUnreachable):
        await port.poll()
    with pytest.raises(PlcUnreachable):
        await port.result("ring", result_image)
    async with asyncio.timeout(2):
        await port.close()


async def test_a_new_port_serves_where_an_old_one_broke(rig, zero_image):
    old = await rig.port()
    rig.wire.cut()
    await rig.lost(old, 3)
    await old.close()

    new = await rig.port()
    await new.zero("ring", zero_image)

    await rig.seen("ring", lambda g: g == zero_image)
    assert (await new.read("ring")).boot_id == 1


async def test_no_plc_at_all_is_said_in_time(rig):
    rig.wire.refuse = True
    rig.wire.cut()
    if rig.plc_calls:
        await rig.plc.stop()

    async with asyncio.timeout(7):
        with pytest.raises(PlcUnreachable, match=r"plc\.main"):
            await rig.port()

    if rig.plc_calls:
        await rig.plc.start()


async def test_closing_is_safe_before_after_and_twice(rig):
    port = await rig.port()

    await port.close()
    await port.close()

    with pytest.raises(PlcUnreachable):
        await port.poll()


async def test_check_finds_a_whole_plc_in_order(rig):
    if rig.plc_calls:
        pytest.skip("it waits for the PLC on the port of its settings: see test_modbus_server.py")
    findings = await open_port(rig.settings()).check()

    assert findings
    assert all(finding.ok for finding in findings), findings
    assert all(g == GwImage() for program in rig.stations.programs.values() for g in program.seen)


async def test_whatever_the_scanner_read_arrives_as_printable_text(rig):
    port = await rig.port()

    rig.stations.programs["ring"].arrive("../\x1b[2J\x7f'; DROP", 1)
    seen = await rig.polled(port, "ring", lambda p: p.trig_seq == 41)

    assert seen.part_id == "../\ufffd[2J\ufffd'; DROP"
