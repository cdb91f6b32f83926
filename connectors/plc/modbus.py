"""A PLC that is a Modbus/TCP server; the gateway is its client (pymodbus).

pymodbus is used without its retries and its own reconnecting: an old request must never be sent again, and a new
connection is a new object. It serves one request at a time per connection, so writes have a connection of their own
where the PLC grants a second one: a verdict then never waits behind a read.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ExceptionResponse, ModbusPDU

from connectors.plc.port import (
    MAP_VERSION,
    Finding,
    GwImage,
    PlantValue,
    PlcFault,
    PlcImage,
    PlcRefused,
    PlcUnreachable,
)
from connectors.plc.registers import (
    G_OFFSET,
    G_WORDS,
    P_USED,
    VALUE_TYPES,
    RegisterTag,
    WordOrder,
    gw_to_words,
    map_fault,
    plc_from_words,
    value_from_words,
)

#: Exceptions that mean "no", whoever asks again (Modbus Application Protocol V1.1b3, 7); the others mean "not now".
_REFUSALS = {
    1: "does not speak this function",
    2: "has no such register, or keeps it to itself",
    3: "takes no such number of registers",
}
_READ_MAX = 125  #: registers of one request, V1.1b3 6.3


@dataclass(frozen=True, slots=True)
class ModbusSettings:
    """Where the PLC is and what of it is used.

    Parameters
    ----------
    name
        Path in the site file, as ``plc.main``: where its sentences begin.
    stations
        First holding register of each station's block: P at base + 0, G at base + 32.
    values
        Plain tags by name.
    writes
        Stations whose G block may be written; any other write is refused here.
    timeout_s
        Longest wait for one answer, connecting included.
    separate_writes
        Use a second connection for writes where the PLC grants one.
    """

    name: str
    host: str
    port: int = 502
    stations: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, RegisterTag] = field(default_factory=dict)
    writes: frozenset[str] = frozenset()
    unit: int = 1
    word_order: WordOrder = WordOrder.BIG
    timeout_s: float = 0.2
    separate_writes: bool = True


class ModbusPlc:
    """`PlcPort` over Modbus/TCP, the gateway being the client."""

    def __init__(self, settings: ModbusSettings) -> None:
        self._settings = settings
        self._where = f"{settings.name}: {settings.host}:{settings.port}"
        self._reader: AsyncModbusTcpClient | None = None
        self._writer: AsyncModbusTcpClient | None = None
        self._lost = ""  #: why this connection must not be used any more
        self._spans: list[tuple[int, int]] = []

    async def open(self) -> None:
        """Connect, read every block and tag once, check the map version. Writes nothing."""
        await self._connect()
        for station in self._settings.stations:
            await self._verify(station)
        for name in self._settings.values:
            await self._read_tag(name)
        self._spans = await self._plan()

    async def poll(self) -> Mapping[str, PlcImage]:
        """Read all P blocks; blocks that lie close together share a request."""
        words: dict[int, int] = {}
        for start, count in self._spans:
            words.update(enumerate(await self._read(start, count), start))
        return {
            station: self._image(station, [words[base + n] for n in range(self._length(station))])
            for station, base in self._settings.stations.items()
        }

    async def read(self, station: str) -> PlcImage:
        """Read one P block with a request that is sent now."""
        return self._image(station, await self._read(self._settings.stations[station], self._length(station)))

    async def zero(self, station: str, image: GwImage) -> None:
        """Write the whole G block in one frame."""
        await self._write_block(station, image)

    async def accept(self, station: str, image: GwImage) -> None:
        """Write the whole G block in one frame: TrigAck is a register of it."""
        await self._write_block(station, image)

    async def result(self, station: str, image: GwImage) -> None:
        """Write the whole G block, head and commit word included, in one frame."""
        await self._write_block(station, image)

    async def beat(self, images: Mapping[str, GwImage]) -> None:
        """Write GwHeartbeat, GwBootId and GwState, one frame of three registers a station."""
        for station, image in images.items():
            await self._write(station, [image.heartbeat, image.boot_id, image.state])

    async def values(self) -> Mapping[str, PlantValue]:
        """Read the plain tags, one request each; Modbus has no status, so a value is what the register holds."""
        return {name: await self._value(name) for name in self._settings.values}

    async def check(self) -> list[Finding]:
        """Try everything `open` tries and report each."""
        findings: list[Finding] = []

        async def tried(what: str, attempt: Awaitable[object], sentence: str) -> None:
            try:
                await attempt
                findings.append(Finding(True, what, sentence))
            except PlcFault as fault:
                findings.append(Finding(False, what, str(fault)))

        name = self._settings.name
        try:
            await tried(name, self._connect(), f"{self._where} answers")
            if findings[0].ok:
                for station, base in self._settings.stations.items():
                    await tried(name, self._verify(station), f"{station}: P block read at holding {base}")
                for tag in self._settings.values:
                    await tried(name, self._read_tag(tag), f"tag {tag} read")
        finally:
            await self.close()
        return findings

    async def close(self) -> None:
        """Drop both connections at once; what was asked and not yet answered is never asked again."""
        self._lost = self._lost or "the connection is closed"
        for client in {self._reader, self._writer} - {None}:
            assert client is not None
            transport = client.ctx.transport
            if isinstance(transport, asyncio.Transport):
                # An abort discards what the socket still holds: a verdict must not leave after its deadline.
                transport.abort()
            client.close()
        self._reader = self._writer = None

    # ---- connecting ---------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        if self._lost:
            raise PlcUnreachable(f"{self._where}: {self._lost}; a new connection is a new object")
        fault = map_fault(self._settings.stations, self._settings.values)
        if fault:
            raise PlcRefused(f"{self._settings.name}: {fault}")
        self._reader = await self._client()
        self._writer = self._reader
        if self._settings.separate_writes and self._settings.writes:
            # S7-1200 grants one connection a port, and may close the second only when it is used.
            with contextlib.suppress(PlcUnreachable):
                second = await self._client()
                self._writer = second if await self._usable(second) else self._reader

    async def _client(self) -> AsyncModbusTcpClient:
        settings = self._settings
        client = AsyncModbusTcpClient(
            settings.host, port=settings.port, timeout=settings.timeout_s, retries=0, reconnect_delay=0
        )
        connected = False
        with contextlib.suppress(TimeoutError, OSError):
            connected = await asyncio.wait_for(client.connect(), settings.timeout_s * 2)
        if not connected:
            client.close()
            raise PlcUnreachable(
                f"{self._where}: no connection within {settings.timeout_s:g} s; is the PLC's Modbus server on, and is "
                "the port right?"
            )
        return client

    async def _usable(self, second: AsyncModbusTcpClient) -> bool:
        base = next(iter(self._settings.stations.values()))
        try:
            await second.read_holding_registers(base, count=1, device_id=self._settings.unit)
        except ModbusException:
            second.close()
        return bool(second.connected)

    async def _verify(self, station: str) -> None:
        base = self._settings.stations[station]
        await self._read(base, self._length(station))
        if station not in self._settings.writes:
            return
        at = base + G_OFFSET + G_WORDS["MapVersion"]
        (found,) = await self._read(at, 1)
        if found not in (0, MAP_VERSION):
            raise PlcRefused(
                f"{self._where}: {station}: MapVersion at holding {at} is {found}; wanted {MAP_VERSION}, or 0 where "
                "nothing was written yet; is it the right block, and the PLC program of this version (docs/plc)?"
            )

    async def _plan(self) -> list[tuple[int, int]]:
        """Settle which blocks share a request; a PLC with holes between its blocks gets one request a block."""
        blocks = sorted((base, self._length(station)) for station, base in self._settings.stations.items())
        spans: list[tuple[int, int]] = []
        for base, length in blocks:
            if spans and base + length - spans[-1][0] <= _READ_MAX:
                spans[-1] = (spans[-1][0], base + length - spans[-1][0])
            else:
                spans.append((base, length))
        try:
            for start, count in spans:
                await self._read(start, count)
        except PlcRefused:
            return blocks
        return spans

    def _length(self, station: str) -> int:
        """Count the registers to read of a station: P, and behind it the start of G where we write it."""
        return G_OFFSET + G_WORDS["GwBootId"] + 1 if station in self._settings.writes else P_USED

    def _image(self, station: str, words: Sequence[int]) -> PlcImage:
        image = plc_from_words(words)
        return replace(image, gw_boot_id=words[-1]) if station in self._settings.writes else image

    # ---- requests -----------------------------------------------------------------------------------------------

    async def _read(self, address: int, count: int) -> list[int]:
        reader = self._usable_client(self._reader)
        pdu = await self._ask(
            reader.read_holding_registers(address, count=count, device_id=self._settings.unit), address
        )
        if len(pdu.registers) != count:
            raise self._broken(f"answered {len(pdu.registers)} registers where {count} were asked")
        return list(pdu.registers)

    async def _read_tag(self, name: str) -> float:
        tag = self._settings.values[name]
        words = await self._read(tag.address, VALUE_TYPES[tag.kind])
        return value_from_words(words, tag.kind, self._settings.word_order)

    async def _value(self, name: str) -> PlantValue:
        try:
            number = await self._read_tag(name)
        except PlcRefused as fault:
            return PlantValue(None, str(fault))
        return PlantValue(number) if math.isfinite(number) else PlantValue(None, f"{name}: the register holds {number}")

    async def _write_block(self, station: str, image: GwImage) -> None:
        await self._write(station, gw_to_words(image, self._settings.word_order))

    async def _write(self, station: str, words: Sequence[int]) -> None:
        if station not in self._settings.writes:
            raise PlcRefused(
                f"{self._settings.name}: {station} is not active, so nothing is written; this is our fault"
            )
        writer = self._usable_client(self._writer)
        at = self._settings.stations[station] + G_OFFSET
        await self._ask(writer.write_registers(at, list(words), device_id=self._settings.unit), at)

    def _usable_client(self, client: AsyncModbusTcpClient | None) -> AsyncModbusTcpClient:
        if client is None or self._lost:
            raise PlcUnreachable(f"{self._where}: {self._lost or 'not connected'}; a new connection is a new object")
        if not client.connected:
            raise self._broken("the PLC has closed the connection")
        return client

    async def _ask(self, request: Awaitable[ModbusPDU], address: int) -> ModbusPDU:
        try:
            pdu = await request
        except (ModbusException, OSError) as fault:
            raise self._broken(f"no answer within {self._settings.timeout_s:g} s") from fault
        except asyncio.CancelledError:
            self._lost = "a request was given up"
            raise
        if isinstance(pdu, ExceptionResponse) or pdu.isError():
            code = pdu.exception_code
            at = f"holding {address} ({address + 40001})"
            if code in _REFUSALS:
                raise PlcRefused(
                    f"{self._where}: exception {code} at {at}: the PLC {_REFUSALS[code]}; compare docs/plc"
                )
            raise self._broken(f"exception {code} at {at}: the PLC cannot answer now")
        return pdu

    def _broken(self, why: str) -> PlcUnreachable:
        self._lost = why
        return PlcUnreachable(f"{self._where}: {why}; the connection is given up")
