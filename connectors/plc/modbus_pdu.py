"""The Modbus server's side of a conversation, without a socket: bytes in, bytes out.

Follows the Modbus Application Protocol V1.1b3 (section 6 for each function, 7 for the exceptions; the order of its
checks is function, quantity, address) and Modbus Messaging on TCP/IP V1.0b (3.1.3, the MBAP header). Functions 1, 2,
3, 4, 5, 6, 15, 16 and 23 are spoken; any other is answered with exception 1.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Protocol

MBAP_LENGTH = 7
PDU_MAX = 253  #: bytes of a PDU, V1.1b3 4.1


class Table(Enum):
    """The four kinds of things a Modbus server holds."""

    COIL = "coil"
    DISCRETE = "discrete input"
    HOLDING = "holding register"
    INPUT = "input register"


class ExceptionCode(IntEnum):
    """Why a request was refused (V1.1b3, 7)."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4


@dataclass(frozen=True, slots=True, eq=False)
class Peer:
    """One connection; compared by identity, since two may come from one address."""

    address: str
    port: int


class Tables(Protocol):
    """What a server serves. Both are called between two requests and must return at once."""

    def read(self, table: Table, address: int, count: int) -> Sequence[int] | ExceptionCode:
        """Return `count` registers (0..65535) or bits (0, 1); address + count may lie anywhere in 0..65536."""
        ...

    def write(self, table: Table, address: int, values: Sequence[int], peer: Peer) -> ExceptionCode | None:
        """Take all `values` as one change, or refuse all of them. `table` is COIL or HOLDING."""
        ...


class FrameError(Exception):
    """What came is not Modbus/TCP; the stream cannot be trusted any more and is to be closed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One request as it came."""

    transaction: int
    unit: int
    pdu: bytes

    def reply(self, pdu: bytes) -> bytes:
        """Put an answer into the frame that belongs to this request."""
        return struct.pack(">HHHB", self.transaction, 0, len(pdu) + 1, self.unit) + pdu


