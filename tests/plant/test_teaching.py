"""A station that knows nothing: taught in Mode 3, judging in Mode 1, and ended in order."""

import pytest
import soundfile

from analytics.decision.verdict import Evaluation
from connectors.plc.port import Mode
from models.recipe import load
from tests.plant.castings import Bin
from tests.plant.lines import PlantPlc, stored_parts, write_site
from tests.plant.running import RunningGateway, until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

TAUGHT = 12


async def test_a_station_taught_in_mode_3_judges_in_mode_1_keeps_rejects_alone_and_ends_in_order(tmp_path):
    bin_ = Bin(TAUGHT + 3, 2)
    plc = PlantPlc("castings", "opcua", "ring")
    await plc.start()
    recipe = tmp_path / "recipes" / "castings"
    seat = plc.seat("ring", teach_parts=TAUGHT)
    gateway = RunningGateway(write_site(tmp_path, [plc], [seat], recipe, sound="rejects"))
    try:
        await gateway.start()
        await until(lambda: seat.program.armed and seat.g.heartbeat, "the gateway is alive")
        await taught(seat, bin_)
        await gateway.says(kind="learned", where="ring")
        assert load(recipe).model is not None
        assert not [path for path in recipe.parent.iterdir() if path != recipe], "nothing half-written beside it"

        seat.program.mode = Mode.AUTOMATIC
        await seat.ready()
        goods, bads = [bin_.good(), bin_.good()], [bin_.cracked(), bin_.cracked()]
        for part_id in (goods[0], bads[0], bads[1], goods[1]):
            wanted = Evaluation.OK if part_id in goods else Evaluation.NOT_OK
            assert (await seat.judged(part_id)).verdict == wanted, part_id
        await until(lambda: {*goods, *bads} <= stored_parts(gateway.site).keys(), "the store holds them")

        gateway.tell()
        assert await gateway.ended() == 0
        await gateway.nobody_left()
        await nothing_passes_any_more(seat, bin_)
    finally:
        await gateway.stop()
        await plc.stop()
    rows = stored_parts(gateway.site)
    assert {part_id for part_id, row in rows.items() if row.clip} == set(bads)
    # Exactly as it was judged: what fits no whole number of bits, as simulated sound, is kept in floating point.
    clips = [path for path in sorted((tmp_path / "data").rglob("*")) if path.suffix in {".flac", ".wav"}]
    assert len(clips) == len(bads)
    assert soundfile.info(clips[0]).samplerate == 48_000


async def taught(seat, bin_):
    """Let known-good parts come in Mode 3; none of them may pass by it."""
    seat.program.mode = Mode.TEACH
    part_ids = [bin_.good() for _ in range(TAUGHT)]
    for part_id in part_ids:
        assert (await seat.judged(part_id)).verdict == Evaluation.NOT_DECIDABLE
    assert not any([(await seat.decided(part_id)).passed for part_id in part_ids])


async def nothing_passes_any_more(seat, bin_):
    """A part that comes after the gateway has ended finds no result, whatever stands in the tags."""
    beat = seat.g.heartbeat
    part_id = bin_.good()
    await seat.send(part_id)
    assert not (await seat.decided(part_id)).passed
    assert seat.g.heartbeat == beat
