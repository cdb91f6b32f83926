"""A link that ends without anybody having asked for it begins anew."""

import asyncio

from gateway.main import FRONT, LEDGER, ChildBody, Gateway
from gateway.processes.clock import SystemClock
from gateway.processes.messages import EventRecord
from gateway.teaching import TeachingDesk


class Broken:
    """A link whose library lets out a cancellation of its own, once."""

    def __init__(self):
        self.runs = 0

    async def run(self):
        self.runs += 1
        if self.runs == 1:
            raise asyncio.CancelledError


async def test_a_cancellation_nobody_asked_for_does_not_end_a_link_unheard(monkeypatch):
    others = [ChildBody(name, lambda *_: None, None) for name in (LEDGER, FRONT)]
    gateway = Gateway("line", [], [], others, lambda learn: TeachingDesk({}, learn), SystemClock(), boot_id=1)
    told, link = [], Broken()
    monkeypatch.setattr(gateway, "record", told.append)
    gateway.links = [link]
    await asyncio.wait_for(asyncio.create_task(gateway._keep_linked(0)), 10.0)
    assert link.runs == 2
    assert [event.kind for event in told if isinstance(event, EventRecord)] == ["link-failed"]
