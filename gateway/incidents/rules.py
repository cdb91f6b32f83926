"""The rules: one open incident per asset and failure mode, one order per incident, never more than a person can read.

Every function takes the book and the time and gives the next book and what is to be told. Hearing the same report twice
changes nothing the second time, so a batch may be tried again after any failure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.cmms.port import OrderState
from gateway.incidents import quiet
from gateway.incidents.book import Book, Fate, Incident, OrderLink, Policy, Tell, Told, What, worse

WEEK = timedelta(days=7)
EPISODES_MAX = 500  #: remembered per incident; a machine that flaps more often is told of once anyway


@dataclass(frozen=True, slots=True)
class Heard:
    """One episode as a machine's report tells it, with the asset the site file gives its station."""

    station: str
    asset: str
    episode: str
    failure_mode: str
    severity: str
    active: bool
    text: str
    zone: str = ""  #: of the station


def hear(book: Book, heard: Heard, now: datetime, policy: Policy, make_id: Callable[[], str]) -> Told:
    """Take in one episode of one report."""
    known = book.of_episode(heard.episode)
    if known is not None:
        return _update(book, known, heard, now, policy)
    mate = book.open_on(heard.asset, heard.failure_mode) or book.held_on(heard.asset, heard.failure_mode, now)
    if mate is None and policy.event(heard.station, heard.failure_mode):
        mate = book.near(policy.hears[heard.station], heard.failure_mode, now, policy)
    if mate is not None:
        return _join(book, mate, heard, now, policy)
    window = book.windows.get(heard.station)
    if window is not None:
        return quiet.note_in_window(book, window, heard.episode, heard.text)
    return _raise(book, heard, now, policy, make_id())


def review(book: Book, now: datetime, policy: Policy, make_id: Callable[[], str]) -> Told:
    """Look over everything: what time or the CMMS has ended, and what is heard still though it was ended."""
    book, tells = quiet.expire(book, now)
    for incident in tuple(book.incidents.values()):
        if incident.ended_at is None:
            book, more = _end_if_over(book, incident, now, policy)
        elif (incident.held_until is None or incident.held_until <= now) and not quiet.resting(book, incident):
            book, more = _let_go(book, incident, now, policy, make_id)
        else:
            continue
        tells += more
    return _forget_orders(book, now), tells


def order_by_hand(book: Book, incident: Incident, now: datetime, policy: Policy) -> Told:
    """Give this incident its order because a person says so, whatever caps and refusals said."""
    link = OrderLink(incident.id, incident.asset, now, Fate.QUEUED, policy.routed[incident.station])
    book = replace(book, orders={**book.orders, incident.id: link})
    return book, (Tell(What.ORDER, incident.id, "asked for by a person"),)


def _raise(book: Book, heard: Heard, now: datetime, policy: Policy, new_id: str) -> Told:
    incident = Incident(
        id=new_id,
        station=heard.station,
        asset=heard.asset,
        failure_mode=heard.failure_mode,
        severity=worse(heard.severity, heard.severity),
        text=heard.text,
        raised_at=now,
        episodes={heard.episode: heard.active},
        cleared_at=None if heard.active else now,
        zone=heard.zone,
    )
    book = _put(book, incident)
    tells = [Tell(What.RAISED, incident.id, heard.text)]
    if not heard.active:
        tells.append(Tell(What.CLEARED, incident.id, "it had cleared before it was reported"))
    book, more = _order(book, incident, now, policy)
    return book, (*tells, *more)


def _order(book: Book, incident: Incident, now: datetime, policy: Policy) -> Told:
    """Whether this new incident gets an order, and what is said where it gets none."""
    week = [o for o in book.orders.values() if o.counts and now - o.wanted_at < WEEK]
    on_asset = [o for o in week if o.asset == incident.asset]
    if not policy.routed.get(incident.station):
        why = "the site file names no CMMS for this station"
    elif len(on_asset) >= policy.per_asset_week:
        named = ", ".join(o.number or "one still queued" for o in on_asset)
        why = f"{incident.asset} has had its automatic order of this week ({named}); a person decides"
    elif len(week) >= policy.per_week:
        why = f"{len(week)} automatic orders in 7 days, {policy.per_week} allowed; a person decides"
    else:
        link = OrderLink(incident.id, incident.asset, now, Fate.QUEUED, policy.routed[incident.station])
        return replace(book, orders={**book.orders, incident.id: link}), (Tell(What.ORDER, incident.id, incident.text),)
    link = OrderLink(incident.id, incident.asset, now, Fate.WITHHELD, why=why)
    tells = [Tell(What.WITHHELD, incident.id, f"no order for {incident.asset}, {incident.failure_mode}: {why}")]
    # Somebody is on the way to this asset already: the order in their hands is where they will read it.
    mate = next((o for o in on_asset if o.open), None)
    if mate is not None:
        tells.append(Tell(What.NOTE, mate.incident, f"Also heard on {incident.asset}: {incident.text}"))
    return replace(book, orders={**book.orders, incident.id: link}), tuple(tells)


