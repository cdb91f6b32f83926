"""What main tells the service manager that started it: that it stands, that it lives, that it ends.

The protocol is sd_notify(3): one datagram a message to the socket that NOTIFY_SOCKET names. Without it, as on Windows
or at a terminal, nothing is told.
"""

import os
import socket
from collections.abc import Mapping

import structlog

log = structlog.get_logger()

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"
#: Without a pass of any worker for so long, main has started them anew many times in vain: the manager's watchdog hears
#: no more, and starts the whole anew.
JUDGED_BY_NONE_S = 120.0


class ServiceManager:
    """The other end of NOTIFY_SOCKET; telling it something never waits.

    Parameters
    ----------
    now
        Monotonic seconds, from which the silence of workers that have not started yet is counted.
    environment
        Where NOTIFY_SOCKET stands, or does not.
    """

    def __init__(self, now: float, environment: Mapping[str, str] = os.environ) -> None:
        self._judged_at, self._stands, self._fault = now, False, ""
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if address and hasattr(socket, "AF_UNIX"):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    def judged(self, now: float) -> None:
        """Hear that some worker has completed a pass."""
        self._judged_at = now

    def alive(self, now: float) -> None:
        """Tell that main's loop turns, and the first time that it stands; not while no worker judges."""
        if not self._stands:
            self._stands = True
            self._tell(READY)
        if now - self._judged_at < JUDGED_BY_NONE_S:
            self._tell(ALIVE)

    def stopping(self) -> None:
        """Tell that main ends by itself."""
        self._tell(STOPPING)

    def _tell(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
            self._fault = ""
        except BlockingIOError:
            return  # a manager that does not read is told the next one
        except OSError as fault:  # it may be back at the next word: it, too, is started anew at times
            if self._fault != str(fault):
                log.warning("the service manager cannot be told", why=str(fault))
            self._fault = str(fault)
