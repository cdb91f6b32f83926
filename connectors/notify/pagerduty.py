"""PagerDuty, Events API v2: trigger, acknowledge, resolve, one alert per deduplication key.

https://developer.pagerduty.com/docs/events-api-v2-overview: routing key of 32 characters, ``dedup_key`` up to 255,
``summary`` up to 1,024, 202 means taken; a trigger with the key of an open alert joins it, after its resolve it is a
new one; an acknowledge or resolve of an unknown key is dropped in silence.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from connectors.notify.http import AUTH_S, BUSY_S, Http, HttpSettings, Secret, outcome_of
from connectors.notify.port import Act, Finding, Later, Notice, NotifyFault, Outcome

SUMMARY_MAX, TEXT_MAX, KEY_LONG = 1_024, 8_000, 32

_ACTION = {
    Act.RAISED: "trigger",
    Act.GRAVER: "trigger",
    Act.ESCALATED: "trigger",
    Act.ACKNOWLEDGED: "acknowledge",
    Act.RESOLVED: "resolve",
}


@dataclass(frozen=True, slots=True)
class PagerDutySettings:
    """One integration of one service."""

    http: HttpSettings
    key: Secret


class PagerDuty:
    """Rings whoever is on call."""

    acts = frozenset(Act)
    refresh_s: float | None = None

    def __init__(self, settings: PagerDutySettings) -> None:
        self._settings, self._http = settings, Http(settings.http)
        self._host = urlsplit(settings.http.url).netloc

    def check(self) -> Sequence[Finding]:
        """Look at the key and at the address; nothing can be asked without ringing."""
        try:
            key = self._key()
            answer = self._http.ask("GET", "/v2/enqueue")
        except NotifyFault as fault:
            return (Finding(False, str(fault)),)
        return (Finding(True, f"{self._host} answers ({answer.status}); key of {len(key)} characters"),)

    def send(self, notice: Notice) -> Outcome:
        """Trigger, acknowledge or resolve."""
        action = _ACTION[notice.act]
        try:
            event: dict[str, object] = {"routing_key": self._key(), "event_action": action, "dedup_key": notice.key}
        except NotifyFault as fault:
            return Later(AUTH_S, str(fault))
        if action == "trigger":
            event |= self._payload(notice)
        try:
            answer = self._http.ask("POST", "/v2/enqueue", json.dumps(event).encode())
        except NotifyFault as fault:
            # Perhaps it was taken: the same key again is the same alert.
            return Later(0.0, str(fault))
        outcome = outcome_of(answer, self._host, by=f"{action} taken")
        if isinstance(outcome, Later):
            return Later(max(outcome.seconds, BUSY_S), outcome.reason)
        return outcome

    def _payload(self, notice: Notice) -> dict[str, object]:
        payload = {
            "summary": notice.title[:SUMMARY_MAX],
            "source": notice.station,
            "severity": "critical" if notice.severity == "critical" else "warning",
            "timestamp": notice.raised_at,
            "component": notice.asset,
            "group": notice.zone or notice.line,
            "class": notice.failure_mode,
            "custom_details": {"text": notice.text[:TEXT_MAX], "line": notice.line, "said": str(notice.act)},
        }
        links = [{"href": notice.page, "text": "incident"}] if notice.page else []
        return {"payload": payload, "client": "wheeltapper", "links": links}

    def _key(self) -> str:
        key = self._settings.key().strip()
        if len(key) != KEY_LONG or not key.isalnum() or not key.isascii():
            raise NotifyFault(f"the key has {len(key)} characters; wanted the 32 of an Events API v2 integration")
        return key