class Frames:
    """Cuts a stream into frames, however it was split or joined on its way."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, received: bytes) -> None:
        """Take bytes as they came."""
        self._buffer += received

    def next(self) -> Frame | None:
        """Give the next whole frame, or None until more has come; raises `FrameError` for what is no frame."""
        if len(self._buffer) < MBAP_LENGTH:
            # A wrong protocol id is told from its first two bytes: an HTTP request is not waited for.
            if len(self._buffer) >= 4 and self._buffer[2:4] != b"\0\0":
                raise FrameError(f"protocol id {self._buffer[2:4].hex()}, wanted 0000")
            return None
        transaction, protocol, length, unit = struct.unpack_from(">HHHB", self._buffer)
        if protocol != 0:
            raise FrameError(f"protocol id {protocol:04x}, wanted 0000")
        if not 2 <= length <= PDU_MAX + 1:
            raise FrameError(f"length {length}, wanted 2..{PDU_MAX + 1}")
        end = MBAP_LENGTH + length - 1
        if len(self._buffer) < end:
            return None
        pdu = bytes(self._buffer[MBAP_LENGTH:end])
        del self._buffer[:end]
        return Frame(transaction, unit, pdu)


class _Refuse(Exception):
    def __init__(self, code: ExceptionCode) -> None:
        super().__init__(code)
        self.code = code


def answer(pdu: bytes, tables: Tables, peer: Peer) -> bytes:
    """Answer one request.

    Parameters
    ----------
    pdu
        1 to 253 bytes, function code first; anything may be in it.
    tables
        What is served.
    peer
        Who asks.

    Returns
    -------
    bytes
        The answer, or the exception: function code with its top bit set, then the code.
    """
    function = pdu[0]
    handler = _FUNCTIONS.get(function)
    if handler is None:
        return bytes((function | 0x80, ExceptionCode.ILLEGAL_FUNCTION))
    try:
        return bytes((function,)) + handler(pdu[1:], tables, peer)
    except _Refuse as refused:
        return bytes((function | 0x80, refused.code))


def _fields(layout: str, body: bytes) -> tuple[int, ...]:
    """Unpack the fixed part of a request; a request of another length is a wrong value, not a wrong function."""
    if len(body) != struct.calcsize(layout):
        raise _Refuse(ExceptionCode.ILLEGAL_VALUE)
    return struct.unpack(layout, body)


def _read(tables: Tables, table: Table, address: int, count: int, count_max: int) -> Sequence[int]:
    if not 1 <= count <= count_max:
        raise _Refuse(ExceptionCode.ILLEGAL_VALUE)
    if address + count > 0x10000:
        raise _Refuse(ExceptionCode.ILLEGAL_ADDRESS)
    values = tables.read(table, address, count)
    if isinstance(values, ExceptionCode):
        raise _Refuse(values)
    assert len(values) == count, (table, address, count, values)
    return values


def _write(tables: Tables, table: Table, address: int, values: Sequence[int], peer: Peer) -> None:
    if address + len(values) > 0x10000:
        raise _Refuse(ExceptionCode.ILLEGAL_ADDRESS)
    refused = tables.write(table, address, values, peer)
    if refused is not None:
        raise _Refuse(refused)


def _read_bits(table: Table) -> Callable[[bytes, Tables, Peer], bytes]:
    def handler(body: bytes, tables: Tables, peer: Peer) -> bytes:
        address, count = _fields(">HH", body)
        bits = _read(tables, table, address, count, 2000)
        packed = sum(1 << n for n, bit in enumerate(bits) if bit)
        length = (count + 7) // 8
        return bytes((length,)) + packed.to_bytes(length, "little")

    return handler


def _read_registers(table: Table) -> Callable[[bytes, Tables, Peer], bytes]:
    def handler(body: bytes, tables: Tables, peer: Peer) -> bytes:
        address, count = _fields(">HH", body)
        return _packed(_read(tables, table, address, count, 125))

    return handler


def _packed(words: Sequence[int]) -> bytes:
    return struct.pack(f">B{len(words)}H", 2 * len(words), *words)


def _write_coil(body: bytes, tables: Tables, peer: Peer) -> bytes:
    address, value = _fields(">HH", body)
    if value not in (0x0000, 0xFF00):
        raise _Refuse(ExceptionCode.ILLEGAL_VALUE)
    _write(tables, Table.COIL, address, [int(value == 0xFF00)], peer)
    return body


def _write_register(body: bytes, tables: Tables, peer: Peer) -> bytes:
    address, value = _fields(">HH", body)
    _write(tables, Table.HOLDING, address, [value], peer)
    return body


def _write_coils(body: bytes, tables: Tables, peer: Peer) -> bytes:
    address, count, length = _fields(">HHB", body[:5])
    if not 1 <= count <= 1968 or length != (count + 7) // 8 or len(body) != 5 + length:
        raise _Refuse(ExceptionCode.ILLEGAL_VALUE)
    packed = int.from_bytes(body[5:], "little")
    _write(tables, Table.COIL, address, [packed >> n & 1 for n in range(count)], peer)
    return body[:4]


def _registers_of(body: bytes, count: int, length: int, count_max: int) -> list[int]:
    if not 1 <= count <= count_max or length != 2 * count or len(body) != length:
        raise _Refuse(ExceptionCode.ILLEGAL_VALUE)
    return list(struct.unpack(f">{count}H", body))


def _write_registers(body: bytes, tables: Tables, peer: Peer) -> bytes:
    address, count, length = _fields(">HHB", body[:5])
    _write(tables, Table.HOLDING, address, _registers_of(body[5:], count, length, 123), peer)
    return body[:4]


def _read_write_registers(body: bytes, tables: Tables, peer: Peer) -> bytes:
    read_at, read_count, address, count, length = _fields(">HHHHB", body[:9])
    values = _registers_of(body[9:], count, length, 121)
    if not 1 <= read_count <= 125:
        raise _Refuse(ExceptionCode.ILLEGAL_VALUE)
    if read_at + read_count > 0x10000:
        raise _Refuse(ExceptionCode.ILLEGAL_ADDRESS)
    _write(tables, Table.HOLDING, address, values, peer)  # the write comes before the read, V1.1b3 6.17
    return _packed(_read(tables, Table.HOLDING, read_at, read_count, 125))


_FUNCTIONS: dict[int, Callable[[bytes, Tables, Peer], bytes]] = {
    1: _read_bits(Table.COIL),
    2: _read_bits(Table.DISCRETE),
    3: _read_registers(Table.HOLDING),
    4: _read_registers(Table.INPUT),
    5: _write_coil,
    6: _write_register,
    15: _write_coils,
    16: _write_registers,
    23: _read_write_registers,
}
