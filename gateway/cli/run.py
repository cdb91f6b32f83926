"""`wheeltapper run`: the gateway of a line."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from gateway.main import Gateway
from gateway.processes.clock import SystemClock
from gateway.processes.entry import log_as


def command(
    site: Annotated[Path, typer.Argument(help="The site file.", metavar="SITE.toml")],
    seconds: Annotated[float | None, typer.Option(help="End by itself after so many seconds.", min=0.1)] = None,
    plain: Annotated[bool, typer.Option(help="Log for eyes instead of JSON lines.")] = False,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; a second one ends it at once.

    Logs are JSON lines on stderr. The gateway is not a safety function: the PLC decides, and rejects what it has no
    valid OK for.
    """
    log_as("main", plain=plain)
    from gateway.store.sole import sole_user
    from gateway.wiring.build import build, load_site

    loaded = load_site(site)
    with sole_user(loaded.store.folder):
        asyncio.run(run_until_told(build(loaded, SystemClock(), plain=plain), seconds))


async def run_until_told(gateway: Gateway, seconds: float | None) -> None:
    """Run until a signal comes or the time is over."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told(number: int, frame: object) -> None:
        # The first signal ends it in order; the second finds the default in place and ends it at once.
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    await gateway.run(stop)
