"""The gateway killed whole while a channel holds a message and another is out: everybody is told once in the end."""

from contextlib import ExitStack
from threading import Event

import pytest

from benchmarks.noisy_day_peers import Mailbox, Receiver
from gateway.store.read import Reader
from tests.plant.running import RunningGateway, until
from tests.plant.test_orders import RATE, RPM, write_pump

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

PACE = 6.0
SECRET = "shared with the receiver"
SITE = """
[line]
name = "Pumps"
[notify.hook]
kind = "webhook"
url = "{hook}"
secret = "${{WHEELTAPPER_TEST_SECRET}}"
[notify.mail]
kind = "smtp"
host = "127.0.0.1"
port = {mail}
security = "none"
sender = "wheeltapper@plant.example"
to = ["shift@plant.example"]
[[route]]
name = "all"
to = ["hook", "mail"]
[serve]
url = "https://wheeltapper.plant.example"
[[station]]
name = "pump-7"
zone = "hall 1"
source = {{ kind = "recording", path = "pump.flac", play = "stream", pace = {pace}, rate = {rate} }}
[station.machine]
asset = "PUMP-7"
bearings = [{{ name = "drive end", type = "6205" }}]
rpm = {rpm}
learn = "10 s"
diagnose_every = "2500 ms"
diagnose_over = "5 s"
persist = [2, 3]
"""


def notices(site):
    with Reader(site.parent / "data") as reader:
        return reader.db.execute("SELECT channel, act, state FROM notices ORDER BY id").fetchall()


async def test_messages_of_a_gateway_that_is_killed_whole_are_told_once_each(tmp_path):
    write_pump(tmp_path / "pump.flac")
    released = Event()
    with ExitStack() as stack:
        hook, mail = stack.enter_context(Receiver(SECRET)), stack.enter_context(Mailbox())
        stack.callback(released.set)
        hook.holding, mail.down = released.wait, True
        site = tmp_path / "pumps.toml"
        site.write_text(SITE.format(hook=hook.url, mail=mail.port, pace=PACE, rate=RATE, rpm=RPM), encoding="utf-8")
        gateway = RunningGateway(site, env={"WHEELTAPPER_TEST_SECRET": SECRET})
        try:
            await gateway.start()
            await until(lambda: hook.requests and len(notices(site)) == 2, "the receiver holds a message")
            await gateway.kill_all()
            assert {(channel, state) for channel, _, state in notices(site)} <= {
                ("hook", "sending"), ("mail", "waiting"), ("mail", "sending"),
            }  # fmt: skip
            released.set()
            mail.down = False
            await gateway.start()
            await until(lambda: {state for *_, state in notices(site)} == {"done"}, "everything is told")
        finally:
            await gateway.stop()
    told = notices(site)
    assert sorted(told) == sorted(set(told)), "decided once each"
    assert hook.requests > len(hook.seen) == sum(channel == "hook" for channel, *_ in told)
    assert len(set(mail.ids())) == sum(channel == "mail" for channel, *_ in told)
    (key,) = set(hook.keys()) | set(mail.keys())
    (first, *_) = hook.seen.values()
    assert (first["zone"], first["page"]) == ("hall 1", f"https://wheeltapper.plant.example/incidents/{key}")
