"""The contract's tags as OPC UA variables: their names and types, and the way from a written node id to a live one.

A node id is written with the URI of its namespace, ``nsu=urn:line2:gateway;s=ring.TrigSeq``, because the index that
travels on the wire moves when a PLC is loaded anew; it is looked up at each connect.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asyncua import ua

from connectors.plc.opcua_answer import Told
from connectors.plc.port import GwImage, PlcImage
from connectors.plc.registers import clean_part_id

#: P block: contract name -> field of `PlcImage`, in the order they are read: the guard word first, TrigSeq last.
P_TAGS = {
    "PlcHeartbeat": "heartbeat",
    "PlcBootId": "boot_id",
    "Mode": "mode",
    "ResultAck": "result_ack",
    "AbortSeq": "abort_seq",
    "TrigHead": "trig_head",
    "PartType": "part_type",
    "DeadlineMs": "deadline_ms",
    "PartId": "part_id",
    "TrigSeq": "trig_seq",
}
#: G block: contract name -> field of `GwImage`, in the order they are written: the guard word first, ResultSeq last.
G_TAGS = {
    "GwHeartbeat": "heartbeat",
    "GwBootId": "boot_id",
    "GwState": "state",
    "TrigAck": "trig_ack",
    "ResultHead": "result_head",
    "Verdict": "verdict",
    "QualityCode": "quality_code",
    "DefectCode": "defect_code",
    "Score": "score",
    "LatencyMs": "latency_ms",
    "PassKey": "pass_key",
    "ResultSeq": "result_seq",
    "MapVersion": "map_version",
}
#: What a read of P brings, GwBootId of the G block included: it tells of a second gateway (row 16).
READ_FIELDS = {**P_TAGS, "GwBootId": "gw_boot_id"}
OPTIONAL = frozenset({"PartId"})  #: a line without serial numbers leaves it out

#: What a tag may be in the PLC. A signed INT carries the same 16 bits: Logix and Schneider have no other.
WORD_TYPES = (ua.VariantType.UInt16, ua.VariantType.Int16)
TYPES: Mapping[str, tuple[ua.VariantType, ...]] = {
    "PartId": (ua.VariantType.String,),
    "Score": (ua.VariantType.Float, ua.VariantType.Double),
}
NUMBER_TYPES = frozenset(
    {
        ua.VariantType.Boolean,
        ua.VariantType.SByte,
        ua.VariantType.Byte,
        ua.VariantType.Int16,
        ua.VariantType.UInt16,
        ua.VariantType.Int32,
        ua.VariantType.UInt32,
        ua.VariantType.Int64,
        ua.VariantType.UInt64,
        ua.VariantType.Float,
        ua.VariantType.Double,
    }
)


class NodeText(ValueError):
    """A node id that cannot be read; the message says what is wrong with it."""


def contract_tags(prefix: str, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the node id of every tag of a station.

    Parameters
    ----------
    prefix
        What stands before each contract name, as ``nsu=urn:line2:gateway;s=ring.``.
    names
        Tags that the PLC calls otherwise: contract name -> node id.
    """
    own = names or {}
    return {name: own.get(name, prefix + name) for name in (*P_TAGS, *G_TAGS)}


def node_id(text: str, namespaces: Sequence[str]) -> ua.NodeId:
    """Read a node id, looking its namespace URI up in a server's namespace array.

    Raises
    ------
    NodeText
        Where it is not one, or the server does not know the namespace.
    """
    index, rest = 0, text.strip()
    if rest.startswith("nsu="):
        uri, _, rest = rest[4:].partition(";")
        if uri not in namespaces:
            near = difflib.get_close_matches(uri, namespaces, n=1, cutoff=0.0)
            raise NodeText(f"the PLC has no namespace {uri}; nearest: {near[0] if near else 'none'}")
        index = namespaces.index(uri)
    elif rest.startswith("ns="):
        number, _, rest = rest[3:].partition(";")
        if not number.isdecimal():
            raise NodeText(f"{text!r} is not a node id; wanted nsu=URI;s=NAME")
        index = int(number)
    kind, _, identifier = rest.partition("=")
    if kind == "s" and identifier:
        return ua.NodeId(ua.String(identifier), ua.Int16(index))
    if kind == "i" and identifier.isdecimal():
        return ua.NodeId(ua.Int32(int(identifier)), ua.Int16(index))
    raise NodeText(f"{text!r} is not a node id; wanted nsu=URI;s=NAME or nsu=URI;i=NUMBER")


def written(node: ua.NodeId, namespaces: Sequence[str]) -> str:
    """Write a node id the way `node_id` reads it."""
    index = node.NamespaceIndex
    uri = namespaces[index] if 0 <= index < len(namespaces) else ""
    identifier = f"i={node.Identifier}" if isinstance(node.Identifier, int) else f"s={node.Identifier!s}"
    return f"nsu={uri};{identifier}" if index else identifier


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that was found in the PLC, with the type it has there."""

    name: str
    text: str  #: node id as the site file has it
    node: ua.NodeId
    kind: ua.VariantType


def plc_image(tags: Sequence[Tag], values: Sequence[Told]) -> PlcImage | None:
    """Make a P image of told values; None where any of them is unreadable or of another type than at `open`."""
    fields: dict[str, int | str] = {}
    for tag, value in zip(tags, values, strict=True):
        kind, content, _ = value
        if kind is not tag.kind or not value.good:
            return None
        if isinstance(content, int):
            fields[READ_FIELDS[tag.name]] = content & 0xFFFF
        else:
            fields[READ_FIELDS[tag.name]] = clean_part_id(str(content or ""))
    return PlcImage(**fields)  # type: ignore[arg-type]  # READ_FIELDS gives each name its field


def gw_value(tag: Tag, image: GwImage) -> ua.DataValue:
    """Make the value a tag gets of a G image: exactly its type, and neither status nor time.

    Many PLCs answer BadWriteNotSupported to a write that carries a status or a time (OPC 10000-4, 5.11.4).
    """
    content = getattr(image, G_TAGS[tag.name])
    if tag.kind is ua.VariantType.Int16 and content > 0x7FFF:
        content -= 0x10000
    return ua.DataValue(ua.Variant(content, tag.kind), StatusCode=None)
