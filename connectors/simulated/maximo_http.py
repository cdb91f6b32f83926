"""The sockets of the simulated Maximo: HTTP/1.1 over threads, and everything that can go wrong on a line."""

import contextlib
import json
import socket
import struct
import threading
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from connectors.simulated.maximo_faults import Fault, FaultPlan
from connectors.simulated.maximo_resources import Reply, Request
from connectors.simulated.maximo_service import Service

_HTML: Final = {"Content-Type": "text/html; charset=utf-8"}
_LOGIN_PAGE: Final = b"<!DOCTYPE html><html><body><form action='j_security_check'>Sign in</form></body></html>"
_CHUNK_LINE_MAX: Final = 64
_BREATH_S: Final = 0.05
_ANY: Final = "0.0.0.0"  # noqa: S104  # compared with, not listened on


@dataclass(frozen=True, slots=True)
class Seen:
    """One request the server got: what a test may ask about afterwards. Keys are not kept."""

    method: str
    target: str
    headers: dict[str, str]
    status: int  #: 0 where no answer was sent


class MaximoServer(ThreadingHTTPServer):
    """The listening side; knows its open lines so that stopping ends them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], service: Service, faults: FaultPlan, seen: deque[Seen]) -> None:
        self.settings = service.settings
        self.service = service
        self.faults = faults
        self.seen = seen
        self.stopping = threading.Event()
        self.lines: set[socket.socket] = set()
        super().__init__(address, MaximoHandler)

    def server_bind(self) -> None:
        """Bind without the look-up of the host's full name, which can take seconds at a plant without DNS."""
        socket_address = self.server_address
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(socket_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(socket_address[0]), self.socket.getsockname()[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # the library's own signature
        """Say nothing: a client that goes away is everyday life here."""

    def listen(self) -> None:
        """Take lines until the end. Waits without polling, so that an idle Maximo costs nothing and stops at once."""
        while not self.stopping.is_set():
            try:
                line, address = self.socket.accept()
            except OSError:
                self.stopping.wait(_BREATH_S)  # out of handles, or a client that left while it waited
                continue
            if self.stopping.is_set():
                line.close()
            else:
                self.process_request(line, address)

    def end(self) -> None:
        """Stop listening and cut every line."""
        self.stopping.set()
        host = str(self.server_address[0])
        with contextlib.suppress(OSError):
            # A last caller wakes the listener; closing it alone would not, on every system.
            socket.create_connection(("127.0.0.1" if host == _ANY else host, self.server_port), timeout=1.0).close()
        self.server_close()
        for line in list(self.lines):
            cut(line)


def cut(line: socket.socket) -> None:
    """End a line with a reset, as a pulled plug or a dying server does."""
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.shutdown(socket.SHUT_RDWR)
        line.close()
    except OSError:
        return  # it was gone already


class MaximoHandler(BaseHTTPRequestHandler):
    """One line of one client."""

    protocol_version = "HTTP/1.1"
    timeout = 60.0
    disable_nagle_algorithm = True
    server: MaximoServer

    def setup(self) -> None:
        """Make the line known, so that stopping the server can cut it."""
        super().setup()
        self.server.lines.add(self.connection)

    def finish(self) -> None:
        """Forget the line."""
        self.server.lines.discard(self.connection)
        try:
            super().finish()
        except OSError:
            return  # cut meanwhile

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's own name
        """Say nothing; `MaximoServer.seen` remembers."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._serve()

    def do_PATCH(self) -> None:
        """Answer a PATCH."""
        self._serve()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._serve()

    def _serve(self) -> None:
        try:
            request = self._request()
        except ValueError:
            self.close_connection = True
            self._send(Reply(413, b"", {"Connection": "close"}))
            return
        fault = self.server.faults.take(request.method, self.path)
        reply = self.server.service.answer(request) if fault is None or fault.commits else Reply(200, {})
        if fault is None:
            # The client may look at `seen` as soon as it has the answer, so it is written before.
            self._remember(reply.status)
            self._send(reply)
        else:
            self._go_wrong(fault, reply)

    def _request(self) -> Request:
        split = urlsplit(self.path)
        return Request(
            method=self.command,
            path=split.path,
            query=dict(parse_qsl(split.query.lstrip("&"), keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(),
            origin=f"http://{self.headers.get('Host', 'localhost')}",
        )

    def _body(self) -> bytes:
        limit = self.server.settings.body_bytes_max
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks(limit)
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= limit:
            raise ValueError(length)
        return self.rfile.read(length)

    def _chunks(self, limit: int) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline(_CHUNK_LINE_MAX).partition(b";")[0], 16):
            if size < 0 or len(body) + size > limit:
                raise ValueError(size)
            body += self.rfile.read(size)
            self.rfile.readline(_CHUNK_LINE_MAX)
        while self.rfile.readline(_CHUNK_LINE_MAX).strip():
            pass  # trailers say nothing here
        return bytes(body)

    def _remember(self, status: int) -> None:
        kept = {
            name.lower(): value for name, value in self.headers.items() if name.lower() not in {"apikey", "maxauth"}
        }
        self.server.seen.append(Seen(self.command, self.path, kept, status))

    # ---- answering, well or badly -----------------------------------------------------------------------------------

    def _send(self, reply: Reply) -> None:
        self.wfile.write(self._rendered(reply))

    def _rendered(self, reply: Reply) -> bytes:
        body = json.dumps(reply.body).encode() if isinstance(reply.body, dict) else reply.body or b""
        headers = {
            "Date": self.date_time_string(self.server.service.wall().timestamp()),
            "Content-Length": str(len(body)),
        }
        if isinstance(reply.body, dict):
            headers["Content-Type"] = "application/json; charset=utf-8"
        if reply.status == HTTPStatus.NO_CONTENT:
            del headers["Content-Length"]
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in (headers | dict(reply.headers)).items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def _go_wrong(self, fault: Fault, reply: Reply) -> None:
        later = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        instead = {
            "bad-gateway": Reply(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", _HTML),
            "login-page": Reply(200, _LOGIN_PAGE, _HTML),
            "redirect": Reply(302, b"", {"Location": "https://login.example.com/sso"}),
            "busy": Reply(429, b"", later),
            "maintenance": Reply(503, b"<html><body>Maintenance</body></html>", _HTML | later),
            "garbage": Reply(200, b'\xef\xbb\xbf{"member": [\xff', {"Content-Type": "application/json"}),
        }
        if fault.kind in instead:
            self._remember(instead[fault.kind].status)
            self._send(instead[fault.kind])
            return
        self.close_connection = True
        self._remember(0)
        if fault.kind == "hang":
            self.server.stopping.wait(self.server.settings.hang_s)
        elif fault.kind == "drip":
            self._drip(self._rendered(reply))
        elif fault.kind == "truncate":
            whole = self._rendered(reply if reply.body else Reply(reply.status, {"href": "x" * 200}, reply.headers))
            self.wfile.write(whole[:-20])
            self.connection.shutdown(socket.SHUT_WR)
            return
        cut(self.connection)

    def _drip(self, whole: bytes) -> None:
        for byte in whole:
            self.wfile.write(bytes([byte]))
            if self.server.stopping.wait(self.server.settings.slow_s):
                return
