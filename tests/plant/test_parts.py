"""Parts from the trigger to the gate, over every protocol and in every mode."""

import asyncio

import pytest

from analytics.decision.verdict import Evaluation
from connectors.plc.port import GwImage
from tests.plant.lines import stored_parts
from tests.plant.running import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def in_store(plant, wanted):
    """Wait until the ledger has written these parts; returns their rows."""
    await until(lambda: wanted <= stored_parts(plant.gateway.site).keys(), f"the store holds {sorted(wanted)}")
    return stored_parts(plant.gateway.site)


async def test_each_protocol_brings_the_right_verdict_to_the_right_part_and_the_store_agrees(plant):
    await plant.ready()

    async def one_after_the_other(seat):
        goods, bads = [plant.bin.good() for _ in range(3)], [plant.bin.cracked() for _ in range(2)]
        for part_id in (goods[0], bads[0], goods[1], bads[1], goods[2]):
            g = await seat.judged(part_id)
            assert g.verdict == (Evaluation.OK if part_id in goods else Evaluation.NOT_OK), (part_id, g)
        return [await seat.decided(part_id) for part_id in (*goods, *bads)]

    logs = [log for logs in await asyncio.gather(*map(one_after_the_other, plant.heard)) for log in logs]
    rows = await in_store(plant, {log.part_id for log in logs})
    for log in logs:
        row = rows[log.part_id]
        assert (row.sequence, int(row.evaluation), row.outcome) == (log.sequence, log.verdict, "judged")
        assert row.score == pytest.approx(log.score, rel=1e-6)  # a tag is a float32
        assert log.passed == (log.verdict == Evaluation.OK), log
        assert not log.late
        assert not log.wrong
    assert not any(seat.program.stray_results for seat in plant.heard)


async def test_observe_and_shadow_write_not_one_tag_and_the_store_knows_what_they_heard(plant):
    await plant.ready()
    watched, shaded = plant.bin.cracked(), plant.bin.cracked()
    plant.watch.program.arrive(watched, 1)
    plant.shade.program.arrive(shaded, 1)
    rows = await in_store(plant, {watched, shaded})
    assert rows[watched].evaluation is Evaluation.UNDEFINED
    assert rows[watched].score > 1
    assert rows[shaded].evaluation is Evaluation.NOT_OK
    assert not rows[watched].written
    assert not rows[shaded].written
    assert plant.trial.served.writes == []
    assert plant.watch.g == plant.shade.g == GwImage()
    assert not (await plant.watch.decided(watched)).passed


async def test_where_sound_is_never_kept_no_audio_file_is_on_the_disk(plant):
    await plant.ready()
    reject = plant.bin.cracked()
    assert (await plant.ring.judged(reject)).verdict == Evaluation.NOT_OK
    rows = await in_store(plant, {reject})
    assert rows[reject].clip is None
    kinds = {path.suffix for path in plant.gateway.site.parent.rglob("*") if path.is_file()}
    assert kinds <= {".toml", ".log", ".db", ".db-wal", ".db-shm", ".png", ".lock"}
