"""Playing what was kept: who may listen, who did, and the piece of a file a player asks for."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import cast

from fastapi import Request
from fastapi.responses import Response

from gateway.serve.page.asked import Refused
from gateway.serve.page.playback import span_of
from gateway.serve.page.sessions import Visitor
from gateway.serve.page.world import World
from gateway.serve.people import PeopleError

LISTENED_S = 600.0  #: within that, the same person and the same sound are one line of the audit trail
_LISTENERS_MOST = 1000


@dataclass(slots=True)
class Listeners:
    """Who has listened to what lately: one line in the audit trail, however often a player asks."""

    _known: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)

    def new(self, who: str, what: str, now: float) -> bool:
        """Whether this is to be noted."""
        known = self._known.get((who, what))
        return known is None or now - known > LISTENED_S

    def note(self, who: str, what: str, now: float) -> None:
        """Remember it."""
        self._known[who, what] = now
        self._known.move_to_end((who, what))
        while len(self._known) > _LISTENERS_MOST:
            self._known.popitem(last=False)


def may_listen(world: World, visitor: Visitor) -> bool:
    """Whoever is known; as long as nobody was named, whoever sits at this PC: the page is on loopback alone then."""
    if visitor.by != "nobody":
        return True
    try:
        return not world.people.read().users
    except PeopleError:
        return False


def must_be_known(world: World, visitor: Visitor) -> None:
    """Let through whoever may listen.

    Raises
    ------
    Refused
        401.
    """
    if not may_listen(world, visitor):
        raise Refused(401, "log in to listen", {"www-authenticate": "Bearer"})


async def note_listener(request: Request, world: World, visitor: Visitor, what: str, of: str = "part") -> None:
    """Have it written in the audit trail who listens to a part, or to an incident.

    Raises
    ------
    Refused
        409 where the ledger takes no note: nothing is played then.
    """
    state = request.app.state
    if not hasattr(state, "listeners"):
        state.listeners = Listeners()
    listeners = cast("Listeners", state.listeners)
    who, now = visitor.name or "somebody at this PC", world.clock.now()
    if listeners.new(who, what, now):
        answer = await world.ask("listen", what, who, {} if of == "part" else {"of": of})
        if not answer.accepted:
            raise Refused(409, answer.sentence)
        listeners.note(who, what, now)


def ranged(content: bytes, asked: str | None) -> Response:
    """Answer with a part of the file where a player asks for one."""
    try:
        span = span_of(asked, len(content))
    except ValueError as fault:
        raise Refused(416, str(fault), {"content-range": f"bytes */{len(content)}"}) from fault
    if span is None:
        return Response(content, media_type="audio/wav", headers={"accept-ranges": "bytes"})
    first, stop = span
    headers = {"accept-ranges": "bytes", "content-range": f"bytes {first}-{stop - 1}/{len(content)}"}
    return Response(content[first:stop], 206, headers, "audio/wav")
