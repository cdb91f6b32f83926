"""The alarms of one machine, from raised to cleared."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from analytics.decision.persistence import Change, Observation, Persistence, Rule, step
from gateway.processes.messages import EpisodeView

REPEATED = 30  #: reports that still carry a cleared episode, so that one lost message loses nothing

Key = tuple[str, str]  #: bearing and failure mode


class Episodes:
    """Steps one persistence per bearing and failure mode, and keeps what was raised.

    Parameters
    ----------
    rule
        m of n.
    make_id
        A new random id.
    """

    def __init__(self, rule: Rule, make_id: Callable[[], str]) -> None:
        self._rule = rule
        self._make_id = make_id
        self._states: dict[Key, Persistence] = {}
        self._active: dict[Key, EpisodeView] = {}
        self._cleared: list[tuple[EpisodeView, int]] = []

    def active(self, failure_mode: str | None = None) -> bool:
        """Tell whether an episode of this failure mode, or of any, lasts."""
        return any(failure_mode in (None, mode) for _, mode in self._active)

    def observe(self, key: Key, seen: Observation, raised_at: str, severity: str, text: str) -> bool:
        """Take one look in; True where it raised an episode, which then carries this text."""
        state, change = step(self._states.get(key, Persistence()), seen, self._rule)
        self._states[key] = state
        if change is Change.RAISED:
            self._active[key] = EpisodeView(self._make_id(), key[1], severity, raised_at, active=True, text=text)
        elif change is Change.CLEARED:
            self._clear(key)
        return change is Change.RAISED

    def escalate(self) -> None:
        """Make every lasting episode critical: the level says so."""
        for key, view in self._active.items():
            self._active[key] = replace(view, severity="critical")

    def end(self) -> None:
        """Clear everything and forget what was seen: a person repaired the machine."""
        for key in tuple(self._active):
            self._clear(key)
        self._states.clear()

    def report(self) -> tuple[EpisodeView, ...]:
        """All that lasts, and what was cleared not long ago."""
        views = (*self._active.values(), *(view for view, _ in self._cleared))
        self._cleared = [(view, left - 1) for view, left in self._cleared if left > 1]
        return views

    def _clear(self, key: Key) -> None:
        self._cleared.append((replace(self._active.pop(key), active=False), REPEATED))


def iso(wall: datetime) -> str:
    """Wall time as it stands in messages: ISO 8601, UTC, to the millisecond."""
    return wall.astimezone(UTC).isoformat(timespec="milliseconds")
