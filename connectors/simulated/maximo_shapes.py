"""How the simulated Maximo writes rows and errors as JSON: lean, or with the namespaces of OSLC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.simulated.maximo_fields import Field, Refusal, Table
from connectors.simulated.maximo_rows import Document, Row

Json = dict[str, object]

_PREFIXED = {"href": "rdf:about", "member": "rdfs:member", "responseInfo": "oslc:responseInfo"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asked to see of a row."""

    select: Mapping[str, Sequence[str]] = field(default_factory=dict)
    internal: bool = False
    nulls: bool = False
    everything: bool = False


def row_json(row: Row, href: str, wanted: Wanted, synonyms: Mapping[str, str]) -> Json:
    """One row, lean; null fields are absent unless asked for."""
    everything = wanted.everything or "*" in wanted.select
    shown: Json = {"href": href, "_rowstamp": str(row.rowstamp)}
    for name in row.table.fields:
        if everything or name in wanted.select:
            value = row.values.get(name)
            if value is not None or wanted.nulls:
                shown[name] = value
    status = row.values.get("status")
    if wanted.internal and "status" in shown:
        shown["status_maxvalue"] = synonyms.get(str(status), status)
    for child in row.table.children:
        if everything or child in wanted.select:
            names = wanted.select.get(child) or ["*"]
            rows = row.children.get(child, [])
            shown[child] = [{k: v for k, v in entry.items() if "*" in names or k in names} for entry in rows]
    if everything or "doclinks" in wanted.select:
        shown["doclinks"] = {"href": f"{href}/doclinks"}
    return shown


def document_json(document: Document, href: str) -> Json:
    """One attachment as a list of doclinks shows it."""
    described: Json = {
        "identifier": str(document.number),
        "fileName": document.name,
        "title": document.name,
        "description": document.description,
        "attachmentSize": len(document.content),
        "created": document.created.isoformat(timespec="seconds"),
        "format": {"label": document.content_type},
        "urlType": "FILE",
        "docType": "Attachments",
    }
    return {"href": f"{href}/{document.number}", "describedBy": described}


def schema_json(structure: str, table: Table) -> Json:
    """Describe the fields of an object structure."""
    properties: Json = {name: _property(name, f) for name, f in table.fields.items()}
    for child, fields in table.children.items():
        inner: Json = {name: _property(name, f) for name, f in fields.items()}
        properties[child] = {"type": "array", "items": {"type": "object", "properties": inner}}
    properties["doclinks"] = {"type": "array", "items": {"type": "object"}}
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "resource": structure,
        "title": table.name,
        "type": "object",
        "pk": list(table.keys),
        "required": [name for name, f in table.fields.items() if f.required],
        "properties": properties,
    }


def _property(name: str, f: Field) -> Json:
    shape: Json = {"type": f.kind, "title": name}
    if f.length is not None:
        shape["maxLength"] = f.length
    if f.upper:
        shape["subType"] = "UPPER"
    if f.default is not None:
        shape["default"] = f.default
    return shape


def error_json(refusal: Refusal, *, lean: bool) -> Json:
    """Write a refusal; the status is text, as Maximo has it."""
    if not lean:
        inner: Json = {"oslc:statusCode": str(refusal.status), "spi:reasonCode": refusal.code or None}
        return {"oslc:Error": inner | {"oslc:message": refusal.message}}
    error: Json = {
        "statusCode": str(refusal.status),
        "reasonCode": refusal.code or None,
        "message": refusal.message,
        "correlationid": None,
    }
    if refusal.code:
        error["extendedError"] = {"moreInfo": {"href": f"oslc/error/messages/{refusal.code}"}}
    if refusal.attribute:
        error |= {"errorattrname": refusal.attribute, "errorobjpath": refusal.path}
    return {"Error": error}


def prefixed(value: object) -> object:
    """Put the namespaces of OSLC before every name of a lean answer."""
    if isinstance(value, dict):
        return {_prefix(name): prefixed(inner) for name, inner in value.items()}
    return [prefixed(item) for item in value] if isinstance(value, list) else value


def _prefix(name: str) -> str:
    if name in _PREFIXED:
        return _PREFIXED[name]
    if name in {"totalCount", "totalPages", "nextPage", "pagenum"}:
        return f"oslc:{name}"
    return name if name.startswith("_") or ":" in name else f"spi:{name}"


def unprefixed(body: object, *, lean: bool) -> Json:
    """Read a written body: without lean, names that carry no namespace are dropped without a word."""
    if not isinstance(body, dict):
        raise Refusal(400, "", "the body is not a JSON object")
    clean: Json = {}
    for name, value in body.items():
        space, colon, bare = str(name).rpartition(":")
        if not lean and not colon and not name.startswith("_"):
            continue
        if isinstance(value, list):
            value = [unprefixed(item, lean=lean) if isinstance(item, dict) else item for item in value]
        clean[bare.lower() if space != "rdf" else name] = value
    return clean
