"""Quiet for a time: a shelved incident, and a station under maintenance.

A shelf is about one incident, a window about everything a station hears. Neither changes what is heard and stored; both
keep it from people and from the CMMS until their time is over, which is never longer than `LONGEST`, so that nothing is
silenced and forgotten (ISA-18.2-2016, 11.7: shelving ends by itself).
"""

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.incidents.book import Book, Incident, Tell, Told, What, Window

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=7)
NOTED_MAX = 200  #: episodes noted in one window; a station that flaps more often is written of often enough


def resting(book: Book, incident: Incident) -> str:
    """Say why an incident rings nobody now, as a sentence; empty where it may ring."""
    if incident.shelved_until is not None:
        return f"shelved by {incident.shelved_by} until {incident.shelved_until:%Y-%m-%d %H:%M} UTC"
    window = book.windows.get(incident.station)
    if window is not None:
        return f"{incident.station} is under maintenance until {window.until:%Y-%m-%d %H:%M} UTC, says {window.who}"
    return ""


def shelve(book: Book, incident: Incident, who: str, until: datetime) -> Told:
    """Put an incident on the shelf; again, with another time, where it lies there."""
    after = replace(incident, shelved_until=until, shelved_by=who)
    said = f"{incident.text}: shelved by {who} until {until:%Y-%m-%d %H:%M} UTC; it rings nobody and opens no order"
    return _put(book, after), (Tell(What.SHELVED, incident.id, said),)


def unshelve(book: Book, incident: Incident, why: str) -> Told:
    """Take it off the shelf; an order that was held goes its way."""
    after = replace(incident, shelved_until=None, shelved_by="")
    return _put(book, after), (Tell(What.UNSHELVED, incident.id, f"{incident.text}: off the shelf, {why}"),)


def open_window(book: Book, station: str, who: str, now: datetime, until: datetime) -> Told:
    """Begin maintenance at a station; again, with another time, where it is going on: what was noted stays noted."""
    before = book.windows.get(station)
    window = Window(station, who, now if before is None else before.since, until, before.noted if before else ())
    said = f"maintenance until {until:%Y-%m-%d %H:%M} UTC, says {who}: no new incident, no order, nobody is rung"
    return replace(book, windows={**book.windows, station: window}), (Tell(What.WINDOW, "", said, station),)


def close_window(book: Book, station: str, why: str) -> Told:
    """End it; what is heard still becomes an incident with the next report."""
    windows = {name: window for name, window in book.windows.items() if name != station}
    noted = len(book.windows[station].noted)
    heard = f"; {noted} alarm{'s' * (noted != 1)} heard meanwhile" if noted else ""
    said = f"maintenance is over, {why}{heard}; what is heard still becomes an incident"
    return replace(book, windows=windows), (Tell(What.WINDOW_OVER, "", said, station),)


def note_in_window(book: Book, window: Window, episode: str, text: str) -> Told:
    """Write down, once, what was heard of a station under maintenance."""
    if episode in window.noted:
        return book, ()
    after = replace(window, noted=(*window.noted, episode)[-NOTED_MAX:])
    said = f"heard during maintenance, no incident: {text}"
    return replace(book, windows={**book.windows, window.station: after}), (
        Tell(What.IN_WINDOW, "", said, window.station),
    )


def expire(book: Book, now: datetime) -> Told:
    """End what is over. Also what would end later than it could have been asked for: the clock was set back."""
    tells: tuple[Tell, ...] = ()
    for incident in tuple(book.incidents.values()):
        if incident.shelved_until is not None and _over(incident.shelved_until, now):
            book, more = unshelve(book, incident, "its time is over")
            tells += more
    for window in tuple(book.windows.values()):
        if _over(window.until, now):
            book, more = close_window(book, window.station, "its time has passed")
            tells += more
    return book, tells


def _over(until: datetime, now: datetime) -> bool:
    return until <= now or until - now > LONGEST


def _put(book: Book, incident: Incident) -> Book:
    return replace(book, incidents={**book.incidents, incident.id: incident})
