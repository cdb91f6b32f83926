"""Shelves and windows through the ledger: judged, carried out, audited, kept over a restart; orders wait."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from gateway.ledger.body import Ledger
from gateway.processes.ledger_messages import Command, CommandAnswer
from gateway.store.read import Reader
from tests.gateway.ledger.test_body import deliver, episode, last_report, ledger, report, spectrum, turn

__all__ = ["ledger"]  # the fixture of the ledger's own tests


def ask(ledger, channel, clock, name, target, **arguments):
    turn(ledger, channel, clock, Command(name, target, "ana", "page", arguments))
    return [message for message in channel.sent if isinstance(message, CommandAnswer)][-1]


def raised(ledger, channel, clock):
    turn(ledger, channel, clock, report(clock, episode()))
    return last_report(channel).incidents[0].id


def test_an_order_that_was_not_sent_waits_while_its_incident_is_shelved(ledger, channel, clock, cmms):
    incident = raised(ledger, channel, clock)
    answer = ask(ledger, channel, clock, "shelve", incident, **{"for": "8h"})
    assert answer.accepted
    deliver(ledger, clock, steps=5)
    assert not cmms.creates

    turn(ledger, channel, clock)
    assert last_report(channel).incidents[0].shelved_by == "ana"
    clock.pass_(8 * 3600)
    turn(ledger, channel, clock)
    deliver(ledger, clock)
    assert cmms.creates == [incident]


def test_taken_off_the_shelf_the_order_goes_at_once(ledger, channel, clock, cmms):
    incident = raised(ledger, channel, clock)
    ask(ledger, channel, clock, "shelve", incident, **{"for": "8h"})
    assert ask(ledger, channel, clock, "unshelve", incident).accepted
    deliver(ledger, clock)

    assert cmms.creates == [incident]


def test_a_window_keeps_a_station_quiet_over_a_restart(ledger, channel, clock, cmms, tmp_path):
    plan = replace(ledger._plan, folder=str(tmp_path / "other"))
    with ExitStack() as stack:
        first = Ledger(plan, channel, clock, lambda name: cmms, stack)
        assert ask(first, channel, clock, "window", "pump-7", **{"for": "2 h"}).accepted
        first.painter.close(5.0)

    with ExitStack() as stack:
        again = Ledger(plan, channel, clock, lambda name: cmms, stack)
        turn(again, channel, clock, report(clock, episode()))
        assert [one.station for one in last_report(channel).windows] == ["pump-7"]
        assert not last_report(channel).incidents
        clock.pass_(2 * 3600)
        turn(again, channel, clock)
        turn(again, channel, clock, report(clock, episode()))
        assert len(last_report(channel).incidents) == 1
        again.painter.close(5.0)
    with Reader(tmp_path / "other") as reader:
        kinds = [row.kind for row in reader.events(20)]
    assert kinds == ["window-opened", "window-heard", "window-closed", "incident-raised", "order-wanted"]


def test_a_window_is_over_when_somebody_says_so(ledger, channel, clock):
    ask(ledger, channel, clock, "window", "pump-7", **{"for": "2 h"})

    assert ask(ledger, channel, clock, "window-over", "pump-7").accepted
    assert not last_report(channel).windows
    assert "not under maintenance" in ask(ledger, channel, clock, "window-over", "pump-7").sentence


@pytest.mark.parametrize("span", ["", "8", "0 h", "59 s", "7.1 d", "8 weeks", "-1 h", "1e3 h", "nan h", "9999999 d"])
def test_a_time_out_of_bounds_is_refused_with_what_was_wanted(ledger, channel, clock, span):
    incident = raised(ledger, channel, clock)

    for name, target in (("shelve", incident), ("window", "pump-7")):
        answer = ask(ledger, channel, clock, name, target, **{"for": span})
        assert not answer.accepted
        assert "between 1 min and 7 d" in answer.sentence


def test_what_is_not_there_can_not_be_silenced(ledger, channel, clock):
    assert "no open incident" in ask(ledger, channel, clock, "shelve", "NONE", **{"for": "1h"}).sentence
    assert "no open incident" in ask(ledger, channel, clock, "unshelve", "NONE").sentence
    assert "no station" in ask(ledger, channel, clock, "window", "nowhere", **{"for": "1h"}).sentence
    assert "not shelved" in ask(ledger, channel, clock, "unshelve", raised(ledger, channel, clock)).sentence


def test_what_rests_gets_no_order_by_hand_either(ledger, channel, clock):
    incident = raised(ledger, channel, clock)
    ask(ledger, channel, clock, "shelve", incident, **{"for": "1h"})

    assert "shelved by ana" in ask(ledger, channel, clock, "order", incident).sentence


def test_whoever_asked_for_quiet_stands_in_the_audit_trail_with_the_time(ledger, channel, clock):
    ask(ledger, channel, clock, "window", "pump-7", **{"for": "30 min"})

    with ledger.store.reading() as db:
        row = db.execute("SELECT who, command, target, arguments, accepted FROM audit").fetchone()
    assert row == ("ana", "window", "pump-7", '{"for": "30 min"}', 1)


def test_the_events_of_an_incident_know_it(ledger, channel, clock):
    incident = raised(ledger, channel, clock)
    ask(ledger, channel, clock, "shelve", incident, **{"for": "1h"})

    with ledger.store.reading() as db:
        rows = db.execute("SELECT kind FROM events WHERE incident = ? ORDER BY id", (incident,)).fetchall()
    assert [kind for (kind,) in rows] == ["incident-raised", "order-wanted", "incident-shelved"]


def test_the_spectrum_an_incident_rests_on_is_kept_with_its_hash(ledger, channel, clock):
    turn(ledger, channel, clock, report(clock, episode(), evidence=spectrum()))
    incident = last_report(channel).incidents[0].id

    with ledger.store.reading() as db:
        row = db.execute("SELECT incident, kind, lines, length(frequency_hz), sha256 FROM spectra").fetchone()
    assert row[:4] == (incident, "envelope", '[["BPFO", 107.4]]', 2000)
    assert len(row[4]) == 64
