"""What the simulated Maximo knows of its objects: fields, lengths, value lists, status life.

Lengths follow the demo database that ships with Maximo Manage; sites change them, so a site's own can be given. Error
codes are those of IBM's message catalogue.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

SCALARS: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of an object.

    `kind` is a JSON schema type; `length` counts characters; `upper` is Maximo's UPPER data type, which upper-cases
    what comes in; `required` fields have a default or must be sent.
    """

    kind: str = "string"
    length: int | None = None
    upper: bool = False
    required: bool = False
    default: object = None


@dataclass(frozen=True, slots=True)
class Table:
    """An object: its name, its keys in the order of the rest id, its number, its fields."""

    name: str
    keys: tuple[str, ...]
    number: str
    fields: Mapping[str, Field]
    children: Mapping[str, Mapping[str, Field]] = field(default_factory=dict)
    first_status: str = ""
    may_become: Mapping[str, frozenset[str]] = field(default_factory=dict)
    history: frozenset[str] = frozenset()
    status_list: str = ""

    def with_lengths(self, lengths: Mapping[str, int]) -> "Table":
        """Return this table as another site would have it."""
        fields = {n: replace(f, length=lengths[n]) if n in lengths else f for n, f in self.fields.items()}
        return replace(self, fields=fields)


WORKLOG: Final = {
    "description": Field(length=100),
    "description_longdescription": Field(length=32000),
    "logtype": Field(length=16, upper=True),
    "createdate": Field("string"),
}

# IBM Support, "Allowable Status Changes for Work Orders".
_FREE = frozenset({"INPRG", "WAPPR", "COMP", "CLOSE", "APPR", "WSCH", "WMATL", "CAN"})
WORK_ORDER_MOVES: Final = {
    "WAPPR": frozenset({"APPR", "INPRG", "WMATL", "COMP", "CLOSE", "CAN"}),
    "APPR": _FREE - {"APPR"},
    "WSCH": _FREE - {"WSCH"},
    "WMATL": _FREE - {"WMATL"},
    "INPRG": frozenset({"WMATL", "WAPPR", "COMP", "CLOSE"}),
    "COMP": frozenset({"CLOSE"}),
    "CLOSE": frozenset[str](),
    "CAN": frozenset[str](),
}
_SR_STATES = ("NEW", "QUEUED", "PENDING", "INPROG", "RESOLVED", "CLOSED")
REQUEST_MOVES: Final = {s: frozenset(_SR_STATES) - {s} if s != "CLOSED" else frozenset[str]() for s in _SR_STATES}

WORK_ORDER: Final = Table(
    name="WORKORDER",
    keys=("siteid", "wonum"),
    number="wonum",
    fields={
        "wonum": Field(length=25, upper=True, required=True, default="&AUTOKEY&"),
        "siteid": Field(length=8, upper=True, required=True),
        "orgid": Field(length=8, upper=True),
        "description": Field(length=100),
        "description_longdescription": Field(length=32000),
        "assetnum": Field(length=25, upper=True),
        "location": Field(length=12, upper=True),
        "status": Field(length=20, upper=True, required=True, default="WAPPR"),
        "statusdate": Field(),
        "worktype": Field(length=5, upper=True),
        "wopriority": Field("integer"),
        "reportedby": Field(length=62, upper=True),
        "reportdate": Field(),
        "failurecode": Field(length=8, upper=True),
        "problemcode": Field(length=8, upper=True),
        "externalrefid": Field(length=25),
        "ownersysid": Field(length=10),
        "istask": Field("boolean", required=True, default=False),
        "historyflag": Field("boolean", required=True, default=False),
    },
    children={
        "worklog": WORKLOG,
        "wostatus": {"status": Field(), "memo": Field(length=50), "changedate": Field()},
        "failurereport": {"type": Field(length=12, upper=True), "failurecode": Field(length=8), "linenum": Field()},
    },
    first_status="WAPPR",
    may_become=WORK_ORDER_MOVES,
    history=frozenset({"CLOSE", "CAN"}),
    status_list="WOSTATUS",
)

SERVICE_REQUEST: Final = Table(
    name="SR",
    keys=("class", "ticketid"),
    number="ticketid",
    fields={
        "ticketid": Field(length=10, upper=True, required=True, default="&AUTOKEY&"),
        "class": Field(length=16, upper=True, required=True, default="SR"),
        "siteid": Field(length=8, upper=True),
        "orgid": Field(length=8, upper=True),
        "description": Field(length=100),
        "description_longdescription": Field(length=32000),
        "assetnum": Field(length=25, upper=True),
        "assetsiteid": Field(length=8, upper=True),
        "location": Field(length=12, upper=True),
        "status": Field(length=20, upper=True, required=True, default="NEW"),
        "statusdate": Field(),
        "reportedpriority": Field("integer"),
        "reportedby": Field(length=62, upper=True),
        "reportdate": Field(),
        "failurecode": Field(length=8, upper=True),
        "problemcode": Field(length=8, upper=True),
        "externalrefid": Field(length=25),
        "ownersysid": Field(length=10),
        "historyflag": Field("boolean", required=True, default=False),
    },
    children={"worklog": WORKLOG, "tkstatus": {"status": Field(), "memo": Field(length=50), "changedate": Field()}},
    first_status="NEW",
    may_become=REQUEST_MOVES,
    history=frozenset({"CLOSED"}),
    status_list="SRSTATUS",
)

ASSET: Final = Table(
    name="ASSET",
    keys=("assetnum", "siteid"),
    number="assetnum",
    fields={
        "assetnum": Field(length=25, upper=True, required=True),
        "siteid": Field(length=8, upper=True, required=True),
        "orgid": Field(length=8, upper=True),
        "description": Field(length=100),
        "location": Field(length=12, upper=True),
        "status": Field(length=20, upper=True, required=True, default="OPERATING"),
        "failurecode": Field(length=8, upper=True),
    },
    status_list="LOCASSETSTATUS",
)

TABLES: Final = {table.name: table for table in (WORK_ORDER, SERVICE_REQUEST, ASSET)}

STRUCTURES: Final = {
    "MXAPIWODETAIL": "WORKORDER",
    "MXAPIWO": "WORKORDER",
    "MXWODETAIL": "WORKORDER",
    "MXWO": "WORKORDER",
    "MXAPISR": "SR",
    "MXSR": "SR",
    "MXAPIASSET": "ASSET",
    "MXASSET": "ASSET",
}


@dataclass(frozen=True)
class Refusal(Exception):
    """Maximo says no.

    `status` is the HTTP status, `code` a BMXAA message id (empty where a site gives none), `attribute` the field.
    """

    status: int
    code: str
    message: str
    attribute: str = ""
    path: str = ""
