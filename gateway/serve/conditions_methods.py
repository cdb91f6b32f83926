"""What a client may call: a refresh, and where the site file allows it, acknowledging and shelving by name.

An accepted call is a command like any other: judged, carried out and audited by the ledger (`gateway.ledger.commands`).
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from asyncua import ua

from gateway.incidents.quiet import LONGEST, SHORTEST
from gateway.serve.asking import Busy
from gateway.serve.conditions import Conditions, Standing
from gateway.serve.conditions_event import Remark
from gateway.serve.opcua_internal import Session
from gateway.serve.operators import Operators

REMARK_MAX = 300  #: characters of a comment

_I = ua.ObjectIds
_VT = ua.VariantType
_REFRESH: Mapping[int, tuple[ua.VariantType, ...]] = {
    _I.ConditionType_ConditionRefresh: (_VT.UInt32,),
    _I.ConditionType_ConditionRefresh2: (_VT.UInt32, _VT.UInt32),
}
#: Method of the type, and of the type's ShelvingState: a condition has no nodes of its own (OPC 10000-9, 5.8.17).
_ASKED: Mapping[int, tuple[str, tuple[ua.VariantType, ...]]] = {
    _I.AcknowledgeableConditionType_Acknowledge: ("acknowledge", (_VT.ByteString, _VT.LocalizedText)),
    **dict.fromkeys(
        (_I.ShelvedStateMachineType_TimedShelve, _I.AlarmConditionType_ShelvingState_TimedShelve),
        ("timed", (_VT.Double,)),
    ),
    **dict.fromkeys(
        (_I.ShelvedStateMachineType_OneShotShelve, _I.AlarmConditionType_ShelvingState_OneShotShelve), ("one-shot", ())
    ),
    **dict.fromkeys((_I.ShelvedStateMachineType_Unshelve, _I.AlarmConditionType_ShelvingState_Unshelve), ("off", ())),
}


class Refusal(Exception):
    """A call that is not carried out.

    Parameters
    ----------
    code
        Status code of its result.
    arguments
        Status codes of its arguments, where one is wrong.
    """

    def __init__(self, code: int, arguments: Sequence[int] = ()) -> None:
        super().__init__()
        self.code, self.arguments = code, arguments


class Methods:
    """Carries out calls.

    Parameters
    ----------
    operators
        Who may change something; None where nobody may.
    """

    def __init__(self, operators: Operators | None) -> None:
        self._operators = operators
        self.conditions: Conditions | None = None  #: once the server is being started

    async def call(self, session: Session, request: ua.CallMethodRequest) -> ua.CallMethodResult:
        """Carry out a call, or say why not."""
        result = ua.CallMethodResult()
        try:
            await self._call(session, request)
        except Refusal as refusal:
            result.StatusCode = _code(refusal.code)
            result.InputArgumentResults = [_code(code) for code in refusal.arguments]
        else:
            result.InputArgumentResults = [_code(ua.StatusCodes.Good) for _ in request.InputArguments or ()]
        return result

    async def _call(self, session: Session, request: ua.CallMethodRequest) -> None:
        number: int = request.MethodId.Identifier if request.MethodId.NamespaceIndex == 0 else 0
        given = request.InputArguments or []
        if self.conditions is None or (number not in _REFRESH and number not in _ASKED):
            raise Refusal(ua.StatusCodes.BadMethodInvalid)
        if number in _REFRESH:
            await self._refresh(self.conditions, session, _arguments(given, _REFRESH[number]))
            return
        does, kinds = _ASKED[number]
        who = session.user.name
        if self._operators is None or not who or not self._operators.may(who):
            raise Refusal(ua.StatusCodes.BadUserAccessDenied)
        standing = self.conditions.find(request.ObjectId)
        if standing is None:
            raise Refusal(ua.StatusCodes.BadNodeIdUnknown)
        arguments = _arguments(given, kinds)
        if does == "acknowledge":
            await self._acknowledge(self.conditions, standing, who, *arguments)
        else:
            await self._shelve(standing, who, does, *arguments)

    async def _refresh(self, conditions: Conditions, session: Session, arguments: Sequence[Any]) -> None:
        subscribers, subscription = session.iserver.subscribers, arguments[0]
        items = subscribers.items_of(subscription, session.session_id)
        if items is None:
            raise Refusal(ua.StatusCodes.BadSubscriptionIdInvalid)
        item = arguments[1] if len(arguments) > 1 else None
        if item is not None and not items.has(item):
            raise Refusal(ua.StatusCodes.BadMonitoredItemIdInvalid)
        await conditions.refresh(subscribers, subscription, item)

    async def _acknowledge(
        self, conditions: Conditions, standing: Standing, who: str, event_id: bytes | None, comment: ua.LocalizedText
    ) -> None:
        if event_id not in standing.event_ids:
            raise Refusal(ua.StatusCodes.BadEventIdUnknown)
        if standing.state.acknowledged_by:
            raise Refusal(ua.StatusCodes.BadConditionBranchAlreadyAcked)
        text = _printable(comment.Text or "")
        if text:  # before it is carried out: the event that tells of it says it
            conditions.remark(standing.state, Remark(text, who, datetime.now(UTC)))
        if not await self._ask("acknowledge", standing, who, {"comment": text} if text else {}):
            raise Refusal(ua.StatusCodes.BadConditionBranchAlreadyAcked)  # somebody was faster, or it is over

    async def _shelve(self, standing: Standing, who: str, does: str, ms: float = 0.0) -> None:
        if does == "off":
            if not standing.state.shelved_until or not await self._ask("unshelve", standing, who, {}):
                raise Refusal(ua.StatusCodes.BadConditionNotShelved)
            return
        seconds = LONGEST.total_seconds() if does == "one-shot" else ms / 1000
        if not math.isfinite(seconds) or not SHORTEST.total_seconds() <= seconds <= LONGEST.total_seconds():
            raise Refusal(ua.StatusCodes.BadShelvingTimeOutOfRange)
        if not await self._ask("shelve", standing, who, {"for": _span(seconds)}):
            raise Refusal(ua.StatusCodes.BadInvalidState)

    async def _ask(self, name: str, standing: Standing, who: str, arguments: Mapping[str, str]) -> bool:
        assert self._operators is not None
        try:
            answer = await self._operators.asking.ask(name, standing.state.id, who, arguments)
        except Busy:
            raise Refusal(ua.StatusCodes.BadResourceUnavailable) from None
        return answer.accepted


def _arguments(given: Sequence[ua.Variant], wanted: Sequence[ua.VariantType]) -> list[Any]:
    """Check number and types of arguments."""
    if len(given) < len(wanted):
        raise Refusal(ua.StatusCodes.BadArgumentsMissing)
    if len(given) > len(wanted):
        raise Refusal(ua.StatusCodes.BadTooManyArguments)
    fits = [_fits(one, kind) for one, kind in zip(given, wanted, strict=True)]
    if not all(fits):
        codes = [ua.StatusCodes.Good if fit else ua.StatusCodes.BadTypeMismatch for fit in fits]
        raise Refusal(ua.StatusCodes.BadInvalidArgument, codes)
    empty = {_VT.LocalizedText: ua.LocalizedText()}
    return [empty.get(kind) if one.Value is None else one.Value for one, kind in zip(given, wanted, strict=True)]


def _fits(given: ua.Variant, kind: ua.VariantType) -> bool:
    if given.Value is None:  # no comment is a comment; no number is none
        return kind in {_VT.LocalizedText, _VT.ByteString}
    return given.VariantType == kind and not isinstance(given.Value, list)


def _printable(text: str) -> str:
    """Cut a comment, and let it hold nothing that moves a cursor or fakes a line."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:REMARK_MAX]).strip()


def _span(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _code(number: int) -> ua.StatusCode:
    return ua.StatusCode(ua.UInt32(number))
