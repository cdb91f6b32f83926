"""What the routes of the API share: the answer to a refusal, and who may change something."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from gateway.serve.page.asked import Refused, visitor_of, wanted
from gateway.serve.page.sessions import Visitor
from gateway.serve.page.world import World
from gateway.serve.people import Role

PREFIX = "/api/v1"
ROWS_MOST = 500  #: of one answer


class Fault(BaseModel):
    """A request was refused."""

    error: str = Field(description="One sentence: what was found, what was wanted.")


class Done(BaseModel):
    """A command was carried out, and stands in the audit trail."""

    accepted: bool
    sentence: str


#: What any route may answer besides: said in the schema, so that a client knows.
FAULTS: Mapping[int | str, dict[str, Any]] = {
    status: {"model": Fault, "description": words}
    for status, words in {
        400: "The body is no JSON.",
        401: "No token, or an unknown one.",
        403: "The token's role does not reach so far, or the request came from another page.",
        404: "There is no such thing.",
        409: "It cannot be done as things stand.",
        413: "The request is too large.",
        422: "A value is not what is wanted.",
        429: "Too many requests.",
        503: "The gateway is busy, or its store not there; asking again helps.",
    }.items()
}

_TOKEN = HTTPBearer(auto_error=False, description="A token of: wheeltapper user token NAME --role ROLE")


def router_of(tag: str) -> APIRouter:
    """Make a router of the API: a token that nobody has is refused at each of its routes."""
    known = [Depends(_TOKEN), Depends(visitor_of)]
    return APIRouter(prefix=PREFIX, tags=[tag], responses=dict(FAULTS), dependencies=known)


Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Name = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")]
Last = Annotated[int, Query(ge=1, le=ROWS_MOST, description="How many at most.")]
Before = Annotated[int, Query(ge=0, le=2**63 - 1, description="Only what is older than this id; 0 for the newest.")]
Type = Annotated[int, Path(ge=0, le=2**31 - 1, description="The PLC's PartType.")]


async def asked(world: World, visitor: Visitor, role: Role, command: tuple[str, str], **arguments: str) -> Done:
    """Have the ledger carry out a command (name, target).

    Raises
    ------
    Refused
        401 or 403 where it may not be asked for, 409 where the ledger refuses it.
    """
    if visitor.by == "session":
        # A browser sends its cookie by itself, whoever made the page; a token only a program that has it.
        raise Refused(403, "the API takes commands with a token; make one: wheeltapper user token")
    who = wanted(visitor, role).name
    name, target = command
    answer = await world.ask(name, target, who, {key: value for key, value in arguments.items() if value}, "api")
    if not answer.accepted:
        raise Refused(409, answer.sentence)
    return Done(accepted=True, sentence=answer.sentence)
