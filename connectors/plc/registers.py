"""The two blocks of the contract as Modbus registers, and back.

A register is an int of 0..65535, sent high byte first (Modbus Application Protocol V1.1b3, 4.2). Which half of a
32-bit number comes first is not settled by Modbus and differs from device to device: see `WordOrder`. Offsets are
those of docs/plc/contract.md; every address here is the 0-based one of the protocol, not the 40001 style.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.plc.port import GwImage, GwState, PlcImage

BLOCK = 64  #: registers from one station to the next
P_LENGTH = 32  #: registers of the P block, 25 of them in use
P_USED = 25
G_OFFSET = 32  #: of the G block behind the station's base, in holding registers
G_LENGTH = 16
PART_ID_LENGTH = 32  #: characters, two a register

#: In G+14..15, so that the integrator sees the word order before the first part: 0x42F6E979 high word first.
TEST_FLOAT = 123.456

_PART_ID_AT, _TRIG_SEQ_AT, _MAP_VERSION_AT = 8, 24, 13

#: Offset of every word of the G block; Score takes two.
G_WORDS = {
    "GwHeartbeat": 0,
    "GwBootId": 1,
    "GwState": 2,
    "TrigAck": 3,
    "ResultHead": 4,
    "Verdict": 5,
    "QualityCode": 6,
    "DefectCode": 7,
    "Score": 8,
    "LatencyMs": 10,
    "PassKey": 11,
    "ResultSeq": 12,
    "MapVersion": _MAP_VERSION_AT,
}

#: Convenience bits for a panel, at bit ``16 * base + n`` (coils and discrete inputs). The pass rule never reads them.
BITS = ("Ready", "Busy", "ResultValid", "Ok", "NotOk", "NotDecidable", "Fault")


class WordOrder(StrEnum):
    """Which half of a 32-bit number sits in the lower register."""

    BIG = "big"  #: high word first (ABCD)
    LITTLE = "little"  #: low word first (CDAB), as a REAL laid over WORDs by a little-endian CPU


def float_to_words(value: float, order: WordOrder) -> tuple[int, int]:
    """Two registers of an IEEE 754 single; a double too large for one becomes infinity."""
    try:
        packed = struct.pack(">f", value)
    except OverflowError:
        packed = struct.pack(">f", float("inf") if value > 0 else float("-inf"))
    high, low = struct.unpack(">HH", packed)
    return (high, low) if order is WordOrder.BIG else (low, high)


def float_from_words(words: Sequence[int], order: WordOrder) -> float:
    """Value of two registers read as an IEEE 754 single; may be infinite or not a number."""
    high, low = words if order is WordOrder.BIG else (words[1], words[0])
    value: float = struct.unpack(">f", struct.pack(">HH", high, low))[0]
    return value


def clean_part_id(text: str) -> str:
    """Cut a serial number at its first NUL and 32 characters, and mark what is not printable ASCII.

    A serial number comes from a scanner and ends up in logs, files and pages: control characters and foreign letters
    become U+FFFD here, once, for every protocol.
    """
    text = text.split("\0", 1)[0][:PART_ID_LENGTH]
    return "".join(c if " " <= c <= "~" else "\ufffd" for c in text).strip()


def plc_to_words(image: PlcImage) -> list[int]:
    """Make the 32 registers of a P block."""
    words = [0] * P_LENGTH
    words[:_PART_ID_AT] = (
        image.heartbeat,
        image.boot_id,
        image.mode,
        image.result_ack,
        image.abort_seq,
        image.trig_head,
        image.part_type,
        image.deadline_ms,
    )
    serial = image.part_id.encode("ascii", "replace")[:PART_ID_LENGTH].ljust(PART_ID_LENGTH, b"\0")
    words[_PART_ID_AT:_TRIG_SEQ_AT] = struct.unpack(">16H", serial)
    words[_TRIG_SEQ_AT] = image.trig_seq
    return words


def plc_from_words(words: Sequence[int]) -> PlcImage:
    """Read a P block from its first 25 registers or more; any register values make an image."""
    heartbeat, boot_id, mode, result_ack, abort_seq, trig_head, part_type, deadline_ms = words[:_PART_ID_AT]
    serial = struct.pack(">16H", *words[_PART_ID_AT:_TRIG_SEQ_AT])
    return PlcImage(
        heartbeat=heartbeat,
        boot_id=boot_id,
        mode=mode,
        result_ack=result_ack,
        abort_seq=abort_seq,
        trig_head=trig_head,
        part_type=part_type,
        deadline_ms=deadline_ms,
        part_id=clean_part_id(serial.decode("latin-1")),
        trig_seq=words[_TRIG_SEQ_AT],
    )


def gw_to_words(image: GwImage, order: WordOrder = WordOrder.BIG) -> list[int]:
    """Make the 16 registers of a G block, the constant test float included."""
    return [
        image.heartbeat,
        image.boot_id,
        image.state,
        image.trig_ack,
        image.result_head,
        image.verdict,
        image.quality_code,
        image.defect_code,
        *float_to_words(image.score, order),
        image.latency_ms,
        image.pass_key,
        image.result_seq,
        image.map_version,
        *float_to_words(TEST_FLOAT, order),
    ]


def gw_from_words(words: Sequence[int], order: WordOrder = WordOrder.BIG) -> GwImage:
    """Read a G block from its first 14 registers or more, as a PLC does."""
    return GwImage(
        heartbeat=words[0],
        boot_id=words[1],
        state=words[2],
        trig_ack=words[3],
        result_head=words[4],
        verdict=words[5],
        quality_code=words[6],
        defect_code=words[7],
        score=float_from_words(words[8:10], order),
        latency_ms=words[10],
        pass_key=words[11],
        result_seq=words[12],
        map_version=words[_MAP_VERSION_AT],
    )


def derived_bits(image: GwImage) -> tuple[bool, ...]:
    """Say the G block in the bits of `BITS`: for lamps, never for a pass."""
    valid = image.result_seq != 0 and image.result_seq == image.result_head
    return (
        image.state in (GwState.READY, GwState.DEGRADED),
        image.state == GwState.BUSY,
        valid,
        valid and image.verdict == 1,
        valid and image.verdict == 2,
        valid and image.verdict == 3,
        image.state in (GwState.FAULT, GwState.LOCKED),
    )


#: Types of a plain tag in registers, with the number of registers each takes.
VALUE_TYPES = {"bool": 1, "uint16": 1, "int16": 1, "uint32": 2, "int32": 2, "float": 2}


def value_from_words(words: Sequence[int], kind: str, order: WordOrder) -> float:
    """Read one plain tag; `kind` is one of `VALUE_TYPES`. A bool is 0.0 or 1.0."""
    assert len(words) == VALUE_TYPES[kind], (kind, words)
    if kind == "float":
        return float_from_words(words, order)
    if kind == "bool":
        return float(words[0] != 0)
    ordered = list(words) if order is WordOrder.BIG else list(reversed(words))
    number = int.from_bytes(struct.pack(f">{len(ordered)}H", *ordered), "big", signed=kind.startswith("int"))
    return float(number)


def value_to_words(value: float, kind: str, order: WordOrder) -> list[int]:
    """Make the registers of one plain tag: the simulated PLC's side of `value_from_words`."""
    if kind == "float":
        return list(float_to_words(value, order))
    if kind == "bool":
        return [int(value != 0)]
    count = VALUE_TYPES[kind]
    packed = int(value).to_bytes(2 * count, "big", signed=kind.startswith("int"))
    words = list(struct.unpack(f">{count}H", packed))
    return words if order is WordOrder.BIG else words[::-1]


