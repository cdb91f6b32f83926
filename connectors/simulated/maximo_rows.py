"""The business rules of the simulated Maximo: rows, numbers, value lists, status life. No HTTP."""

import base64
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Final

from connectors.simulated.maximo_fields import SCALARS, TABLES, Field, Refusal, Table
from connectors.simulated.maximo_settings import Asset, SimulatedMaximoSettings

Body = Mapping[str, object]


@dataclass(slots=True)
class Document:
    """A file beside a row."""

    number: int
    name: str
    content_type: str
    content: bytes
    description: str
    created: datetime


@dataclass(slots=True)
class Row:
    """One record with its children."""

    table: Table
    values: dict[str, object]
    rowstamp: int
    children: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)

    @property
    def rest_id(self) -> str:
        """Underscore and the base64 of the keys, with `-` for `=`."""
        keys = "/".join(str(self.values[key]) for key in self.table.keys)
        return "_" + base64.b64encode(keys.encode()).decode().replace("=", "-")


class Rows:
    """All records of one Maximo. Every method must be called with `lock` held, which makes it one transaction."""

    def __init__(self, settings: SimulatedMaximoSettings, wall: Callable[[], datetime]) -> None:
        self.settings = settings
        self.wall = wall
        self.lock = threading.RLock()
        self.tables: Final = {name: table.with_lengths(settings.lengths) for name, table in TABLES.items()}
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self._numbers = count(settings.first_number)
        self._stamps = count(1_000_001)
        self._documents = count(1)
        self._transactions: dict[str, datetime] = {}
        for asset in settings.assets:
            self.put_asset(asset)

    # ---- reading ----------------------------------------------------------------------------------------------------

    def all(self, table: str) -> Iterator[Row]:
        """Every row of a table, oldest first."""
        yield from list(self._rows[table].values())

    def by_id(self, table: str, rest_id: str) -> Row:
        """Find a row by its rest id, or refuse with 404."""
        row = self._rows[table].get(rest_id)
        if row is None:
            raise Refusal(404, "BMXAA8727E", f"BMXAA8727E - {rest_id} was not found in {table}.")
        return row

    def by_number(self, table: str, number: str) -> Row:
        """Find a row by what people call it."""
        for row in self._rows[table].values():
            if row.values[row.table.number] == number:
                return row
        raise KeyError(number)

    def internal(self, status: str) -> str:
        """Maximo's own word for a site's status word."""
        return self.settings.synonyms.get(status, status)

    # ---- writing ----------------------------------------------------------------------------------------------------

    def once(self, transaction: str) -> None:
        """Refuse a transaction id that was committed within its life (409)."""
        now = self.wall()
        life = self.settings.transaction_life_s
        self._transactions = {k: t for k, t in self._transactions.items() if (now - t).total_seconds() < life}
        if transaction in self._transactions:
            raise Refusal(409, "", f"transaction {transaction} was processed before")

    def remember(self, transaction: str) -> None:
        """Keep the transaction id, in the same commit as its row."""
        self._transactions[transaction] = self.wall()

    def create(self, table_name: str, body: Body) -> Row:
        """Make a row, with every rule of its object applied.

        Raises
        ------
        Refusal
            With the code Maximo gives for the rule that was broken; nothing was written.
        """
        table = self.tables[table_name]
        if body.get("status") is not None and table.first_status:
            raise _bad(400, "BMXAA4190E", "status cannot be given to a new record", "status", table)
        values = {name: f.default for name, f in table.fields.items() if f.default is not None}
        values |= self._checked(table, body)
        for name, f in table.fields.items():
            if f.required and values.get(name) in (None, ""):
                raise _bad(400, "BMXAA4195E", f"a value is required for the {name} field", name, table)
        values.setdefault("reportdate", self._stamp())
        values.setdefault("statusdate", self._stamp())
        values["orgid"] = self.settings.org
        self._check_world(table, values)
        if self._alternate(table, values) is not None:
            raise _bad(400, "BMXAA4129E", "the record already exists", "externalrefid", table)
        if values[table.number] == "&AUTOKEY&":
            values[table.number] = str(next(self._numbers))
        row = Row(table, values, next(self._stamps))
        if row.rest_id in self._rows[table_name]:
            raise _bad(400, "BMXAA4129E", "the record already exists", table.number, table)
        row.children = self._children(row, body, merge=True)
        self._rows[table_name][row.rest_id] = row
        return row

    def update(self, row: Row, body: Body, *, merge: bool) -> None:
        """Change a row; without `merge` the children that are not sent are deleted."""
        stamp = body.get("_rowstamp")
        if stamp is not None and str(stamp) != str(row.rowstamp):
            raise Refusal(412, "BMXAA8229W", "BMXAA8229W - the record has been updated by another user.")
        if row.values.get("historyflag"):
            raise _bad(400, "", "a record in history cannot be changed", "", row.table)
        status = body.get("status")
        values = dict(row.values) | self._checked(row.table, {k: v for k, v in body.items() if k != "status"})
        self._check_world(row.table, values)
        children = self._children(row, body, merge=merge)
        if status is not None:
            self.change_status(row, str(status), str(body.get("np_statusmemo", "")))
            values |= {key: row.values[key] for key in ("status", "statusdate", "historyflag")}
        row.values = values
        row.children |= children
        row.rowstamp = next(self._stamps)

    def change_status(self, row: Row, status: str, memo: str = "") -> None:
        """Move a row along its status life, or refuse."""
        new, old = self.internal(status.upper()), self.internal(str(row.values["status"]))
        if new not in row.table.may_become:
            raise _bad(400, "BMXAA4190E", f"{status} is not in the list {row.table.status_list}", "status", row.table)
        if new not in row.table.may_become[old]:
            raise _bad(400, "BMXAA4638E", f"the status cannot go from {old} to {new}", "status", row.table)
        row.values["status"], row.values["statusdate"] = status.upper(), self._stamp()
        row.values["historyflag"] = new in row.table.history
        child = "wostatus" if row.table.name == "WORKORDER" else "tkstatus"
        entry: dict[str, object] = {"status": status.upper(), "changedate": self._stamp()}
        row.children.setdefault(child, []).append(entry | ({"memo": memo} if memo else {}))
        row.rowstamp = next(self._stamps)

    def sync(self, table_name: str, body: Body, *, merge: bool) -> tuple[Row, bool]:
        """Update the row with the same key or make it: (row, made)."""
        table = self.tables[table_name]
        found = self._alternate(table, self._checked(table, body))
        if found is None and all(body.get(key) for key in table.keys):
            keys = "/".join(str(body[key]).upper() for key in table.keys)
            rest_id = "_" + base64.b64encode(keys.encode()).decode().replace("=", "-")
            found = self._rows[table_name].get(rest_id)
        if found is None:
            return self.create(table_name, body), True
        self.update(found, body, merge=merge)
        return found, False

    def delete(self, row: Row) -> None:
        """Take a row away."""
        del self._rows[row.table.name][row.rest_id]

    def attach(self, row: Row, document: Document) -> Document:
        """Lay a file beside a row; its type and size must be allowed. The number is given here."""
        ending = document.name.rpartition(".")[2].lower()
        if ending not in self.settings.file_types:
            raise Refusal(400, "", f"files of type .{ending} are not allowed")
        if len(document.content) > self.settings.file_bytes_max:
            raise Refusal(400, "", "the file is larger than mxe.doclink.maxfilesize")
        document.number = next(self._documents)
        row.documents.append(document)
        return document

    def put_asset(self, asset: Asset) -> None:
        """Make or change an asset of the site."""
        values: dict[str, object] = {"assetnum": asset.number.upper(), "siteid": self.settings.site}
        values |= {"orgid": self.settings.org, "description": asset.description, "location": asset.location}
        values |= {"status": asset.status, "failurecode": asset.failure_class}
        row = Row(self.tables["ASSET"], {k: v for k, v in values.items() if v}, next(self._stamps))
        self._rows["ASSET"][row.rest_id] = row

    # ---- rules ------------------------------------------------------------------------------------------------------

    def _stamp(self) -> str:
        return self.wall().astimezone(UTC).isoformat(timespec="seconds")

    def _checked(self, table: Table, body: Body) -> dict[str, object]:
        values: dict[str, object] = {}
        for name, value in body.items():
            attribute = table.fields.get(name)
            if attribute is None or name in self.settings.ignored or value is None:
                continue  # what an object structure leaves out is forgotten without a word
            values[name] = _typed(table, name, attribute, value)
        return values

    def _check_world(self, table: Table, values: Mapping[str, object]) -> None:
        sites = (self.settings.site, *self.settings.other_sites)
        if values.get("siteid") is not None and values["siteid"] not in sites:
            raise _bad(400, "BMXAA4153E", f"{values['siteid']} is not a valid site", "siteid", table)
        if table.name == "ASSET":
            return
        self._check_places(table, values)
        for name in ("wopriority", "reportedpriority"):
            self._check_priority(table, name, values.get(name))
        if values.get("worktype") is not None and values["worktype"] not in self.settings.worktypes:
            raise _bad(400, "BMXAA4190E", f"{values['worktype']} is not in the value list", "worktype", table)
        problem, failure_class = values.get("problemcode"), str(values.get("failurecode", ""))
        if problem is not None and problem not in self.settings.failure_codes.get(failure_class, frozenset()):
            raise _bad(400, "BMXAA4191E", f"{problem} is not valid below {failure_class!r}", "problemcode", table)
        self._check_date(table, values.get("reportdate"))

    def _check_places(self, table: Table, values: Mapping[str, object]) -> None:
        asset, location = values.get("assetnum"), values.get("location")
        if asset is not None:
            rows = self._rows["ASSET"].values()
            found = [r for r in rows if (r.values["assetnum"], r.values["siteid"]) == (asset, values.get("siteid"))]
            if not found or found[0].values["status"] != "OPERATING":
                raise _bad(400, "BMXAA0090E", f"{asset} is not a valid asset or is not operating", "assetnum", table)
        if location is not None and location not in self.settings.locations:
            raise _bad(400, "BMXAA2661E", f"{location} is not a valid location", "location", table)

    def _check_priority(self, table: Table, name: str, value: object) -> None:
        allowed = self.settings.priorities
        if isinstance(value, int) and not (value in allowed if allowed is not None else 0 <= value <= 999):
            raise _bad(400, "BMXAA4190E", f"{value} is not in the value list", name, table)

    def _check_date(self, table: Table, value: object) -> None:
        if value is None:
            return
        try:
            when = datetime.fromisoformat(str(value))
        except ValueError:
            raise _bad(400, "BMXAA4191E", f"{value!r} is not a date", "reportdate", table) from None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        if when > self.wall().replace(microsecond=999_999):
            raise _bad(400, "BMXAA4494E", "the report date is in the future", "reportdate", table)

    def _alternate(self, table: Table, values: Mapping[str, object]) -> Row | None:
        key = values.get("externalrefid")
        if not self.settings.alternate_key or key is None:
            return None
        return next((r for r in self._rows[table.name].values() if r.values.get("externalrefid") == key), None)

    def _children(self, row: Row, body: Body, *, merge: bool) -> dict[str, list[dict[str, object]]]:
        children: dict[str, list[dict[str, object]]] = {}
        for child, fields in row.table.children.items():
            if child in {"wostatus", "tkstatus"}:
                continue  # written by the status life alone
            sent = body.get(child)
            kept = row.children.get(child, []) if merge else []
            new = [self._child(row.table, child, fields, entry) for entry in sent] if isinstance(sent, list) else []
            children[child] = kept + new
        return children

    def _child(self, table: Table, child: str, fields: Mapping[str, Field], entry: object) -> dict[str, object]:
        if not isinstance(entry, dict):
            raise _bad(400, "BMXAA4195E", f"{child} must hold objects", child, table)
        clean = {n: _typed(table, n, fields[n], v) for n, v in entry.items() if n in fields and v is not None}
        return {"createdate": self._stamp()} | clean if child == "worklog" else clean


def _typed(table: Table, name: str, attribute: Field, value: object) -> object:
    wanted = SCALARS[attribute.kind]
    if not isinstance(value, wanted) or (attribute.kind == "integer" and isinstance(value, bool)):
        raise _bad(400, "BMXAA4191E", f"{value!r} is not a {attribute.kind}", name, table)
    if isinstance(value, str):
        value = value.upper() if attribute.upper else value
        if attribute.length is not None and len(value) > attribute.length:
            raise _bad(400, "BMXAA4049E", f"the value is longer than {attribute.length} characters", name, table)
    return value


def _bad(status: int, code: str, why: str, attribute: str, table: Table) -> Refusal:
    return Refusal(status, code, f"{code} - {why}." if code else why, attribute, table.name.lower())
