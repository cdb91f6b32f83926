"""What every route wants to know of its request: the world, who asks, and whether they may."""

import secrets
from collections.abc import Mapping
from typing import Annotated, cast

from fastapi import Depends, Request

from gateway.serve.page.sessions import NOBODY, Sessions, Visitor
from gateway.serve.page.world import World
from gateway.serve.people import PeopleError, Role

COOKIE = "wheeltapper"


class Refused(Exception):
    """A request is refused; one sentence for whoever asked."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.headers = status, sentence, dict(headers or {})


async def world_of(request: Request) -> World:
    """Give the world of this front."""
    return cast("World", request.app.state.world)


async def visitor_of(request: Request) -> Visitor:
    """Tell who asks.

    Raises
    ------
    Refused
        401 with a token nobody has; an ended session is only forgotten: what may be seen is seen without one.
    """
    found = request.scope.get("wheeltapper.visitor")
    if isinstance(found, Visitor):
        return found
    world = await world_of(request)
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    try:
        people = world.people.read()
    except PeopleError:
        people = None
    secret = bearer.strip() if scheme.lower() == "bearer" else None
    visitor = NOBODY if people is None else sessions_of(request).visitor(request.cookies.get(COOKIE), secret, people)
    if visitor is None or (people is None and secret is not None):
        if secret is not None:
            sentence = "this token is not known; make one: wheeltapper user token"
            raise Refused(401, sentence, {"www-authenticate": "Bearer"})
        visitor = NOBODY
    request.scope["wheeltapper.visitor"] = visitor
    return visitor


def sessions_of(request: Request) -> Sessions:
    """Give the sessions of this front."""
    return cast("Sessions", request.app.state.sessions)


WorldOf = Annotated[World, Depends(world_of)]
VisitorOf = Annotated[Visitor, Depends(visitor_of)]


def wanted(visitor: Visitor, role: Role) -> Visitor:
    """Let through whoever has this role.

    Raises
    ------
    Refused
        401 for nobody in particular, 403 for somebody with another role.
    """
    if visitor.by == "nobody":
        raise Refused(401, "log in first", {"www-authenticate": "Bearer"})
    if not visitor.role.may(role):
        raise Refused(403, f"{visitor.name} is {visitor.role}; wanted {role}")
    return visitor


async def form_of(request: Request, visitor: Visitor) -> Mapping[str, str]:
    """Read a form; one that does not carry its session's own mark was made by another page (CSRF).

    Raises
    ------
    Refused
        403.
    """
    form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
    if visitor.by == "session" and not secrets.compare_digest(form.get("csrf", "").encode(), visitor.csrf.encode()):
        raise Refused(403, "this form was not made by this page, or you have logged in anew; load the page again")
    return form