@dataclass(frozen=True, slots=True)
class RegisterTag:
    """Where a plain tag lives: 0-based address of its first holding register, and one of `VALUE_TYPES`."""

    address: int
    kind: str = "uint16"


def map_fault(bases: Mapping[str, int], tags: Mapping[str, RegisterTag]) -> str:
    """Say what is wrong with a register map, in one sentence; empty where nothing is.

    Parameters
    ----------
    bases
        First register of each station's block of 64.
    tags
        The plain tags by name.
    """
    spans = [(base, base + BLOCK, f"block of {name}") for name, base in bases.items()]
    for name, tag in tags.items():
        if tag.kind not in VALUE_TYPES:
            return f"tag {name} has type {tag.kind!r}; wanted one of {', '.join(VALUE_TYPES)}"
        spans.append((tag.address, tag.address + VALUE_TYPES[tag.kind], f"tag {name}"))
    end, owner = 0, ""
    for start, stop, what in sorted(spans):
        if start < 0 or stop > 0x10000:
            return f"{what} lies at {start}..{stop - 1}; registers are 0..65535"
        # Two names for one tag are no conflict: speed and running may come from one register.
        if start < end and not (what.startswith("tag") and owner.startswith("tag")):
            return f"{what} at register {start} overlaps {owner}, which ends at {end - 1}; move one of them"
        if stop > end:
            end, owner = stop, what
    return ""
