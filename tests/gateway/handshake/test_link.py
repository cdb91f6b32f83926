"""The link against a PLC in memory, in virtual time: an hour costs nothing."""

import asyncio

from connectors.plc.port import GwState
from gateway.handshake.state import StationMode
from gateway.handshake.wire import LinkSettings
from tests.gateway.handshake.memory_plant import NOT_OK, OK, RECIPE, ROUND_TRIP_S, MemoryPlc, Plant, play


def test_parts_are_judged_written_and_recorded_once():
    async def scenario():
        async with Plant(MemoryPlc(["ring"])) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, NOT_OK, OK)
        return plant

    plant = play(scenario)
    assert [part.passed for part in plant.plc.programs["ring"].log] == [True, False, True]
    assert [(r.outcome, r.written, r.defect_code, r.part_id) for r in plant.part_records] == [
        ("judged", True, 0, "P0"),
        ("judged", True, 2, "P1"),
        ("judged", True, 0, "P2"),
    ]
    view = plant.link.views()["ring"]
    assert (view.counters.parts, view.counters.ok, view.counters.not_ok, view.counters.lost) == (3, 2, 1, 0)
    assert view.chips == (1, 2, 1)
    assert view.last.part_id == "P2"
    assert len(view.latencies_ms) == sum(view.dials.answers) == sum(view.dials.scores) == 3
    assert view.dials.plc_beat_at is None, "of a PLC that is gone nobody knows"
    assert (view.link, view.ready) == ("down", True)


def test_a_station_that_hears_nothing_says_degraded_until_it_hears_again_whatever_is_taught_meanwhile():
    async def scenario():
        async with Plant(MemoryPlc(["ring", "gear"])) as plant:
            states = []
            for deaf in (True, True, False):
                plant.link.ear("ring", deaf=deaf)
                plant.link.recipes("ring", {1: RECIPE})
                await asyncio.sleep(0.4)
                states.append((plant.plc.g["ring"].state, plant.plc.g["gear"].state))
            return states

    states = play(scenario)
    assert states == [(GwState.DEGRADED, GwState.READY)] * 2 + [(GwState.READY, GwState.READY)]


def test_a_result_waits_for_one_request_at_most_among_sixteen_stations():
    async def scenario():
        plc = MemoryPlc([f"s{n}" for n in range(16)])
        settings = LinkSettings("plc.main", poll_s=0.004, request_s=0.2)
        async with Plant(plc, settings=settings) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, OK, station="s3")
        return plant

    plant = play(scenario)
    for order in plant.judge.orders:
        seq = next(r.sequence for r in plant.part_records if r.part_id == order.part_id)
        waited = plant.plc.results_at["s3", seq] - plant.judge.judged_at[order.ticket]
        assert waited <= 2 * ROUND_TRIP_S + 1e-6


def test_the_heartbeats_of_all_stations_go_in_one_request_at_the_pace_of_the_contract():
    async def scenario():
        plc = MemoryPlc(["a", "b", "c"])
        async with Plant(plc) as plant:
            await asyncio.sleep(0.3)
            before, plc.requests[:] = plc.g["a"].heartbeat, []
            await asyncio.sleep(2.0)
            return plc.g["a"].heartbeat - before, plc.requests.count("beat"), plant

    counted, requests, _ = play(scenario)
    assert counted == requests
    assert 2.0 / 0.25 <= counted <= 2.0 / 0.1


def test_a_hung_judge_stops_the_heartbeat_and_a_new_one_gets_a_new_boot_id():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc) as plant:
            await asyncio.sleep(0.3)
            boot_id = plc.g["ring"].boot_id
            plant.tasks[1].cancel()
            plant.link.worker_lost(["ring"])
            await asyncio.sleep(0.3)
            assert plc.g["ring"].state == GwState.FAULT
            assert "WorkerLost" in plant.link.alarms()["ring"]
            await plant.parts(OK)
            assert plc.programs["ring"].log[0].quality_code == 1 << 12
            plant.link.worker_back(["ring"])
            plant.tasks.append(asyncio.create_task(plant.judge.tick()))
            await asyncio.sleep(0.3)
            assert plc.g["ring"].boot_id not in (0, boot_id)
            await plant.parts(OK)
            return plant

    plant = play(scenario)
    assert [part.passed for part in plant.plc.programs["ring"].log] == [False, True]
    assert plant.kinds.count("alarm-raised") == plant.kinds.count("alarm-cleared") == 1


