"""Bodies of child processes for the supervisor's tests: importable, so that they can be started in a process."""

import os
import time

from gateway.processes.channel import Channel
from gateway.processes.clock import Clock
from gateway.processes.messages import Stop


def echo(plan: object, channel: Channel, clock: Clock) -> None:
    """Send back everything; "die" kills the process, "hang" stops its loop."""
    channel.send(("born", plan, os.getpid()))
    while True:
        for message in channel.receive(0.05):
            if isinstance(message, Stop):
                return
            if message == "die":
                os._exit(7)
            if message == "hang":
                while True:
                    time.sleep(0.05)
            channel.send(message)
        channel.send("tick")


def fall(plan: object, channel: Channel, clock: Clock) -> None:
    """End by a fault that nobody caught."""
    raise RuntimeError("fell")
