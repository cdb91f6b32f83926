"""A TCP wire with faults: it stands between a client and a server and delays, freezes, refuses or cuts.

The other side of a link fails in ways that do not depend on its protocol; this is where they are made, for the
rehearsal of a plant engineer as for the tests.
"""

import asyncio
import contextlib


class FaultyWire:
    """Relays loopback connections to `host`:`port`.

    Attributes
    ----------
    refuse
        New connections are closed at once.
    delay_s
        Every piece waits this long on its way, both ways.
    target
        Host and port that new connections are relayed to.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.refuse = False
        self.delay_s = 0.0
        self.target = (host, port)
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen on a free loopback port, and return it."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def freeze(self) -> None:
        """Hold back everything, connections stay up; what was sent meanwhile arrives after `thaw`."""
        self._flows.clear()

    def thaw(self) -> None:
        """Let everything flow again, the held-back first."""
        self._flows.set()

    def cut(self) -> None:
        """Reset every connection, as a killed process or a pulled plug with a switch that tells."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def stop(self) -> None:
        """Stop listening and cut."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if not self.refuse:
                await self._relay(reader, writer)
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            return
        self._writers.add(far_writer)
        pumps = [asyncio.create_task(self._pump(*way)) for way in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._writers.discard(far_writer)
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65_536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
