"""What stands before every route: who asks, from where, how much, and what the browser may do with the answer."""

import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_MAX = 1_000_000  #: bytes of a request; a label is a hundred
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Nothing from elsewhere, nothing inline, nobody's frame (Content Security Policy Level 3).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "microphone=(), camera=(), geolocation=()",
}


class TooLarge(Exception):
    """A request holds more than `BODY_MAX` bytes."""


class Guard:
    """Refuses foreign hosts (DNS rebinding), foreign origins (CSRF) and bodies beyond measure.

    Parameters
    ----------
    app
        What is guarded.
    hosts
        Names the page goes by; empty = any, where it is served beyond this PC.
    """

    def __init__(self, app: App, hosts: frozenset[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        fault = self._fault(scope["method"], headers)
        if fault:
            status, sentence = fault
            await PlainTextResponse(sentence, status, headers=_HEADERS)(scope, receive, send)
            return
        heard, began = 0, False

        async def measured() -> MutableMapping[str, Any]:
            nonlocal heard
            message = await receive()
            heard += len(message.get("body", b""))
            if heard > BODY_MAX:
                raise TooLarge
            return message

        async def guarded(message: MutableMapping[str, Any]) -> None:
            nonlocal began
            if heard > BODY_MAX and not began:
                return  # the app takes our refusal for a fault of its own and says so; 413 is said below
            if message["type"] == "http.response.start":
                began = True
                answer = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answer.setdefault(name, value)
                answer.setdefault("cache-control", "no-store")
            await send(message)

        with contextlib.suppress(TooLarge):
            await self._app(scope, measured, guarded)
        if heard > BODY_MAX and not began:
            await PlainTextResponse(_too_large(), 413, headers=_HEADERS)(scope, receive, send)

    def _fault(self, method: str, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if self._hosts and _name(host) not in self._hosts:
            return 421, f"this page is {sorted(self._hosts)[0]}; found the name {host[:60]!r}"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 18 or int(length) > BODY_MAX:
            return 413, _too_large()
        origin = headers.get("origin")
        if method not in _SAFE and origin is not None and urlsplit(origin).netloc != host:
            return 403, f"asked from {origin[:100]}; wanted from this page itself"
        if method not in _SAFE and headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return 403, "asked from another page; wanted from this page itself"
        return None


def _too_large() -> str:
    return f"a request of more than {BODY_MAX:,} bytes; wanted less"


def _name(host: str) -> str:
    return (host.rsplit(":", 1)[0] if not host.endswith("]") else host).lower()
