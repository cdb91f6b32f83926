"""A PLC that is a Modbus/TCP client: it writes its P blocks into the gateway and reads the G blocks from it.

The register map of docs/plc/register-map.md: per station a block of 64. The PLC writes holding base + 0..31 and reads
G as input base + 0..15, or, where its master can only FC3, as holding base + 32..47. Nothing else can be written.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.plc.modbus_pdu import ExceptionCode, Peer, Table
from connectors.plc.modbus_tcp import Allowed, ModbusTcpServer
from connectors.plc.port import Finding, GwImage, PlantValue, PlcFault, PlcImage, PlcRefused, PlcUnreachable
from connectors.plc.registers import (
    BLOCK,
    G_OFFSET,
    P_LENGTH,
    P_USED,
    VALUE_TYPES,
    RegisterTag,
    WordOrder,
    derived_bits,
    gw_to_words,
    map_fault,
    plc_from_words,
    value_from_words,
)


@dataclass(frozen=True, slots=True)
class ModbusServerSettings:
    """Where the PLC finds us and what it may write.

    Parameters
    ----------
    name
        Path in the site file, as ``plc.main``.
    stations, values, writes, word_order
        As in `connectors.plc.modbus.ModbusSettings`; plain tags are holding registers that the PLC writes.
    allow
        Addresses and networks that may connect; empty = any that reach the interface. Modbus has no other guard.
    silent_s
        The PLC writes at least its heartbeat every 100..250 ms; silent for this long, it is gone (rule 8).
    first_write_s
        How long `open` waits for the PLC to come and write.
    """

    name: str
    host: str
    port: int = 502
    stations: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, RegisterTag] = field(default_factory=dict)
    writes: frozenset[str] = frozenset()
    word_order: WordOrder = WordOrder.BIG
    allow: Sequence[str] = ()
    max_connections: int = 8
    silent_s: float = 1.0
    first_write_s: float = 5.0


class RegisterMap:
    """The registers and bits the PLC meets; implements `connectors.plc.modbus_pdu.Tables`."""

    def __init__(self, settings: ModbusServerSettings, written: Callable[[str, Peer], None]) -> None:
        self._settings = settings
        self._written = written
        self._owner: dict[int, str] = {}  # register the PLC may write -> station, or "" for a plain tag
        self._holding: dict[int, int] = {}
        self._inputs: dict[int, int] = {}
        self._bits: dict[int, int] = {}
        for station, base in settings.stations.items():
            self._holding.update(dict.fromkeys(range(base, base + BLOCK), 0))
            self._owner.update(dict.fromkeys(range(base, base + P_LENGTH), station))
            self.publish(station, GwImage())
        for tag in settings.values.values():
            at = range(tag.address, tag.address + VALUE_TYPES[tag.kind])
            self._holding.update(dict.fromkeys(at, 0))
            self._owner.update(dict.fromkeys(at, ""))

    def publish(self, station: str, image: GwImage) -> None:
        """Show a G block; no request is answered in between, so it changes as one."""
        base = self._settings.stations[station]
        words = gw_to_words(image, self._settings.word_order)
        self._inputs.update(enumerate(words, base))
        self._holding.update(enumerate(words, base + G_OFFSET))
        self._bits.update(enumerate(map(int, derived_bits(image)), 16 * base))

    def holding(self, address: int, count: int) -> list[int]:
        """Give holding registers of the map."""
        return [self._holding[n] for n in range(address, address + count)]

    def read(self, table: Table, address: int, count: int) -> Sequence[int] | ExceptionCode:
        """Answer a read; an address outside the map is exception 2."""
        held = {Table.HOLDING: self._holding, Table.INPUT: self._inputs}.get(table, self._bits)
        try:
            return [held[n] for n in range(address, address + count)]
        except KeyError:
            return ExceptionCode.ILLEGAL_ADDRESS

    def write(self, table: Table, address: int, values: Sequence[int], peer: Peer) -> ExceptionCode | None:
        """Take a write that lies in P blocks and plain tags as a whole; anything else is exception 2."""
        at = range(address, address + len(values))
        if table is not Table.HOLDING or any(n not in self._owner for n in at):
            return ExceptionCode.ILLEGAL_ADDRESS
        self._holding.update(zip(at, values, strict=True))
        for station in {self._owner[n] for n in at}:
            self._written(station, peer)
        return None


class ModbusServerPlc:
    """`PlcPort` over Modbus/TCP, the gateway being the server.

    Nothing here waits for the PLC but `open`: it comes when it comes. A result is given as soon as the registers hold
    it; whether the PLC has read it is told by its ResultAck.
    """

    def __init__(self, settings: ModbusServerSettings, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._where = f"{settings.name}: Modbus server on {settings.host}:{settings.port}"
        self._now = now
        self._map: RegisterMap | None = None
        self._server: ModbusTcpServer | None = None
        self._wrote = asyncio.Event()
        self._writers: dict[str, Peer] = {}
        self._shown: dict[str, GwImage] = {}
        self._wrote_at = 0.0
        self._lost = ""
        self.port = 0  #: that is listened on; the one of the settings unless that is 0

    async def open(self) -> None:
        """Listen, and wait for the PLC to write for the first time.

        Raises
        ------
        PlcRefused
            Where the map or the address is impossible.
        PlcUnreachable
            Where no PLC comes in time.
        """
        if self._server is None:
            await self.listen()
        settings = self._settings
        try:
            await asyncio.wait_for(self._wrote.wait(), settings.first_write_s)
        except TimeoutError:
            assert self._server is not None
            came = "a client is connected, but" if self._server.peers else "no client has connected, and"
            blocks = [f"{base}..{base + P_USED - 1}" for base in settings.stations.values()]
            blocks += [str(tag.address) for tag in settings.values.values()]
            raise self._gone(
                f"{came} nothing was written within {settings.first_write_s:g} s; wanted FC16 to holding "
                f"{', '.join(blocks)}"
            ) from None

    async def listen(self) -> int:
        """Bind the port without waiting for the PLC, and return it; `open` goes on from here."""
        settings = self._settings
        fault = map_fault(settings.stations, settings.values)
        if fault:
            raise PlcRefused(f"{settings.name}: {fault}")
        try:
            allowed = Allowed.of(settings.allow)
            self._map = RegisterMap(settings, self._noted)
            self._server = ModbusTcpServer(
                settings.host, settings.port, self._map, max_connections=settings.max_connections, allowed=allowed
            )
            self.port = await self._server.start()
        except ValueError as wrong:
            raise PlcRefused(f"{settings.name}.allow: {wrong}; wanted addresses like 10.0.0.5 or 10.0.0.0/29") from None
        except OSError as wrong:
            raise PlcUnreachable(
                f"{self._where}: cannot listen ({wrong.strerror or wrong}); is it an address of this machine, is the "
                "port free (ports below 1024 need a right of their own)?"
            ) from None
        return self.port

    async def poll(self) -> Mapping[str, PlcImage]:
        """Give the P block of every station the PLC has written since `open`."""
        self._alive()
        return {station: self._image(station) for station in self._settings.stations if station in self._writers}

    async def read(self, station: str) -> PlcImage:
        """Give the registers as they are now: whatever was written before TrigSeq is among them."""
        self._alive()
        return self._image(station)

    async def zero(self, station: str, image: GwImage) -> None:
        """Show the whole G block."""
        self._publish(station, image)

    async def accept(self, station: str, image: GwImage) -> None:
        """Show the whole G block."""
        self._publish(station, image)

    async def result(self, station: str, image: GwImage) -> None:
        """Show the whole G block, head and commit word at one moment."""
        self._publish(station, image)

    async def beat(self, images: Mapping[str, GwImage]) -> None:
        """Show new heartbeats, boot ids and states; all else stays as it was shown."""
        for station, image in images.items():
            shown = self._shown.get(station, GwImage())
            beaten = replace(shown, heartbeat=image.heartbeat, boot_id=image.boot_id, state=image.state)
            self._publish(station, beaten)

    async def values(self) -> Mapping[str, PlantValue]:
        """Give the plain tags as the PLC wrote them last."""
        self._alive()
        return {name: self._value(name, tag) for name, tag in self._settings.values.items()}

    async def check(self) -> list[Finding]:
        """Listen, wait for the PLC, and say which stations it has written."""
        name = self._settings.name
        try:
            await self.open()
            missing = [station for station in self._settings.stations if station not in self._writers]
            findings = [Finding(True, name, f"{self._where}: the PLC writes")]
            findings += [Finding(False, name, f"{station}: its P block was not written") for station in missing]
        except PlcFault as fault:
            findings = [Finding(False, name, str(fault))]
        finally:
            await self.close()
        return findings

    async def close(self) -> None:
        """Stop listening and drop the PLC's connections: it comes back to the next one's zeros."""
        self._lost = self._lost or "closed"
        if self._server is not None:
            await self._server.close()

    # ---- what the PLC does --------------------------------------------------------------------------------------

    def _noted(self, station: str, peer: Peer) -> None:
        before = self._writers.setdefault(station, peer) if station else peer
        if before is not peer:
            # Another connection writes this block: the PLC came back, or two do. Either voids what is in flight.
            self._lost = self._lost or f"{station} is written by a second connection, from {peer.address}"
        self._wrote_at = self._now()
        self._wrote.set()

    def _alive(self) -> None:
        if self._server is None or self._lost:
            raise self._gone(self._lost or "not listening")
        silent = self._now() - self._wrote_at
        # A PLC with plain tags alone has no heartbeat, and may write only what changes.
        if self._settings.stations and silent > self._settings.silent_s:
            raise self._gone(f"the PLC has written nothing for {silent:.1f} s")
        here = self._server.peers
        if not here or any(peer not in here for peer in self._writers.values()):
            raise self._gone("the PLC has closed its connection")

    def _gone(self, why: str) -> PlcUnreachable:
        self._lost = why
        return PlcUnreachable(f"{self._where}: {why}; the link is given up and made anew")

    def _image(self, station: str) -> PlcImage:
        assert self._map is not None
        return plc_from_words(self._map.holding(self._settings.stations[station], P_USED))

    def _publish(self, station: str, image: GwImage) -> None:
        if station not in self._settings.writes:
            raise PlcRefused(
                f"{self._settings.name}: {station} is not active, so nothing is written; this is our fault"
            )
        self._alive()
        assert self._map is not None
        self._map.publish(station, image)
        self._shown[station] = image

    def _value(self, name: str, tag: RegisterTag) -> PlantValue:
        assert self._map is not None
        words = self._map.holding(tag.address, VALUE_TYPES[tag.kind])
        number = value_from_words(words, tag.kind, self._settings.word_order)
        return PlantValue(number) if math.isfinite(number) else PlantValue(None, f"{name}: the register holds {number}")
