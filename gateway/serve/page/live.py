"""The live stream: pieces of the page that have changed, to everybody who looks at one.

A piece is rendered once for all. A client that is slow is not owed what it missed: it gets the newest of each piece.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

CLIENTS_MAX = 100
BEAT_S = 5.0  #: between signs of life, by which a page knows that it is not looking at the past


class Live:
    """Pieces by id, and who waits for them."""

    def __init__(self) -> None:
        self._pieces: dict[str, tuple[int, str]] = {}
        self._version = 0
        self._events: dict[int, str] = {}  # what is newer than a version, put into words once for all who have that one
        self._changed = asyncio.Event()
        self._ended = False
        self.clients = 0

    def end(self) -> None:
        """End every stream: the server stops."""
        self._ended = True
        self._changed.set()

    def publish(self, pieces: Mapping[str, str]) -> None:
        """Take in rendered pieces; only those that differ are sent."""
        changed = {name: html for name, html in pieces.items() if self._pieces.get(name, (0, ""))[1] != html}
        if not changed:
            return
        self._version += 1
        self._pieces |= {name: (self._version, html) for name, html in changed.items()}
        self._events.clear()
        self._changed.set()
        self._changed = asyncio.Event()

    async def stream(self) -> AsyncIterator[str]:
        """Give server-sent events (HTML Living Standard, section 9.2) for one client until it is gone."""
        self.clients += 1
        try:
            seen = 0
            while not self._ended:
                changed = self._changed
                event, seen = self._newer(seen), self._version
                if event:
                    yield event
                try:
                    await asyncio.wait_for(changed.wait(), BEAT_S)
                except TimeoutError:
                    yield "event: beat\ndata: \n\n"
        finally:
            self.clients -= 1

    def _newer(self, seen: int) -> str:
        """Give the event for whoever has seen everything up to a version; empty where there is nothing new."""
        event = self._events.get(seen)
        if event is None:
            newer = {name: html for name, (version, html) in self._pieces.items() if version > seen}
            event = f"event: pieces\ndata: {json.dumps(newer, ensure_ascii=False)}\n\n" if newer else ""
            self._events[seen] = event
        return event
