"""The two other programs of the demo, each the body of a process: the line, and the gateway.

What a room of theirs needs is imported here alone: the demo itself carries none of it.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from gateway.processes.channel import Channel
from gateway.processes.entry import ignore_signals, log_as, silence
from gateway.processes.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Failed:
    """The last word of a program that fails."""

    why: str


@contextmanager
def _failing_aloud(send: Callable[[Failed], object]) -> Iterator[None]:
    """Tell the demo why this program ends: its own output belongs to a live table."""
    try:
        yield
    except Exception as fault:  # the edge of a program: whatever it was, somebody waits for it
        first: BaseException = fault
        while isinstance(first, BaseExceptionGroup):  # of the tasks that ran at the same time
            first = first.exceptions[0]
        send(Failed(f"{type(first).__name__}: {first}"))
        raise SystemExit(1) from None


def run_line(connection: Connection) -> None:
    """Run the line, until it has reported or the demo is gone."""
    ignore_signals()
    log_as("line")
    silence()
    with _failing_aloud(connection.send):
        asyncio.run(_feed_line(connection))


async def _feed_line(connection: Connection) -> None:
    from connectors.simulated.line import SimulatedLine

    line = SimulatedLine()
    connection.send(await line.start())
    feeding = asyncio.create_task(line.run())
    loop = asyncio.get_running_loop()
    while (told := await loop.run_in_executor(None, _told, connection)) != "report":
        if told == "gone":
            break
        line.stop_parts()
        await feeding
    else:
        connection.send(line.report())
    line.stop_parts()
    await feeding
    await line.stop()


def _told(connection: Connection) -> str:
    try:
        return str(connection.recv())
    except (EOFError, OSError):
        return "gone"


def run_gateway(connection: Connection, site: str) -> None:
    """Run the gateway of a site file, until it is told to stop or the demo is gone."""
    ignore_signals()
    log_as("main")
    silence()
    channel = Channel(connection, "demo")
    with closing(channel), _failing_aloud(channel.send):
        asyncio.run(_judge(channel, Path(site)))


async def _judge(channel: Channel, site: Path) -> None:
    from gateway.processes.clock import SystemClock
    from gateway.store.sole import sole_user
    from gateway.wiring.build import build, load_site

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def publish(snapshot: Snapshot) -> None:
        channel.send(snapshot)

    def end(_: object = None) -> None:
        loop.call_soon_threadsafe(stop.set)

    channel.listen(end, end)
    loaded = load_site(site)
    with sole_user(loaded.store.folder):  # a kept site file can be run by `wheeltapper run` as well
        await build(loaded, SystemClock(), quiet=True, published=publish).run(stop)
