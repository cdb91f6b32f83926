"""What the simulated Maximo does at an address: a collection of rows, or one record with its attachments."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from connectors.simulated.maximo_fields import Refusal, Table
from connectors.simulated.maximo_rows import Document, Row, Rows
from connectors.simulated.maximo_shapes import Json, Wanted, document_json, error_json, row_json, unprefixed
from connectors.simulated.maximo_where import parse_order, parse_select, parse_where, plain


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    origin: str  #: scheme, host and port the client spoke to

    def header(self, name: str) -> str:
        """Read a header; a client that writes the word null means none."""
        value = self.headers.get(name, "")
        return "" if value.lower() == "null" else value


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer. `body` is JSON, bytes, or None for an empty one."""

    status: int
    body: Json | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Resource:
    """What a collection and a record have in common: who asked, for what, in which form."""

    def __init__(self, rows: Rows, request: Request, *, lean: bool) -> None:
        self.rows = rows
        self.request = request
        self.lean = lean
        query = request.query
        self.wanted = Wanted(
            select=parse_select(query.get("oslc.select", "")),
            internal=query.get("internalvalues") == "1",
            nulls=query.get("_dropnulls") == "0",
        )

    def json(self) -> object:
        """Read the body sent."""
        try:
            return json.loads(self.request.body)
        except (ValueError, RecursionError):
            raise Refusal(400, "", "the body is not JSON") from None

    def href(self, row: Row | None = None) -> str:
        """Where a row (or the collection) is, as the client asked to see it."""
        structure = self.request.path.strip("/").split("/")[3]
        # Without x-public-uri the links point at /oslc, whichever path was used.
        public = self.request.header("x-public-uri").rstrip("/") or f"{self.request.origin}/maximo/oslc"
        if self.request.query.get("relativeuri") == "1":
            public = "oslc"
        tail = f"/{quote(row.rest_id, safe='')}" if row is not None else ""
        return f"{public}/os/{structure.lower()}{tail}"

    def shown(self, row: Row, wanted: Wanted) -> Json:
        """One row as asked for."""
        return row_json(row, self.href(row), wanted, self.rows.settings.synonyms)

    def written(self, status: int, row: Row) -> Reply:
        """Answer a write: empty, unless the client named the properties it wants back."""
        properties = self.request.header("properties")
        headers = {"Location": self.href(row)} if status == 201 else {}
        if not properties:
            return Reply(status if status == 201 else 204, None, headers)
        names = {plain(name.strip()): list[str]() for name in properties.split(",")}
        return Reply(status, self.shown(row, Wanted(select=names)), headers)

    def merge(self) -> bool:
        """Whether children that are not sent stay. Only the word MERGE keeps them."""
        return self.request.header("patchtype").upper() == "MERGE"


