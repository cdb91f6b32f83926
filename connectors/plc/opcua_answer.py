"""Decoding the answer to a Read of single values (OPC 10000-6, 5.2; 10000-4, 5.11.2 and 7.33).

asyncua decodes whatever a server sends, and an answer that calls itself an array of two thousand million nulls takes
all memory there is. A poll expects numbers and texts; this reads those, in a third of the time, and refuses all else.
"""

import struct
from typing import NamedTuple

from asyncua import ua

_READ_RESPONSE = b"\x01\x00" + struct.pack("<H", 634)  # as a four-byte node id
_DIAGNOSTICS_DEPTH_MAX = 8
_STATUS = struct.Struct("<I")
_LENGTH = struct.Struct("<i")
#: Built-in types of fixed size, table 1.
_NUMBERS = {
    ua.VariantType.Boolean.value: struct.Struct("<?"),
    ua.VariantType.SByte.value: struct.Struct("<b"),
    ua.VariantType.Byte.value: struct.Struct("<B"),
    ua.VariantType.Int16.value: struct.Struct("<h"),
    ua.VariantType.UInt16.value: struct.Struct("<H"),
    ua.VariantType.Int32.value: struct.Struct("<i"),
    ua.VariantType.UInt32.value: struct.Struct("<I"),
    ua.VariantType.Int64.value: struct.Struct("<q"),
    ua.VariantType.UInt64.value: struct.Struct("<Q"),
    ua.VariantType.Float.value: struct.Struct("<f"),
    ua.VariantType.Double.value: struct.Struct("<d"),
}
_KINDS = {kind.value: kind for kind in ua.VariantType}


class Malformed(ValueError):
    """The answer is not what was asked for; the message says where."""


class Told(NamedTuple):
    """One value as a server told it: Good, Uncertain or Bad by the top bits of `status` (OPC 10000-4, 7.39)."""

    kind: ua.VariantType
    content: bool | int | float | str | None
    status: int = 0

    @property
    def good(self) -> bool:
        """Whether it may be used: Uncertain and Bad are unreadable, never the last good one (row 20)."""
        return self.status >> 30 == 0


def read_answer(data: bytes, count: int) -> tuple[int, list[Told]]:
    """Decode a ReadResponse.

    Parameters
    ----------
    data
        The body of the message, type id first; anything may be in it.
    count
        Values that were asked for.

    Returns
    -------
    service result, values
        The values are `count`, or none where the service result is not Good.

    Raises
    ------
    Malformed
        For anything else than a ReadResponse of single numbers and texts. The list of diagnostics behind the values is
        left unread.
    """
    try:
        if data[:4] != _READ_RESPONSE:
            raise Malformed("it is no ReadResponse")
        (result,) = _STATUS.unpack_from(data, 16)  # behind type id, time and request handle
        at = _after_header(data, 20)
        if result >> 30:
            return result, []
        (found,) = _LENGTH.unpack_from(data, at)
        if found != count:
            raise Malformed(f"it has {found} values where {count} were asked")
        at += 4
        values = []
        for _ in range(count):
            told, at = _data_value(data, at)
            values.append(told)
    except (struct.error, IndexError):
        raise Malformed("it ends too early") from None
    return result, values


def _after_header(data: bytes, at: int) -> int:
    """Skip what a ResponseHeader has behind its service result."""
    at = _after_diagnostics(data, at, _DIAGNOSTICS_DEPTH_MAX)
    (strings,) = _LENGTH.unpack_from(data, at)
    at += 4
    for _ in range(strings):  # each takes 4 bytes at least, so the answer's own length is the bound
        at = _after_text(data, at)
    if data[at : at + 3] != b"\0\0\0":
        raise Malformed("it has an additional header")
    return at + 3


def _after_diagnostics(data: bytes, at: int, depth: int) -> int:
    if depth == 0:
        raise Malformed("its diagnostics have no end")
    mask = data[at]
    at += 1 + 4 * (mask & 0x0F).bit_count()
    if mask & 0x10:
        at = _after_text(data, at)
    if mask & 0x20:
        at += 4
    return _after_diagnostics(data, at, depth - 1) if mask & 0x40 else at


def _after_text(data: bytes, at: int) -> int:
    (length,) = _LENGTH.unpack_from(data, at)
    at += 4 + max(length, 0)
    if length < -1 or at > len(data):
        raise Malformed("a text is longer than the answer")
    return at


def _data_value(data: bytes, at: int) -> tuple[Told, int]:
    mask = data[at]
    at += 1
    kind, content = ua.VariantType.Null, None
    if mask & 0x01:
        kind, content, at = _variant(data, at)
    status = 0
    if mask & 0x02:
        (status,) = _STATUS.unpack_from(data, at)
        at += 4
    # Times and their parts were not asked for; a server may send them all the same.
    at += 8 * (mask >> 2 & 1) + 2 * (mask >> 4 & 1) + 8 * (mask >> 3 & 1) + 2 * (mask >> 5 & 1)
    if at > len(data):
        raise Malformed("it ends too early")
    return Told(kind, content, status), at


def _variant(data: bytes, at: int) -> tuple[ua.VariantType, bool | int | float | str | None, int]:
    code = data[at]
    at += 1
    number = _NUMBERS.get(code)
    if number is not None:
        (content,) = number.unpack_from(data, at)
        return _KINDS[code], content, at + number.size
    if code == ua.VariantType.String.value:
        end = _after_text(data, at)
        (length,) = _LENGTH.unpack_from(data, at)
        return ua.VariantType.String, None if length < 0 else data[at + 4 : end].decode("utf-8", "replace"), end
    if code == ua.VariantType.Null.value:
        return ua.VariantType.Null, None, at
    raise Malformed(f"a value is {'an array' if code & 0x80 else 'neither number nor text'} (encoding {code:#04x})")
