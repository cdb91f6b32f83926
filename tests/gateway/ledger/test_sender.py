"""The outbox against a CMMS that refuses, hangs, drops and forgets: one order per incident, whatever happens."""

import random
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.cmms.port import DELETED, Order, OrderState, OrderStatus
from gateway.ledger import outbox
from gateway.ledger.plan import Delivery
from gateway.ledger.sender import Sender
from gateway.store.database import Store
from gateway.store.evidence import Evidence

WALL = "2026-11-24T12:00:00+00:00"


def an_order(key="KEY1", asset="PUMP-7", severity="warning"):
    return Order(key, asset, "outer race", f"{asset}: outer race indication", "long", severity, WALL)


def queue(store, order):
    with store.commit() as db:
        db.execute(
            "INSERT INTO incidents (id, number, station, asset, failure_mode, severity, text, raised_at, ended_why)"
            " VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM incidents), 'pump-7', ?,"
            " 'outer race', 'warning', 'heard', ?, '')",
            (order.key, order.asset, WALL),
        )
        db.execute(
            "INSERT INTO order_status VALUES (?, 'maximo', 'queued', '', ?, '', '', 0, '', '', '', ?)",
            (order.key, WALL, WALL),
        )
        outbox.add_order(db, order, "maximo", WALL)


class Bench:
    """A store, a CMMS and a sender that can be killed and started again."""

    def __init__(self, folder, cmms, clock):
        self.folder, self.cmms, self.clock = folder, cmms, clock
        self.changes = 0
        self.open()

    def open(self):
        self.store = Store.open(self.folder, "now")
        self.store._db.execute("PRAGMA synchronous = OFF")  # no test cuts the power: 100 times as fast
        self.evidence = Evidence(self.folder / "evidence", 10**6)
        self.sender = Sender(
            "maximo", self.cmms, self.store, self.evidence, self.clock, Delivery(), self._changed, random.Random(7)
        )

    def kill_and_restart(self):
        self.store.close()
        self.open()

    def step(self):
        """One step, then longer than it asked to wait."""
        self.clock.pass_(max(3 * self.sender.step(), 0.001))

    def run(self, steps=60):
        for _ in range(steps):
            self.step()

    def state(self, key="KEY1"):
        with self.store.reading() as db:
            return db.execute(
                "SELECT o.fate, o.number, b.state, o.adopted FROM order_status o JOIN outbox b ON"
                " b.incident = o.incident AND b.kind = 'order' WHERE o.incident = ?",
                (key,),
            ).fetchone()

    def events(self):
        with self.store.reading() as db:
            return [row[0] for row in db.execute("SELECT kind FROM events ORDER BY id")]

    def _changed(self):
        self.changes += 1


@pytest.fixture
def bench(tmp_path, cmms, clock):
    bench = Bench(tmp_path, cmms, clock)
    yield bench
    bench.store.close()


def test_an_order_is_made_once(bench, cmms):
    queue(bench.store, an_order())
    bench.run()

    assert list(cmms.orders) == ["1001"]
    assert bench.state() == ("stands", "1001", "done", 0)


def test_an_order_that_stood_before_a_lost_answer_is_found_not_made_again(bench, cmms):
    cmms.plan.append("commit and drop")
    queue(bench.store, an_order())
    bench.run()

    assert cmms.creates == ["KEY1"]
    assert bench.state() == ("stands", "1001", "done", 0)
    assert bench.events()[:2] == ["order-unsettled", "order-stands"]


def test_an_order_that_never_arrived_is_sent_again_only_after_two_look_ups(bench, cmms, clock):
    cmms.plan.append("drop")
    queue(bench.store, an_order())
    bench.sender.step()
    began = clock.now()
    assert bench.state()[:3] == ("unsettled", "", "unknown")

    while len(cmms.creates) < 2:
        clock.pass_(max(bench.sender.step(), 0.001))

    assert clock.now() - began >= 75.0  # 15 s, a look-up, 60 s, a look-up
    assert cmms.creates == ["KEY1", "KEY1"]
    assert len(cmms.orders) == 1


