"""What a part can be judged again by outlives a restart, a migration and a purge of its sound."""

import sqlite3

import numpy as np
import pytest

from analytics.decision.verdict import Evaluation, Verdict
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.messages import PartNumbers
from gateway.store import records
from gateway.store.database import DATABASE, Store
from gateway.store.kept import KeptReader
from gateway.store.migrate import migrate, shipped

FEATURES = np.random.default_rng(0).normal(size=128).astype(np.float32)


def a_part(sequence=1, part_id="P1", station="ring", numbers=None):
    told = Verdict(Evaluation.OK, 0.1 + 0.2, None, None, "as good parts sound", (), {"mahalanobis": 1 / 3})
    return PartRecord(station, "active", 1, sequence, part_id, 3, "2026-01-01T00:00:00+00:00", told, 0, 0, None, True,
                      9.0, 3.0, "bracket-A v1 0123456789ab", "judged", numbers=numbers)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path, "now")
    yield store
    store.close()


def keep(store, *parts):
    with store.commit() as db:
        return [records.add_part(db, part) for part in parts]


def test_numbers_come_back_bit_for_bit(store, tmp_path):
    keep(store, a_part(numbers=PartNumbers('{"rate":48000}', '{"rate": 48000}', FEATURES, FEATURES[:7])))

    with KeptReader(tmp_path) as reader:
        (kept,) = reader.last(9)
    assert kept.features.tobytes() == FEATURES.tobytes()
    assert kept.embedding.tobytes() == FEATURES[:7].tobytes()
    assert (kept.cut, kept.front_end) == ('{"rate":48000}', '{"rate": 48000}')
    assert kept.row.score == 0.1 + 0.2
    assert kept.row.detectors == {"mahalanobis": 1 / 3}


def test_a_part_is_found_by_its_id_else_by_its_number_the_newest_last(store, tmp_path):
    first, second, third, other = keep(
        store, a_part(7, "A1"), a_part(8, "7"), a_part(7, "A3"), a_part(7, "A1", station="pump")
    )

    with KeptReader(tmp_path) as reader:
        assert [one.row.id for one in reader.named("A1")] == [first, other]
        assert [one.row.id for one in reader.named("A1", station="ring")] == [first]
        assert [one.row.id for one in reader.named("7")] == [second], "an id goes before a number"
        assert [one.row.id for one in reader.named("8")] == [second]
        assert reader.named("9" * 40) == []
        assert reader.by_id(third).row.part_id == "A3"
        assert reader.by_id(99) is None


@pytest.mark.parametrize("version", [1, 2])
def test_parts_of_an_earlier_version_stay_and_say_that_nothing_was_kept(tmp_path, version):
    scripts = shipped()
    db = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
    migrate(db, {number: scripts[number] for number in range(1, version + 1)})
    db.execute(
        "INSERT INTO parts (wall, station, mode, plc_mode, sequence, part_id, part_type, evaluation, reason, quality,"
        " detectors, defect_code, quality_code, written, recipe, outcome, clip)"
        " VALUES ('w', 'ring', 'active', 1, 4, 'P4', 3, 2, 'r', 'clipped', '{}', 0, 0, 1, 'x v1 0', 'judged', 'c.flac')"
    )
    db.close()

    Store.open(tmp_path, "now").close()

    with KeptReader(tmp_path) as reader:
        (kept,) = reader.last(9)
    assert (kept.row.part_id, kept.row.clip, kept.cut, kept.front_end) == ("P4", "c.flac", "", "")
    assert (kept.features, kept.embedding, kept.clip_sha256) == (None, None, "")
