"""A disk that is full, locked or failing costs time and evidence, never a record."""

import sqlite3

import numpy as np
import pytest

from analytics.decision.verdict import Evaluation, Verdict
from gateway.ledger.desk import Desk
from gateway.ledger.plan import LedgerPlan, StationEntry
from gateway.ledger.scribe import Scribe
from gateway.processes.condition import ConditionReport, Diagnosis, EpisodeView
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.messages import PartEvidence
from gateway.store import evidence as evidence_room
from gateway.store.database import Store, StoreError
from gateway.store.evidence import Evidence
from gateway.store.read import Reader

CLIP = PartEvidence(48000, np.zeros(480, np.float32))


def part(sequence, evidence=None):
    told = Verdict(Evaluation.NOT_OK, 1.83, "crack", None, "ring too low")
    return PartRecord(
        "ring", "active", 1, sequence, f"P{sequence}", 1, "2026-11-24T12:00:00+00:00", told, 2, 0, None, True, 9.1, 3.0,
        "bracket-A/1/abc", "judged", evidence,
    )  # fmt: skip


def report(clock, name="E1"):
    episode = EpisodeView(
        name, "outer race", "warning", clock.wall().isoformat(), True, "PUMP-7: outer race indication"
    )
    return ConditionReport(
        "pump-7", clock.now(), clock.wall().isoformat(), True, 1480.0, {}, 12.0, "frozen",
        Diagnosis("outer race", "BPFO", ""), (), (episode,),
    )  # fmt: skip


class Faulty(sqlite3.Connection):
    """A connection whose n-th writing statement from `arm` on fails, and all after it until `heal`."""

    left = 0
    code = sqlite3.SQLITE_FULL

    def arm(self, n, code=sqlite3.SQLITE_FULL):
        self.left, self.code = n, code

    def execute(self, sql, *values):
        if self.left and sql.split(maxsplit=1)[0] in {"BEGIN", "INSERT", "UPDATE", "COMMIT"}:
            self.left -= 1
            if self.left == 0:
                self.left = 1
                error = sqlite3.OperationalError("the disk says no")
                error.sqlite_errorcode = self.code
                raise error
        return super().execute(sql, *values)


class Bench:
    def __init__(self, folder, clock):
        def connect(path):
            return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Faulty)

        self.folder, self.clock = folder, clock
        plan = LedgerPlan("L", str(folder), stations=(StationEntry("pump-7", "", "PUMP-7", "maximo"),), sound="all")
        self.store = Store.open(folder, "now", connect)
        self.store._db.execute("PRAGMA synchronous = OFF")  # no test cuts the power: 100 times as fast
        self.evidence = Evidence(folder / "evidence", 10**6)
        ids = iter(f"I{n}" for n in range(1000))
        self.scribe = Scribe(Desk(plan, self.store, clock, lambda: next(ids)), self.store, self.evidence, clock)

    @property
    def disk(self):
        return self.store._db

    def write(self):
        self.clock.pass_(2.0)
        return self.scribe.write(review=True)

    def rows(self):
        with Reader(self.folder) as reader:
            return [row.part_id for row in reader.parts(1000)], len(reader.orders(10))


@pytest.fixture
def bench(tmp_path, clock):
    bench = Bench(tmp_path, clock)
    yield bench
    bench.store.close()


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY]
)
def test_nothing_is_lost_or_doubled_whichever_write_fails(tmp_path, clock, code):
    for n in range(1, 40):
        bench = Bench(tmp_path / str(n), clock)
        bench.disk.arm(n, code)
        bench.scribe.hear([part(1), report(clock), part(2)])
        bench.write()
        untouched = not bench.scribe.faults
        bench.write()
        bench.disk.arm(0)
        bench.write()
        assert bench.rows() == (["P1", "P2"], 1), n
        assert bench.scribe.faults == ()
        with bench.store.reading() as db:
            assert db.execute("SELECT count(*) FROM outbox WHERE kind = 'order'").fetchone() == (1,)
        bench.store.close()
        if untouched:
            return
    raise AssertionError("never ran untouched")


def test_a_full_disk_is_said_and_takes_evidence_first(bench):
    bench.scribe.hear([part(1, CLIP), part(2, CLIP)])
    bench.write()
    assert len(list((bench.folder / "evidence").iterdir())) == 2

    bench.disk.arm(1)
    bench.scribe.hear([part(3)])
    bench.write()
    assert "cannot be written" in bench.scribe.faults[0]
    assert list((bench.folder / "evidence").iterdir()) == []

    bench.disk.arm(0)
    bench.write()
    assert bench.rows()[0] == ["P1", "P2", "P3"]


def test_what_waits_is_bounded_and_what_is_lost_is_counted(bench, monkeypatch):
    monkeypatch.setattr("gateway.ledger.scribe.HELD_MAX", 10)
    bench.disk.arm(1)
    bench.scribe.hear([part(0)])
    bench.write()
    bench.scribe.hear([part(n, CLIP) for n in range(1, 15)])
    assert "5 records were lost" in bench.scribe.faults[-1]

    bench.disk.arm(0)
    bench.write()
    assert len(bench.rows()[0]) == 10
    assert list((bench.folder / "evidence").iterdir()) == [], "sound is not held while the disk is full"


def test_a_clip_that_cannot_be_kept_costs_the_clip(bench, monkeypatch):
    monkeypatch.setattr(evidence_room, "FREE_BYTES_MIN", 2**60)
    bench.scribe.hear([part(1, CLIP)])
    bench.write()

    assert bench.rows()[0] == ["P1"]
    assert "MB free" in bench.scribe.faults[0]


def test_a_database_that_is_locked_by_somebody_else_is_waited_for(bench):
    other = sqlite3.connect(bench.folder / "wheeltapper.db", isolation_level=None)
    bench.disk.execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")
    bench.scribe.hear([part(1)])
    bench.write()
    assert "locked" in bench.scribe.faults[0]

    other.execute("COMMIT")
    other.close()
    bench.write()
    assert bench.rows()[0] == ["P1"]


def test_damage_while_it_runs_ends_the_process_with_a_sentence(bench):
    bench.disk.arm(1, sqlite3.SQLITE_CORRUPT)
    bench.scribe.hear([part(1)])
    with pytest.raises(StoreError, match="the next start moves it aside"):
        bench.write()
    bench.disk.arm(0)
