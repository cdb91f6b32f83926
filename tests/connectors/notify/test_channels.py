"""Channels against the other side: PagerDuty's rules, a real mail server, a receiver that checks the signature."""

import hashlib
import hmac
import json
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Thread

import pytest
from aiosmtpd.controller import Controller

from connectors.notify.alertmanager import Alertmanager
from connectors.notify.chat import Chat, ChatSettings
from connectors.notify.http import HttpSettings
from connectors.notify.mail import Mail, MailSettings
from connectors.notify.pagerduty import PagerDuty, PagerDutySettings
from connectors.notify.port import Act, Later, Notice, NotifyFault, Refused, Told
from connectors.notify.webhook import Webhook, WebhookSettings
from connectors.simulated.pagerduty import Fault, SimulatedPagerDuty

KEY = "R" * 32
NOTICE = Notice(
    "KEY1", Act.RAISED, "CRITICAL: Pump 7: gear", "heard", "critical", "Line 2", "pump-7", "", "PUMP-7", "gear",
    "2026-11-24T12:00:00+00:00",
)  # fmt: skip


@contextmanager
def serving(take):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(take(self.path, self.headers, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def pagerduty():
    with SimulatedPagerDuty(KEY) as peer:
        yield peer


def pager(peer, key=KEY):
    return PagerDuty(PagerDutySettings(HttpSettings(peer.url, 5.0), lambda: key))


def test_a_message_whose_answer_was_lost_rings_once_when_it_is_sent_again(pagerduty):
    pagerduty.plan.append(Fault.TAKEN_AND_LOST)
    port = pager(pagerduty)
    assert isinstance(port.send(NOTICE), Later)
    assert isinstance(port.send(NOTICE), Told)
    assert [alert.key for alert in pagerduty.service.alerts] == ["KEY1"]


def test_a_pager_takes_the_acknowledgement_and_the_end(pagerduty):
    port = pager(pagerduty)
    for act in (Act.RAISED, Act.GRAVER, Act.ACKNOWLEDGED, Act.RESOLVED):
        assert isinstance(port.send(replace(NOTICE, act=act)), Told)
    (alert,) = pagerduty.service.alerts
    assert alert.acknowledged
    assert alert.resolved
    assert pagerduty.service.dropped == []


@pytest.mark.parametrize(("fault", "least"), [(Fault.BUSY, 60.0), (Fault.DOWN, 60.0), (Fault.LOST, 0.0)])
def test_a_pager_that_is_out_is_told_later(pagerduty, fault, least):
    pagerduty.plan.append(fault)
    outcome = pager(pagerduty).send(NOTICE)
    assert isinstance(outcome, Later)
    assert outcome.seconds >= least


def test_a_message_a_pager_cannot_take_is_refused_and_a_wrong_key_waits_for_a_person(pagerduty):
    assert isinstance(pager(pagerduty).send(replace(NOTICE, key="K" * 256)), Refused)
    outcome = pager(pagerduty, "short").send(NOTICE)
    assert isinstance(outcome, Later)
    assert "short" not in outcome.reason
    assert "wanted the 32" in outcome.reason


def test_a_title_beyond_measure_is_cut_to_what_a_pager_takes(pagerduty):
    assert isinstance(pager(pagerduty).send(replace(NOTICE, title="x" * 2000)), Told)


def test_a_webhook_is_signed_with_its_time_and_names_what_it_repeats():
    seen = []

    def take(path, headers, body):
        seen.append((headers["Idempotency-Key"], headers["Wheeltapper-Signature"], body))
        return 200

    with serving(take) as url:
        port = Webhook(WebhookSettings(HttpSettings(f"{url}/hook"), lambda: "s3cret"), wall=lambda: 1_700_000_000.0)
        assert isinstance(port.send(NOTICE), Told)
    key, signature, body = seen[0]
    assert key == "KEY1.raised"
    want = hmac.new(b"s3cret", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert signature == f"t=1700000000,v1={want}"
    assert json.loads(body)["station"] == "pump-7"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(204, Told), (302, Later), (401, Later), (404, Later), (409, Refused), (429, Later), (500, Later)],
)
def test_what_a_webhook_answers_is_taken_at_its_word(status, outcome):
    with serving(lambda *_: status) as url:
        assert isinstance(Webhook(WebhookSettings(HttpSettings(url), lambda: "s")).send(NOTICE), outcome)


def test_an_alertmanager_is_told_one_alert_a_call_with_what_stays_the_same_as_labels():
    calls = []
    with serving(lambda path, headers, body: calls.append((path, json.loads(body))) or 200) as url:
        port = Alertmanager(HttpSettings(url), wall=lambda: 1_800_000_000.0)
        for act in (Act.RAISED, Act.GRAVER, Act.RESOLVED):
            assert isinstance(port.send(replace(NOTICE, act=act)), Told)
    assert {path for path, _ in calls} == {"/api/v2/alerts"}
    raised, *graver, warning_over, critical_over = [body[0] for _, body in calls]
    assert "zone" not in raised["labels"], "an empty label is dropped and says nothing"
    assert [alert["labels"]["severity"] for alert in graver] == ["warning", "critical"]
    assert graver[0]["endsAt"] < graver[1]["endsAt"]
    assert warning_over["endsAt"] == critical_over["endsAt"]
    assert all(alert["startsAt"] < alert["endsAt"] for alert in (raised, *graver, warning_over, critical_over))


class Mailbox:
    def __init__(self):
        self.taken, self.answer, self.receiver = [], "250 taken", "250 OK"

    async def handle_RCPT(self, _, session, envelope, address, options):
        if self.receiver.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.receiver

    async def handle_DATA(self, _, session, envelope):
        self.taken.append(message_from_bytes(envelope.content))
        return self.answer


@pytest.fixture
def mailbox():
    box = Mailbox()
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


def mail(box, to=("shift@plant.example",)):
    return Mail(MailSettings("127.0.0.1", box.port, "none", "wheeltapper@plant.example", to, timeout_s=5.0))


def test_mail_of_one_incident_is_one_thread_and_the_same_message_has_the_same_id(mailbox):
    port = mail(mailbox)
    for act in (Act.RAISED, Act.RAISED, Act.RESOLVED):
        assert isinstance(port.send(replace(NOTICE, act=act)), Told)
    first, again, end = mailbox.taken
    assert first["Message-ID"] == again["Message-ID"] == end["References"] == "<KEY1.raised@plant.example>"
    assert end["Subject"] == "[resolved] CRITICAL: Pump 7: gear"
    assert first["Auto-Submitted"] == "auto-generated"


def test_a_line_break_in_a_title_makes_no_header(mailbox):
    assert isinstance(mail(mailbox).send(replace(NOTICE, title="a\r\nBcc: x@y.z")), Told)
    assert mailbox.taken[0]["Bcc"] is None


@pytest.mark.parametrize(("answer", "outcome"), [("451 4.3.2 busy", Later), ("554 5.7.1 no", Refused)])
def test_a_mail_server_says_whether_to_try_again(mailbox, answer, outcome):
    mailbox.answer = answer
    assert isinstance(mail(mailbox).send(NOTICE), outcome)
    mailbox.answer, mailbox.receiver = "250 taken", answer
    assert isinstance(mail(mailbox).send(NOTICE), outcome)


def test_a_server_that_is_not_there_is_told_later_and_check_says_so():
    port = Mail(MailSettings("127.0.0.1", 9, "none", "a@b.c", ("d@e.f",), timeout_s=1.0))
    assert isinstance(port.send(NOTICE), Later)
    (finding,) = port.check()
    assert not finding.ok


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # Apprise on Python 3.11 and 3.12
def test_chat_goes_by_apprise_and_an_address_it_does_not_know_is_not_repeated():
    bodies = []
    with serving(lambda path, headers, body: bodies.append(json.loads(body)) or 200) as url:
        assert isinstance(Chat(ChatSettings(lambda: url.replace("http", "json"))).send(NOTICE), Told)
    assert bodies[0]["title"] == NOTICE.title
    outcome = Chat(ChatSettings(lambda: "nonsense://s3cret")).send(NOTICE)
    assert isinstance(outcome, Later)
    assert "s3cret" not in outcome.reason


def test_a_secret_that_cannot_be_read_keeps_the_message():
    def missing():
        raise NotifyFault("notify.pager.key: the environment variable PD is not set")

    outcome = PagerDuty(PagerDutySettings(HttpSettings("http://127.0.0.1:9"), missing)).send(NOTICE)
    assert isinstance(outcome, Later)
    assert "PD is not set" in outcome.reason
