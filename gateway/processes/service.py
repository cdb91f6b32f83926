"""What main tells the service manager that started it: that it stands, that it lives, that it ends.

The protocol is sd_notify(3): one datagram a message to the socket that NOTIFY_SOCKET names. Without it, as on Windows or
at a terminal, nothing is told.
"""

import os
import socket
from collections.abc import Mapping

import structlog

log = structlog.get_logger()

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


class ServiceManager:
    """The other end of NOTIFY_SOCKET; telling it something never waits.

    Parameters
    ----------
    environment
        Where NOTIFY_SOCKET stands, or does not.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if address and hasattr(socket, "AF_UNIX"):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def tell(self, message: str) -> None:
        """Send a message; a manager that does not take it is told the next one."""
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
        except BlockingIOError:
            return
        except OSError as fault:
            log.warning("the service manager cannot be told", why=str(fault))
            self.close()

    def close(self) -> None:
        """Tell it nothing any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
