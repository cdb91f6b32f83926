"""Login and logout."""

import asyncio
import math

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.serve.page.asked import COOKIE, Refused, VisitorOf, WorldOf, form_of, sessions_of
from gateway.serve.page.sessions import LONGEST_S
from gateway.serve.page.show import Show
from gateway.serve.people import PeopleError

router = APIRouter(include_in_schema=False)
_ONE_AT_A_TIME = asyncio.Lock()  # a flood of guesses costs one core's worth of one thread, and no more memory


@router.get("/login", response_class=HTMLResponse)
async def door(request: Request, visitor: VisitorOf, then: str = "/") -> HTMLResponse:
    """Show the door."""
    show: Show = request.app.state.show
    return show.page("login.html", visitor, then=_within(then), fault="")


@router.post("/login")
async def login(request: Request, visitor: VisitorOf, world: WorldOf) -> Response:
    """Open a session for whoever knows the password."""
    form = await form_of(request, visitor)
    name, password, then = form.get("name", ""), form.get("password", ""), _within(form.get("then", "/"))
    address = request.client.host if request.client else "?"
    sessions, show = sessions_of(request), request.app.state.show
    async with _ONE_AT_A_TIME:
        wait = sessions.wait_s(f"address {address}", f"name {name[:40]}")
        if wait > 0:
            sentence = f"too many wrong passwords; try again in {math.ceil(wait / 60)} min"
            raise Refused(429, sentence, {"retry-after": str(math.ceil(wait))})
        try:
            people = world.people.read()
        except PeopleError as fault:
            raise Refused(503, str(fault)) from fault
        cookie = await asyncio.to_thread(sessions.login, name, password, address, people)
    if cookie is None:
        said = "this name and this password do not belong together"
        page: Response = show.page("login.html", visitor, status=401, then=then, fault=said)
        return page
    answer = RedirectResponse(then, 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, cookie, max_age=int(LONGEST_S), httponly=True, samesite="strict", secure=secure)
    return answer


@router.post("/logout")
async def logout(request: Request, visitor: VisitorOf) -> Response:
    """End the session."""
    await form_of(request, visitor)
    sessions_of(request).logout(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(COOKIE)
    return answer


def _within(path: str) -> str:
    """Keep a redirect on this page: a path that names no other host."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
