"""One step of the table under way: the state as it becomes, and the actions it has asked for so far."""

from dataclasses import replace
from typing import Any

from gateway.handshake.events import Action, Clear, Raise
from gateway.handshake.phases import NEXT, Cause, HandshakeError
from gateway.handshake.state import State, StationMode


class Turn:
    """The working values of one call of `step`; nothing of it outlives the call."""

    __slots__ = ("actions", "now", "state")

    def __init__(self, state: State, now: float) -> None:
        self.state = state
        self.now = now
        self.actions: list[Action] = []

    def set(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of State, checked by its constructor
        """Change fields of the state."""
        self.state = replace(self.state, **changes)

    def do(self, *actions: Action) -> None:
        """Ask for actions."""
        self.actions.extend(actions)

    def go(self, cause: Cause) -> None:
        """Enter the phase the table gives."""
        ways = NEXT[self.state.phase]
        if cause not in ways:
            raise HandshakeError(f"{self.state.rules.station}: no way from {self.state.phase} by '{cause}'")
        self.set(phase=ways[cause])

    def alarm(self, name: str, on: bool, sentence: str = "") -> None:
        """Raise or clear an alarm, on the edge alone."""
        if on == (name in self.state.alarms):
            return
        self.set(alarms=self.state.alarms ^ {name})
        self.do(Raise(name, sentence) if on else Clear(name))

    @property
    def active(self) -> bool:
        """Whether anything may be written to the PLC."""
        return self.state.rules.mode is StationMode.ACTIVE
