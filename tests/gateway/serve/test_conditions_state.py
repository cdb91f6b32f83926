"""What is told of incidents, and that it does not grow."""

from dataclasses import replace

from asyncua import ua

from gateway.processes.ledger_messages import IncidentView
from gateway.serve.conditions import EVENT_IDS_MAX, STANDING_MAX, Conditions
from tests.gateway.serve.snapshots import a_snapshot


def an_incident(number, **changes):
    raised = f"2026-11-24T11:{number // 60:02d}:{number % 60:02d}+00:00"
    view = IncidentView(
        f"ID{number}", "pump-7", "PUMP-7", "gear", "warning", raised, None, None, "worn", "none", ""
    )  # fmt: skip
    return replace(view, **changes)


def told(conditions, *incidents):
    return [
        {name: variant.Value for name, variant in event.fields.items()}
        for event in conditions.publish(replace(a_snapshot(), incidents=incidents))
    ]


def test_what_did_not_change_is_not_told_again():
    conditions = Conditions(2, "Line")
    assert len(told(conditions, an_incident(1), an_incident(2))) == 2
    assert told(conditions, an_incident(1, order="1001"), an_incident(2)) == []
    (event,) = told(conditions, an_incident(1), an_incident(2, acknowledged_by="ana"))
    assert (event["AckedState/Id"], event["ClientUserId"]) == (True, "ana")


def test_an_incident_that_had_ended_before_is_no_condition():
    assert told(Conditions(2, "Line"), an_incident(1, ended_at="2026-11-24T11:59:00+00:00")) == []


def test_an_incident_that_is_gone_from_the_snapshot_is_let_go():
    conditions = Conditions(2, "Line")
    told(conditions, an_incident(1))
    (event,) = told(conditions)
    assert event["Retain"] is False
    assert told(conditions) == []


def test_a_taught_kind_of_sound_is_of_the_process_and_a_machine_of_maintenance():
    machine, sound = told(Conditions(2, "Line"), an_incident(1), an_incident(2, event=True))
    assert machine["ConditionClassId"] == ua.NodeId(ua.ObjectIds.MaintenanceConditionClassType)
    assert sound["ConditionClassId"] == ua.NodeId(ua.ObjectIds.ProcessConditionClassType)


def test_the_newest_stand_and_no_more_of_them_than_a_queue_holds():
    conditions = Conditions(2, "Line")
    for first in range(0, 300, 20):
        told(conditions, *(an_incident(number) for number in range(first, first + 100)))
    standing = [conditions.find(ua.NodeId(f"Line/pump-7/Incidents/ID{n}", 2)) for n in range(400)]
    assert [n for n, one in enumerate(standing) if one is not None] == list(range(380 - STANDING_MAX, 380))


def test_an_incident_that_flaps_keeps_its_last_event_ids_alone():
    conditions, ids = Conditions(2, "Line"), []
    for turn in range(3 * EVENT_IDS_MAX):
        cleared = "2026-11-24T11:59:00+00:00" if turn % 2 else None
        ids += [event["EventId"] for event in told(conditions, an_incident(1, cleared_at=cleared))]
    standing = conditions.find(ua.NodeId("Line/pump-7/Incidents/ID1", 2))
    assert list(standing.event_ids) == ids[-EVENT_IDS_MAX:]
