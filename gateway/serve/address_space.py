"""The OPC UA nodes of every tag: types, ranges, units and texts, with string node ids that never change.

``nsu=urn:wheeltapper;s=<line>/<station>/<folder>/<name>``. Types follow OPC 10000-8: AnalogItemType where there is a
range, MultiStateDiscreteType where there are words, TwoStateDiscreteType for bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from asyncua import Server, ua

from gateway.serve.tag import Kind, Reading, Status, Tag
from gateway.serve.units import UNECE, unit_id

NAMESPACE = "urn:wheeltapper"

_TYPES = {
    Kind.BOOL: ua.VariantType.Boolean,
    Kind.UINT16: ua.VariantType.UInt16,
    Kind.UINT32: ua.VariantType.UInt32,
    Kind.FLOAT: ua.VariantType.Float,
    Kind.TEXT: ua.VariantType.String,
    Kind.WORDS: ua.VariantType.UInt32,
}
_STATUS = {
    Status.GOOD: ua.StatusCodes.Good,
    Status.UNCERTAIN: ua.StatusCodes.UncertainLastUsableValue,
    Status.BAD: ua.StatusCodes.BadNoData,
    Status.OFFLINE: ua.StatusCodes.BadNoCommunication,
}


@dataclass(frozen=True, slots=True)
class Node:
    """A tag where it stands."""

    id: ua.NodeId
    tag: Tag

    def value(self, reading: Reading, at: datetime) -> ua.DataValue:
        """Say a reading in OPC UA's words, with its status and the moment it was true."""
        variant = ua.Variant(reading.value, _TYPES[self.tag.kind]) if reading.value is not None else ua.Variant()
        status = ua.StatusCode(ua.UInt32(_STATUS[reading.status]))
        return ua.DataValue(variant, status, SourceTimestamp=ua.DateTime.fromtimestamp(at.timestamp(), UTC))


def _standard(number: int) -> ua.NodeId:
    """Name a node of the standard's own namespace."""
    return ua.NodeId(ua.Int32(number))


