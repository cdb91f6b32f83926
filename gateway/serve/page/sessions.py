"""Who is asking: sessions of people, tokens of programs, and how often somebody may guess."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Literal

from gateway.processes.clock import Clock
from gateway.serve.guesses import Guesses
from gateway.serve.people import People, PeopleFile, Role, verified

IDLE_S = 12 * 3600.0  #: a shift and its handover
LONGEST_S = 7 * 86400.0
SESSIONS_MAX = 500


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sent a request.

    Parameters
    ----------
    name
        Empty for somebody who did not say who they are.
    role
        VIEWER at least: what may be seen is seen without a name.
    csrf
        What a form of this session must carry; empty for a token, which no browser sends by itself.
    """

    name: str = ""
    role: Role = Role.VIEWER
    csrf: str = ""
    by: Literal["nobody", "session", "token"] = "nobody"


NOBODY = Visitor()


@dataclass(frozen=True, slots=True)
class _Session:
    name: str
    csrf: str
    born: float
    seen: float


class Sessions:
    """Sessions, in memory alone: a restart of the front asks everybody to log in again.

    Parameters
    ----------
    people
        Who there is; looked at for every request, so that whoever was taken out is out at once.
    clock
        Its monotonic time counts.
    """

    def __init__(self, people: PeopleFile, clock: Clock) -> None:
        self._people, self._clock = people, clock
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._guesses = Guesses(clock)

    def visitor(self, cookie: str | None, bearer: str | None, people: People) -> Visitor | None:
        """Tell who is asking; None where a session has ended or a token is not known."""
        if bearer is not None:
            token = people.token(bearer)
            return None if token is None else Visitor(token.name, token.role, by="token")
        if not cookie:
            return NOBODY
        session = self._sessions.get(cookie)
        if session is None:
            return None
        user, now = people.user(session.name), self._clock.now()
        if user is None or now - session.seen > IDLE_S or now - session.born > LONGEST_S:
            del self._sessions[cookie]
            return None
        self._sessions[cookie] = replace(session, seen=now)
        self._sessions.move_to_end(cookie)
        return Visitor(user.name, user.role, session.csrf, "session")

    def wait_s(self, *keys: str) -> float:
        """Tell how long these (an address, a name) must wait before another guess; 0 where they may guess."""
        return self._guesses.wait_s(*keys)

    def login(self, name: str, password: str, address: str, people: People) -> str | None:
        """Open a session and return its cookie; None where name and password do not belong together. Takes 20 ms."""
        if not verified(people.user(name), password):
            self._guesses.wrong(f"address {address}", f"name {name[:40]}")
            return None
        now, cookie = self._clock.now(), secrets.token_urlsafe(32)
        self._sessions[cookie] = _Session(name, secrets.token_urlsafe(32), now, now)
        while len(self._sessions) > SESSIONS_MAX:
            self._sessions.popitem(last=False)
        return cookie

    def logout(self, cookie: str) -> None:
        """End a session."""
        self._sessions.pop(cookie, None)
