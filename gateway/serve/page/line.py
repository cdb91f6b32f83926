"""The line view and the live stream."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from gateway.serve.page.asked import Refused, VisitorOf
from gateway.serve.page.live import CLIENTS_MAX, Live
from gateway.serve.page.show import Show

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
async def line_view(request: Request, visitor: VisitorOf) -> HTMLResponse:
    """Show every station at a glance."""
    show: Show = request.app.state.show
    return show.page("line.html", visitor, cards=show.cards(), here="/")


@router.get("/live")
async def live(request: Request) -> StreamingResponse:
    """Send what changes, as server-sent events."""
    stream: Live = request.app.state.live
    if stream.clients >= CLIENTS_MAX:
        raise Refused(503, f"{CLIENTS_MAX} pages are open already; close one", {"retry-after": "10"})
    return StreamingResponse(stream.stream(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})
