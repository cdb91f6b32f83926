"""The port to a PLC: two images of tags, and who may write which.

The contract (docs/plc/contract.md) has two blocks a station: P, written by the PLC alone, and G, written by the
gateway alone. Every event is a change of a counter that stays; nothing is a pulse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

MAP_VERSION = 1  #: layout of both blocks; a PLC refuses one it does not know
SEQUENCE_MAX = 32767  #: sequences run 1..32767 and wrap to 1: they fit the signed INT of Logix and Schneider


class Mode(IntEnum):
    """What the PLC asks of a station (P block)."""

    OFF = 0
    AUTOMATIC = 1
    BYPASS = 2
    TEACH = 3
    DRY_RUN = 4


class GwState(IntEnum):
    """What the gateway says of a station (G block)."""

    INIT = 0
    READY = 1
    BUSY = 2
    DEGRADED = 3
    FAULT = 4
    LOCKED = 5
    BYPASS = 6


@dataclass(frozen=True, slots=True)
class PlcImage:
    """The P block of one station as one consistent image; integers are UInt16."""

    heartbeat: int = 0
    boot_id: int = 0  #: 1..32767, changes at each STOP->RUN; 0 = starting, not armed
    mode: int = 0  #: raw, since a PLC may write anything; see `Mode`
    result_ack: int = 0
    abort_seq: int = 0
    trig_head: int = 0
    part_type: int = 0
    deadline_ms: int = 0  #: 0 = the gateway's own default
    part_id: str = ""
    trig_seq: int = 0
    gw_boot_id: int | None = None  #: not of P: GwBootId as the PLC holds it, read along to notice a second gateway;
    #: None where it cannot be read back, or is the gateway's own memory (the PLC is client)


@dataclass(frozen=True, slots=True)
class GwImage:
    """The G block of one station; integers are UInt16, `score` is a Float. The default is the zero image."""

    heartbeat: int = 0
    boot_id: int = 0
    state: int = 0
    trig_ack: int = 0
    result_head: int = 0
    verdict: int = 0
    quality_code: int = 0
    defect_code: int = 0
    score: float = 0.0
    latency_ms: int = 0
    pass_key: int = 0
    result_seq: int = 0
    map_version: int = MAP_VERSION


@dataclass(frozen=True, slots=True)
class PlantValue:
    """A plain tag beside the contract: speed, load, running. None where the PLC calls it bad."""

    value: float | None
    why: str = ""  #: why there is no value


class PlcFault(Exception):
    """Something between gateway and PLC failed; the message is one sentence for the plant engineer."""


class PlcUnreachable(PlcFault):
    """The line is down or the PLC is silent: waiting helps. The connection must be closed and never reused."""


class PlcRefused(PlcFault):
    """The PLC answered and said no (unknown tag, wrong type, no right, bad certificate): waiting does not help."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `wheeltapper check --connect`."""

    ok: bool
    where: str  #: path in the site file
    sentence: str


class PlcPort(Protocol):
    """One connection to one PLC, for the stations and plain tags it was built with.

    Made for one owner task. Any method may raise `PlcFault`; after `PlcUnreachable` only `close` may be called, and a
    new connection is a new object. No method retries. Cancelling a call (deadline) is safe, but the caller then has to
    close: the request may still be carried out by the other side.
    """

    async def open(self) -> None:
        """Connect, resolve every tag, verify types and the map version. Writes nothing."""
        ...

    async def poll(self) -> Mapping[str, PlcImage]:
        """Read the P block of every station in as few requests as the protocol allows."""
        ...

    async def read(self, station: str) -> PlcImage:
        """Read one P block anew: the request is sent after this call started (rule 5, the second read)."""
        ...

    async def zero(self, station: str, image: GwImage) -> None:
        """Write a whole G image in which nothing is a result: after every connect, boot and abort."""
        ...

    async def accept(self, station: str, image: GwImage) -> None:
        """Write TrigAck and GwState of `image` (Modbus: the whole G block in one frame)."""
        ...

    async def result(self, station: str, image: GwImage) -> None:
        """Write head and payload, wait for the answer, then ResultSeq in a request of its own (Modbus: one frame)."""
        ...

    async def beat(self, images: Mapping[str, GwImage]) -> None:
        """Write GwHeartbeat, GwBootId and GwState of several stations in as few requests as possible."""
        ...

    async def values(self) -> Mapping[str, PlantValue]:
        """Read the plain tags, by the names they were given when the port was built."""
        ...

    async def check(self) -> list[Finding]:
        """Open, look at every tag, close; what is wrong comes back as findings, not as errors. Writes nothing."""
        ...

    async def close(self) -> None:
        """Let go, within a bounded time, whatever state the other side is in. Safe after a failed `open`."""
        ...
