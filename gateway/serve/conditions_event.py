"""An incident as an OPC UA alarm condition (OPC 10000-9, 5.8): the fields of its events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asyncua import ua

from gateway.incidents.quiet import LONGEST
from gateway.processes.ledger_messages import IncidentView

SERVER = ua.NodeId(ua.Int32(ua.ObjectIds.Server))  #: the one node whose events can be subscribed to
#: 1 to 1000 (OPC 10000-5, 6.4.2): the middles of the ranges medium and high of OPC 10000-9, Annex.
SEVERITY = {"warning": 500, "critical": 800}
_CONDITION = (
    ua.ObjectIds.AlarmConditionType,
    ua.ObjectIds.AcknowledgeableConditionType,
    ua.ObjectIds.ConditionType,
    ua.ObjectIds.BaseEventType,
)
_NULL = ua.Variant()
_VT = ua.VariantType


@dataclass(frozen=True, slots=True)
class Told:
    """An event, as asyncua's subscriptions take it.

    Parameters
    ----------
    types
        Its type and every type above.
    fields
        By browse path, steps joined by ``/``; ``""`` is the condition's own node id.
    always
        It passes every filter, as the events around a refresh must: whoever filtered them away would not know what is
        still so.
    """

    types: frozenset[ua.NodeId]
    fields: Mapping[str, ua.Variant]
    always: bool = False
    emitting_node: ua.NodeId = SERVER

    def field(self, wanted: ua.SimpleAttributeOperand) -> ua.Variant:
        """Give one field; null where the event has none such."""
        path = "/".join(step.Name or "" for step in wanted.BrowsePath or ())
        attribute = ua.AttributeIds.Value if path else ua.AttributeIds.NodeId
        return self.fields.get(path, _NULL) if wanted.AttributeId == attribute else _NULL

    def to_event_fields(self, clauses: Sequence[ua.SimpleAttributeOperand] | None) -> list[ua.Variant]:
        """Give what a client selected."""
        return [self.field(clause) for clause in clauses or ()]


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody said when acknowledging."""

    text: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """All of an incident that a client hears of: an event is told when it changes."""

    id: str
    station: str
    failure_mode: str
    severity: str
    text: str
    active: bool
    retain: bool
    acknowledged_by: str = ""
    shelved_until: str = ""
    machine: bool = True  #: the state of a machine, and not a taught kind of sound
    certain: bool = True  #: main has spoken lately
    remark: Remark | None = None
    severity_before: str = field(default="", compare=False)  #: what the event before said; empty where there is none

    @classmethod
    def of(cls, view: IncidentView, remark: Remark | None) -> "State":
        """Read the newest snapshot's word on it."""
        return cls(
            view.id,
            view.station,
            view.failure_mode,
            view.severity,
            view.text,
            view.cleared_at is None and view.ended_at is None,
            view.ended_at is None,
            view.acknowledged_by or "",
            view.shelved_until or "",
            not view.event,
            remark=remark if remark is not None and remark.who == view.acknowledged_by else None,
        )


