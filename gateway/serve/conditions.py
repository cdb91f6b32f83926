"""Incidents as OPC UA alarms and conditions: what stands, what changed, and who is told."""

import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from asyncua import ua

from gateway.processes.ledger_messages import IncidentView
from gateway.processes.snapshot import Snapshot
from gateway.serve.conditions_event import Remark, State, Told, condition_event, refresh_event
from gateway.serve.opcua_internal import Subscriptions

STANDING_MAX = 64  #: conditions at once, the newest; a refresh of them all fits a client's queue of 100
EVENT_IDS_MAX = 20  #: of one condition that may still be named in an acknowledgement


@dataclass(slots=True)
class Standing:
    """A condition that clients know of."""

    state: State
    event: Told  #: that told of it last
    event_ids: deque[bytes] = field(default_factory=lambda: deque(maxlen=EVENT_IDS_MAX))


class Conditions:
    """Every open incident as a condition, told whenever it changes.

    The instances stand nowhere in the address space, which OPC 10000-9 leaves to the server: adding and removing 60
    nodes for each incident would be a way to make this process grow.

    Parameters
    ----------
    namespace
        Index of the gateway's own.
    line
        First folder below Wheeltapper, as the tags have it.
    """

    def __init__(self, namespace: int, line: str) -> None:
        self._namespace, self._line = namespace, line
        self._standing: dict[str, Standing] = {}
        self._remarks: dict[str, Remark] = {}

    def publish(self, snapshot: Snapshot) -> list[Told]:
        """Take a new snapshot; returns the events that tell of what changed."""
        at = datetime.fromisoformat(snapshot.wall)
        known = {view.id: view for view in snapshot.incidents}
        kept = _newest(snapshot.incidents)
        events = [self._change(State.of(view, self._remarks.get(view.id)), at) for view in kept]
        for gone in self._standing.keys() - {view.id for view in kept}:
            view, state = known.get(gone), self._standing[gone].state
            last = State.of(view, state.remark) if view is not None else state
            events.append(self._change(replace(last, retain=False), at))
            del self._standing[gone]
        self._remarks = {key: said for key, said in self._remarks.items() if key in self._standing}
        return [event for event in events if event is not None]

    def go_stale(self) -> list[Told]:
        """Let no condition go on looking certain: main is silent."""
        at = datetime.now(UTC)
        events = [self._change(replace(one.state, certain=False), at) for one in self._standing.values()]
        return [event for event in events if event is not None]

    def find(self, condition: ua.NodeId) -> Standing | None:
        """Find what a client means."""
        return next((one for one in self._standing.values() if self._node(one.state) == condition), None)

    def remark(self, state: State, remark: Remark) -> None:
        """Keep what somebody says, for the events that tell of their acknowledgement."""
        self._remarks[state.id] = remark

    async def refresh(self, subscribers: Subscriptions, subscription: int, item: int | None = None) -> None:
        """Tell one subscription again of all that stands: the very events that told of it last."""
        at = datetime.now(UTC)
        start, end = (
            refresh_event(kind, secrets.token_bytes(16), at)
            for kind in (ua.ObjectIds.RefreshStartEventType, ua.ObjectIds.RefreshEndEventType)
        )
        for event in (start, *(one.event for one in self._standing.values()), end):
            await subscribers.tell(event, subscription, item)

    def _change(self, state: State, at: datetime) -> Told | None:
        before = self._standing.get(state.id)
        if before is not None and before.state == state:
            return None
        if before is not None:
            state = replace(state, severity_before=before.state.severity)
        event_id = secrets.token_bytes(16)
        event = condition_event(state, event_id, self._node(state), self._path(f"{self._line}/{state.station}"), at)
        standing = self._standing.setdefault(state.id, Standing(state, event))
        standing.state, standing.event = state, event
        standing.event_ids.append(event_id)
        return event

    def _node(self, state: State) -> ua.NodeId:
        return self._path(f"{self._line}/{state.station}/Incidents/{state.id}")

    def _path(self, path: str) -> ua.NodeId:
        return ua.NodeId(ua.String(path), ua.Int16(self._namespace))


def _newest(incidents: Sequence[IncidentView]) -> list[IncidentView]:
    """Give the open ones, oldest first."""
    open_ = [view for view in incidents if view.ended_at is None]
    return sorted(open_, key=lambda view: (view.raised_at, view.id))[-STANDING_MAX:]
