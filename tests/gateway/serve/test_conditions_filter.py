"""Filters of events, hostile ones too."""

from datetime import UTC, datetime

import pytest
from asyncua import ua
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.serve.conditions_event import State, condition_event, refresh_event
from gateway.serve.conditions_filter import ELEMENTS_MAX, OPERANDS_MAX, SELECTED_MAX, FilterFault, Where

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NODE = ua.NodeId("Line/pump-7", 2)
EVENT = condition_event(State("A1", "pump-7", "gear", "critical", "worn", True, True), b"1", NODE, NODE, AT)
HOW = ua.FilterOperator


def field(*path, attribute=ua.AttributeIds.Value):
    steps = [ua.QualifiedName(step, 0) for step in path]
    return ua.SimpleAttributeOperand(ua.NodeId(ua.ObjectIds.BaseEventType), steps, attribute)


def literal(value, kind=None):
    return ua.LiteralOperand(ua.Variant(value, kind))


def later(index):
    return ua.ElementOperand(index)


def a_filter(*elements, select=None):
    clauses = [field("EventId")] if select is None else select
    made = [ua.ContentFilterElement(how, list(operands)) for how, *operands in elements]
    return ua.EventFilter(clauses, ua.ContentFilter(made))


def wants(*elements, event=EVENT):
    return Where(a_filter(*elements)).eval(event)


@pytest.mark.parametrize(
    "kind", ["AlarmConditionType", "AcknowledgeableConditionType", "ConditionType", "BaseEventType"]
)
def test_a_type_is_also_every_type_above_it(kind):
    assert wants((HOW.OfType, literal(ua.NodeId(getattr(ua.ObjectIds, kind)))))


def test_an_event_of_another_type_is_not_wanted():
    assert not wants((HOW.OfType, literal(ua.NodeId(ua.ObjectIds.LimitAlarmType))))
    assert not wants((HOW.OfType, literal([1, 2], ua.VariantType.Int32)))


def test_the_events_around_a_refresh_pass_every_filter():
    begin = refresh_event(ua.ObjectIds.RefreshStartEventType, b"2", AT)
    assert wants((HOW.OfType, literal(ua.NodeId(ua.ObjectIds.AlarmConditionType))), event=begin)


@pytest.mark.parametrize(
    ("elements", "wanted"),
    [
        ([(HOW.GreaterThanOrEqual, field("Severity"), literal(667))], True),
        ([(HOW.LessThan, field("Severity"), literal(667))], False),
        ([(HOW.Between, field("Severity"), literal(1), literal(1000))], True),
        ([(HOW.Equals, field("ActiveState", "Id"), literal(True))], True),
        ([(HOW.Equals, field("AckedState", "Id"), literal(True))], False),
        ([(HOW.InList, field("SourceName"), literal("ring"), literal("pump-7"))], True),
        ([(HOW.IsNull, field("NoSuchField"))], True),
        ([(HOW.Equals, field("NoSuchField"), literal(1))], False),
        ([(HOW.Not, later(1)), (HOW.Equals, field("NoSuchField"), literal(1))], False),
        ([(HOW.GreaterThan, field("SourceName"), literal(1))], False),
        ([(HOW.And, later(1), later(2)), (HOW.IsNull, field("X")), (HOW.Not, later(3)), (HOW.IsNull, field("EventId"))],
         True),
        ([(HOW.Or, later(1), later(2)), (HOW.Equals, field("X"), literal(1)), (HOW.IsNull, field("X"))], True),
        ([(HOW.Equals, field(attribute=ua.AttributeIds.NodeId), literal(NODE))], True),
    ],
)  # fmt: skip
def test_what_is_wanted_is_worked_out_as_the_standard_says(elements, wanted):
    assert wants(*elements) is wanted


def test_work_does_not_double_with_every_element():
    chain = [(HOW.And, later(i + 1), later(i + 1)) for i in range(ELEMENTS_MAX - 1)]
    assert wants(*chain, (HOW.IsNull, field("X")))


@pytest.mark.parametrize(
    "filter_",
    [
        None,
        ua.DataChangeFilter(),
        a_filter(select=[]),
        a_filter(select=[field("EventId")] * (SELECTED_MAX + 1)),
        a_filter((HOW.Not, later(0))),
        a_filter((HOW.And, later(1), later(2)), (HOW.IsNull, field("X"))),
        a_filter((HOW.Equals, field("X"))),
        a_filter((HOW.Like, field("SourceName"), literal("%"))),
        a_filter((HOW.IsNull, ua.AttributeOperand())),
        a_filter(*[(HOW.IsNull, field("X"))] * (ELEMENTS_MAX + 1)),
        a_filter((HOW.InList, field("X"), *[literal(1)] * OPERANDS_MAX)),
    ],
)
def test_what_cannot_be_carried_is_refused(filter_):
    with pytest.raises(FilterFault):
        Where(filter_)


values = st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=3) | st.just(NODE)
operands = st.one_of(
    values.map(lambda value: ua.LiteralOperand(ua.Variant(value) if value is not None else ua.Variant())),
    st.sampled_from(["Severity", "Message", "Time", "EventId", "Retain", "", "X"]).map(field),
    st.integers(0, 6).map(later),
    st.just(ua.AttributeOperand()),
)
elements = st.tuples(st.sampled_from(list(HOW)), st.lists(operands, max_size=3)).map(lambda one: (one[0], *one[1]))


@settings(max_examples=50)
@given(st.lists(elements, max_size=6))
def test_any_filter_is_refused_or_answers_yes_or_no(many):
    filter_ = a_filter(*many)
    try:
        where = Where(filter_)
    except FilterFault:
        return
    assert where.eval(EVENT) in {True, False}


@settings(max_examples=50)
@given(st.lists(st.text(max_size=5), max_size=3), st.integers(0, 300))
def test_any_field_may_be_selected_and_is_null_where_there_is_none(path, attribute):
    (found,) = EVENT.to_event_fields([field(*path, attribute=attribute)])
    known = "/".join(path) in EVENT.fields and attribute in {ua.AttributeIds.Value, ua.AttributeIds.NodeId}
    assert known or found.Value is None
