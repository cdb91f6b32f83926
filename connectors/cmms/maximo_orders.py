"""Orders as they stand in Maximo: found by our key, found open on an asset, read. Asks, and changes nothing."""

from collections.abc import Sequence
from typing import Final

from connectors.cmms.maximo_answers import Meaning
from connectors.cmms.maximo_rest import MaximoFault, Rest, Row, record_path, text
from connectors.cmms.maximo_settings import MaximoSettings
from connectors.cmms.maximo_text import one_line, where
from connectors.cmms.port import DELETED, OrderState, OrderStatus, Ref

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

_STATE = "status,problemcode"  #: what is asked of an order that is followed


class Orders:
    """What one gateway may ask of the orders of one Maximo."""

    def __init__(self, settings: MaximoSettings, rest: Rest) -> None:
        self._settings = settings
        self._rest = rest

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
            row = self._record(path, _STATE)
        except MaximoFault as fault:
            if fault.meaning is not Meaning.MISSING:
                raise
            # A proxy may call anything missing, so Maximo itself has to say that it has no such order.
            moved = self.find(ref.key) if ref.key else self._numbered(path, ref.number)
            if moved is None:
                return OrderStatus(OrderState.UNKNOWN, DELETED)
            path = record_path(moved.href)
            row = self._record(path, _STATE)
        state = _state(row)
        # Before the work is done the code may be the one somebody expected, not the one that was found.
        problem = "" if state.open or state is OrderState.CANCELLED else text(row, "problemcode")
        return OrderStatus(state, text(row, "status"), self._memo(path, row), problem)

    def _numbered(self, path: str, number: str) -> Ref | None:
        """Look an order of people up, which has no key of ours."""
        structure = path.split("/")[1]
        name = "wonum" if structure.casefold() == self._settings.work_order_structure.casefold() else "ticketid"
        rows = self._rest.rows(structure, where(**{name: number, "siteid": self._settings.site}), self._select(name))
        found = (self._ref(row, name) for row in rows if text(row, name).casefold() == number.casefold())
        return next(found, None)

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

    def _memo(self, path: str, row: Row) -> str:
        """Read why it was cancelled. Not every object structure holds the history of a status: then nobody says."""
        if _state(row) is not OrderState.CANCELLED:
            return ""
        try:
            history = self._record(path, "wostatus{status,memo,changedate}").get("wostatus")
        except MaximoFault:
            return ""
        entries = [entry for entry in history if isinstance(entry, dict)] if isinstance(history, list) else []
        return next((one_line(text(entry, "memo")) for entry in reversed(entries) if entry.get("memo")), "")


def _state(row: Row) -> OrderState:
    """Translate a status by Maximo's internal word, and by the site's own where the internal one is not shown."""
    word = text(row, "status_maxvalue") or text(row, "status")
    return _STATES.get(word.upper(), OrderState.UNKNOWN)
