"""Starts the child processes, notices when one dies or hangs, and brings it back with backoff."""

import asyncio
import multiprocessing
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext, SpawnContext

import psutil
import structlog

from gateway.processes.channel import Channel
from gateway.processes.clock import Clock
from gateway.processes.entry import BodyName, Manner, enter
from gateway.processes.messages import Stop
from gateway.processes.snapshot import ProcessView

log = structlog.get_logger()

LOOK_EVERY_S = 0.1
HANG_S = 3.0  #: a judge that has not completed a pass for so long is ended (house rule; docs/plc/contract.md, row 11)
START_S = 20.0  #: a fresh process imports and opens devices before its first tick
BACKOFF_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)  #: before the n-th restart in a row; the first comes at once
HEALTHY_S = 60.0  #: so long alive and the row begins anew


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """A process to keep alive.

    Parameters
    ----------
    body
        What runs in the child: "module:function".
    ticks
        The child proves by ticks that its loop turns; one that stops ticking is ended.
    heard, lost
        Called in main's event loop with each message, and when the process is gone.
    """

    name: str
    body: BodyName
    plan: object
    heard: Callable[[object], None]
    lost: Callable[[str], None] = lambda why: None
    ticks: bool = False
    once: bool = False  #: an errand: when it has ended it is forgotten; `lost` is called where it failed
    background: bool = False  #: not on the verdict's path: it steps back for those that are
    keep: int = 0  #: so many messages wait for it while it is down; 0 = what cannot be delivered is refused
    bound: int = 2000  #: messages waiting for it at most


@dataclass(slots=True)
class _Child:
    plan: ChildPlan
    process: multiprocessing.process.BaseProcess | None = None
    seen: psutil.Process | None = None  #: the same, as the system knows it
    channel: Channel | None = None
    started_at: float = 0.0
    ticked_at: float | None = None
    restarts: int = 0
    in_a_row: int = 0
    start_at: float = 0.0  #: when to start it, while it is down
    starting: bool = False
    dropped: int = 0  #: by channels of earlier lives, and while it was down
    kept: deque[object] = field(default_factory=deque)


