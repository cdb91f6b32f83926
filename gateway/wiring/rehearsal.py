"""A route tried before it has to work: which stations it takes, whom it tells, in which words."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from config.alerts import Route
from config.site import Site
from connectors.notify.open import open_channel
from connectors.notify.port import Act, Notice, Told
from gateway.wiring.alerts import channel_settings, zones_of

TEST = "TEST of the alarm route"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at or tried."""

    ok: bool
    what: str
    sentence: str


def rehearse(site: Site, name: str, *, send: bool) -> Iterator[Line]:
    """Say what a route does; with `send`, tell each of its channels a marked message and take it back.

    Parameters
    ----------
    name
        Of a route that is there.
    """
    route = next(one for one in site.route if one.name == name)
    zones = zones_of(site)
    meant = [
        station.name
        for station in site.station
        if (station.machine or station.sounds)
        and (not route.stations or station.name in route.stations)
        and (not route.zones or zones.get(station.name) in route.zones)
    ]
    yield Line(bool(meant), "takes", _takes(route, meant))
    notice = _notice(site, route, meant[0] if meant else "", zones)
    told = [("at once", channel) for channel in route.to]
    told += [(f"after {step.after / 60:g} min without acknowledgement", c) for step in route.escalate for c in step.to]
    for when, channel in told:
        fence = site.notify[channel].zones
        hears = f", hears of {', '.join(fence)} alone" if fence else ""
        yield Line(True, channel, f"{site.notify[channel].kind}, {when}{hears}")
    yield Line(True, "says", f"{notice.title} | {' | '.join(notice.text.splitlines())}")
    for channel in dict.fromkeys(channel for _, channel in told) if send else ():
        yield _sent(site, channel, notice)


def _takes(route: Route, meant: list[str]) -> str:
    hours = f", {route.hours}" if route.hours else ""
    days = f" on {', '.join(route.days)}" if route.days else ""
    modes = f", {' or '.join(route.failure_modes)} alone" if route.failure_modes else ""
    sure = f", confidence {route.confidence:.0%} and up" if route.confidence else ""
    rest = ", where no other route takes it" if route.otherwise else ""
    stations = ", ".join(meant) or "no station that raises incidents"
    return f"{stations}; {route.severity} and up{modes}{sure}{hours}{days}{rest}"


def _notice(site: Site, route: Route, station: str, zones: dict[str, str]) -> Notice:
    return Notice(
        key=f"TEST{secrets.token_hex(6)}",
        act=Act.RAISED,
        title=f"{TEST} {route.name}: nothing is wrong",
        text=f"{TEST} {route.name} of {site.line.name}.\nNothing was heard and nothing has to be done.",
        severity=route.severity,
        line=site.line.name,
        station=station,
        zone=zones.get(station, ""),
        asset="",
        failure_mode="test",
        raised_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _sent(site: Site, channel: str, notice: Notice) -> Line:
    port = open_channel(channel_settings(site, channel))
    outcome = port.send(notice)
    if not isinstance(outcome, Told):
        return Line(False, channel, outcome.reason)
    if Act.RESOLVED in port.acts:
        port.send(replace(notice, act=Act.RESOLVED))
    return Line(True, channel, f"told: {outcome.by}")
