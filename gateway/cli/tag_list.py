"""The tags of a site as lists: those of the contract on the PLC, those of the gateway's own servers."""

from collections.abc import Iterator
from typing import Any

from config.plc import OpcUaPlcSettings
from config.site import Site
from connectors.plc.contract import CONTRACT
from connectors.plc.opcua_tags import contract_tags
from connectors.plc.registers import BLOCK
from gateway.serve.address_space import NAMESPACE
from gateway.serve.front import station_tags
from gateway.serve.gateway_tags import gateway_tags
from gateway.serve.modbus import Place, places
from gateway.serve.tag import Kind, Tag
from gateway.wiring.build import front_plan


def plc_tags(site: Site) -> Iterator[dict[str, Any]]:
    """Every tag of the contract on every PLC: where it stands, its type and range, and who writes it."""
    for station in site.station:
        parts = station.parts
        if parts is None:
            continue
        plc = site.plc[parts.plc]
        opcua = isinstance(plc, OpcUaPlcSettings)
        nodes = contract_tags(parts.tags, parts.names) if opcua else {}
        base = BLOCK * (parts.block or 0)
        for tag in CONTRACT:
            if tag.writer == "PLC":
                writer = "PLC"
            else:
                writer = "gateway" if station.mode == "active" else f"nobody ({station.mode})"
            yield {
                "plc": parts.plc,
                "station": station.name,
                "tag": tag.name,
                "where": nodes[tag.name] if opcua else f"register {base + tag.offset} (4{base + tag.offset + 1:05d})",
                "type": tag.type,
                "range": tag.range,
                "writes": writer,
                "meaning": tag.meaning,
            }


def own_tags(site: Site) -> Iterator[dict[str, Any]]:
    """Every tag of the gateway's own servers: node id, type, range, unit, and its Modbus input register."""
    stations = station_tags(front_plan(site).stations)
    registers = {(p.station, p.tag.folder, p.tag.name): p for p in places(stations)}
    for station, tags in (*stations, ("", gateway_tags())):
        for tag in tags:
            path = "/".join(part for part in (site.line.name, station, tag.folder, tag.name) if part)
            yield {
                "node": f"nsu={NAMESPACE};s={path}",
                "type": tag.kind.value,
                "range": _range(tag),
                "unit": tag.unit,
                "register": _register(registers.get((station, tag.folder, tag.name))),
                "meaning": tag.text,
            }


def _register(place: Place | None) -> int | None:
    return None if place is None else place.address


def _range(tag: Tag) -> str:
    if tag.kind is Kind.WORDS:
        return ", ".join(f"{number} {word}" for number, word in enumerate(tag.words))
    return f"{tag.low:g}..{tag.high:g}" if tag.unit else ""
