"""A link that ends without anybody having asked for it begins anew."""

import asyncio

from gateway.handshake.tasks import keep_linked
from gateway.handshake.wire import LinkSettings


class Broken:
    """A link whose library lets out a cancellation of its own, once."""

    def __init__(self):
        self.settings = LinkSettings("plc.main")
        self.runs = 0

    async def run(self):
        self.runs += 1
        if self.runs == 1:
            raise asyncio.CancelledError


async def test_a_cancellation_nobody_asked_for_does_not_end_a_link_unheard():
    link, told = Broken(), []
    task = asyncio.create_task(keep_linked(link, lambda *said: told.append(said)))
    await asyncio.wait_for(task, 10.0)
    assert link.runs == 2
    assert told == [("plc.main", "RuntimeError: a request was cancelled from within; the link begins anew")]
