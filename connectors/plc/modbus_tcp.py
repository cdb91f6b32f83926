"""A Modbus/TCP server for a fixed map: the PLC's link where the PLC is the client, and the panel's tags.

It is our own because the map is fixed and the demands are not usual: requests that share a segment are all answered,
connections are few and do not idle, a stranger's bytes close his connection and nothing else, and one client's flood
leaves the loop to the others after every few requests. docs/decisions/modbus-server.md has the figures.
"""

import asyncio
import contextlib
import ipaddress
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.plc.modbus_pdu import FrameError, Frames, Peer, Tables, answer

log = logging.getLogger(__name__)

#: Requests of one connection answered before the loop may turn to something else: 16 take about 0.3 ms.
_TURN = 16
#: Bytes of answers a client may leave unread before we stop reading what it asks.
_UNREAD_MAX = 16_384


@dataclass(frozen=True, slots=True)
class Allowed:
    """The client addresses that may connect; empty means any that can reach the interface."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    @classmethod
    def of(cls, addresses: Sequence[str]) -> "Allowed":
        """Parse addresses and networks such as ``10.0.0.5`` or ``10.0.0.0/29``; ValueError names a wrong one."""
        return cls(tuple(ipaddress.ip_network(each) for each in addresses))

    def __contains__(self, address: object) -> bool:
        if not self.networks:
            return True
        try:
            ip = ipaddress.ip_address(str(address))
        except ValueError:
            return False
        return any(ip in network for network in self.networks)


class ModbusTcpServer:
    """Serves `tables` on one TCP port.

    Parameters
    ----------
    host, port
        The one interface to listen on; port 0 takes a free one, told by `start`.
    tables
        What is served; see `Tables`. The unit identifier is echoed and otherwise ignored (Messaging on TCP/IP V1.0b,
        4.4.2.1: a server reached by its address has no use for it).
    max_connections
        Further ones are closed at once.
    idle_timeout_s
        A connection without one whole request for this long is closed.
    allowed
        Who may connect.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tables: Tables,
        max_connections: int = 8,
        idle_timeout_s: float = 60.0,
        allowed: Allowed | None = None,
    ) -> None:
        self.tables = tables
        self.max_connections = max_connections
        self.idle_timeout_s = idle_timeout_s
        self.allowed = allowed or Allowed()
        self.connections: set[_Connection] = set()
        self.refused = 0  #: connections closed for their address or their number
        self.broken = 0  #: connections closed for what they sent
        self._at = (host, port)
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; returns the port. OSError where the address is not ours or taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), *self._at, backlog=self.max_connections)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def peers(self) -> list[Peer]:
        """Who is connected."""
        return [each.peer for each in self.connections]

    async def close(self) -> None:
        """Stop listening and drop every connection; safe at any time."""
        if self._server is not None:
            self._server.close()
        for each in tuple(self.connections):
            each.drop()
        if self._server is not None:
            # One turn of the loop lets the transports go; a peer that is gone or silent cannot hold us up.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 1.0)
            self._server = None


class _Connection(asyncio.Protocol):
    def __init__(self, server: ModbusTcpServer) -> None:
        self._server = server
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._turn: asyncio.Handle | None = None
        self._unread = False
        self.peer = Peer("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        server = self._server
        if host not in server.allowed or len(server.connections) >= server.max_connections:
            server.refused += 1
            transport.abort()
            return
        self.peer = Peer(host, port)
        self._transport = transport
        transport.set_write_buffer_limits(high=_UNREAD_MAX)
        server.connections.add(self)
        self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._transport = None
        for handle in (self._idle, self._turn):
            if handle is not None:
                handle.cancel()

    def drop(self) -> None:
        """End the connection now, unread answers and all."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._frames.feed(data)
        self._answer()

    def pause_writing(self) -> None:
        self._unread = True

    def resume_writing(self) -> None:
        self._unread = False
        if self._turn is None:
            self._turn = asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        """Answer up to `_TURN` requests; what is left waits for the next turn of the loop, unread until then."""
        self._turn = None
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        answers: list[bytes] = []
        more = not self._unread
        try:
            while more and len(answers) < _TURN:
                frame = self._frames.next()
                if frame is None:
                    more = False
                else:
                    answers.append(frame.reply(answer(frame.pdu, self._server.tables, self.peer)))
        except FrameError as fault:
            self._server.broken += 1
            log.warning("Modbus client %s sent what is not Modbus/TCP (%s); closed", self.peer.address, fault)
            transport.write(b"".join(answers))  # what was asked before the nonsense was asked properly
            transport.close()
            return
        if answers:
            self._rest()
            transport.write(b"".join(answers))
        if more:
            self._turn = asyncio.get_running_loop().call_soon(self._answer)
        if more or self._unread:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def _rest(self) -> None:
        """Start the idle time anew: only a whole request counts, so a trickle of bytes does not hold a place."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(self._server.idle_timeout_s, self.drop)
