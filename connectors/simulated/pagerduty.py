"""The other side of a pager: what PagerDuty's Events API v2 does with what it is sent, as far as its documents say.

A trigger opens an alert or joins the open one of its key; after its resolve the same key opens another. An acknowledge
or resolve of a key that is not open is dropped in silence. 202 means taken. Faults are planned one a request.
"""

import json
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

KEY_MAX, SUMMARY_MAX, EVENT_MAX = 255, 1_024, 512_000
SEVERITIES = ("critical", "error", "warning", "info")


class Fault(StrEnum):
    """What goes wrong with one request."""

    BUSY = "busy"  #: 429
    DOWN = "down"  #: 503
    TAKEN_AND_LOST = "taken and lost"  #: carried out, and the line breaks before the answer
    LOST = "lost"  #: the line breaks, nothing is done


@dataclass
class Alert:
    """One alert as whoever is on call sees it."""

    key: str
    severity: str
    summary: str
    acknowledged: bool = False
    resolved: bool = False
    triggers: int = 1  #: those that joined it included


@dataclass
class Service:
    """What the service knows."""

    key: str
    alerts: list[Alert] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)  #: acts on keys that were not open

    def open(self, key: str) -> Alert | None:
        """Give the open alert of this key."""
        return next((alert for alert in self.alerts if alert.key == key and not alert.resolved), None)

    def take(self, event: dict[str, Any]) -> str:
        """Carry an event out; gives what is wrong with it, or nothing."""
        if event.get("routing_key") != self.key:
            return "Invalid routing key"
        key, action, payload = event.get("dedup_key", ""), event.get("event_action"), event.get("payload", {})
        if not key or len(key) > KEY_MAX:
            return "dedup_key is invalid"
        alert = self.open(key)
        if action == "trigger":
            summary, severity = payload.get("summary", ""), payload.get("severity")
            if not summary or len(summary) > SUMMARY_MAX or severity not in SEVERITIES or not payload.get("source"):
                return "payload is invalid"
            if alert is None:
                self.alerts.append(Alert(key, severity, summary))
            else:
                alert.triggers, alert.severity = alert.triggers + 1, severity
        elif action not in {"acknowledge", "resolve"}:
            return "event_action is invalid"
        elif alert is None:
            self.dropped.append(f"{action} {key}")
        elif action == "acknowledge":
            alert.acknowledged = True
        else:
            alert.resolved = True
        return ""


class SimulatedPagerDuty:
    """Serves on loopback; a context.

    Attributes
    ----------
    plan
        Faults of the next requests.
    down
        While true, every request meets 503.
    """

    def __init__(self, key: str = "R" * 32) -> None:
        self.service, self.plan, self.down, self.requests = Service(key), deque[Fault](), False, 0
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, name="simulated-pagerduty", daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "SimulatedPagerDuty":
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, body: bytes) -> tuple[int, str] | None:
        """Take one request; None where the line breaks."""
        with self._lock:
            self.requests += 1
            fault = self.plan.popleft() if self.plan else None
            if self.down or fault is Fault.DOWN:
                return 503, "unavailable"
            if fault is Fault.BUSY:
                return 429, "rate limit"
            if fault is Fault.LOST:
                return None
            try:
                event = json.loads(body) if len(body) <= EVENT_MAX else None
            except ValueError:
                event = None
            wrong = self.service.take(event) if isinstance(event, dict) else "event is not an object"
            if fault is Fault.TAKEN_AND_LOST:
                return None
        return (
            (400, json.dumps({"status": "invalid event", "errors": [wrong]}))
            if wrong
            else (202, '{"status":"success"}')
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                answer = (404, "not found") if self.path != "/v2/enqueue" else peer.answer(body)
                if answer is None:
                    self.close_connection = True
                    return
                self._say(*answer)

            def do_GET(self) -> None:
                self._say(405, "method not allowed")

            def _say(self, status: int, text: str) -> None:
                content = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the library
                return

        return Handler
