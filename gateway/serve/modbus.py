"""The gateway's own Modbus server: the same tags as input registers, for panels that speak nothing else.

A station has `BLOCK` registers, in the order of the site file; the gateway itself has the last block. Texts have no
place here. A value that cannot be trusted reads as NaN (floats) or all ones (integers); `check --full` prints the map.
"""

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.plc.modbus_pdu import ExceptionCode, Peer, Table
from connectors.plc.modbus_tcp import ModbusTcpServer
from gateway.processes.snapshot import Snapshot, StationView
from gateway.serve.gateway_tags import gateway_tags
from gateway.serve.tag import Kind, Reading, Status, Tag

BLOCK = 128
_WIDTH = {Kind.BOOL: 1, Kind.UINT16: 1, Kind.WORDS: 1, Kind.UINT32: 2, Kind.FLOAT: 2}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tag stands: first register, counted from 0, and how many."""

    address: int
    width: int
    station: str
    tag: Tag


def places(stations: Sequence[tuple[str, Sequence[Tag]]]) -> Iterator[Place]:
    """Lay the tags into registers; texts are left out."""
    for block, (station, tags) in enumerate((*stations, ("", gateway_tags()))):
        address = block * BLOCK
        for tag in tags:
            width = _WIDTH.get(tag.kind, 0)
            if width:
                yield Place(address, width, station, tag)
                address += width
        assert address <= (block + 1) * BLOCK, f"{station}: {address - block * BLOCK} registers in a block of {BLOCK}"


def words(kind: Kind, reading: Reading) -> tuple[int, ...]:
    """Lay one reading into registers, high word first."""
    value = reading.value if reading.status is Status.GOOD else None
    if kind is Kind.FLOAT:
        return struct.unpack(">HH", struct.pack(">f", math.nan if value is None else float(value)))
    if kind is Kind.UINT32:
        return struct.unpack(">HH", struct.pack(">I", 0xFFFF_FFFF if value is None else int(value)))
    return (0xFFFF if value is None else int(value) & 0xFFFF,)


class HmiTables:
    """The registers as a Modbus server asks for them; there is nothing to write."""

    def __init__(self, size: int) -> None:
        self.registers = [0xFFFF] * size

    def read(self, table: Table, address: int, count: int) -> list[int] | ExceptionCode:
        """Input registers, and the same as holding registers for masters that know only function 3."""
        if table not in (Table.INPUT, Table.HOLDING):
            return ExceptionCode.ILLEGAL_FUNCTION
        if address + count > len(self.registers):
            return ExceptionCode.ILLEGAL_ADDRESS
        return self.registers[address : address + count]

    def write(self, table: Table, address: int, values: Sequence[int], peer: Peer) -> ExceptionCode | None:
        """Refuse: nobody writes here."""
        return ExceptionCode.ILLEGAL_ADDRESS


class HmiModbus:
    """Publishes snapshots as registers.

    Parameters
    ----------
    host, port
        Where to listen; port 0 takes a free one.
    """

    def __init__(self, host: str, port: int, stations: Sequence[tuple[str, Sequence[Tag]]]) -> None:
        self._places = list(places(stations))
        self._tables = HmiTables((len(stations) + 1) * BLOCK)
        self._server = ModbusTcpServer(host, port, self._tables, max_connections=16)

    async def start(self) -> int:
        """Listen; return the port."""
        return await self._server.start()

    def publish(self, snapshot: Snapshot) -> None:
        """Lay the whole snapshot into registers."""
        views = {view.name: view for view in snapshot.stations}
        for place in self._places:
            view = views.get(place.station) or StationView(place.station, "", None)
            found = words(place.tag.kind, place.tag.read(snapshot, view))
            self._tables.registers[place.address : place.address + place.width] = found

    def go_stale(self) -> None:
        """Let nothing go on looking good: main is silent."""
        self._tables.registers[:] = [0xFFFF] * len(self._tables.registers)

    async def stop(self) -> None:
        """Close every connection."""
        await self._server.close()
