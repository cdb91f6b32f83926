"""How an order is made in Maximo, once: look, send, read back, and say what is certain."""

from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.cmms.maximo_answers import Meaning, Problem, read_problem, server_time
from connectors.cmms.maximo_line import Lost, NotSent, Untrusted
from connectors.cmms.maximo_orders import Orders
from connectors.cmms.maximo_rest import LINE_DOWN_S, MaximoFault, Rest, Row, Schema, text
from connectors.cmms.maximo_settings import MaximoSettings
from connectors.cmms.maximo_text import description, rich
from connectors.cmms.port import (
    AuthFailed,
    CmmsFault,
    Created,
    Duplicate,
    Order,
    Outcome,
    Ref,
    Rejected,
    RetryAfter,
    Unknown,
)

# A clock further off than this is broken; then our own time is sent, and left out if Maximo refuses it.
_SKEW_MAX: Final = timedelta(days=1)


class Creation:
    """Makes orders in one Maximo."""

    def __init__(self, settings: MaximoSettings, rest: Rest, orders: Orders) -> None:
        self._settings = settings
        self._rest = rest
        self._orders = orders
        self._key_did_not_stick = ""

    def create(self, order: Order) -> Outcome:
        """Make the order, unless one with its key stands already."""
        if not (order.key.isascii() and order.key.isalnum()):
            return Rejected(f"the key {order.key!r} cannot be sent; wanted ASCII letters and digits", "key")
        if self._key_did_not_stick:
            return AuthFailed(self._key_did_not_stick)
        try:
            found = self._orders.find(order.key)
        except MaximoFault as fault:
            return fault.outcome
        if found is not None:
            return Duplicate(found)
        schema = self._rest.schema_or_guess(self._settings.structure)
        if schema.fields and self._settings.key_field not in schema.fields:
            self._rest.forget(self._settings.structure)  # so that mending it works without a restart
            return AuthFailed(self._keyless("has no field for our key"))
        return self.send(order, schema)

    def send(self, order: Order, schema: Schema) -> Outcome:
        """Send an order that no look has found, less each optional field that Maximo refuses."""
        settings = self._settings
        body, left_out = self._body(order, schema), list[str]()
        # A failed create is rolled back together with its transaction id, so the same one serves again.
        headers = {
            "transactionid": order.key,
            "properties": f"{settings.number_field},{settings.key_field},href",
        }
        while True:
            try:
                answer = self._rest.send(f"os/{settings.structure}", headers, body)
            except NotSent as fault:
                return RetryAfter(LINE_DOWN_S, str(fault))
            except Untrusted as fault:
                return AuthFailed(str(fault))
            except Lost as fault:
                return Unknown(str(fault))
            problem = read_problem(answer)
            if problem is None:
                row = answer.json()
                location = answer.headers.get("location", "")
                return self._stands(order, row if isinstance(row, dict) else {}, location, tuple(left_out))
            droppable = self._droppable(problem, body)
            if not droppable:
                return self._refused(order, problem)
            for name in droppable:
                del body[name]
                left_out.append(f"{name}: {problem.sentence}")

    def _body(self, order: Order, schema: Schema) -> dict[str, object]:
        settings = self._settings
        link = f"{settings.page_link.rstrip('/')}/{order.key}" if settings.page_link else ""
        long_text = "\n\n".join(part for part in (order.text, link) if part)
        body: dict[str, object] = {
            "siteid": settings.site,
            "assetnum": order.asset,
            "description": description(order.title, order.failure_mode, schema.length("description")),
            "description_longdescription": rich(long_text, schema.length("description_longdescription")),
            settings.key_field: order.key,
            settings.owner_field: settings.owner,
        }
        if settings.org:
            body["orgid"] = settings.org
        if settings.creates == "service request":
            body["class"] = "SR"
        elif settings.worktype:
            body["worktype"] = settings.worktype
        if order.severity in settings.priority:
            body[settings.priority_field] = settings.priority[order.severity]
        reported = self._reported(order)
        return body | ({"reportdate": reported} if reported else {})

    def _reported(self, order: Order) -> str:
        """When it was heard, with an offset and no fraction, and never later than Maximo's own clock."""
        try:
            when = datetime.fromisoformat(order.reported_at)
        except ValueError:
            return ""
        if when.tzinfo is None:
            return ""  # without an offset Maximo would take its own zone
        there = server_time(self._rest.last) if self._rest.last is not None else None
        if there is not None and timedelta() < when - there < _SKEW_MAX:
            when = there
        return when.astimezone(UTC).isoformat(timespec="seconds")

    def _droppable(self, problem: Problem, body: dict[str, object]) -> list[str]:
        """Name the optional fields whose value Maximo refused: one order without a priority beats no order."""
        if problem.meaning is not Meaning.OPTIONAL:
            return []
        optional = [self._settings.priority_field, "worktype", "reportdate"]
        named = [problem.field] if problem.field else optional
        return [name for name in named if name in optional and name in body]

    def _stands(self, order: Order, row: Row, location: str, left_out: tuple[str, ...]) -> Outcome:
        """Make sure that our key stuck: without it no lost answer could ever be settled."""
        settings = self._settings
        number, href = text(row, settings.number_field), text(row, "href") or location
        if number and href and text(row, settings.key_field).casefold() == order.key.casefold():
            try:
                return Created(Ref(number, self._rest.address(href), order.key), left_out)
            except CmmsFault:
                href = ""  # a link that cannot be read; the look-up below gives another
        try:
            found = self._orders.find(order.key)
        except MaximoFault as fault:
            return Unknown(f"made, and not yet seen: {fault}")
        if found is not None:
            return Created(found, left_out)
        if not number and not href:
            return Unknown("Maximo said yes, named no order, and none is found under our key")
        sentence = self._keyless(f"took the order {number or href} without our key")
        self._key_did_not_stick = f"{sentence}; then restart the gateway"
        return Rejected(self._key_did_not_stick, settings.key_field)

    def _keyless(self, what: str) -> str:
        structure, name = self._settings.structure, self._settings.key_field
        mend = f"include {name} in the object structure and allow it inbound"
        return f"{structure} {what}; {mend}, else a lost answer would make a second order"

    def _refused(self, order: Order, problem: Problem) -> Outcome:
        match problem.meaning:
            case Meaning.AUTH | Meaning.SETUP | Meaning.MISSING:
                return AuthFailed(problem.sentence)
            case Meaning.BUSY:
                return RetryAfter(problem.wait_s, problem.sentence)
            case Meaning.CHANGED:
                return RetryAfter(LINE_DOWN_S, problem.sentence)
            case Meaning.LOST:
                return Unknown(problem.sentence)
            case Meaning.DUPLICATE | Meaning.LOOK:
                return self._look(order, problem)
            case _:
                self._rest.forget(self._settings.structure)  # the lists or lengths may have changed
                return Rejected(problem.sentence, problem.field, problem.code)

    def _look(self, order: Order, problem: Problem) -> Outcome:
        try:
            found = self._orders.find(order.key)
        except MaximoFault:
            return Unknown(problem.sentence)
        if found is not None:
            return Duplicate(found)
        if problem.meaning is Meaning.DUPLICATE:
            return Unknown(f"{problem.sentence}; it is not found under our key")
        return RetryAfter(problem.wait_s, problem.sentence)
