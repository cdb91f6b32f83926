"""A Prometheus Alertmanager by its API v2: it groups, silences and routes on by itself.

Labels are the identity of an alert, so only what stays the same stands there; what is measured is an annotation. An
alert is told again while it stands, because Alertmanager keeps alerts in memory alone ("Sending alerts" of its
documentation); ``endsAt`` lies a day ahead, so that a gateway that is down does not look like a trouble that is over.
"""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from connectors.notify.http import Http, HttpSettings, outcome_of
from connectors.notify.port import Act, Finding, Later, Notice, NotifyFault, Outcome, Told

STANDS = timedelta(days=1)
SEVERITIES = ("warning", "critical")


class Alertmanager:
    """Tells it what stands and what is over."""

    acts = frozenset({Act.RAISED, Act.GRAVER, Act.RESOLVED})
    refresh_s: float | None = 300.0

    def __init__(self, settings: HttpSettings, wall: Callable[[], float] = time.time) -> None:
        self._http, self._wall = Http(settings), wall
        self._host = urlsplit(settings.url).netloc

    def check(self) -> Sequence[Finding]:
        """Ask how it is."""
        try:
            answer = self._http.ask("GET", "/api/v2/status")
        except NotifyFault as fault:
            return (Finding(False, str(fault)),)
        return (Finding(answer.status == 200, f"{self._host} answers {answer.status}"),)

    def send(self, notice: Notice) -> Outcome:
        """Say that it stands with this severity and no other, or that it is over."""
        for severity in SEVERITIES:
            stands = severity == notice.severity and notice.act is not Act.RESOLVED
            if not stands and notice.act is Act.RAISED:
                continue  # it was never anything else
            # One a call: of a list with one bad alert it takes the others, and still answers 400.
            try:
                answer = self._http.ask(
                    "POST", "/api/v2/alerts", json.dumps([self._alert(notice, severity, stands)]).encode()
                )
            except NotifyFault as fault:
                return Later(0.0, str(fault))
            outcome = outcome_of(answer, self._host, by="taken")
            if not isinstance(outcome, Told):
                return outcome
        return Told("taken")

    def _alert(self, notice: Notice, severity: str, stands: bool) -> dict[str, object]:
        now = datetime.fromtimestamp(self._wall(), UTC)
        # Never before the start: that is refused.
        begun = min(datetime.fromisoformat(notice.raised_at).astimezone(UTC), now - timedelta(seconds=1))
        labels = {
            "alertname": "WheeltapperIncident",
            "incident": notice.key,
            "severity": severity,
            "line": notice.line,
            "station": notice.station,
            "zone": notice.zone,
            "asset": notice.asset,
            "failure_mode": notice.failure_mode,
        }
        alert: dict[str, object] = {
            "labels": {name: value for name, value in labels.items() if value},
            "annotations": {"summary": notice.title, "description": notice.text},
            "startsAt": begun.isoformat(),
            "endsAt": (now + STANDS if stands else now).isoformat(),
        }
        return {**alert, "generatorURL": notice.page} if notice.page else alert