@dataclass(slots=True)
class Supervisor:
    """Owner of the child processes; lives in main's event loop.

    On Linux and macOS children are forked from a small server process that has the heavy libraries loaded already, so
    that a killed worker is back in a fraction of a second; on Windows they are spawned afresh.
    """

    clock: Clock
    quiet: bool = False  #: children log nothing: the terminal belongs to a live table
    plain: bool = False  #: children log for eyes
    _children: dict[str, _Child] = field(default_factory=dict)
    _stopping: bool = False

    def add(self, plan: ChildPlan) -> None:
        """Take a process into care; it is started by `run`."""
        self._children[plan.name] = _Child(plan)

    def send(self, name: str, message: object) -> bool:
        """Queue a message for a child; False where it cannot be queued. Never blocks."""
        child = self._children[name]
        if child.channel is not None and not child.channel.closed:
            return child.channel.send(message)
        if len(child.kept) < child.plan.keep:
            child.kept.append(message)
            return True
        child.dropped += child.plan.keep > 0  # a worker that is down is told nothing: its parts are not waited for
        return False

    def waiting(self, name: str) -> int:
        """Messages queued for a child."""
        channel = self._children[name].channel
        return channel.waiting if channel is not None else 0

    def ticked(self, name: str) -> None:
        """Note that this child proved that its loop turns."""
        self._children[name].ticked_at = self.clock.now()

    def views(self) -> tuple[ProcessView, ...]:
        """Every child as it is now."""
        return tuple(
            ProcessView(
                name, _alive(child), child.restarts, child.process.pid if child.process else None, child.plan.once
            )
            for name, child in self._children.items()
        )

    def dropped(self) -> dict[str, int]:
        """Messages that could not be queued, by child, since the gateway started."""
        return {
            name: total
            for name, child in self._children.items()
            if (total := child.dropped + (child.channel.dropped if child.channel else 0))
        }

    async def run(self) -> None:
        """Keep every child alive until `stop`."""
        while not self._stopping:
            for child in list(self._children.values()):
                await self._look_after(child)
            asleep = self.clock.now()
            await asyncio.sleep(LOOK_EVERY_S)
            self._forgive(max(0.0, self.clock.now() - asleep - LOOK_EVERY_S))

    async def stop(self, order: tuple[str, ...], each_s: float = 3.0) -> None:
        """End the children one after the other in the order of the flow, each within a bound; errands at once."""
        self._stopping = True
        for errand in [child for child in self._children.values() if child.plan.once and child.process is not None]:
            assert errand.process is not None
            errand.process.kill()  # it listens to nobody, and the interpreter would wait for it to the end
        for name in order:
            child = self._children[name]
            if child.process is None:
                continue
            self.send(name, Stop())
            await asyncio.to_thread(child.process.join, each_s)
            if child.process.is_alive():
                log.warning("process ended by force", name=name, after_s=each_s)
                child.process.kill()
                await asyncio.to_thread(child.process.join, 1.0)
            if child.channel is not None:
                child.channel.close(0.1)

    def _forgive(self, stalled_s: float) -> None:
        """Hold no child to the time in which main itself stood still: its ticks lie unread in the pipe."""
        for child in self._children.values():
            child.started_at += stalled_s
            if child.ticked_at is not None:
                child.ticked_at += stalled_s

    async def _look_after(self, child: _Child) -> None:
        now = self.clock.now()
        if child.process is None or child.starting:
            if not child.starting and now >= child.start_at:
                await self._start(child)
            return
        if not child.process.is_alive():
            self._gone(child, f"{child.plan.name} ended with code {child.process.exitcode}")
        elif child.plan.ticks and self._hangs(child, now):
            self._gone(child, f"{child.plan.name} hung for {HANG_S:g} s and was ended")
        elif now - child.started_at > HEALTHY_S:
            child.in_a_row = 0

    def _hangs(self, child: _Child, now: float) -> bool:
        if child.ticked_at is None:
            return now - child.started_at > START_S
        return now - child.ticked_at > HANG_S

    async def _start(self, child: _Child) -> None:
        child.starting = True
        context = _context()
        ours, theirs = context.Pipe(duplex=True)
        name, loop = child.plan.name, asyncio.get_running_loop()
        manner = Manner(self.quiet, self.plain, child.plan.background)
        arguments = (name, child.plan.body, child.plan.plan, theirs, manner)
        process = context.Process(target=enter, name=f"wheeltapper-{name}", args=arguments, daemon=True)
        starting = asyncio.ensure_future(asyncio.to_thread(process.start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:  # main fails: a child nobody knows of would keep it from ending, for ever
            await starting
            process.kill()
            raise
        theirs.close()
        child.process, child.ticked_at, child.started_at = process, None, self.clock.now()
        child.seen = _seen(process.pid)
        child.channel = Channel(ours, name, child.plan.bound)
        while child.kept:
            child.channel.send(child.kept.popleft())
        child.starting = False

        ours_to_log = copy_context()  # a reading thread has none of its own, and the log would not say whose line it is

        def heard(message: object) -> None:
            loop.call_soon_threadsafe(child.plan.heard, message, context=ours_to_log)

        def closed() -> None:
            loop.call_soon_threadsafe(self._closed, child, process, context=ours_to_log)

        child.channel.listen(heard, closed)
        log.info("process started", name=name, pid=process.pid, restarts=child.restarts)

    def _closed(self, child: _Child, process: multiprocessing.process.BaseProcess) -> None:
        """Its pipe closed, which is noticed sooner than its death."""
        if child.process is process and not self._stopping:
            process.join(0.2)
            self._gone(child, f"{child.plan.name} ended with code {process.exitcode}")

    def _gone(self, child: _Child, why: str) -> None:
        if child.process is None:
            return
        code = child.process.exitcode
        if child.seen is not None:  # it hangs, or closed its pipe, or its fork server died, which calls it dead as well
            with suppress(psutil.NoSuchProcess):
                child.seen.kill()
        if child.channel is not None:
            child.dropped += child.channel.dropped
            child.kept.extend(child.channel.unsent()[: child.plan.keep])
            child.channel.close(0)
        child.process = child.seen = child.channel = None
        if child.plan.once:
            del self._children[child.plan.name]
            if code:  # an errand that is done closes its pipe a moment before it ends
                child.plan.lost(why)
            return
        wait = BACKOFF_S[min(child.in_a_row, len(BACKOFF_S) - 1)]
        child.start_at = self.clock.now() + wait
        child.restarts += 1
        child.in_a_row += 1
        log.error("process lost", name=child.plan.name, why=why, back_in_s=wait)
        child.plan.lost(why)


def _alive(child: _Child) -> bool:
    return child.process is not None and child.process.is_alive()


def _seen(pid: int | None) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:  # it has ended already
        return None


def _context() -> SpawnContext | ForkServerContext:
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # Loaded once and shared. Nothing here starts a thread or opens a device: a child would inherit half of it.
    context.set_forkserver_preload(["gateway.processes.entry", "numpy", "scipy.fft", "scipy.signal"])
    return context
