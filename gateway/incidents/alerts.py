"""What people are told of an incident, and when: once a round, to whom the routes say, until somebody has seen it.

A round is one telling of an incident. A machine's incident has one. A sound event that comes back after it was over,
while its incident is still held open by an order, begins another, for a second pane of glass is a second matter.

Everything is decided from what stands now and from what was said before, so looking twice says nothing twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.notify.port import Act
from gateway.incidents.book import SEVERITIES, Incident, worse
from gateway.incidents.routes import Route, Subject, Way, way_of

#: A critical incident that was over before any route's hours came is told late rather than never, up to this age.
LATE = timedelta(hours=24)

NOBODY = "no route takes it at this hour"


@dataclass(frozen=True, slots=True)
class AlertRules:
    """What the site file says on telling people."""

    routes: tuple[Route, ...] = ()
    fences: Mapping[str, frozenset[str]] = field(default_factory=dict)  #: channel -> the only zones it hears of
    zones: Mapping[str, str] = field(default_factory=dict)  #: station -> zone
    event_over: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Alert:
    """How far the telling of one incident is."""

    incident: str
    round: int = 1
    severity: str = ""  #: as people know it; empty = nobody was told in this round
    confidence: float = 0.5
    told_at: datetime | None = None
    quiet_since: datetime | None = None  #: when the incident was first seen cleared; None while it is heard
    over_at: datetime | None = None  #: people were told that it is over, or need not be
    held: str = ""  #: why nobody is told now, as a sentence
    said: frozenset[tuple[str, str]] = frozenset()  #: (channel, act) of this round


@dataclass(frozen=True, slots=True)
class Say:
    """One message to one channel."""

    channel: str
    act: Act


Said = tuple[Alert, tuple[Say, ...]]


@dataclass(frozen=True, slots=True)
class Moment:
    """The time, in both forms that rules need."""

    now: datetime
    local: Callable[[datetime], datetime]  #: into the line's time


def follow(
    alert: Alert, incident: Incident, rules: AlertRules, moment: Moment, *, event: bool = False, resting: str = ""
) -> Said:
    """Take one look at an incident.

    Parameters
    ----------
    alert
        As it was left by the last look.
    event
        It is a sound event, which is over when it is not heard for a while, and not the state of a machine.
    resting
        Why nobody may be rung: shelved, maintenance, ...; empty where one may.
    """
    alert = _round(alert, incident, rules, moment.now, event=event)
    if alert.over_at is not None:
        return alert, ()
    gone = incident.ended_at is not None and not incident.active
    quiet = alert.quiet_since is not None and moment.now - alert.quiet_since >= rules.event_over
    over = gone or (event and quiet)
    if not alert.severity:
        return _first(alert, incident, rules, moment, over=over, resting=resting)
    if over:
        return replace(alert, over_at=moment.now, held=""), _new(alert, _told(alert), Act.RESOLVED)
    if resting:
        return replace(alert, held=resting), ()
    return _further(replace(alert, held=""), incident, rules, moment)


def _round(alert: Alert, incident: Incident, rules: AlertRules, now: datetime, *, event: bool) -> Alert:
    if not incident.active:
        return alert if alert.quiet_since is not None else replace(alert, quiet_since=incident.cleared_at or now)
    long_ago = alert.quiet_since is not None and now - alert.quiet_since >= rules.event_over
    if event and (long_ago or alert.over_at is not None):
        return Alert(alert.incident, alert.round + 1, confidence=alert.confidence)
    return replace(alert, quiet_since=None)


def _first(alert: Alert, incident: Incident, rules: AlertRules, moment: Moment, *, over: bool, resting: str) -> Said:
    """Tell it for the first time in this round, or let it be where it came and went while nobody was to be rung."""
    critical = incident.severity == "critical"
    old = moment.now - incident.raised_at > LATE
    if over and (resting or alert.held not in {"", NOBODY} or not critical or old):
        return replace(alert, over_at=moment.now), ()
    if resting:
        return replace(alert, held=resting), ()
    if not incident.active and alert.held and not critical:
        return alert, ()  # it came and went; what needs nobody rings nobody
    way = _way(alert, incident, rules, moment.local(moment.now))
    if not way.channels:
        return replace(alert, held=NOBODY), ()
    told = replace(alert, severity=incident.severity, told_at=moment.now, held="")
    return told, _new(told, way.channels, Act.RAISED)


def _further(alert: Alert, incident: Incident, rules: AlertRules, moment: Moment) -> Said:
    """Say what comes after the first telling: graver, acknowledged, or that nobody has."""
    told_at = alert.told_at or moment.now
    says: list[Say] = []
    if worse(alert.severity, incident.severity) != alert.severity:
        alert = replace(alert, severity=incident.severity)
        says += _new(alert, _told(alert), Act.GRAVER)
        way = _way(alert, incident, rules, moment.local(moment.now))
        says += _new(alert, [name for name in way.channels if name not in _told(alert)], Act.RAISED)
    if incident.acknowledged_by is not None:
        return alert, (*says, *_new(alert, _told(alert), Act.ACKNOWLEDGED))
    way = _way(alert, incident, rules, moment.local(told_at))
    since = moment.now - told_at
    taken = {say.channel for say in says}
    told = _told(alert)
    for step in way.steps if told else ():
        if since >= step.after:
            fresh = [name for name in step.to if name not in taken]
            taken.update(fresh)
            # Whoever was told by a step before is not told by the same step again.
            says += _new(alert, [name for name in fresh if name in told and name in way.channels], Act.ESCALATED)
            says += _new(alert, [name for name in fresh if name not in told], Act.RAISED)
    return alert, tuple(says)


def _way(alert: Alert, incident: Incident, rules: AlertRules, local: datetime) -> Way:
    severity = incident.severity if incident.severity in SEVERITIES else "warning"
    zone = rules.zones.get(incident.station, "")
    subject = Subject(incident.station, zone, incident.failure_mode, severity, alert.confidence)
    return way_of(subject, rules.routes, rules.fences, local)


def _told(alert: Alert) -> list[str]:
    """Every channel that knows of it in this round."""
    return sorted(channel for channel, act in alert.said if act == Act.RAISED)


def _new(alert: Alert, channels: list[str] | tuple[str, ...], act: Act) -> tuple[Say, ...]:
    return tuple(Say(channel, act) for channel in channels if (channel, str(act)) not in alert.said)
