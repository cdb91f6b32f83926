"""A PLC on Modbus/TCP, both ways round: as the server a gateway connects to, and as the client that comes to it."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from connectors.plc.modbus_pdu import ExceptionCode, Peer, Table
from connectors.plc.modbus_tcp import ModbusTcpServer
from connectors.plc.port import PlcImage
from connectors.plc.registers import (
    BLOCK,
    G_LENGTH,
    G_OFFSET,
    P_USED,
    VALUE_TYPES,
    RegisterTag,
    WordOrder,
    gw_from_words,
    plc_to_words,
    value_to_words,
)
from connectors.simulated.plc_stations import PlcStations


class ModbusServingPlc:
    """A PLC with a Modbus server; implements `SimulatedPlc`, and `Tables` for the server it runs on.

    Attributes
    ----------
    unmapped
        Registers that answer exception 2, as after a download that moved a data block.
    """

    def __init__(
        self,
        stations: PlcStations,
        bases: Mapping[str, int],
        tags: Mapping[str, RegisterTag] | None = None,
        word_order: WordOrder = WordOrder.BIG,
        port: int = 0,
    ) -> None:
        self.stations = stations
        self.bases = dict(bases)
        self.tags = dict(tags or {})
        self.word_order = word_order
        self.unmapped: set[int] = set()
        self._server = ModbusTcpServer("127.0.0.1", port, self)
        self._words: dict[int, int] = {}
        self._scanning: asyncio.Task[None] | None = None
        for base in self.bases.values():
            self._words.update(dict.fromkeys(range(base, base + BLOCK), 0))
        for tag in self.tags.values():
            self._words.update(dict.fromkeys(range(tag.address, tag.address + VALUE_TYPES[tag.kind]), 0))

    async def start(self) -> str:
        """Serve on loopback; returns host:port."""
        port = await self._server.start()
        self._scanning = asyncio.create_task(self.stations.run(self._publish), name="simulated PLC scan")
        return f"127.0.0.1:{port}"

    async def set_value(self, name: str, value: float) -> None:
        """Put a plain tag into its registers."""
        tag = self.tags[name]
        self._words.update(enumerate(value_to_words(value, tag.kind, self.word_order), tag.address))

    async def stop(self) -> None:
        """Be gone."""
        await _ended(self._scanning)
        await self._server.close()

    async def _publish(self, station: str, image: PlcImage) -> None:
        self._words.update(enumerate(plc_to_words(image), self.bases[station]))

    def read(self, table: Table, address: int, count: int) -> Sequence[int] | ExceptionCode:
        """Answer a read of holding registers."""
        at = range(address, address + count)
        if table is not Table.HOLDING or any(n not in self._words or n in self.unmapped for n in at):
            return ExceptionCode.ILLEGAL_ADDRESS
        return [self._words[n] for n in at]

    def write(self, table: Table, address: int, values: Sequence[int], peer: Peer) -> ExceptionCode | None:
        """Take a write into the G blocks alone."""
        at = range(address, address + len(values))
        for station, base in self.bases.items():
            start = base + G_OFFSET
            if table is Table.HOLDING and start <= address and at.stop <= start + G_LENGTH:
                self._words.update(zip(at, values, strict=True))
                words = [self._words[start + n] for n in range(G_LENGTH)]
                self.stations.g[station] = gw_from_words(words, self.word_order)
                return None
        return ExceptionCode.ILLEGAL_ADDRESS


class ModbusCallingPlc:
    """A PLC with a Modbus client: each cycle it reads its G blocks from the gateway and writes its P blocks there.

    Where the gateway does not answer within `answer_s` it comes again after `retry_s`, with a new connection.
    """

    def __init__(
        self,
        stations: PlcStations,
        bases: Mapping[str, int],
        port: int,
        tags: Mapping[str, RegisterTag] | None = None,
        word_order: WordOrder = WordOrder.BIG,
    ) -> None:
        self.stations = stations
        self.bases = dict(bases)
        self.tags = dict(tags or {})
        self.word_order = word_order
        self.retry_s = 0.05
        self.answer_s = 0.2
        self._port = port
        self._values: dict[str, float] = {}
        self._calling: asyncio.Task[None] | None = None
        self._gone = False

    async def start(self) -> str:
        """Begin to call the gateway; returns its host:port."""
        self._gone = False
        self._calling = asyncio.create_task(self._call(), name="simulated PLC scan")
        return f"127.0.0.1:{self._port}"

    async def set_value(self, name: str, value: float) -> None:
        """Write a plain tag with the next cycle."""
        self._values[name] = value

    async def stop(self) -> None:
        """Be gone."""
        self._gone = True
        await _ended(self._calling)

    async def _call(self) -> None:
        while not self._gone:  # cancelled in a request, pymodbus may answer it instead, or with a fault of its own
            client = AsyncModbusTcpClient(
                "127.0.0.1", port=self._port, timeout=self.answer_s, retries=0, reconnect_delay=0
            )
            try:
                if await client.connect():
                    await self._cycle(client)
            except (ModbusException, OSError):
                pass  # the gateway is gone: the program scans on below, and calls again
            finally:
                client.close()
            for station in self.stations.programs:
                self.stations.scan(station)
            await asyncio.sleep(self.retry_s)

    async def _cycle(self, client: AsyncModbusTcpClient) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while client.connected and not self._gone:
            for station, base in self.bases.items():
                answer = await client.read_input_registers(base, count=G_LENGTH)
                if answer.isError():
                    raise ModbusException(str(answer))
                self.stations.g[station] = gw_from_words(answer.registers, self.word_order)
                if not self.stations.stopped:
                    self.stations.scan(station)
                    await client.write_registers(base, plc_to_words(self.stations.p[station])[:P_USED])
            for name, value in self._values.items():
                tag = self.tags[name]
                await client.write_registers(tag.address, value_to_words(value, tag.kind, self.word_order))
            self._values.clear()
            self.stations.scans += 1
            due = max(due + self.stations.scan_s, loop.time())
            await asyncio.sleep(due - loop.time())


async def _ended(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
