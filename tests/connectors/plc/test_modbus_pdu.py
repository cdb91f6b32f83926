"""The server's side of Modbus against the application protocol's own words, and against anything at all."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.plc.modbus_pdu import ExceptionCode, FrameError, Frames, Peer, Table, answer

PEER = Peer("127.0.0.1", 1)


class Memory:
    """Holding 0..199 and coils 0..199 may be written, inputs 0..99 and discretes 0..99 read; else exception 2."""

    def __init__(self):
        self.held = {
            Table.HOLDING: [0] * 200,
            Table.COIL: [0] * 200,
            Table.INPUT: list(range(100)),
            Table.DISCRETE: [n % 2 for n in range(100)],
        }

    def read(self, table, address, count):
        held = self.held[table]
        return held[address : address + count] if address + count <= len(held) else ExceptionCode.ILLEGAL_ADDRESS

    def write(self, table, address, values, peer):
        assert peer is PEER
        if address + len(values) > 200:
            return ExceptionCode.ILLEGAL_ADDRESS
        self.held[table][address : address + len(values)] = values
        return None


def asked(text, memory=None):
    return answer(bytes.fromhex(text), memory or Memory(), PEER).hex()


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        ("0400050002", "040400050006"),  # inputs 5 and 6
        ("0300000001", "03020000"),
        ("02000000 0a", "0202aa02"),  # ten discretes 0101010101, lowest bit first
        ("0500 0a ff00", "05000aff00"),
        ("0500 0a 0000", "05000a0000"),
        ("060001 0003", "0600010003"),
        ("10 0001 0002 04 000a0102", "1000010002"),
        ("0f 0013 000a 02 cd01", "0f0013000a"),
        ("17 0003 0001 0003 0001 02 1234", "17021234"),  # the write comes before the read
    ],
)
def test_requests_are_answered_as_the_protocol_says(request_, reply):
    assert asked(request_.replace(" ", "")) == reply


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("00", 1),
        ("55", 1),
        ("2b0e0100", 1),
        ("08000000", 1),
        ("160001ffff0000", 1),
        ("80", 1),
        ("0300000000", 3),
        ("030000007e", 3),
        ("040000007e", 3),
        ("0300007d", 3),  # too short
        ("030000000100", 3),  # too long
        ("01000007d1", 3),
        ("050000 1234", 3),
        ("03ffff0002", 2),
        ("0300c70002", 2),
        ("04000a0064", 2),
        ("0600c80001", 2),
        ("10 0000 0001 02", 3),  # no value
        ("10 0000 0001 04 00010002", 3),  # byte count of two registers
        ("10 0000 007c f8" + "00" * 248, 3),  # 124 registers
        ("10 00c7 0002 04 00010002", 2),
        ("0f 0000 0009 01 ff", 3),
        ("0f 0000 0000 00", 3),
        ("17 0000 0000 0000 0001 02 0001", 3),
        ("17 0000 0001 0000 007a f4" + "00" * 244, 3),
        ("17 ffff 0002 0000 0001 02 0001", 2),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_protocols_code_and_changes_nothing(request_, code):
    memory = Memory()
    function = int(request_[:2], 16)

    assert asked(request_.replace(" ", ""), memory) == f"{function | 0x80:02x}{code:02x}"
    assert memory.held == Memory().held


@given(st.binary(min_size=1, max_size=253))
def test_any_request_gets_a_whole_answer_or_an_exception(pdu):
    reply = answer(pdu, Memory(), PEER)

    assert 2 <= len(reply) <= 253
    assert reply[0] & 0x7F == pdu[0] & 0x7F
    if reply[0] != pdu[0] or pdu[0] & 0x80:
        assert len(reply) == 2
        assert reply[1] in (1, 2, 3)


requests = st.lists(
    st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFF), st.binary(min_size=1, max_size=253)), max_size=5
)


@given(requests, st.data())
def test_frames_are_the_same_however_the_stream_was_cut(wanted, data):
    stream = b"".join(struct.pack(">HHHB", tid, 0, len(pdu) + 1, unit) + pdu for tid, unit, pdu in wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))

    frames, found = Frames(), []
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        frames.feed(stream[start:stop])
        while (frame := frames.next()) is not None:
            found.append((frame.transaction, frame.unit, frame.pdu))

    assert found == wanted


@given(st.binary(max_size=600))
def test_any_bytes_are_frames_or_a_frame_error(received):
    frames = Frames()
    frames.feed(received)

    with suppress(FrameError):
        while (frame := frames.next()) is not None:
            assert 1 <= len(frame.pdu) <= 253


@pytest.mark.parametrize(
    "received", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00", b"\0\1\0\0\0\0\1", b"\0\1\0\0\xff\xff\1"]
)
def test_strangers_are_told_at_once(received):
    frames = Frames()
    frames.feed(received)

    with pytest.raises(FrameError):
        frames.next()
