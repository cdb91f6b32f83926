"""Finding the contract's tags in a PLC, and saying what is nearest to one that is not there."""

import difflib
from collections.abc import Mapping, Sequence

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from connectors.plc.opcua_session import OpcUaSession
from connectors.plc.opcua_tags import (
    G_TAGS,
    NUMBER_TYPES,
    OPTIONAL,
    P_TAGS,
    TYPES,
    WORD_TYPES,
    NodeText,
    Tag,
    node_id,
)
from connectors.plc.opcua_walk import walk
from connectors.plc.port import PlcRefused

_ATTRIBUTES = (
    AttributeIds.DataType,
    AttributeIds.ValueRank,
    AttributeIds.UserAccessLevel,
    AttributeIds.Value,
)
_READ, _WRITE = 1, 2  #: bits of UserAccessLevel, OPC 10000-3, 8.57
#: Bounds of the search for a near name: a PLC with ten thousand tags is not walked through for a hint.
_BROWSE_LEVELS, _BROWSE_NODES_MAX = 6, 3000


class TagCheck:
    """Looks tags up for one station.

    Parameters
    ----------
    session
        Connected.
    where
        Path in the site file, with the station.
    """

    def __init__(self, session: OpcUaSession, where: str) -> None:
        self._session = session
        self._where = where

    async def read_tags(self, texts: Mapping[str, str]) -> list[Tag]:
        """Find the P tags: readable, scalar, of the contract's types. `PlcRefused` names the first that is not."""
        names = [name for name in P_TAGS if name in texts or name not in OPTIONAL]
        return await self._found({name: self._text(texts, name) for name in names}, _READ)

    async def written_tags(self, texts: Mapping[str, str]) -> dict[str, Tag]:
        """Find the G tags, which we must be allowed to write."""
        tags = await self._found({name: self._text(texts, name) for name in G_TAGS}, _READ | _WRITE)
        return {tag.name: tag for tag in tags}

    async def number(self, name: str, text: str) -> Tag:
        """Find a plain tag that holds a number or a bool."""
        (tag,) = await self._found({name: text}, _READ, tuple(NUMBER_TYPES))
        return tag

    def _text(self, texts: Mapping[str, str], name: str) -> str:
        if name not in texts:
            raise PlcRefused(f"{self._where}: no node id for {name}; wanted one for every tag of the contract")
        return texts[name]

    async def _found(
        self, texts: Mapping[str, str], access: int, kinds: tuple[ua.VariantType, ...] | None = None
    ) -> list[Tag]:
        nodes = {name: self._node(text) for name, text in texts.items()}
        parameters = ua.ReadParameters()
        parameters.TimestampsToReturn = ua.TimestampsToReturn.Neither
        parameters.NodesToRead = [
            ua.ReadValueId(node, ua.IntegerId(attribute)) for node in nodes.values() for attribute in _ATTRIBUTES
        ]
        client = self._session.usable()
        answers = await self._session.bounded(client.uaclient.session.read(parameters), "looking at the tags")
        if len(answers) != len(parameters.NodesToRead):
            raise self._session.broken(f"{len(answers)} answers where {len(parameters.NodesToRead)} were asked")
        tags = []
        for n, (name, text) in enumerate(texts.items()):
            data_type, rank, rights, value = answers[n * len(_ATTRIBUTES) : (n + 1) * len(_ATTRIBUTES)]
            await self._exists(text, data_type)
            kind = self._kind(text, data_type, rank, value, kinds or TYPES.get(name, WORD_TYPES))
            self._allowed(text, rights, access)
            tags.append(Tag(name, text, nodes[name], kind))
        return tags

    def _node(self, text: str) -> ua.NodeId:
        try:
            return node_id(text, self._session.namespaces)
        except NodeText as fault:
            raise PlcRefused(f"{self._where}: {text}: {fault}") from None

    async def _exists(self, text: str, data_type: ua.DataValue) -> None:
        code = data_type.StatusCode
        if code is None or code.is_good():
            return
        near = await self._nearest(text) if code.name in {"BadNodeIdUnknown", "BadNodeIdInvalid"} else []
        hint = f"; nearest: {near[0]}" if near else ""
        raise PlcRefused(f"{self._where}: the PLC answered {code.name} for {text}{hint}")

    def _kind(
        self,
        text: str,
        data_type: ua.DataValue,
        rank: ua.DataValue,
        value: ua.DataValue,
        wanted: Sequence[ua.VariantType],
    ) -> ua.VariantType:
        """Settle the built-in type: of DataType where that is one, else of the value (S7 has its own WORD)."""
        declared = _content(data_type)
        kind: ua.VariantType | None = None
        builtin = declared.Identifier if isinstance(declared, ua.NodeId) and declared.NamespaceIndex == 0 else None
        if isinstance(builtin, int) and 1 <= builtin <= 25:  # OPC 10000-6, table 1
            kind = ua.VariantType(builtin)
        elif value.Value is not None and value.Value.VariantType is not ua.VariantType.Null:
            kind = value.Value.VariantType
        shape = _content(rank)
        if (isinstance(shape, int) and shape >= 0) or isinstance(_content(value), list):
            raise PlcRefused(f"{self._where}: {text} is an array in the PLC; wanted a single value")
        if kind is None or kind not in wanted:
            found = kind.name if kind is not None else f"of type {declared}"
            names = " or ".join(each.name for each in wanted[:3])
            raise PlcRefused(
                f"{self._where}: {text} is {found} in the PLC; wanted {names}; change the PLC's declaration"
            )
        return kind

    def _allowed(self, text: str, rights: ua.DataValue, access: int) -> None:
        found = _content(rights)
        # A PLC that does not tell leaves it to the first read or write to find out.
        if isinstance(found, int) and found & access != access:
            verb = "written" if access & _WRITE else "read"
            raise PlcRefused(
                f"{self._where}: {text} may not be {verb} by this user; tick it in the PLC, or give the user the right"
            )

    async def _nearest(self, text: str) -> list[str]:
        """Walk the PLC's tags, within bounds, for the node ids most like one that is not there."""
        found = await walk(self._session, _BROWSE_LEVELS, _BROWSE_NODES_MAX)
        return difflib.get_close_matches(text, found, n=1, cutoff=0.6)


def _content(value: ua.DataValue) -> object:
    if value.Value is None or (value.StatusCode is not None and not value.StatusCode.is_good()):
        return None
    return value.Value.Value
