"""Finding stations in a PLC by looking: every place where the contract's tags stand together."""

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.plc.opcua_session import OpcUaSession, OpcUaSettings
from connectors.plc.opcua_tags import G_TAGS, OPTIONAL, P_TAGS
from connectors.plc.opcua_walk import walk

_LEVELS, _NODES_MAX = 8, 20_000  #: a PLC with more tags is asked for by hand
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
        return places_among(await walk(session, _LEVELS, _NODES_MAX))
    finally:
        await session.close()


def places_among(texts: Iterable[str]) -> list[Place]:
    """Give every prefix under which `TrigSeq` stands, with what lacks beside it."""
    seen = set(texts)
    names = [name for name in (*P_TAGS, *G_TAGS) if name not in OPTIONAL]
    prefixes = sorted(text.removesuffix(_LAST) for text in seen if text.endswith(_LAST))
    places = [Place(one, tuple(name for name in names if one + name not in seen)) for one in prefixes]
    return sorted(places, key=lambda place: len(place.missing))
