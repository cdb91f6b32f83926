"""The alarms of one machine, from raised to cleared."""

from collections.abc import Callable
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from typing import Any

from analytics.decision.persistence import Change, Observation, Persistence, Rule, step
from gateway.processes.condition import EpisodeView

REPEATED = 30  #: reports that still carry a cleared episode, so that one lost message loses nothing

EPISODES_MOST = 100  #: taken up again after a restart; a machine has a few

Key = tuple[str, str]  #: bearing and failure mode
_FIELDS = tuple(field.name for field in fields(EpisodeView))


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
        self.changed = False  #: raised, cleared or graver since it was last asked for

    def active(self, failure_mode: str | None = None) -> bool:
        """Tell whether an episode of this failure mode, or of any, lasts."""
        return any(failure_mode in (None, mode) for _, mode in self._active)

    def observe(self, key: Key, seen: Observation, raised_at: str, severity: str, text: str) -> bool:
        """Take one look in; True where it raised an episode, which then carries this text."""
        state, change = step(self._states.get(key, Persistence()), seen, self._rule)
        self._states[key] = state
        if change is Change.RAISED:
            self._active[key] = EpisodeView(self._make_id(), key[1], severity, raised_at, active=True, text=text)
            self.changed = True
        elif change is Change.CLEARED:
            self._clear(key)
        return change is Change.RAISED

    def hold(self, key: Key, raised_at: str, severity: str, text: str, *, there: bool) -> EpisodeView | None:
        """Raise or clear what has its own persistence; gives what it raised."""
        if there and key not in self._active:
            self._active[key] = EpisodeView(self._make_id(), key[1], severity, raised_at, active=True, text=text)
            self.changed = True
            return self._active[key]
        if not there and key in self._active:
            self._clear(key)
        return None

    def escalate(self) -> None:
        """Make every lasting episode critical: the level says so."""
        for key, view in self._active.items():
            self.changed |= view.severity != "critical"
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

    # ---- over a restart -------------------------------------------------------------------------------------------

    def plain(self) -> list[dict[str, Any]]:
        """Give what lasts, in plain words."""
        return [{"bearing": key[0], **asdict(view)} for key, view in self._active.items()]

    def recall(self, plain: object) -> bool:
        """Take up what `plain` gave in an earlier life; False, and nothing is changed, where it cannot be read."""
        if not isinstance(plain, list) or len(plain) > EPISODES_MOST:
            return False
        found: dict[Key, EpisodeView] = {}
        for one in plain:
            if not isinstance(one, dict) or set(one) != {"bearing", *_FIELDS} or one["active"] is not True:
                return False
            if not all(isinstance(one[name], str) for name in ("bearing", *_FIELDS) if name != "active"):
                return False
            found[one["bearing"], one["failure_mode"]] = EpisodeView(**{name: one[name] for name in _FIELDS})
        self._active = found
        self._states = {key: Persistence(active=True) for key in found}
        return True

    def _clear(self, key: Key) -> None:
        self.changed = True
        self._cleared.append((replace(self._active.pop(key), active=False), REPEATED))


def iso(wall: datetime) -> str:
    """Wall time as it stands in messages: ISO 8601, UTC, to the millisecond."""
    return wall.astimezone(UTC).isoformat(timespec="milliseconds")
