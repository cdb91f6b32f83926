"""Programs of a demo that do nothing, or fail: importable, so that they can be started in a process."""

import contextlib
import os
from multiprocessing.connection import Connection

from connectors.simulated.line import Addresses

NOWHERE = Addresses("opc.tcp://127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:1")


def idle_line(connection: Connection) -> None:
    """Stand there until the demo is gone."""
    connection.send(NOWHERE)
    with contextlib.suppress(EOFError, OSError):
        connection.recv()


def dead(connection: Connection, *arguments: str) -> None:
    """Be killed at once."""
    os._exit(3)
