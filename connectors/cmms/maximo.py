"""IBM Maximo Manage (7.6.0.2 and later, MAS 8 and 9) over its JSON REST API.

Written along IBM's "Maximo REST API Guide"; what goes out and what happens when is told in docs/maximo.md.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from connectors.cmms.maximo_answers import Meaning, Problem, read_problem, server_time
from connectors.cmms.maximo_check import examine
from connectors.cmms.maximo_line import Line, Lost, NotSent, Untrusted
from connectors.cmms.maximo_rest import LINE_DOWN_S, MaximoFault, Rest, Row, record_path, text
from connectors.cmms.maximo_settings import MaximoSettings
from connectors.cmms.maximo_text import description, file_name, header_pair, one_line, rich, shortened, where
from connectors.cmms.port import (
    Attachment,
    AuthFailed,
    CmmsFault,
    Created,
    Duplicate,
    Finding,
    Order,
    OrderState,
    OrderStatus,
    Outcome,
    Ref,
    Rejected,
    RetryAfter,
    Unknown,
)

__all__ = ["Maximo", "MaximoSettings"]

# Maximo's internal status words (STATUS_MAXVALUE), which stay whatever a site calls its own.
_STATES: Final = {
    "WAPPR": OrderState.PROPOSED,
    "APPR": OrderState.ACCEPTED,
    "WSCH": OrderState.ACCEPTED,
    "INPRG": OrderState.IN_PROGRESS,
    "WMATL": OrderState.WAITING,
    "WPCOND": OrderState.WAITING,
    "COMP": OrderState.DONE,
    "CLOSE": OrderState.CLOSED,
    "CAN": OrderState.CANCELLED,
    "NEW": OrderState.PROPOSED,
    "QUEUED": OrderState.ACCEPTED,
    "PENDING": OrderState.WAITING,
    "INPROG": OrderState.IN_PROGRESS,
    "RESOLVED": OrderState.DONE,
    "CLOSED": OrderState.CLOSED,
}
_MERGE: Final = {"x-method-override": "PATCH", "patchtype": "MERGE", "Content-Type": "application/json"}
_ATTEMPTS_AT_A_NOTE: Final = 3  # somebody may be editing the order


class Maximo:
    """One Maximo, as a `CmmsPort`.

    Parameters
    ----------
    settings
        See `MaximoSettings`.

    Raises
    ------
    ValueError
        If the certificate authority's file cannot be read.
    """

    def __init__(self, settings: MaximoSettings) -> None:
        self._settings = settings
        self._rest = Rest(Line(settings))
        self._key_did_not_stick = ""

    def __repr__(self) -> str:
        """Name the target; the key is not in it."""
        return f"Maximo({self._settings.url!r}, site={self._settings.site!r})"

    # ---- questions --------------------------------------------------------------------------------------------------

    def check(self) -> Sequence[Finding]:
        """Login, rights, schema and mapping, without writing anything."""
        return examine(self._settings, self._rest)

    def find(self, key: str) -> Ref | None:
        """Look an order up by our key, at whatever site it is by now; an open one before a finished one."""
        settings = self._settings
        rows = self._rest.rows(settings.structure, where(**{settings.key_field: key}), self._select())
        # Compared here too: a wildcard in the key, or a field Maximo does not search, must not find a stranger's order.
        ours = [row for row in rows if text(row, settings.key_field).casefold() == key.casefold()]
        ours.sort(key=lambda row: not _state(row).open)
        return self._ref(ours[0]) if ours else None

    def find_open(self, asset: str, failure_mode: str) -> Sequence[Ref]:
        """Open orders about this fault of this asset.

        Ours count where their description names the failure mode; people's by the policy of the settings.
        """
        settings = self._settings
        found = []
        for structure, number in self._where_orders_are():
            # Closed and cancelled orders are in history; tasks of an order are no orders.
            asked: dict[str, str | int] = {"assetnum": asset.upper(), "siteid": settings.site.upper(), "historyflag": 0}
            clause = where(**asked | ({"istask": 0} if number == "wonum" else {}))
            for row in self._rest.rows(structure, clause, self._select(number)):
                same = text(row, "assetnum").casefold() == asset.casefold()
                if same and _state(row).open and self._counts(row, failure_mode):
                    found.append(self._ref(row, number))
        return found

    def read(self, ref: Ref) -> OrderStatus:
        """Say what became of the order; follows it by our key where its address is gone (another site)."""
        path = record_path(ref.href)
        try:
            row = self._record(path, "status")
        except MaximoFault as fault:
            if fault.meaning is not Meaning.MISSING:
                raise
            moved = self.find(ref.key) if ref.key else None
            if moved is None:
                return OrderStatus(OrderState.UNKNOWN, "deleted")
            path = record_path(moved.href)
            row = self._record(path, "status")
        return OrderStatus(_state(row), text(row, "status"), self._memo(path, row))

    # ---- writing ----------------------------------------------------------------------------------------------------

    def create(self, order: Order) -> Outcome:
        """Make the order, unless one with its key stands already."""
        if not (order.key.isascii() and order.key.isalnum()):
            return Rejected(f"the key {order.key!r} cannot be sent; wanted ASCII letters and digits", "key")
        if self._key_did_not_stick:
            return AuthFailed(self._key_did_not_stick)
        try:
            found = self.find(order.key)
        except MaximoFault as fault:
            return fault.outcome
        return Duplicate(found) if found is not None else self._send(order)

    def attach(self, ref: Ref, attachment: Attachment) -> None:
        """Put a file beside the order; a file of this name that lies there already is left alone."""
        if len(attachment.content) > self._settings.attachment_bytes_max:
            size, most = len(attachment.content), self._settings.attachment_bytes_max
            raise CmmsFault(f"{attachment.name}: {size} bytes; wanted at most {most}; order {ref.number} stands")
        name, path = file_name(attachment.name), f"{record_path(ref.href)}/doclinks"
        if name in self._attached(path):
            return
        content_type, about = one_line(attachment.content_type), shortened(attachment.description, 100)
        headers = {
            "Content-Type": content_type if content_type.isascii() else "application/octet-stream",
            "x-document-meta": "Attachments",
            **header_pair("slug", "encslug", name),
            **header_pair("x-document-description", "x-document-encdescription", about),
        }
        # Raw bytes: a form with parts makes some versions fail.
        self._rest.change(path, {}, headers, attachment.content)

    def note(self, ref: Ref, text: str) -> None:
        """Add a row to the order's work log; repeated within five minutes, it stays one row."""
        path = record_path(ref.href)
        entry = {"description": shortened(text, 100), "logtype": self._settings.note_logtype}
        if len(one_line(text)) > len(entry["description"]) or "\n" in text.strip():
            entry["description_longdescription"] = rich(text, 32000)
        body = json.dumps({"worklog": [entry]}).encode()
        headers = _MERGE | {"transactionid": hashlib.sha256(path.encode() + body).hexdigest()[:32]}
        for attempt in range(1, _ATTEMPTS_AT_A_NOTE + 1):
            try:
                self._rest.change(path, {}, headers, body)
            except MaximoFault as fault:
                if fault.meaning is not Meaning.CHANGED or attempt == _ATTEMPTS_AT_A_NOTE:
                    raise
            else:
                return

    # ---- how a create goes ------------------------------------------------------------------------------------------

    def _send(self, order: Order) -> Outcome:
        settings = self._settings
        body, left_out = self._body(order), list[str]()
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

    def _body(self, order: Order) -> dict[str, object]:
        settings, schema = self._settings, self._rest.schema_or_guess(self._settings.structure)
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
        when = min(when, there) if there is not None else when
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
            found = self.find(order.key)
        except MaximoFault as fault:
            return Unknown(f"made, and not yet seen: {fault}")
        if found is not None:
            return Created(found, left_out)
        if not number and not href:
            return Unknown("Maximo said yes, named no order, and none is found under our key")
        sentence = (
            f"{settings.structure} took the order {number or href} without its {settings.key_field}; include that "
            "field in the object structure (and allow it inbound), else a lost answer would make a second order"
        )
        self._key_did_not_stick = sentence
        return Rejected(sentence, settings.key_field)

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
                return Rejected(problem.sentence, problem.field, problem.code)

    def _look(self, order: Order, problem: Problem) -> Outcome:
        try:
            found = self.find(order.key)
        except MaximoFault:
            return Unknown(problem.sentence)
        if found is not None:
            return Duplicate(found)
        if problem.meaning is Meaning.DUPLICATE:
            return Unknown(f"{problem.sentence}; it is not found under our key")
        return RetryAfter(problem.wait_s, problem.sentence)

    # ---- reading rows -----------------------------------------------------------------------------------------------

    def _select(self, number: str = "") -> str:
        settings = self._settings
        number = number or settings.number_field
        names = [number, "status", "description", "assetnum", "problemcode", settings.key_field, settings.owner_field]
        return ",".join(names + (["worktype"] if number == "wonum" else []))

    def _where_orders_are(self) -> list[tuple[str, str]]:
        """Structures that may hold work on an asset. Where requests are made, a work order counts just as well."""
        settings = self._settings
        orders = (settings.work_order_structure, "wonum")
        return [orders] if settings.creates == "work order" else [(settings.request_structure, "ticketid"), orders]

    def _counts(self, row: Row, failure_mode: str) -> bool:
        settings = self._settings
        if text(row, settings.owner_field).casefold() == settings.owner.casefold():
            return failure_mode.casefold() in text(row, "description").casefold()
        if settings.peoples_orders == "none":
            return False
        if settings.peoples_orders == "problem code":
            code = settings.problem_codes.get(failure_mode, "")
            return bool(code) and text(row, "problemcode").casefold() == code.casefold()
        worktype = text(row, "worktype").casefold()
        return not worktype or worktype in {known.casefold() for known in settings.corrective_worktypes}

    def _ref(self, row: Row, number: str = "") -> Ref:
        settings = self._settings
        ours = text(row, settings.owner_field).casefold() == settings.owner.casefold()
        key = text(row, settings.key_field) if ours else ""
        return Ref(text(row, number or settings.number_field), self._rest.address(text(row, "href")), key)

    def _record(self, path: str, select: str) -> Row:
        return self._rest.get(path, {"oslc.select": select, "internalvalues": "1"})

    def _attached(self, path: str) -> set[str]:
        member = self._rest.get(path).get("member")
        names: set[str] = set()
        for entry in member if isinstance(member, list) else []:
            described = entry.get("describedBy") if isinstance(entry, dict) else None
            if isinstance(described, dict):
                names |= {str(described.get(name)) for name in ("fileName", "title", "identifier")}
        return names

    def _memo(self, path: str, row: Row) -> str:
        """Read why it was cancelled. Not every object structure holds the history of a status: then nobody says."""
        if _state(row) is not OrderState.CANCELLED:
            return ""
        try:
            history = self._record(path, "wostatus{status,memo,changedate}").get("wostatus")
        except MaximoFault:
            return ""
        memos = (
            [text(entry, "memo") for entry in history if isinstance(entry, dict)] if isinstance(history, list) else []
        )
        return next((one_line(memo) for memo in reversed(memos) if memo), "")


def _state(row: Row) -> OrderState:
    """Translate a status by Maximo's internal word, and by the site's own where the internal one is not shown."""
    word = text(row, "status_maxvalue") or text(row, "status")
    return _STATES.get(word.upper(), OrderState.UNKNOWN)