class AddressSpace:
    """Builds folders and variables below Objects/Wheeltapper.

    Parameters
    ----------
    server
        Initialised, not yet started.
    line
        First folder below Wheeltapper.
    """

    def __init__(self, server: Server, namespace: int, line: str) -> None:
        self._session = server.iserver.isession
        self._namespace = namespace
        self._line = line
        self._folders: dict[str, ua.NodeId] = {}

    async def station(self, name: str, tags: Sequence[Tag]) -> list[Node]:
        """Make all nodes of a station; `name` empty for the gateway itself."""
        return [await self._variable(name, tag) for tag in tags]

    def _node_id(self, path: str) -> ua.NodeId:
        return ua.NodeId(ua.String(path), ua.Int16(self._namespace))

    async def _folder(self, path: str) -> ua.NodeId:
        if path not in self._folders:
            parent, _, name = path.rpartition("/")
            above = await self._folder(parent) if path else _standard(ua.ObjectIds.ObjectsFolder)
            item = ua.AddNodesItem()
            item.RequestedNewNodeId = self._node_id(path or "Wheeltapper")
            item.BrowseName = ua.QualifiedName(name or "Wheeltapper", self._namespace)
            item.NodeClass = ua.NodeClass.Object
            item.ParentNodeId = above
            item.ReferenceTypeId = _standard(ua.ObjectIds.Organizes)
            item.TypeDefinition = _standard(ua.ObjectIds.FolderType)
            attributes = ua.ObjectAttributes()
            attributes.DisplayName = ua.LocalizedText(name or "Wheeltapper")
            attributes.Description = ua.LocalizedText("")
            item.NodeAttributes = attributes
            self._folders[path] = await self._add(item)
        return self._folders[path]

    async def _variable(self, station: str, tag: Tag) -> Node:
        folder = "/".join(part for part in (self._line, station, tag.folder) if part)
        node_id = self._node_id(f"{folder}/{tag.name}")
        kind = _TYPES[tag.kind]
        item = self._item(await self._folder(folder), node_id, tag.name, ua.Variant(), kind)
        item.NodeAttributes.Description = ua.LocalizedText(tag.text)
        item.ReferenceTypeId = _standard(ua.ObjectIds.HasComponent)
        item.TypeDefinition = _standard(_type_definition(tag))
        await self._add(item)
        for name, variant, data_type in _properties(tag):
            child = self._item(node_id, self._node_id(f"{folder}/{tag.name}/{name}"), name, variant, None)
            child.BrowseName = ua.QualifiedName(name, 0)  # a property of the standard keeps the standard's name
            child.NodeAttributes.DataType = _standard(data_type)
            if isinstance(variant.Value, list):
                child.NodeAttributes.ValueRank = ua.ValueRank.OneDimension
                child.NodeAttributes.ArrayDimensions = [ua.UInt32(len(variant.Value))]
            await self._add(child)
        return Node(node_id, tag)

    def _item(
        self, parent: ua.NodeId, node_id: ua.NodeId, name: str, variant: ua.Variant, kind: ua.VariantType | None
    ) -> ua.AddNodesItem:
        item = ua.AddNodesItem()
        item.RequestedNewNodeId = node_id
        item.BrowseName = ua.QualifiedName(name, self._namespace)
        item.NodeClass = ua.NodeClass.Variable
        item.ParentNodeId = parent
        item.ReferenceTypeId = _standard(ua.ObjectIds.HasProperty)
        item.TypeDefinition = _standard(ua.ObjectIds.PropertyType)
        attributes = ua.VariableAttributes()
        attributes.DisplayName = ua.LocalizedText(name)
        attributes.Description = ua.LocalizedText("")
        attributes.Value = variant
        if kind is not None:
            attributes.DataType = _standard(kind.value)
        attributes.ValueRank = ua.ValueRank.Scalar
        attributes.AccessLevel = attributes.UserAccessLevel = ua.AccessLevel.CurrentRead.mask
        attributes.WriteMask = attributes.UserWriteMask = 0
        attributes.Historizing = False
        item.NodeAttributes = attributes
        return item

    async def _add(self, item: ua.AddNodesItem) -> ua.NodeId:
        (result,) = await self._session.add_nodes([item])
        result.StatusCode.check()
        node_id: ua.NodeId = result.AddedNodeId
        return node_id


def _type_definition(tag: Tag) -> int:
    if tag.kind is Kind.WORDS:
        return ua.ObjectIds.MultiStateDiscreteType
    if tag.kind is Kind.BOOL:
        return ua.ObjectIds.TwoStateDiscreteType
    return ua.ObjectIds.AnalogItemType if tag.unit else ua.ObjectIds.BaseDataVariableType


def _properties(tag: Tag) -> list[tuple[str, ua.Variant, int]]:
    if tag.kind is Kind.WORDS:
        words = ua.Variant([ua.LocalizedText(word) for word in tag.words], ua.VariantType.LocalizedText)
        return [("EnumStrings", words, ua.ObjectIds.LocalizedText)]
    if tag.kind is Kind.BOOL:
        return [
            (name, ua.Variant(ua.LocalizedText(word)), ua.ObjectIds.LocalizedText)
            for name, word in (("TrueState", "yes"), ("FalseState", "no"))
        ]
    if not tag.unit:
        return []
    code, name = UNECE[tag.unit]
    unit = ua.EUInformation(
        "http://www.opcfoundation.org/UA/units/un/cefact",
        ua.Int32(unit_id(tag.unit)),
        ua.LocalizedText("" if tag.unit == "1" else tag.unit),
        ua.LocalizedText(f"{name} ({code})"),
    )
    return [
        ("EURange", ua.Variant(ua.Range(tag.low, tag.high)), ua.ObjectIds.Range),
        ("EngineeringUnits", ua.Variant(unit), ua.ObjectIds.EUInformation),
    ]