class Collection(Resource):
    """All rows of an object structure: asked, added to, synchronised."""

    def __init__(self, rows: Rows, request: Request, table: Table, *, lean: bool) -> None:
        super().__init__(rows, request, lean=lean)
        self.table = table

    def answer(self) -> Reply:
        """Do what the request asks, or refuse."""
        if self.request.header("x-http-method"):
            raise Refusal(400, "oslc#create_on_updateuri", "X-HTTP-Method is not supported")
        if self.request.method == "GET":
            return self._query()
        if self.request.method != "POST":
            raise Refusal(405, "", f"{self.request.method} is not allowed on a collection")
        match self.request.header("x-method-override").upper():
            case "":
                return self._once(self._create)
            case "SYNC":
                return self._once(self._sync)
            case "BULK":
                return self._bulk()
        raise Refusal(400, "oslc#create_on_updateuri", "this override needs the address of a record")

    def _once(self, write: Callable[[Json], Reply]) -> Reply:
        transaction = self.request.header("transactionid")
        if transaction:
            self.rows.once(transaction)
        reply = write(unprefixed(self.json(), lean=self.lean))
        if transaction:
            self.rows.remember(transaction)
        return reply

    def _create(self, body: Json) -> Reply:
        return self.written(201, self.rows.create(self.table.name, body))

    def _sync(self, body: Json) -> Reply:
        row, made = self.rows.sync(self.table.name, body, merge=self.merge())
        return self.written(201 if made else 200, row)

    def _bulk(self) -> Reply:
        """Each row commits alone, and the answer is 200 even when rows failed."""
        sent = self.json()
        if not isinstance(sent, list):
            raise Refusal(400, "", "BULK wants a list")
        results: list[Json] = []
        for item in sent:
            entry = item if isinstance(item, dict) else {}
            inner = entry.get("_data") if isinstance(entry.get("_data"), dict) else entry
            try:
                row = self.rows.create(self.table.name, unprefixed(inner, lean=self.lean))
            except Refusal as refusal:
                meta: Json = {"status": str(refusal.status)}
                results.append({"_responsedata": error_json(refusal, lean=True), "_responsemeta": meta})
            else:
                results.append({"_responsemeta": {"status": "201", "Location": self.href(row)}})
        return Reply(200, json.dumps(results).encode(), {"Content-Type": "application/json"})

    def _query(self) -> Reply:
        query = self.request.query
        terms = parse_where(query["oslc.where"]) if query.get("oslc.where") else ()
        rows = [row for row in self.rows.all(self.table.name) if all(term.holds(row.values) for term in terms)]
        internal = query.get("domaininternalwhere", "")
        if internal:
            name, _, words = internal.partition("=")
            rows = [r for r in rows if self.rows.internal(str(r.values.get(plain(name)))) in words.split(",")]
        for name, down in reversed(parse_order(query["oslc.orderBy"]) if query.get("oslc.orderBy") else []):
            key = name
            rows.sort(key=lambda row: (row.values.get(key) is None, str(row.values.get(key))), reverse=down)
        if query.get("count") == "1":
            return Reply(200, {"totalCount": len(rows)})
        return self._page(rows)

    def _page(self, rows: list[Row]) -> Reply:
        query = self.request.query
        size, page = _whole(query.get("oslc.pageSize"), len(rows) or 1), _whole(query.get("pageno"), 1)
        if size > self.rows.settings.page_size_max and "oslc.pageSize" in query:
            raise Refusal(400, "", f"the page size is above mxe.oslc.maxpagesize {self.rows.settings.page_size_max}")
        shown = rows[(page - 1) * size : page * size]
        about: Json = {"href": f"{self.href()}?{urlencode(query)}", "pagenum": page}
        if query.get("collectioncount") == "1":
            about |= {"totalCount": len(rows), "totalPages": -(-len(rows) // size)}
        if page * size < len(rows):
            following = f"{self.href()}?{urlencode(dict(query) | {'pageno': str(page + 1)})}"
            about["nextPage"] = {"href": following} if self.lean else {"rdf:resource": following}
        member = [self.shown(row, self.wanted) for row in shown]
        return Reply(200, {"member": member, "href": self.href(), "responseInfo": about})


class Record(Resource):
    """One row: shown, changed, deleted, with files beside it."""

    def __init__(self, rows: Rows, request: Request, row: Row, *, lean: bool) -> None:
        super().__init__(rows, request, lean=lean)
        self.row = row

    def answer(self, rest: list[str]) -> Reply:
        """Do what the request asks at the row, or below it at `rest`."""
        if rest[:1] == ["doclinks"]:
            return self._documents(rest[1:])
        if rest:
            raise Refusal(404, "", f"nothing is at {self.request.path}")
        override = self.request.header("x-method-override").upper()
        if self.request.method == "GET":
            wanted = Wanted(self.wanted.select, self.wanted.internal, self.wanted.nulls, not self.wanted.select)
            return Reply(200, self.shown(self.row, wanted))
        if self.request.method == "DELETE" or override == "DELETE":
            self.rows.delete(self.row)
            return Reply(204)
        if self.request.method == "PATCH" or (self.request.method == "POST" and override == "PATCH"):
            return self._patch()
        raise Refusal(400, "oslc#create_on_updateuri", "a record cannot be created at the address of another")

    def _patch(self) -> Reply:
        transaction = self.request.header("transactionid")
        if transaction:
            self.rows.once(transaction)
        action = self.request.query.get("action", "")
        if action:
            # Method parameters never carry a namespace.
            body = unprefixed(self.json(), lean=True)
            if action.lower() != "wsmethod:changestatus":
                raise Refusal(400, "", f"there is no action {action}")
            self.rows.change_status(self.row, str(body.get("status", "")), str(body.get("memo") or ""))
            reply = Reply(204)
        else:
            self.rows.update(self.row, unprefixed(self.json(), lean=self.lean), merge=self.merge())
            reply = self.written(200, self.row)
        if transaction:
            self.rows.remember(transaction)
        return reply

    def _documents(self, rest: list[str]) -> Reply:
        href = f"{self.href(self.row)}/doclinks"
        if self.request.method == "GET" and not rest:
            return Reply(200, {"member": [document_json(d, href) for d in self.row.documents], "href": href})
        if self.request.method == "GET":
            number = rest[-1]
            found = next((d for d in self.row.documents if str(d.number) == number), None)
            if found is None:
                raise Refusal(404, "", f"there is no attachment {number}")
            return Reply(200, found.content, {"Content-Type": found.content_type})
        content_type = self.request.header("content-type")
        if content_type.startswith("multipart/"):
            raise Refusal(400, "BMXAA1649E", "BMXAA1649E - the attachment could not be read.")
        name = _decoded(self.request, "slug", "encslug")
        if not name:
            raise Refusal(400, "BMXAA4195E", "BMXAA4195E - a value is required for the slug header.")
        about = _decoded(self.request, "x-document-description", "x-document-encdescription")
        document = Document(0, name, content_type, self.request.body, about, self.rows.wall())
        return Reply(201, None, {"Location": f"{href}/{self.rows.attach(self.row, document).number}"})


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else otherwise


def _decoded(request: Request, simple: str, encoded: str) -> str:
    if request.header(encoded):
        try:
            return base64.b64decode(request.header(encoded), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Refusal(400, "", f"{encoded} is not base64 of UTF-8") from None
    return request.header(simple)
