"""What people are told of an incident: once, to the right ones, graver, unseen, over; never while it rests."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.notify.port import Act
from gateway.incidents.alerts import Alert, AlertRules, Moment, Say, follow
from gateway.incidents.book import Incident
from gateway.incidents.routes import Hours, Route, Step

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RULES = AlertRules(
    (
        Route("board", ("mail",)),
        Route("grave", ("pager",), "critical", escalate=(Step(timedelta(minutes=15), ("chief", "mail")),)),
    ),
    event_over=timedelta(minutes=10),
)


def incident(severity="warning", *, active=True, **changes):
    cleared = None if active else NOON
    values = {"id": "I1", "station": "s", "asset": "a", "failure_mode": "gear", "severity": severity, "text": "heard"}
    return replace(Incident(**values, raised_at=NOON, episodes={"E": active}, cleared_at=cleared), **changes)


class Telling:
    """Looks again and again, and keeps what was said as the outbox would."""

    def __init__(self, rules=RULES):
        self.rules, self.alert, self.said = rules, Alert("I1"), []

    def look(self, seen, minute=0.0, **how):
        moment = Moment(NOON + timedelta(minutes=minute), lambda at: at)
        self.alert, says = follow(self.alert, seen, self.rules, moment, **how)
        self.alert = replace(self.alert, said=self.alert.said | {(say.channel, str(say.act)) for say in says})
        self.said += [(self.alert.round, say) for say in says]
        return set(says)


def test_an_incident_is_told_once_however_often_it_is_looked_at():
    telling = Telling()
    assert telling.look(incident()) == {Say("mail", Act.RAISED)}
    assert telling.look(incident()) == set()
    assert telling.look(incident(active=False), 5) == set(), "a machine that pauses is not over"


def test_a_graver_one_reaches_those_who_know_and_those_whom_only_the_grave_reach():
    telling = Telling()
    telling.look(incident())
    assert telling.look(incident("critical"), 1) == {Say("mail", Act.GRAVER), Say("pager", Act.RAISED)}


def test_whoever_is_next_is_told_when_nobody_has_acknowledged():
    telling = Telling()
    telling.look(incident("critical"))
    assert telling.look(incident("critical"), 14.9) == set()
    assert telling.look(incident("critical"), 15) == {Say("chief", Act.RAISED), Say("mail", Act.ESCALATED)}
    assert telling.look(incident("critical"), 60) == set()


def test_an_acknowledgement_is_told_and_ends_the_escalation():
    telling = Telling()
    telling.look(incident("critical"))
    seen = incident("critical", acknowledged_by="hanna", acknowledged_at=NOON)
    assert telling.look(seen, 10) == {Say("mail", Act.ACKNOWLEDGED), Say("pager", Act.ACKNOWLEDGED)}
    assert telling.look(seen, 20) == set()


def test_the_end_is_told_to_everybody_who_was_told_of_the_beginning():
    telling = Telling()
    telling.look(incident("critical"))
    over = incident("critical", active=False, ended_at=NOON + timedelta(hours=24))
    assert telling.look(over, 1440) == {Say("mail", Act.RESOLVED), Say("pager", Act.RESOLVED)}
    assert telling.look(over, 1500) == set()


def test_one_that_rests_is_told_when_the_rest_is_over_and_it_is_heard_still():
    telling = Telling()
    assert telling.look(incident(), resting="shelved by hanna") == set()
    assert telling.look(incident(), 30) == {Say("mail", Act.RAISED)}


def test_one_that_came_and_went_while_it_rested_is_told_to_nobody():
    telling = Telling()
    telling.look(incident(), resting="maintenance")
    assert telling.look(incident(active=False), 30) == set()
    assert telling.look(incident(active=False, ended_at=NOON), 31) == set()


def test_a_critical_one_of_the_night_is_told_in_the_morning_and_a_warning_that_went_is_not():
    day = AlertRules(
        (Route("day", ("mail",), hours=Hours(NOON.time().replace(hour=14), NOON.time().replace(hour=20))),)
    )
    for severity, wanted in (("critical", {Say("mail", Act.RAISED)}), ("warning", set())):
        telling = Telling(day)
        assert telling.look(incident(severity), event=True) == set()
        gone = incident(severity, active=False, ended_at=NOON + timedelta(minutes=10))
        assert telling.look(gone, 30, event=True) == set()
        assert telling.look(gone, 121, event=True) == wanted


def test_a_second_pane_is_a_second_matter_although_the_order_of_the_first_keeps_the_incident_open():
    telling = Telling()
    telling.look(incident("critical"), event=True)
    assert telling.look(incident("critical", active=False), 2, event=True) == set()
    assert {s.act for s in telling.look(incident("critical", active=False), 11, event=True)} == {Act.RESOLVED}
    again = telling.look(incident("critical"), 200, event=True)
    assert again == {Say("mail", Act.RAISED), Say("pager", Act.RAISED)}
    assert telling.alert.round == 2


LOOKS = st.tuples(
    st.sampled_from(["warning", "critical"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 40),
)


@given(looks=st.lists(LOOKS, max_size=40))
def test_whatever_happens_no_channel_hears_one_thing_twice_in_a_round_nor_an_end_without_a_beginning(looks):
    telling, minute = Telling(), 0.0
    for severity, active, seen, rests, ended, later in looks:
        minute += later
        now = incident(
            severity,
            active=active,
            acknowledged_by="hanna" if seen else None,
            ended_at=NOON if ended and not active else None,
        )
        telling.look(now, minute, event=True, resting="shelved" if rests else "")
    counted = Counter(telling.said)
    assert all(count == 1 for count in counted.values())
    for number, say in counted:
        assert (number, Say(say.channel, Act.RAISED)) in counted
