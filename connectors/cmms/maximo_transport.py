"""How one call gets onto the network: `requests`, from its transport adapter down.

Cookie jar, redirects, netrc, and proxies out of environment variables live in the sessions of `requests`, one floor
above, and each is a fault here; docs/decisions/maximo-one-line-a-call.md says why. What is added below: a line is
opened first and used then, so that what failed before the first byte can be told from all that fails after it; and a
bell that ends a call after its whole time.
"""

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from types import TracebackType
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import Retry


class Unopened(Exception):
    """No line could be opened, so nothing of the request has left; the cause says why."""


class Bell:
    """Rings once a call has taken its whole time, and cuts its line.

    A read timeout starts anew with each byte, so it never ends an answer that only drips.
    """

    def __init__(self, seconds: float) -> None:
        self._rung = threading.Event()
        self._line: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True

    def __enter__(self) -> "Bell":
        """Start counting."""
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop counting."""
        self._timer.cancel()
        self._timer.join()  # it may be ringing right now, at a handle that is about to be closed
        if self._line is not None:
            self._line.close()

    @property
    def rung(self) -> bool:
        """Whether the time is over."""
        return self._rung.is_set()

    def watch(self, line: socket.socket) -> None:
        """Cut this line when the time is over.

        The bell keeps a handle of its own: the first one passes into TLS, and then to the answer.
        """
        self._line = line.dup()
        if self.rung:
            self._ring()  # it rang before there was a line to cut

    def _ring(self) -> None:
        self._rung.set()
        if self._line is not None:
            with suppress(OSError):  # the line has ended by itself
                self._line.shutdown(socket.SHUT_RDWR)


class _Plain(HTTPConnection):
    """A line whose opening fails as `Unopened`, whatever it was that failed."""

    def __init__(self, bell: Bell, read_s: float, **given: Any) -> None:  # noqa: ANN401  # urllib3's own arguments
        super().__init__(**given)
        self._bell, self._read_s = bell, read_s

    def _new_conn(self) -> socket.socket:
        line = super()._new_conn()
        self._bell.watch(line)
        return line

    def connect(self) -> None:
        """Open the line: name, TCP, a proxy's consent, TLS.

        Raises
        ------
        Unopened
            Any of it failed, or took too long.
        """
        try:
            super().connect()
            if self._bell.rung:
                raise TimeoutError
        except (OSError, ValueError, HTTPError, HTTPException) as error:
            raise Unopened from error
        # Sending a picture may take longer than opening a line.
        self.timeout = self._read_s
        self.sock.settimeout(self._read_s)


class _Tls(_Plain, HTTPSConnection):
    """The same with TLS."""


class Transport(HTTPAdapter):
    """The adapter of one call: one line, nothing repeated, nothing kept.

    Parameters
    ----------
    bell
        Ends the call.
    read_s
        Longest wait for the next byte once the line is open, in either direction.
    tls
        Whom to trust; None where the line is plain.
    """

    def __init__(self, bell: Bell, read_s: float, tls: ssl.SSLContext | None) -> None:
        self._bell, self._read_s, self._tls = bell, read_s, tls
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=Retry(total=False))

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **given: Any) -> None:  # noqa: ANN401
        """Give every line our own trust."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._tls, **given)

    def proxy_manager_for(self, proxy: str, **given: Any) -> Any:  # noqa: ANN401
        """Give every line through a proxy our own trust."""
        return super().proxy_manager_for(proxy, ssl_context=self._tls, **given)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ANN401
        """Add nobody to those our own context trusts; `requests` would add a list that it brings along."""
        conn.cert_reqs = "CERT_REQUIRED"

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> ConnectionPool:
        """Let the pool open lines of our own kind."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        pool.ConnectionCls = partial(_Tls if pool.scheme == "https" else _Plain, self._bell, self._read_s)
        return pool  # type: ignore[no-any-return]
