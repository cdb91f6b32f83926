"""Our decoder against asyncua's encoder, and against answers no server should send."""

import datetime

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from connectors.plc.opcua_answer import Malformed, Told, read_answer

K = ua.VariantType
numbers = st.one_of(
    st.tuples(st.just(K.Boolean), st.booleans()),
    st.tuples(st.just(K.Byte), st.integers(0, 0xFF)),
    st.tuples(st.just(K.Int16), st.integers(-0x8000, 0x7FFF)),
    st.tuples(st.just(K.UInt16), st.integers(0, 0xFFFF)),
    st.tuples(st.just(K.Int32), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(K.UInt64), st.integers(0, 2**64 - 1)),
    st.tuples(st.just(K.Float), st.floats(width=32, allow_nan=False)),
    st.tuples(st.just(K.Double), st.floats(allow_nan=False)),
    st.tuples(st.just(K.String), st.one_of(st.none(), st.text(max_size=40))),
)
statuses = st.sampled_from([0, 0x40900000, 0x80310000, 0x00000400])


def answered(values, service=0):
    response = ua.ReadResponse()
    response.ResponseHeader.ServiceResult = ua.StatusCode(ua.UInt32(service))
    response.Results = values
    return struct_to_binary(response)


@given(st.lists(st.tuples(numbers, statuses), max_size=12))
def test_numbers_texts_and_statuses_are_read_as_asyncua_writes_them(wanted):
    values = [ua.DataValue(ua.Variant(v, k), ua.StatusCode(ua.UInt32(status))) for (k, v), status in wanted]

    result, told = read_answer(answered(values), len(values))

    assert result == 0
    assert told == [Told(k, v, status) for (k, v), status in wanted]
    assert [each.good for each in told] == [status in (0, 0x400) for _, status in wanted]


def test_times_that_were_not_asked_for_are_skipped():
    now = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
    values = [
        ua.DataValue(ua.Variant(n, K.UInt16), SourceTimestamp=now, ServerTimestamp=now, SourcePicoseconds=5)
        for n in (1, 2)
    ]

    assert [each.content for each in read_answer(answered(values), 2)[1]] == [1, 2]


def test_a_refused_service_has_a_result_and_no_values():
    assert read_answer(answered([], 0x80250000), 5) == (0x80250000, [])


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (ua.Variant([1, 2, 3], K.UInt16), "a value is an array"),
        (ua.Variant(ua.NodeId(ua.Int32(5)), K.NodeId), "neither number nor text"),
        (ua.Variant(b"x", K.ByteString), "neither number nor text"),
    ],
)
def test_what_no_tag_of_ours_holds_is_refused(value, sentence):
    with pytest.raises(Malformed, match=sentence):
        read_answer(answered([ua.DataValue(value)]), 1)


def test_an_array_of_two_thousand_million_nulls_costs_nothing():
    five, bomb = b"\x05\x05\x00", b"\x80\xff\xff\xff\x7f"
    good = answered([ua.DataValue(ua.Variant(5, K.UInt16))])
    assert good.count(five) == 1

    with pytest.raises(Malformed, match="an array"):
        read_answer(good.replace(five, bomb), 1)


def test_another_number_of_values_is_refused():
    with pytest.raises(Malformed, match="1 values where 2 were asked"):
        read_answer(answered([ua.DataValue(ua.Variant(5, K.UInt16))]), 2)


@given(st.data())
def test_any_damage_is_told_or_harmless(data):
    whole = bytearray(answered([ua.DataValue(ua.Variant(5, K.UInt16)), ua.DataValue(ua.Variant("A-1", K.String))]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole)))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=6))

    try:
        result, told = read_answer(bytes(whole), 2)
    except Malformed:
        return
    assert len(told) == (0 if result >> 30 else 2)


@given(st.binary(max_size=200), st.integers(0, 4))
def test_any_bytes_are_told_or_harmless(data, count):
    for received in (data, b"\x01\x00\x7a\x02" + data):
        try:
            result, told = read_answer(received, count)
        except Malformed:
            continue
        assert len(told) == (0 if result >> 30 else count)
