"""A bounded, never-blocking message channel between two processes.

One duplex pipe per pair of processes, so that a process killed in the middle of a write can spoil nobody else's
traffic (a queue shared by several writers keeps its lock when one of them dies).
"""

import contextlib
import queue
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Protocol


class ChannelClosed(Exception):
    """The process at the other end is gone."""


class Endpoint(Protocol):
    """What a process body sees of its channel to main."""

    def send(self, message: object) -> bool:
        """Queue a message; never blocks. False where the queue is full: the message is dropped and counted."""
        ...

    def receive(self, timeout_s: float) -> list[object]:
        """All messages waiting; waits up to `timeout_s` for the first. Raises `ChannelClosed`."""
        ...


class Channel:
    """One end of the pipe.

    Parameters
    ----------
    connection
        The pipe's end in this process.
    name
        Who is at the other end, for threads and logs.
    bound
        Messages waiting at most; what comes on top is dropped and counted.
    """

    def __init__(self, connection: Connection, name: str, bound: int = 2000) -> None:
        self.name = name
        self.dropped = 0
        self._connection = connection
        self._waiting: queue.Queue[object] = queue.Queue(bound)
        self._closed = threading.Event()
        self._listener: threading.Thread | None = None
        self._sender = threading.Thread(target=self._send_all, name=f"send:{name}", daemon=True)
        self._sender.start()

    @property
    def waiting(self) -> int:
        """Messages queued and not yet taken by the pipe."""
        return self._waiting.qsize()

    @property
    def closed(self) -> bool:
        """True once the other end is gone."""
        return self._closed.is_set()

    def send(self, message: object) -> bool:
        """Queue a message; never blocks. False where it was dropped."""
        if self._closed.is_set():
            self.dropped += 1
            return False
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            self.dropped += 1
            return False
        return True

    def receive(self, timeout_s: float) -> list[object]:
        """All messages waiting, for a process that reads by itself; see `Endpoint`."""
        messages: list[object] = []
        try:
            while self._connection.poll(0 if messages else timeout_s):
                messages.append(self._connection.recv())
        except (EOFError, OSError) as gone:
            self._closed.set()
            if not messages:
                raise ChannelClosed(f"{self.name} is gone") from gone
        return messages

    def listen(self, heard: Callable[[object], None], gone: Callable[[], None]) -> None:
        """Read in a thread of its own and pass each message on; `gone` is called once at the end.

        Both callbacks run in the reading thread: an event loop hands in `call_soon_threadsafe`.
        """
        name = f"hear:{self.name}"
        self._listener = threading.Thread(target=self._listen, args=(heard, gone), name=name, daemon=True)
        self._listener.start()

    def unsent(self) -> list[object]:
        """Take back what was queued and never sent, for whoever comes after the process that is gone."""
        messages: list[object] = []
        with contextlib.suppress(queue.Empty):
            while True:
                messages.append(self._waiting.get_nowait())
        return [message for message in messages if message is not _END]

    def close(self, timeout_s: float = 0.5) -> None:
        """Let what is queued go out, within the bound, and close the pipe.

        A pipe that a thread still reads or is stuck in is left to that thread, which ends when the other end does:
        closing it under its feet would leave it with a handle that may by then be another file's.
        """
        with contextlib.suppress(queue.Full):
            self._waiting.put(_END, timeout=timeout_s)
            self._sender.join(timeout_s)
        self._closed.set()
        if not self._sender.is_alive() and self._listener is None:
            self._connection.close()

    def _send_all(self) -> None:
        while (message := self._waiting.get()) is not _END:
            try:
                self._connection.send(message)
            except (BrokenPipeError, ConnectionError, OSError):
                self._closed.set()
                return

    def _listen(self, heard: Callable[[object], None], gone: Callable[[], None]) -> None:
        try:
            while True:
                heard(self._connection.recv())
        except (EOFError, OSError):
            self._closed.set()
        except RuntimeError:  # the event loop has ended before its reader: nobody is there to be told
            return
        try:
            gone()
        except RuntimeError:
            return


_END = object()