def test_death_while_sending_is_settled_by_looking(bench, cmms):
    cmms.plan.append("die")
    queue(bench.store, an_order())
    with pytest.raises(KeyboardInterrupt):
        bench.sender.step()
    assert bench.state()[2] == "sending"

    bench.kill_and_restart()
    bench.run()

    assert bench.state() == ("stands", "1001", "done", 0)
    assert len(cmms.orders) == 1


def test_a_bug_in_the_connector_is_not_an_order_lost(bench, cmms):
    cmms.plan.append("bug")
    queue(bench.store, an_order())
    with pytest.raises(RuntimeError):
        bench.sender.step()
    bench.run()

    assert bench.state() == ("stands", "1001", "done", 0)


def test_a_refused_connection_is_tried_again_with_growing_waits(bench, cmms, clock):
    cmms.plan.extend(["refuse"] * 6)
    queue(bench.store, an_order())
    waits = []
    while not cmms.orders:
        wait = bench.sender.step()
        waits.append(wait)
        clock.pass_(max(wait, 0.001))

    pauses = [wait for wait in waits if wait > 0.1]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 4 * pauses[0]
    assert bench.events().count("cmms-down") == 1
    assert bench.events().count("cmms-back") == 1


def test_a_refused_key_pauses_the_target_and_keeps_the_queue(bench, cmms, clock):
    cmms.plan.extend(["auth", "auth"])
    queue(bench.store, an_order())
    queue(bench.store, an_order("KEY2", "PUMP-8"))
    bench.sender.step()
    assert bench.sender.step() == pytest.approx(60.0)
    assert "key was refused" in bench.sender.fault

    bench.run()
    assert len(cmms.orders) == 2
    assert bench.sender.fault == ""


def test_a_rejected_order_is_said_and_holds_nobody_up(bench, cmms):
    cmms.plan.append("reject")
    queue(bench.store, an_order())
    queue(bench.store, an_order("KEY2", "PUMP-8"))
    bench.run()

    assert bench.state()[0] == "rejected"
    assert bench.state("KEY2")[0] == "stands"
    assert "order-rejected" in bench.events()
    with bench.store.reading() as db:
        assert outbox.counts(db) == (0, 1)


def test_a_persons_open_order_is_adopted_and_gets_the_story_as_a_note(bench, cmms):
    cmms.people["PUMP-7", "outer race"] = "77"
    queue(bench.store, an_order())
    bench.run()

    assert cmms.orders == {}
    assert bench.state() == ("stands", "77", "done", 1)
    ((number, text),) = cmms.notes
    assert number == "77"
    assert "outer race indication" in text


def test_notes_that_wait_behind_an_outage_become_one(bench, cmms):
    queue(bench.store, an_order())
    cmms.down = True
    with bench.store.commit() as db:
        for line in ("again", "now critical"):
            outbox.add_note(db, "KEY1", "maximo", line, WALL)
    bench.run(5)
    cmms.down = False
    bench.run()

    assert cmms.notes == [("1001", "again\nnow critical")]


def test_a_picture_that_is_refused_is_given_up_and_the_order_stands(bench, cmms):
    queue(bench.store, an_order())
    with bench.store.commit() as db:
        item = outbox.add_drawing(db, "KEY1", "maximo", WALL)
        outbox.drawn(db, item, bench.evidence.keep_picture("KEY1", b"\x89PNG"), "title", WALL)
    cmms.refuse_extras = True
    bench.run(200)

    assert bench.state()[0] == "stands"
    assert bench.events().count("picture-missing") == 1
    with bench.store.reading() as db:
        assert outbox.counts(db) == (0, 0)


def test_a_picture_the_budget_took_is_missing_and_said(bench, cmms):
    queue(bench.store, an_order())
    with bench.store.commit() as db:
        item = outbox.add_drawing(db, "KEY1", "maximo", WALL)
        outbox.drawn(db, item, "000000000009-gone.png", "title", WALL)
    bench.run()

    assert cmms.attached == []
    assert "picture-missing" in bench.events()


def test_the_critical_one_goes_first(bench, cmms):
    queue(bench.store, an_order("KEY1"))
    queue(bench.store, an_order("KEY2", "PUMP-8", "critical"))
    bench.run()

    assert cmms.creates == ["KEY2", "KEY1"]