def condition_event(state: State, event_id: bytes, condition: ua.NodeId, source: ua.NodeId, at: datetime) -> Told:
    """Make the event that tells of a state.

    Parameters
    ----------
    event_id
        What an acknowledgement names.
    condition, source
        Node ids of the condition, which stands nowhere in the address space, and of its station.
    at
        When it became so, with its time zone.
    """
    shelf = _shelf(state, at)
    acked, code = bool(state.acknowledged_by), ua.StatusCodes.Good
    if not state.certain:
        code = ua.StatusCodes.UncertainLastUsableValue
    kind = "MaintenanceConditionClassType" if state.machine else "ProcessConditionClassType"
    said = state.remark
    fields = {
        **_base(_CONDITION[0], event_id, state.text, _severity(state.severity), at),
        "": ua.Variant(condition, _VT.NodeId),
        "SourceNode": ua.Variant(source, _VT.NodeId),
        "SourceName": ua.Variant(state.station, _VT.String),
        "ConditionClassId": ua.Variant(_standard(getattr(ua.ObjectIds, kind)), _VT.NodeId),
        "ConditionClassName": _text(kind),
        "ConditionName": ua.Variant(state.failure_mode, _VT.String),
        "BranchId": ua.Variant(ua.NodeId(), _VT.NodeId),
        "Retain": ua.Variant(state.retain, _VT.Boolean),
        **_two_states("EnabledState", True, "Enabled", "Disabled"),
        **_two_states("ActiveState", state.active, "Active", "Inactive"),
        **_two_states("AckedState", acked, "Acknowledged", "Unacknowledged"),
        "Quality": ua.Variant(ua.StatusCode(ua.UInt32(code)), _VT.StatusCode),
        "Quality/SourceTimestamp": ua.Variant(at, _VT.DateTime),
        "LastSeverity": ua.Variant(_severity(state.severity_before or state.severity), _VT.UInt16),
        "InputNode": ua.Variant(ua.NodeId(), _VT.NodeId),
        "Comment": _text(said.text if said else ""),
        "Comment/SourceTimestamp": ua.Variant(said.at, _VT.DateTime) if said else _NULL,
        "ClientUserId": ua.Variant(said.who if said else state.acknowledged_by, _VT.String),
        **shelf,
    }
    return Told(frozenset(map(_standard, _CONDITION)), fields)


def refresh_event(kind: int, event_id: bytes, at: datetime) -> Told:
    """Make the event that begins or ends a refresh."""
    types = (kind, ua.ObjectIds.SystemEventType, ua.ObjectIds.BaseEventType)
    fields = {
        **_base(kind, event_id, "", 1, at),
        "SourceNode": ua.Variant(SERVER, _VT.NodeId),
        "SourceName": ua.Variant("Server", _VT.String),
    }
    return Told(frozenset(map(_standard, types)), fields, always=True)


def _base(kind: int, event_id: bytes, message: str, severity: int, at: datetime) -> dict[str, ua.Variant]:
    return {
        "EventId": ua.Variant(event_id, _VT.ByteString),
        "EventType": ua.Variant(_standard(kind), _VT.NodeId),
        "Time": ua.Variant(at.astimezone(UTC), _VT.DateTime),
        "ReceiveTime": ua.Variant(at.astimezone(UTC), _VT.DateTime),
        "Message": _text(message),
        "Severity": ua.Variant(severity, _VT.UInt16),
    }


def _severity(word: str) -> int:
    return SEVERITY.get(word, SEVERITY["warning"])


def _shelf(state: State, at: datetime) -> dict[str, ua.Variant]:
    """Say whether it is shelved, and for how long still."""
    shelved = bool(state.shelved_until)
    left = (datetime.fromisoformat(state.shelved_until) - at).total_seconds() if shelved else 0.0
    number = ua.ObjectIds.ShelvedStateMachineType_Unshelved
    if shelved:
        number = ua.ObjectIds.ShelvedStateMachineType_TimedShelved
    return {
        "ShelvingState/CurrentState": _text("Timed Shelved" if shelved else "Unshelved"),
        "ShelvingState/CurrentState/Id": ua.Variant(_standard(number), _VT.NodeId),
        "ShelvingState/UnshelveTime": ua.Variant(max(0.0, 1000 * left), _VT.Double),
        "SuppressedOrShelved": ua.Variant(shelved, _VT.Boolean),
        "MaxTimeShelved": ua.Variant(1000 * LONGEST.total_seconds(), _VT.Double),
    }


def _two_states(name: str, value: bool, true: str, false: str) -> dict[str, ua.Variant]:
    return {name: _text(true if value else false), f"{name}/Id": ua.Variant(value, _VT.Boolean)}


def _text(words: str) -> ua.Variant:
    return ua.Variant(ua.LocalizedText(words, "en"), _VT.LocalizedText)


def _standard(number: int) -> ua.NodeId:
    return ua.NodeId(ua.Int32(number))