def test_a_heartbeat_that_waits_behind_a_slow_request_does_not_bring_the_old_boot_id_back():
    async def scenario(moment):
        plc = MemoryPlc(["ring"])
        async with Plant(plc) as plant:
            await asyncio.sleep(0.3)
            plc.slow_s = 0.15
            await asyncio.sleep(moment)
            plant.link.tick(["ring"])
            plant.link.worker_lost(["ring"])
            plant.link.worker_back(["ring"])
            plc.slow_s = 0.0
            await asyncio.sleep(0.5)
            return plc.g["ring"], plant

    for hundredth in range(20, 60):
        g, plant = play(lambda hundredth=hundredth: scenario(hundredth / 100))
        assert g.boot_id == plant.link.views()["ring"].gateway.boot_id
        assert g.state == GwState.READY
        assert plant.kinds.count("alarm-raised") == plant.kinds.count("alarm-cleared") == 1  # WorkerLost


def test_bad_tags_of_one_station_leave_the_others_alone_and_void_it_after_a_second():
    async def scenario():
        plc = MemoryPlc(["good", "bad"])
        async with Plant(plc) as plant:
            await asyncio.sleep(0.3)
            plc.bad.add("bad")
            await plant.parts(OK, OK, OK)
            plc.bad.clear()
            await asyncio.sleep(0.3)
            await plant.parts(OK)
        return plant

    plant = play(scenario)
    assert [part.passed for part in plant.plc.programs["good"].log] == [True] * 4
    assert [part.passed for part in plant.plc.programs["bad"].log] == [False, False, False, True]
    assert plant.kinds.count("plc-link-down") == 0
    assert "handshake-voided" in plant.kinds


def test_a_late_part_is_answered_at_its_margin_and_not_at_the_next_poll():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc, judge_s=60.0) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK)
            (order,) = plant.judge.orders
            return plc.results_at["ring", plc.programs["ring"].log[0].sequence] - order.seen_at, plant

    waited, plant = play(scenario)
    assert 0.32 <= waited <= 0.38  # counted from the poll before: the PLC's timer runs already
    assert plant.plc.programs["ring"].log[0].quality_code == 1


def test_a_result_whose_time_ran_out_behind_a_slow_poll_is_never_sent():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc, judge_s=0.31) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, every_s=0.29)
            plc.slow_s = 0.15
            await asyncio.sleep(0.3)
            plc.slow_s = 0.0
            plant.judge.judge_s = 0.1
            await asyncio.sleep(0.3)
            await plant.parts(OK)
        return plant

    plant = play(scenario)
    assert [(record.outcome, record.written) for record in plant.part_records] == [("lost", False), ("judged", True)]
    assert plant.part_records[0].true.evaluation is OK
    assert "plc-link-down" not in plant.kinds
    assert [part.passed for part in plant.plc.programs["ring"].log] == [False, True]


def test_shadow_sends_no_write_at_all_and_records_every_part():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc, modes=StationMode.SHADOW) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, NOT_OK)
        return plant

    plant = play(scenario)
    assert set(plant.plc.requests) == {"open", "poll", "read"}
    assert [(record.told.evaluation, record.written) for record in plant.part_records] == [(OK, False), (NOT_OK, False)]


def test_a_wall_clock_step_is_said_once_and_marks_the_open_part():
    async def scenario():
        async with Plant(MemoryPlc(["ring"])) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, every_s=0.08)
            plant.clock.ahead_s = 3600.0
            await asyncio.sleep(0.5)
        return plant

    plant = play(scenario)
    assert plant.kinds.count("clock-step") == 1
    assert plant.part_records[0].quality_code == 1 << 11
    assert plant.plc.programs["ring"].log[0].passed


def test_plain_tags_are_handed_on_a_few_times_a_second():
    seen = []

    async def scenario():
        async with Plant(MemoryPlc(["ring"]), on_values=seen.append):
            await asyncio.sleep(2.0)

    play(scenario)
    assert 7 <= len(seen) <= 9
    assert seen[0]["speed"].value == 1480.0


def test_a_teach_part_needs_no_verdict():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc, judge_s=60.0) as plant:
            plc.programs["ring"].mode = 3
            await asyncio.sleep(0.3)
            await plant.parts(OK, every_s=0.2)
            (order,) = plant.judge.orders
            plant.link.taught("ring", order.ticket, plant.clock.now())
            await asyncio.sleep(0.1)
        return plant

    plant = play(scenario)
    assert plant.judge.orders[0].teach
    assert [record.outcome for record in plant.part_records] == ["taught"]
    assert plant.plc.g["ring"].verdict == 3
