"""Real bottles through the whole gateway: a small helping of benchmarks/bottles_line.py."""

import asyncio

import pytest

from benchmarks import bottles_line
from connectors.plc.hush import hush_libraries

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not bottles_line.BOTTLES.is_dir(), reason="no ../shared/data/bottles: real knocks are not here"),
]


def test_each_of_forty_real_bottles_gets_its_own_result_and_the_number_judge_gives(tmp_path):
    hush_libraries()
    good, cracked = bottles_line.good_and_cracked()
    taught, files = good[:60], bottles_line.drawn(good[60:], cracked, 28, 12)
    bottles_line.teach(tmp_path / "recipe", taught)
    alone = bottles_line.judged_alone(tmp_path / "recipe", files)
    line = asyncio.run(bottles_line.run_line("opcua", files, tmp_path / "recipe", tmp_path, pace=3.0))
    assert line.exit_code == 0
    assert bottles_line.astray(line) == (0, 0, 0)
    assert bottles_line.unlike_judge(line, alone) == []
    assert {word for row in line.store.values() if row.outcome == "judged" for word in row.quality} == {"no_context"}
    # On a machine busy with other tests a part may be overrun by the next one: then it is no pass.
    held_up = [row for row in line.store.values() if row.outcome != "judged"]
    assert not any(line.plc[row.part_id].passed for row in held_up)
    assert len(held_up) < len(files) // 2
    told = bottles_line.figures(line, alone, set())
    assert told["caught"] + len(held_up) >= 10
    assert told["rejected_unseen"] <= 3 + len(held_up)
