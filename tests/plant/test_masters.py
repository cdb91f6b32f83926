"""A whole gateway and its PLC over OPC UA: locked until the master parts were right, and every part replayed after."""

import json

import pytest

from analytics.decision.verdict import Evaluation
from connectors.plc.port import GwState
from gateway.cli.app import main
from tests.plant.castings import Bin, write_castings_recipe
from tests.plant.lines import PlantPlc, stored_parts, write_site
from tests.plant.running import RunningGateway, until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_a_line_waits_for_its_master_parts_and_every_part_is_replayed_bit_for_bit(tmp_path, capsys):
    bin_ = Bin(4, 2)
    master_ok, master_bad, goods, bad = bin_.good(), bin_.cracked(), [bin_.good() for _ in range(3)], bin_.cracked()
    plc = PlantPlc("castings", "opcua", "ring")
    await plc.start()
    recipe = tmp_path / "recipes" / "castings"
    write_castings_recipe(recipe)
    seat = plc.seat("ring")
    masters = f"[station.parts.master]\nok = [{json.dumps(master_ok)}]\nnot_ok = [{json.dumps(master_bad)}]\n"
    gateway = RunningGateway(write_site(tmp_path, [plc], [seat], recipe, masters, sound="all"))
    try:
        await gateway.start()
        await gateway.says(kind="worker-started")
        await until(lambda: seat.program.armed and seat.g.heartbeat, "the gateway is alive")
        assert seat.g.state == GwState.LOCKED
        early = await seat.judged(goods[0])
        assert early.verdict == Evaluation.NOT_DECIDABLE
        assert not (await seat.decided(goods[0])).passed

        assert (await seat.judged(master_bad)).verdict == Evaluation.NOT_OK
        assert seat.g.state == GwState.LOCKED
        assert (await seat.judged(master_ok)).verdict == Evaluation.NOT_DECIDABLE  # with its trial bit, never a pass
        await gateway.says(kind="station-unlocked", where="ring")
        await seat.ready()
        assert (await seat.judged(goods[1])).verdict == Evaluation.OK
        assert (await seat.judged(bad)).verdict == Evaluation.NOT_OK
        assert (await seat.judged(goods[2])).verdict == Evaluation.OK
        assert (await seat.decided(goods[1])).passed
        assert not (await seat.decided(master_ok)).passed
        seat.program.arrive("X-1", 9)
        assert not (await seat.decided("X-1")).passed
        assert seat.g.quality_code == 1 << 5, "a PartType without a recipe has no default"
        await until(lambda: stored_parts(gateway.site).get("X-1") is not None, "the store holds them")
        gateway.tell()
        assert await gateway.ended() == 0
    finally:
        await gateway.stop()
        await plc.stop()

    rows = stored_parts(gateway.site)
    assert {name for name, row in rows.items() if row.outcome == "master"} == {master_ok, master_bad}
    assert rows[master_ok].true_evaluation is Evaluation.OK
    for _ in range(2):
        assert main(["replay", "--last", "6", "--store", str(tmp_path / "data"), "--json"]) == 1
        again = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [row["same"] for row in again] == [True] * 5 + [None]
        assert again[-1]["remark"] == "nothing was heard of it: no recipe for part type 9."
