"""What a client wants to hear of events: the filter of OPC 10000-4, 7.7 and 7.22.3, checked before it is kept.

asyncua evaluates a filter by recursion and by reading any attribute of its event object: a filter may call itself, take
time that doubles with every element, and does not find subtypes. Here each element is worked out once, an operand may
point at later elements alone, and what cannot be carried is refused when the item is made.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from asyncua import ua
from asyncua.server.monitored_item_service import WhereClauseEvaluator

from gateway.serve.conditions_event import Told

ELEMENTS_MAX, OPERANDS_MAX = 64, 1000
SELECTED_MAX = 256

_COMPARED: Mapping[ua.FilterOperator, Callable[[Any, Any], bool]] = {
    ua.FilterOperator.Equals: operator.eq,
    ua.FilterOperator.GreaterThan: operator.gt,
    ua.FilterOperator.LessThan: operator.lt,
    ua.FilterOperator.GreaterThanOrEqual: operator.ge,
    ua.FilterOperator.LessThanOrEqual: operator.le,
}
#: Fewest operands of each operator that is carried; all but InList take no more.
_OPERANDS: Mapping[ua.FilterOperator, int] = {
    **dict.fromkeys(_COMPARED, 2),
    ua.FilterOperator.IsNull: 1,
    ua.FilterOperator.Not: 1,
    ua.FilterOperator.Between: 3,
    ua.FilterOperator.InList: 2,
    ua.FilterOperator.And: 2,
    ua.FilterOperator.Or: 2,
    ua.FilterOperator.OfType: 1,
}


class FilterFault(Exception):
    """A filter that is not kept.

    Parameters
    ----------
    code
        Status code for the client.
    """

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


class Where(WhereClauseEvaluator):
    """A where clause that was looked through.

    Parameters
    ----------
    filter_
        As the client sent it.

    Raises
    ------
    FilterFault
        It is no event filter, selects nothing or too much, is malformed, or has an operator nobody carries here.
    """

    def __init__(self, filter_: object) -> None:
        if not isinstance(filter_, ua.EventFilter) or not 0 < len(filter_.SelectClauses or ()) <= SELECTED_MAX:
            raise FilterFault(ua.StatusCodes.BadEventFilterInvalid)
        self.elements = filter_.WhereClause.Elements or []
        if (
            len(self.elements) > ELEMENTS_MAX
            or sum(len(one.FilterOperands or ()) for one in self.elements) > OPERANDS_MAX
        ):
            raise FilterFault(ua.StatusCodes.BadEventFilterInvalid)
        for index, element in enumerate(self.elements):
            self._check(index, element)

    def eval(self, event: Told) -> bool:
        """Whether the event is wanted."""
        if not self.elements or event.always:
            return True
        # An operand points at later elements alone, so that from the last to the first each is known when it is needed.
        known: dict[int, object] = {}
        for index in reversed(range(len(self.elements))):
            known[index] = _element(self.elements[index], known, event)
        return known[0] is True

    def _check(self, index: int, element: ua.ContentFilterElement) -> None:
        fewest, operands = _OPERANDS.get(element.FilterOperator), element.FilterOperands or []
        if fewest is None:
            raise FilterFault(ua.StatusCodes.BadMonitoredItemFilterUnsupported)
        many = element.FilterOperator == ua.FilterOperator.InList
        if len(operands) < fewest or (len(operands) > fewest and not many):
            raise FilterFault(ua.StatusCodes.BadEventFilterInvalid)
        for operand in operands:
            if isinstance(operand, ua.ElementOperand):
                if not index < operand.Index < len(self.elements):
                    raise FilterFault(ua.StatusCodes.BadEventFilterInvalid)
            elif isinstance(operand, ua.LiteralOperand):
                if not isinstance(operand.Value, ua.Variant):
                    raise FilterFault(ua.StatusCodes.BadEventFilterInvalid)
            elif not isinstance(operand, ua.SimpleAttributeOperand):
                raise FilterFault(ua.StatusCodes.BadMonitoredItemFilterUnsupported)


def _element(element: ua.ContentFilterElement, known: Mapping[int, object], event: Told) -> bool | None:
    """Work out one element; None is the null of the standard's three-valued logic."""
    values = [_operand(operand, known, event) for operand in element.FilterOperands]
    match element.FilterOperator:
        case ua.FilterOperator.OfType:
            return isinstance(values[0], ua.NodeId) and values[0] in event.types
        case ua.FilterOperator.IsNull:
            return values[0] is None
        case ua.FilterOperator.InList:
            return any(_compared(operator.eq, values[0], one) for one in values[1:])
        case ua.FilterOperator.Between:
            return _both(_compared(operator.ge, *values[:2]), _compared(operator.le, values[0], values[2]))
        case ua.FilterOperator.Not:
            return _not(_truth(values[0]))
        case ua.FilterOperator.And:
            return _both(_truth(values[0]), _truth(values[1]))
        case ua.FilterOperator.Or:
            return _not(_both(_not(_truth(values[0])), _not(_truth(values[1]))))
        case how:
            return _compared(_COMPARED[how], *values)


def _operand(operand: object, known: Mapping[int, object], event: Told) -> object:
    if isinstance(operand, ua.ElementOperand):
        return known[operand.Index]
    if isinstance(operand, ua.LiteralOperand):
        return operand.Value.Value
    assert isinstance(operand, ua.SimpleAttributeOperand)
    return event.field(operand).Value


def _compared(how: Callable[[Any, Any], bool], one: object, other: object) -> bool | None:
    if one is None or other is None:
        return None
    try:
        return bool(how(one, other))
    except TypeError:  # of kinds that have no order
        return None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True
