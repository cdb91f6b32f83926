"""Where every child process begins: threads limited, signals left to main, one channel, one clock."""

import gc
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, TextIO, cast

import psutil
import structlog

from connectors.plc.hush import hush_libraries
from gateway.processes.channel import Channel, ChannelClosed
from gateway.processes.clock import Clock, SystemClock
from gateway.processes.log_lines import said_by_line, write_lines
from gateway.processes.log_stream import LogStream
from gateway.processes.threads import limit_threads

#: A body runs until it hears `Stop` or its channel closes. It is named, as "module:function", and imported in the child
#: alone: main needs none of the rooms its children work in, nor their memory.
Body = Callable[[Any, Channel, Clock], None]
BodyName = str

BACKGROUND_NICE = 10  #: of 19: a weight of about a tenth against a process that judges


def log_as(process: str, *, plain: bool = False) -> None:
    """Write structured logs to stderr, each line with the name of the process."""
    write_lines(process, cast("TextIO", LogStream(sys.stderr)), plain=plain)
    structlog.contextvars.bind_contextvars(process=process)
    hush_libraries()


def silence() -> None:
    """Log nothing: the terminal belongs to a live table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)


def ignore_signals() -> None:
    """Leave Ctrl-C and SIGTERM to the process that owns this one.

    Both reach the whole group of processes; one alone decides the order in which it ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def step_back() -> None:
    """Let the processes on the verdict's path go first: this one takes the processor they leave.

    Twenty HMIs that read every tag cost the front a third of a core in bursts; without this they cost a verdict
    100 ms on two cores (docs/latency.md).
    """
    own = psutil.Process()
    if sys.platform == "win32":
        own.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        own.nice(max(own.nice(), BACKGROUND_NICE))


def freeze_heap() -> None:
    """Take what is loaded by now out of the garbage collector's sight.

    A full collection over it stops a process for tens of milliseconds, and none of it will ever be garbage.
    """
    gc.collect()
    gc.freeze()


@dataclass(frozen=True, slots=True)
class Manner:
    """How a child process behaves."""

    quiet: bool = False  #: it logs nothing
    plain: bool = False  #: it logs for eyes
    background: bool = False  #: it is not on the verdict's path, and steps back for those that are


def enter(name: str, body: BodyName, plan: object, connection: Connection, manner: Manner) -> None:
    """Run one child process from its first line to its last; its channel also tells it when main has died."""
    ignore_signals()
    if manner.background:
        step_back()
    limit_threads()
    log_as(name, plain=manner.plain)
    if manner.quiet:
        silence()
    channel = Channel(connection, "main")
    with ExitStack() as ending:
        ending.push(said_by_line)
        ending.callback(channel.close)
        try:
            module, _, function = body.partition(":")
            run: Body = getattr(import_module(module), function)
            freeze_heap()
            run(plan, channel, SystemClock())
        except ChannelClosed:
            structlog.get_logger().warning("main is gone; this process ends")
