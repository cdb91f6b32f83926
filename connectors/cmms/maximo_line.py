"""One HTTP call to Maximo, bounded in time and size, with nothing done behind the caller's back.

The standard library's client is used as it is, because each comfort of a larger one is a fault here: a cookie jar plays
JSESSIONID back beside the key (401), followed redirects carry the key to other hosts, a retried POST makes a second
order, netrc and proxy variables change what a site file says. Every call opens a line of its own: a kept line that the
other side has closed meanwhile would turn a create into "perhaps done".
"""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from connectors.cmms.maximo_settings import MaximoSettings
from connectors.cmms.port import CmmsFault

_KEY_MIN_TO_HIDE: Final = 8  # a shorter text would be found in innocent words


class NotSent(Exception):
    """The request never left: nothing can have happened. The message is one sentence."""


class Lost(Exception):
    """The request left and no whole answer was read: it may have been carried out."""


class Untrusted(Exception):
    """Our key or the server's certificate is unfit: a person has to act."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def html(self) -> bool:
        """Whether a page came where data was asked for."""
        kind = self.headers.get("content-type", "")
        return "html" in kind or self.body.lstrip()[:1] == b"<"

    def json(self) -> object:
        """Read the body as JSON; None where it is none."""
        try:
            return json.loads(self.body.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return None


class Line:
    """Calls to one Maximo, one at a time.

    Raises
    ------
    ValueError
        If the certificate file cannot be read.
    """

    def __init__(self, settings: MaximoSettings) -> None:
        self._settings = settings
        split = urlsplit(settings.url)
        self._host: Final = split.hostname or ""
        self._port: Final = split.port or (443 if split.scheme == "https" else 80)
        self._base: Final = split.path.rstrip("/")
        self.address: Final = f"{split.scheme}://{split.netloc}{self._base}"
        self._tls: ssl.SSLContext | None = None
        if split.scheme == "https":
            # The system's own store, so that a plant's authority that its PCs trust is trusted here too.
            self._tls = ssl.create_default_context()
            if settings.ca_file:
                try:
                    self._tls.load_verify_locations(settings.ca_file)
                except OSError as error:
                    raise ValueError(
                        f"ca_file: {settings.ca_file} cannot be used ({error}); wanted a PEM file"
                    ) from error

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send one request and read its whole answer.

        Parameters
        ----------
        path
            Below the base address, as in ``os/MXAPIWODETAIL``.
        query
            Parameters; ``lean=1`` is added, since a load balancer may forget that a session was lean.

        Raises
        ------
        NotSent, Lost, Untrusted
            See there.
        """
        key = self._key()
        # Maximo reads + as a blank in some places and as a plus in others; %20 and %2B are read alike everywhere.
        target = f"{self._base}/{path}?{urlencode({'lean': '1', **query}, quote_via=quote)}"
        sent = {"apikey": key, "Accept": "application/json", "Connection": "close", "User-Agent": "wheeltapper"}
        sent |= {"x-public-uri": self.address, **(headers or {})}
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._settings.connect_s)
        late = threading.Event()
        # A read timeout starts anew with each byte; this one bell ends a call that only drips.
        bell = threading.Timer(self._settings.total_s, _ring, (connection, late))
        bell.daemon = True
        bell.start()
        try:
            self._open(connection, late)
            response, content = self._exchange(connection, late, (method, target, body, sent))
        finally:
            bell.cancel()
            connection.close()
        if len(content) > self._settings.answer_bytes_max:
            raise Lost(f"{self.address} answered more than {self._settings.answer_bytes_max} bytes")
        if response.length not in {None, 0} or late.is_set():
            raise Lost(f"{self.address} broke off in the middle of its answer")
        if len(key) >= _KEY_MIN_TO_HIDE:
            content = content.replace(key.encode(), b"***")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def _key(self) -> str:
        try:
            key = self._settings.key().strip()
        except CmmsFault as fault:
            raise Untrusted(str(fault)) from fault
        except (OSError, LookupError) as error:
            raise Untrusted(f"the key for {self.address} cannot be read ({type(error).__name__})") from error
        if not key or not key.isascii() or not key.isprintable():
            raise Untrusted(f"the key for {self.address} is empty or holds signs no header can carry")
        return key

    def _open(self, connection: http.client.HTTPConnection, late: threading.Event) -> None:
        try:
            connection.connect()
            if self._tls is not None:
                # Two steps, so that the bell can end a handshake too.
                connection.sock = self._tls.wrap_socket(
                    connection.sock, server_hostname=self._host, do_handshake_on_connect=False
                )
                connection.sock.do_handshake()
            connection.sock.settimeout(self._settings.read_s)
            if late.is_set():
                raise TimeoutError
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(
                f"the certificate of {self._host} is not trusted ({error.verify_message}); "
                "give its authority as ca_file, or mend the certificate"
            ) from error
        except OSError as error:
            raise NotSent(f"{self.address} cannot be reached ({_why(error, late)})") from error

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        late: threading.Event,
        request: tuple[str, str, bytes | None, Mapping[str, str]],
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            connection.request(*request)
            response = connection.getresponse()
            return response, response.read(self._settings.answer_bytes_max + 1)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Lost(f"{self.address} gave no whole answer ({_why(error, late)})") from error


def _ring(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    line = connection.sock
    if line is not None:
        try:
            # Below TLS, whose object belongs to the thread that reads.
            socket.socket.shutdown(line, socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself


def _why(error: Exception, late: threading.Event) -> str:
    if late.is_set():
        return "too slow"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or type(error).__name__
