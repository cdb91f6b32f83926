"""The load of alarms as the ledger reports it: measured once a minute, a flood from over ten to under five."""

from contextlib import ExitStack

import pytest

from gateway.ledger.body import Ledger
from gateway.ledger.plan import AlertPlan, LedgerPlan
from gateway.processes.ledger_messages import EventRecord, LedgerReport


class Line:
    def __init__(self, ledger, channel, clock):
        self.ledger, self.channel, self.clock = ledger, channel, clock

    def rings(self, times, *, pass_s=60.0):
        """Let so many alarms come, and a time pass; returns the load as it is reported then."""
        for _ in range(times):
            sentence = "PlcLinkDown: no connection"
            wall = self.clock.wall().isoformat()
            self.channel.incoming.append(EventRecord(wall, "ring", "alarm-raised", sentence, "error"))
        self.ledger.turn(0.0)
        self.clock.pass_(pass_s)
        self.ledger.turn(0.0)
        return [one for one in self.channel.sent if isinstance(one, LedgerReport)][-1].budget


@pytest.fixture(params=[1, 2])
def operators(request):
    return request.param


@pytest.fixture
def line(tmp_path, channel, clock, operators):
    with ExitStack() as stack:
        plan = LedgerPlan("Line 2", str(tmp_path), alerts=AlertPlan(operators=operators))
        yield Line(Ledger(plan, channel, clock, lambda name: None, stack), channel, clock)


def test_a_line_that_is_quiet_has_no_load(line, operators):
    budget = line.rings(0)
    assert (budget.rate, budget.channel, budget.flood, budget.operators) == (0.0, "", False, operators)
    assert (budget.day, budget.worst, budget.day_mean) == ((), (), 0.0)


def test_a_flood_begins_with_more_than_ten_for_each_and_is_over_with_fewer_than_five(line, operators):
    assert not line.rings(10 * operators).flood
    flood = line.rings(operators)
    assert (flood.flood, flood.rate, flood.channel) == (True, 11.0, "panel")
    assert (flood.worst[0].what, flood.worst[0].rings) == ("PlcLinkDown", 11 * operators)
    assert line.rings(5 * operators, pass_s=560.0).flood, "five in ten minutes: it goes on"
    assert not line.rings(4 * operators, pass_s=300.0).flood
    assert line.rings(0).day_mean == pytest.approx(20 / 144)


def test_it_is_measured_once_a_minute(line):
    first = line.rings(3)
    assert line.rings(3, pass_s=30.0) is first
    assert line.rings(0, pass_s=30.0) is not first
