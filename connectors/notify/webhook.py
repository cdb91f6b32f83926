"""A webhook: JSON to a program of the plant, signed, with a key by which it can drop what it has seen.

The signature is HMAC-SHA256 (RFC 2104) over ``TIME.BODY``; the time is signed too, so that an old message cannot be
played again. A receiver checks both, and drops an ``Idempotency-Key`` that it has taken.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from connectors.notify.http import AUTH_S, Http, HttpSettings, Secret, outcome_of
from connectors.notify.port import Act, Finding, Later, Notice, NotifyFault, Outcome


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where it goes and what it is signed with."""

    http: HttpSettings
    secret: Secret


def signature(secret: str, at: int, body: bytes) -> str:
    """Sign a body: ``t=UNIX SECONDS,v1=HEX``."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


class Webhook:
    """Sends JSON."""

    acts = frozenset(Act)
    refresh_s: float | None = None

    def __init__(self, settings: WebhookSettings, wall: Callable[[], float] = time.time) -> None:
        self._settings, self._http, self._wall = settings, Http(settings.http), wall
        self._host = urlsplit(settings.http.url).netloc

    def check(self) -> Sequence[Finding]:
        """Ask the address what it allows; nobody is told anything."""
        try:
            self._settings.secret()
            answer = self._http.ask("OPTIONS", "")
        except NotifyFault as fault:
            return (Finding(False, str(fault)),)
        return (Finding(True, f"{self._host} answers ({answer.status})"),)

    def send(self, notice: Notice) -> Outcome:
        """Post it."""
        body = json.dumps(asdict(notice), ensure_ascii=False, sort_keys=True).encode()
        try:
            signed = signature(self._settings.secret(), int(self._wall()), body)
        except NotifyFault as fault:
            return Later(AUTH_S, str(fault))
        headers = {"Idempotency-Key": f"{notice.key}.{notice.act}", "Wheeltapper-Signature": signed}
        try:
            answer = self._http.ask("POST", "", body, headers)
        except NotifyFault as fault:
            return Later(0.0, str(fault))
        return outcome_of(answer, self._host)
