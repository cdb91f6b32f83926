"""Finding stations in a PLC by looking: every place where the contract's tags stand together."""

from collections.abc import Iterable
from dataclasses import dataclass

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from connectors.plc.opcua_session import OpcUaSession, OpcUaSettings
from connectors.plc.opcua_tags import G_TAGS, OPTIONAL, P_TAGS, written

_LEVELS, _NODES_MAX, _BATCH = 8, 20_000, 50  #: a PLC with more tags is asked for by hand
_LAST = "TrigSeq"  #: the tag a station is known by


@dataclass(frozen=True, slots=True)
class Place:
    """Where tags of the contract stand under one prefix."""

    prefix: str  #: as `parts.tags` wants it
    missing: tuple[str, ...]  #: tags of the contract that are not there


async def find_places(settings: OpcUaSettings) -> list[Place]:
    """Look through a PLC's tags for stations, the complete ones first; reads names alone, and no value.

    Raises
    ------
    PlcFault
        There is no connection, or the PLC does not let us look.
    """
    session = OpcUaSession(settings)
    try:
        await session.connect()
        return places_among(await _walk(session))
    finally:
        await session.close()


def places_among(texts: Iterable[str]) -> list[Place]:
    """Give every prefix under which `TrigSeq` stands, with what lacks beside it."""
    seen = set(texts)
    names = [name for name in (*P_TAGS, *G_TAGS) if name not in OPTIONAL]
    prefixes = sorted(text.removesuffix(_LAST) for text in seen if text.endswith(_LAST))
    places = [Place(one, tuple(name for name in names if one + name not in seen)) for one in prefixes]
    return sorted(places, key=lambda place: len(place.missing))


async def _walk(session: OpcUaSession) -> list[str]:
    seen: dict[ua.NodeId, str] = {}
    level = [ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))]
    for _ in range(_LEVELS):
        below: list[ua.NodeId] = []
        for first in range(0, len(level), _BATCH):
            for node in await _children(session, level[first : first + _BATCH]):
                if node not in seen and node.NamespaceIndex != 0 and len(seen) < _NODES_MAX:
                    seen[node] = written(node, session.namespaces)
                    below.append(node)
        level = below
    return list(seen.values())


async def _children(session: OpcUaSession, nodes: list[ua.NodeId]) -> list[ua.NodeId]:
    """Ask for what lies under some nodes, and on where the PLC gives it in pieces."""
    services = session.usable().uaclient.session
    parameters = ua.BrowseParameters()
    parameters.NodesToBrowse = [_question(node) for node in nodes]
    results = await session.bounded(services.browse(parameters), "browse")
    found: list[ua.NodeId] = []
    for _ in range(_NODES_MAX // _BATCH):
        found += [ua.NodeId(r.NodeId.Identifier, r.NodeId.NamespaceIndex) for one in results for r in one.References]
        points = [one.ContinuationPoint for one in results if one.ContinuationPoint]
        if not points:
            break
        more = ua.BrowseNextParameters()
        more.ReleaseContinuationPoints = False
        more.ContinuationPoints = points
        results = await session.bounded(services.browse_next(more), "browse")
    return found


def _question(node: ua.NodeId) -> ua.BrowseDescription:
    question = ua.BrowseDescription()
    question.NodeId = node
    question.BrowseDirection = ua.BrowseDirection.Forward
    question.ReferenceTypeId = ua.NodeId(ua.Int32(ObjectIds.HierarchicalReferences))
    question.IncludeSubtypes = True
    question.ResultMask = ua.BrowseResultMask.None_
    return question
