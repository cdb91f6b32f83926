"""Messages from main for an event loop that may be busy with its clients: bounded, and of snapshots only the newest."""

import asyncio
import threading
from collections import deque

from gateway.processes.snapshot import Snapshot

OTHERS_MAX = 256  #: messages that are no snapshot; what comes on top pushes out the oldest


class Inbox:
    """Filled by the channel's thread, emptied by the loop.

    A front that is stuck must not hoard what main sends meanwhile: it would be ended for its memory, and what it would
    publish then is old.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._newest: Snapshot | None = None
        self._others: deque[object] = deque(maxlen=OTHERS_MAX)
        self._filled = asyncio.Event()
        self._waking = False  # one wake-up is under way: it will find whatever is put until then

    def put(self, message: object) -> None:
        """Take a message; from any thread. RuntimeError once the loop is closed."""
        with self._lock:
            if isinstance(message, Snapshot):
                self._newest = message
            else:
                self._others.append(message)
            if self._waking:
                return
            self._waking = True
        self._loop.call_soon_threadsafe(self._filled.set)

    async def get(self) -> object:
        """Wait for a message; others go before the newest snapshot."""
        while True:
            await self._filled.wait()
            with self._lock:
                if self._others:
                    return self._others.popleft()
                if self._newest is not None:
                    newest, self._newest = self._newest, None
                    return newest
                self._filled.clear()
                self._waking = False
