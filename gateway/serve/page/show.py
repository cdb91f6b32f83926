"""Renders templates with what every page carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse
from jinja2 import Environment

from gateway.processes.snapshot import Snapshot
from gateway.serve.page.cards import Card, cards_of
from gateway.serve.page.sessions import Visitor
from gateway.serve.page.world import World
from gateway.serve.people import PeopleError, Role


class Show:
    """Templates and the world they speak of."""

    def __init__(self, templates: Environment, world: World) -> None:
        self._templates, self._world = templates, world
        self.zone = ZoneInfo(world.plan.timezone)
        self.more: Sequence[Callable[[Show], dict[str, str]]] = ()  #: pieces of other views, by their ids
        templates.filters |= {"clock": self._clock, "moment": self._moment}

    def page(
        self,
        template: str,
        visitor: Visitor,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **known: object,
    ) -> HTMLResponse:
        """Render a whole page for a visitor."""
        text = self._templates.get_template(template).render(self.everywhere(visitor) | self.bar() | known)
        return HTMLResponse(text, status, headers)

    def everywhere(self, visitor: Visitor) -> dict[str, object]:
        """Say who asks, for whatever is rendered for them."""
        return {
            "line": self._world.plan.line,
            "visitor": visitor,
            "may": lambda role: visitor.by != "nobody" and visitor.role.may(Role(role)),
            "users": self._users(),
            "here": "",
        }

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest."""
        return self._world.snapshot

    def piece(self, template: str, **known: object) -> str:
        """Render one piece of a page."""
        return self._templates.get_template(template).render(known)

    def pieces(self) -> dict[str, str]:
        """Render every piece that lives, by its id."""
        found = {"bar": self.piece("_bar.html", **self.bar())}
        for card in self.cards():
            found[f"card-{card.name}"] = self.piece("_card.html", card=card)
        for more in self.more:
            found |= more(self)
        return found

    def bar(self) -> dict[str, object]:
        """Say how the gateway is, for the head of every page."""
        snapshot, stale = self._world.snapshot, self._world.stale
        return {
            "snapshot": snapshot,
            "stale": stale,
            "open_incidents": 0 if snapshot is None else sum(one.acknowledged_by is None for one in snapshot.incidents),
            "alarms": () if snapshot is None else tuple(one for one in snapshot.alarms if one.active),
        }

    def cards(self) -> tuple[Card, ...]:
        """Make the cards of the line view."""
        snapshot = self._world.snapshot
        return () if snapshot is None else cards_of(snapshot, self.zone, stale=self._world.stale)

    def _users(self) -> bool:
        try:
            return bool(self._world.people.read().users)
        except PeopleError:
            return True  # nobody may do anything; the door says why

    def _clock(self, wall: str | None) -> str:
        return "–" if not wall else f"{datetime.fromisoformat(wall).astimezone(self.zone):%H:%M:%S}"

    def _moment(self, wall: str | None) -> str:
        return "–" if not wall else f"{datetime.fromisoformat(wall).astimezone(self.zone):%Y-%m-%d %H:%M:%S}"
