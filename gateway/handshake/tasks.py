"""The tasks in which the links run: each kept alive by itself, all let go of within a bound."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from gateway.handshake.link import Link

log = structlog.get_logger()

AGAIN_S = 1.0  #: before a link that failed begins anew
UNLINK_S = 5.0  #: for open parts to be answered when the gateway ends


async def keep_linked(link: Link, failed: Callable[[str, str], None]) -> None:
    """Run one link until it is stopped; what nobody foresaw costs it a second, the other links nothing.

    Parameters
    ----------
    failed
        Told the link's name and a sentence each time.
    """
    while True:
        try:
            await _run(link)
        except Exception as bug:  # the one supervisor of links
            log.exception("a link failed and begins anew", link=link.settings.name)
            failed(link.settings.name, f"{type(bug).__name__}: {bug}; the link begins anew")
            await asyncio.sleep(AGAIN_S)
        else:
            return


async def _run(link: Link) -> None:
    try:
        await link.run()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # Nobody cancelled this link: a library let a cancellation of its own out, and it would end unheard.
        raise RuntimeError("a request was cancelled from within") from None


async def unlink(links: Sequence[Link], tasks: Sequence[asyncio.Task[None]]) -> None:
    """Let open parts be answered while their workers still judge, then let go of the PLCs."""
    for link in links:
        link.stop()
    if tasks:
        await asyncio.wait(tasks, timeout=UNLINK_S)
    for task in tasks:
        task.cancel()
