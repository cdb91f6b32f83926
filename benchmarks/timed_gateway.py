"""The gateway as `wheeltapper run` runs it, that also notes when the capture of each part was complete.

    python -m benchmarks.timed_gateway SITE.toml

Ends when its standard input closes, and prints one JSON object: PartId -> monotonic seconds. A program of its own, so
that its memory is the gateway's and not that of a benchmark.
"""

import asyncio
import json
import sys
from pathlib import Path

from gateway.main import Gateway
from gateway.processes.clock import SystemClock
from gateway.processes.entry import ignore_signals, log_as, silence
from gateway.processes.messages import Judged, StartCapture
from gateway.processes.threads import limit_threads


class Timed:
    """Looks at messages as they pass main."""

    def __init__(self, gateway: Gateway) -> None:
        self.captured: dict[str, float] = {}
        self._tickets: dict[int, str] = {}
        order, hear = gateway.to_worker, gateway._from_worker
        gateway.to_worker = lambda station, message: self._ordered(message) or order(station, message)  # type: ignore[method-assign]
        for child in gateway._supervisor._children.values():
            if child.plan.ticks:
                object.__setattr__(child.plan, "heard", lambda message: self._told(message) or hear(message))

    def _ordered(self, message: object) -> None:
        if isinstance(message, StartCapture):
            self._tickets[message.ticket] = message.part_id

    def _told(self, message: object) -> None:
        if isinstance(message, Judged):
            self.captured[self._tickets[message.ticket]] = message.captured_at


async def run(site: Path) -> dict[str, float]:
    """Run until standard input closes."""
    from gateway.wiring.build import build, load_site

    gateway = build(load_site(site), SystemClock(), quiet=True)
    timed = Timed(gateway)
    stop = asyncio.Event()
    asyncio.create_task(asyncio.to_thread(sys.stdin.read)).add_done_callback(lambda _: stop.set())
    await gateway.run(stop)
    return timed.captured


if __name__ == "__main__":
    ignore_signals()
    limit_threads()
    log_as("main")
    silence()
    print(json.dumps(asyncio.run(run(Path(sys.argv[1])))))
