"""The end of a pipe whose two ends are read in one process."""

import os
import socket
from multiprocessing.connection import Connection


def hang_up(end: Connection) -> None:
    """Let both ends read that nobody is there any more.

    A channel leaves its pipe to the thread that reads it, and in the gateway the end of a process ends that thread. In
    a test no process ends: the thread, and the server it talks to, would stay for the rest of the run.
    """
    with socket.socket(fileno=os.dup(end.fileno())) as pipe:
        pipe.shutdown(socket.SHUT_RDWR)