def _update(book: Book, incident: Incident, heard: Heard, now: datetime, policy: Policy) -> Told:
    """Take in an episode that is known already: cleared, back, graver, or nothing new at all."""
    was_active = incident.active
    graver = worse(incident.severity, heard.severity) != incident.severity
    if incident.episodes[heard.episode] == heard.active and not graver:
        return book, ()
    after = replace(
        incident,
        episodes={**incident.episodes, heard.episode: heard.active},
        severity=worse(incident.severity, heard.severity),
    )
    if was_active and not after.active:
        after = replace(after, cleared_at=now)
        return _note(_put(book, after), after, Tell(What.CLEARED, after.id, f"cleared: {after.text}"), now, policy)
    if after.active and not was_active:
        after = replace(after, cleared_at=None, text=heard.text)
        return _note(_put(book, after), after, Tell(What.HEARD_AGAIN, after.id, f"again: {heard.text}"), now, policy)
    if graver:
        return _graver(_put(book, after), after, heard, now, policy)
    return _put(book, after), ()


def _join(book: Book, incident: Incident, heard: Heard, now: datetime, policy: Policy) -> Told:
    """Add an episode to an incident that stands, or that ended so lately that this is the same trouble."""
    was_active = incident.active
    graver = worse(incident.severity, heard.severity) != incident.severity
    episodes = {**_recent(incident.episodes), heard.episode: heard.active}
    after = replace(incident, episodes=episodes, severity=worse(incident.severity, heard.severity))
    if heard.active:
        after = replace(after, cleared_at=None, text=heard.text)
    if graver:
        return _graver(_put(book, after), after, heard, now, policy)
    if heard.active and not was_active:
        return _note(_put(book, after), after, Tell(What.HEARD_AGAIN, after.id, f"again: {heard.text}"), now, policy)
    return _put(book, after), ()


def _graver(book: Book, incident: Incident, heard: Heard, now: datetime, policy: Policy) -> Told:
    tell = Tell(What.GRAVER, incident.id, f"now {incident.severity}: {heard.text}")
    return _note(book, incident, tell, now, policy, at_once=True)


def _note(book: Book, incident: Incident, tell: Tell, now: datetime, policy: Policy, *, at_once: bool = False) -> Told:
    """Tell it, and put it on the order too where there is one, not oftener than people will read."""
    link = book.orders.get(incident.id)
    if link is None or not (link.open or link.over) or quiet.resting(book, incident):
        return book, (tell,)
    if not at_once and incident.noted_at is not None and timedelta(0) <= now - incident.noted_at < policy.note_every:
        return book, (tell,)
    book = _put(book, replace(incident, noted_at=now))
    return book, (tell, Tell(What.NOTE, incident.id, tell.sentence[:1].upper() + tell.sentence[1:]))


def _end_if_over(book: Book, incident: Incident, now: datetime, policy: Policy) -> Told:
    link = book.orders.get(incident.id)
    if link is not None and link.over:
        cancelled = link.state is OrderState.CANCELLED
        held = policy.mute if cancelled else policy.quiet_of(incident)
        why = f"order {link.number} {link.state}"
        said = f"{why}; the same on {incident.asset} makes no new order for {_span(held)}"
    elif _silent(incident, now, policy) and not (link and link.open):
        # Clearing alone never ends an incident whose order is open: a person has it in hand.
        held, why = timedelta(0), f"not heard for {_span(policy.quiet_of(incident))}"
        said = why
    else:
        return book, ()
    after = replace(incident, ended_at=now, ended_why=why, held_until=now + held)
    return _put(book, after), (Tell(What.ENDED, incident.id, said),)


def _silent(incident: Incident, now: datetime, policy: Policy) -> bool:
    return incident.cleared_at is not None and now - incident.cleared_at >= policy.quiet_of(incident)


def _let_go(book: Book, incident: Incident, now: datetime, policy: Policy, make_id: Callable[[], str]) -> Told:
    """Forget an ended incident whose hold is over, or raise it anew, linked to the old, where it is heard still."""
    book = replace(book, incidents={k: v for k, v in book.incidents.items() if k != incident.id})
    lasting = [episode for episode, active in incident.episodes.items() if active]
    if not lasting:
        return book, ()
    text = f"{incident.text}; still heard after {incident.ended_why}"
    named = (incident.station, incident.asset, lasting[0], incident.failure_mode, incident.severity)
    first = Heard(*named, active=True, text=text, zone=incident.zone)
    mate = book.open_on(incident.asset, incident.failure_mode)
    book, tells = _join(book, mate, first, now, policy) if mate else _raise(book, first, now, policy, make_id())
    heir = book.of_episode(lasting[0])
    assert heir is not None, lasting
    return _put(book, replace(heir, episodes={**heir.episodes, **dict.fromkeys(lasting, True)})), tells


def _forget_orders(book: Book, now: datetime) -> Book:
    kept = {k: o for k, o in book.orders.items() if k in book.incidents or now - o.wanted_at < WEEK}
    return book if len(kept) == len(book.orders) else replace(book, orders=kept)


def _put(book: Book, incident: Incident) -> Book:
    return replace(book, incidents={**book.incidents, incident.id: incident})


def _recent(episodes: Mapping[str, bool]) -> dict[str, bool]:
    """Room for one more: the oldest that are over are forgotten first."""
    kept = dict(episodes)
    for episode, active in episodes.items():
        if len(kept) < EPISODES_MAX:
            break
        if not active:
            del kept[episode]
    return kept


def _span(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    if hours < 1:
        return f"{60 * hours:.0f} min"
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} h"


def acknowledge(book: Book, incident: Incident, who: str, now: datetime) -> Told:
    """Write down that a person has seen it. It stays until it is over; only the bell stops."""
    after = replace(incident, acknowledged_by=who, acknowledged_at=now)
    return _put(book, after), (Tell(What.ACKNOWLEDGED, incident.id, f"{incident.text}: seen by {who}"),)
