"""Who receives the messages of the noisy day: real programs where they install, faithful fakes elsewhere."""

import hashlib
import hmac
import json
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from threading import Thread

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

ALERTMANAGER = Path("/usr/bin/prometheus-alertmanager")


class Receiver:
    """Takes JSON over HTTP; with a secret it checks the signature and drops what it has taken, as a webhook should."""

    def __init__(self, secret: str = "") -> None:
        self._secret, self.down, self.holding = secret, False, lambda: None
        self.requests, self.bad, self.seen, self.bodies = 0, 0, {}, []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status = receiver.take(body, self.headers)
                if status == 200:
                    receiver.holding()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:  # whoever asked was killed
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the library
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, body: bytes, headers: Message) -> int:
        if self.down:
            return 503
        self.requests += 1
        self.bodies.append(json.loads(body))
        if self._secret:
            said = dict(part.split("=", 1) for part in headers["Wheeltapper-Signature"].split(","))
            want = hmac.new(self._secret.encode(), said["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(want, said["v1"]):
                self.bad += 1
                return 401
            self.seen.setdefault(headers["Idempotency-Key"], json.loads(body))
        return 200

    def keys(self) -> list[str]:
        return [body["key"] for body in self.seen.values()]

    def texts(self) -> list[str]:
        return [f"{body.get('title')} {body.get('message')}" for body in self.bodies]


class Mailbox:
    """A real SMTP server (aiosmtpd) that keeps what it is sent."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.down, self.holding = False, lambda: None
        self._controller = Controller(self, hostname="127.0.0.1", port=0)

    async def handle_MAIL(self, _: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.down:
            return "451 4.3.2 not now"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:
        self.messages.append(envelope.content)
        self.holding()
        return "250 taken"

    def __enter__(self) -> "Mailbox":
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            self._controller.port = free.getsockname()[1]
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def ids(self) -> list[str]:
        return [str(message_from_bytes(one)["Message-ID"]) for one in self.messages]

    def keys(self) -> list[str]:
        return [str(message_from_bytes(one)["X-Wheeltapper-Incident"]) for one in self.messages]


class RealAlertmanager:
    """Alertmanager of the distribution, telling a receiver of ours; its outage is a stopped process."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._told, self._process = folder, Receiver(), None
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> "RealAlertmanager":
        self._told.__enter__()
        config = self._folder / "alertmanager.yml"
        config.write_text(
            "route: {receiver: us, group_by: [incident], group_wait: 0s, group_interval: 1s, repeat_interval: 48h}\n"
            f"receivers: [{{name: us, webhook_configs: [{{url: '{self._told.url}', send_resolved: true}}]}}]\n"
        )
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._told.__exit__()

    def down(self, wanted: bool) -> None:
        if wanted and self._process is not None:
            self._stop()
        elif not wanted and self._process is None:
            self._start()

    def settle(self) -> None:
        time.sleep(4.0)

    def summary(self) -> dict[str, object]:
        firing: Counter[str] = Counter()
        resolved: Counter[str] = Counter()
        for body in self._told.bodies:
            for alert in body["alerts"]:
                which = firing if alert["status"] == "firing" else resolved
                which[f"{alert['labels']['incident']} {alert['labels']['severity']}"] += 1
        return {
            "alerts_told": len(firing),
            "told_twice": sorted(k for k, n in firing.items() if n > 1 and not resolved[k]),
            "resolved": len(resolved),
            "notifications": len(self._told.bodies),
        }

    def _start(self) -> None:
        arguments = [
            str(ALERTMANAGER),
            f"--config.file={self._folder / 'alertmanager.yml'}",
            f"--storage.path={self._folder / 'am'}",
        ]
        arguments += [f"--web.listen-address=127.0.0.1:{self._port}", "--cluster.listen-address="]
        self._process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait(lambda: urllib.request.urlopen(f"{self.url}/-/ready", timeout=1.0).status == 200)

    def _wait(self, ready: Callable[[], bool]) -> None:
        for _ in range(100):
            try:
                if ready():
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("alertmanager did not start")

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