def test_what_becomes_of_an_order_is_followed_until_it_is_over(bench, cmms):
    queue(bench.store, an_order())
    bench.run()
    cmms.states["1001"] = OrderStatus(OrderState.CANCELLED, "CAN", "no fault found")
    bench.sender.ask_after_orders()
    bench.run(3)

    with bench.store.reading() as db:
        assert db.execute("SELECT state, memo FROM order_status").fetchone() == ("cancelled", "no fault found")
        assert outbox.to_follow(db, "maximo") == []


GONE = OrderStatus(OrderState.UNKNOWN, DELETED)


@pytest.mark.parametrize("before", [OrderState.PROPOSED, OrderState.UNKNOWN])
def test_a_deleted_order_is_told_once_and_no_longer_followed(bench, cmms, before):
    queue(bench.store, an_order())
    bench.run()
    told = []
    for status in (OrderStatus(before, "OURS"), GONE, GONE):
        cmms.states["1001"] = status
        bench.sender.ask_after_orders()
        bench.run(3)
        told.append(bench.events().count("order-state"))

    assert told[1:] == [told[0] + 1] * 2
    with bench.store.reading() as db:
        assert db.execute("SELECT state, raw FROM order_status").fetchone() == ("unknown", "deleted")
        assert outbox.to_follow(db, "maximo") == []


def test_after_a_restored_backup_the_standing_order_is_found_by_its_key(bench, cmms):
    cmms.orders["1001"] = an_order()
    queue(bench.store, an_order())
    bench.run()

    assert cmms.creates == []
    assert bench.state() == ("stands", "1001", "done", 0)


def test_the_thread_outlives_a_bug_and_stops_when_told(bench, cmms):
    bench.sender.start()
    assert bench.sender.stop(5.0)


DEEDS = ["answer", "commit and drop", "drop", "refuse", "auth", "die", "bug"]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(st.sampled_from(DEEDS), max_size=8), kill_at=st.sets(st.integers(1, 40), max_size=4))
def test_exactly_one_order_stands_whatever_the_cmms_does_and_whenever_the_ledger_dies(tmp_path_factory, plan, kill_at):
    from tests.gateway.ledger import conftest

    cmms, clock = conftest.TwinCmms(), conftest.TurnedClock()
    cmms.plan.extend(plan)
    bench = Bench(tmp_path_factory.mktemp("store"), cmms, clock)
    queue(bench.store, an_order())
    for step in range(600):
        if step in kill_at:
            bench.kill_and_restart()
        try:
            bench.step()
        except (KeyboardInterrupt, RuntimeError):
            bench.kill_and_restart()
        if bench.state()[2] == "done":
            break

    assert len(cmms.orders) == 1
    assert bench.state() == ("stands", "1001", "done", 0)
    bench.store.close()


@pytest.mark.parametrize("deed", ["answer", "commit and drop", "drop"])
def test_a_store_that_fails_at_any_write_never_makes_a_second_order(tmp_path, cmms, clock, deed):
    """Fail the n-th write, n = 1, 2, ..., until a run passes untouched; then let it finish."""
    for n in range(1, 60):
        cmms.__init__()
        cmms.plan.append(deed)
        bench = Bench(tmp_path / str(n), cmms, clock)
        queue(bench.store, an_order())
        failed = _fail_write(bench.store, n)
        for _ in range(60):
            try:
                bench.step()
            except sqlite3.OperationalError:
                clock.pass_(1.0)
            if bench.state()[2] == "done":
                break
        assert len(cmms.orders) == 1, n
        assert bench.state()[:3] == ("stands", "1001", "done"), n
        bench.store.close()
        if not failed:
            return
    raise AssertionError("never ran untouched")


def _fail_write(store, n):
    """Let the n-th writing statement from now on fail once, as a full disk does."""
    real, failed, left = store._db, [], [n]

    class Failing:
        def execute(self, sql, *values):
            if sql.split(maxsplit=1)[0] in {"BEGIN", "INSERT", "UPDATE", "COMMIT"}:
                left[0] -= 1
                if left[0] == 0:
                    failed.append(sql)
                    error = sqlite3.OperationalError("database or disk is full")
                    error.sqlite_errorcode = sqlite3.SQLITE_FULL
                    raise error
            return real.execute(sql, *values)

        def __getattr__(self, name):
            return getattr(real, name)

    store._db = Failing()
    return failed
