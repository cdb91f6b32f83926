"""One HTTP call of a channel: bounded in time and size, no redirect, no cookie, no proxy but the site file's."""

import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from connectors.cmms.maximo_transport import Bell, Transport, Unopened
from connectors.notify.port import Later, NotifyFault, Outcome, Refused, Told

ANSWER_MAX = 65_536  #: bytes read of an answer
WHY_MAX = 160
AUTH_S = 300.0  #: a person is on the way, not a machine
BUSY_S = 60.0

Secret = Callable[[], str]  #: reads a secret anew; raises `NotifyFault`


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How a channel is reached."""

    url: str
    timeout_s: float = 20.0
    ca_file: str = ""
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: str
    retry_after_s: float


class Http:
    """Calls to one address, each on a line of its own.

    Raises
    ------
    ValueError
        If the certificate file cannot be read.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._proxies = {"all": settings.proxy} if settings.proxy else {}
        self._tls: ssl.SSLContext | None = None
        if settings.url.startswith("https:"):
            self._tls = trust(settings.ca_file)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and read its answer.

        Raises
        ------
        NotifyFault
            It did not arrive, or no whole answer was read: the sentence says which.
        """
        settings = self._settings
        sent = {"Content-Type": "application/json", "Connection": "close", "User-Agent": "wheeltapper"}
        host = settings.url.split("://", 1)[-1].split("/", 1)[0]
        try:
            url = settings.url.rstrip("/") + path
            request = requests.Request(method, url, headers={**sent, **(headers or {})}, data=body).prepare()
        except (requests.RequestException, ValueError) as error:
            raise NotifyFault(f"no request to {host} can be made ({type(error).__name__})") from error
        with Bell(settings.timeout_s) as bell:
            try:
                with (
                    closing(Transport(bell, settings.timeout_s, self._tls)) as transport,
                    transport.send(
                        request, timeout=(settings.timeout_s, settings.timeout_s), proxies=self._proxies
                    ) as response,
                ):
                    content = response.raw.read(ANSWER_MAX, decode_content=False)
            except Unopened as fault:
                raise NotifyFault(f"{host} cannot be reached ({_why(fault, bell)})") from fault
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                raise NotifyFault(f"{host} gave no whole answer ({_why(error, bell)})") from error
        text = content.decode("utf-8", "replace")
        return Answer(response.status_code, text, _seconds(response.headers.get("Retry-After", "")))


def outcome_of(answer: Answer, host: str, by: str = "") -> Outcome:
    """Judge an answer by its status alone, as webhooks and PagerDuty's Events API v2 mean it.

    2xx taken; 429, 408 and 5xx again later; 401, 403, 404 and 3xx the set-up is wrong and a person mends it, while
    the message is kept; any other 4xx this message will never do.
    """
    said = " ".join(answer.body.split())[:WHY_MAX]
    told = f"{host} answered {answer.status}" + (f": {said}" if said else "")
    if 200 <= answer.status < 300:
        return Told(by or told)
    if answer.status in {408, 429} or answer.status >= 500:
        return Later(max(BUSY_S if answer.status == 429 else 0.0, answer.retry_after_s), told)
    if answer.status < 400 or answer.status in {401, 403, 404, 407}:
        return Later(AUTH_S, f"{told}; messages are kept until the address or the key is mended")
    return Refused(told)


def trust(ca_file: str) -> ssl.SSLContext:
    """Trust the system's authorities and the one of the site file.

    Raises
    ------
    ValueError
        The file cannot be used.
    """
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise ValueError(f"ca_file: {ca_file} cannot be used ({error}); wanted a PEM file") from error
    return context


def _seconds(text: str) -> float:
    """Read Retry-After in seconds, at most an hour; its other form, a date, is not worth trusting two clocks for."""
    return min(3600.0, float(text)) if text.isdecimal() and text.isascii() else 0.0


def _why(error: BaseException, bell: Bell) -> str:
    root: Any = error
    while (inner := root.__cause__ or next((a for a in root.args if isinstance(a, BaseException)), None)) is not None:
        root = inner
    if bell.rung:
        return "too slow"
    if isinstance(root, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {root.verify_message}; give its authority as ca_file"
    if isinstance(root, TimeoutError):
        return "no answer in time"
    return str(getattr(root, "strerror", None) or type(root).__name__)
