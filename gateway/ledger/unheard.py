"""Sound events that nobody will end: whoever heard them was killed, and hears them under other names now, or not.

A machine's station takes its episodes up again after a restart. A sound event is over within seconds, so it is not
kept; what a station has not said for a minute to be lasting is over.
"""

from collections.abc import Iterable

from gateway.incidents.book import Book, Policy
from gateway.incidents.rules import Heard

UNHEARD_S = 60.0  #: a station says about once a second what lasts


class Unheard:
    """Remembers when each lasting sound event was last said to last, in monotonic seconds."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def said(self, episodes: Iterable[str], now: float) -> None:
        """Take in which episodes a report says to last."""
        self._at.update(dict.fromkeys(episodes, now))

    def over(self, book: Book, policy: Policy, now: float) -> list[Heard]:
        """Give what is to be taken as cleared; one of a life before is waited for like any other."""
        lasting = {
            episode: incident
            for incident in book.incidents.values()
            if policy.event(incident.station, incident.failure_mode)
            for episode, active in incident.episodes.items()
            if active
        }
        self._at = {episode: self._at.get(episode, now) for episode in lasting}
        return [
            Heard(
                *(incident.station, incident.asset, episode, incident.failure_mode, incident.severity),
                active=False,
                text=incident.text,
                zone=incident.zone,
            )
            for episode, incident in lasting.items()
            if now - self._at[episode] >= UNHEARD_S
        ]
