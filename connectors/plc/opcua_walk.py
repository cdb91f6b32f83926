"""Walking through the nodes of an OPC UA server, level by level and within bounds."""

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from connectors.plc.opcua_session import OpcUaSession
from connectors.plc.opcua_tags import written

_BATCH = 50  #: nodes asked about at once


async def walk(session: OpcUaSession, levels: int, most: int) -> list[str]:
    """Give the node ids under Objects, as they are written in a site file.

    Parameters
    ----------
    session
        Connected.
    levels, most
        How deep, and how many: a PLC may have hundreds of thousands.

    Raises
    ------
    PlcFault
        The connection was lost, or the PLC does not let us look.
    """
    seen: dict[ua.NodeId, str] = {}
    level = [ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))]
    for _ in range(levels):
        below: list[ua.NodeId] = []
        for first in range(0, len(level), _BATCH):
            for node in await _children(session, level[first : first + _BATCH], most):
                if node not in seen and node.NamespaceIndex != 0 and len(seen) < most:
                    seen[node] = written(node, session.namespaces)
                    below.append(node)
        level = below
    return list(seen.values())


async def _children(session: OpcUaSession, nodes: list[ua.NodeId], most: int) -> list[ua.NodeId]:
    """Ask for what lies under some nodes, and on where the PLC gives it in pieces."""
    services = session.usable().uaclient.session
    parameters = ua.BrowseParameters()
    parameters.NodesToBrowse = [_question(node) for node in nodes]
    results = await session.bounded(services.browse(parameters), "browse")
    found: list[ua.NodeId] = []
    for _ in range(most // _BATCH):
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
