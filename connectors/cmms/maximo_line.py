"""One HTTP call to Maximo, bounded in time and size, with nothing done behind the caller's back.

Every call opens a line of its own: a kept line that the other side has closed meanwhile would turn a create into
"perhaps done". What fails before the line is open is `NotSent`; whatever fails after it is `Lost`.
"""

import json
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import requests
from urllib3.exceptions import HTTPError

from connectors.cmms.maximo_settings import MaximoSettings
from connectors.cmms.maximo_text import shortened
from connectors.cmms.maximo_transport import Bell, Transport, Unopened
from connectors.cmms.port import CmmsFault

_KEY_MIN_TO_HIDE: Final = 8  # a shorter text would be found in innocent words
_PIECE: Final = 65_536  # bytes read at a time
_WHY_MAX: Final = 100  # characters


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
        self.address: Final = f"{split.scheme}://{split.netloc}{split.path.rstrip('/')}"
        # Said here or nowhere: proxy variables of the environment would change what the site file says.
        self._proxies: Final = {"all": settings.proxy} if settings.proxy else {}
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
        sent = {"apikey": key, "Accept": "application/json", "Connection": "close", "User-Agent": "wheeltapper"}
        sent |= {"Accept-Encoding": "identity", "x-public-uri": self.address, **(headers or {})}
        try:
            # Maximo reads + as a blank in some places and as a plus in others; %20 and %2B are read alike everywhere.
            url = f"{self.address}/{path}?{urlencode({'lean': '1', **query}, quote_via=quote)}"
            request = requests.Request(method, url, headers=sent, data=body).prepare()
        except (requests.RequestException, ValueError) as error:
            raise NotSent(f"no request to {self.address} can be made of this ({type(error).__name__})") from error
        with Bell(self._settings.total_s) as bell:
            response, content = self._exchange(request, bell)
            if len(content) > self._settings.answer_bytes_max:
                raise Lost(f"{self.address} answered more than {self._settings.answer_bytes_max} bytes")
            if bell.rung:
                raise Lost(f"{self.address} broke off in the middle of its answer (too slow)")
        if len(key) >= _KEY_MIN_TO_HIDE:
            content = content.replace(key.encode(), b"***")
        received = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, received, content)

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

    def _exchange(self, request: requests.PreparedRequest, bell: Bell) -> tuple[requests.Response, bytes]:
        settings = self._settings
        times = (settings.connect_s, settings.read_s)
        try:
            with (
                closing(Transport(bell, settings.read_s, self._tls)) as transport,
                transport.send(request, timeout=times, proxies=self._proxies) as response,
            ):
                return response, _read(response.raw, settings.answer_bytes_max)
        except Unopened as fault:
            raise self._unopened(_root(fault), bell) from fault
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            root = _root(error)
            # Of the system's own words alone: what came over the line may play the key back.
            why = _slow(root, bell) or getattr(root, "strerror", None) or type(root).__name__
            raise Lost(f"{self.address} gave no whole answer ({why})") from error

    def _unopened(self, root: BaseException, bell: Bell) -> NotSent | Untrusted:
        if isinstance(root, ssl.SSLCertVerificationError):
            return Untrusted(
                f"the certificate of {self._host} is not trusted ({root.verify_message}); "
                "give its authority as ca_file, or mend the certificate"
            )
        why = _slow(root, bell) or getattr(root, "strerror", None) or str(root) or type(root).__name__
        return NotSent(f"{self.address} cannot be reached ({shortened(why, _WHY_MAX)})")


def _read(raw: Any, most: int) -> bytes:  # noqa: ANN401  # urllib3's answer, which `requests` leaves untyped
    """Read an answer's body as it came, until it ends or is longer than `most` bytes."""
    content = bytearray()
    while len(content) <= most and (piece := raw.read(_PIECE, decode_content=False)):
        content += piece
    return bytes(content)


def _root(error: BaseException) -> BaseException:
    """Find the error inside those that `requests` and urllib3 wrap around it.

    By what they carry, not by what else was being handled just then: the caller's own errors explain nothing here.
    """
    inner = error.__cause__ or next((part for part in error.args if isinstance(part, BaseException)), None)
    return error if inner is None else _root(inner)


def _slow(root: BaseException, bell: Bell) -> str:
    if bell.rung:
        return "too slow"
    return "no answer in time" if isinstance(root, TimeoutError) else ""
