"""PLC tables of the site file become settings of connectors and rules of handshakes."""

from collections.abc import Mapping

from config.parts import MasterParts
from config.plc import ModbusPlcSettings, OpcUaPlcSettings, Plc
from config.site import Site, Station
from config.tag import Tag
from config.values import SecretFault
from connectors.plc.modbus import ModbusSettings
from connectors.plc.modbus_server import ModbusServerSettings
from connectors.plc.opcua_session import OpcUaSettings
from connectors.plc.opcua_tags import contract_tags
from connectors.plc.open import PlcSettings
from connectors.plc.port import PlcRefused
from connectors.plc.registers import BLOCK, RegisterTag, WordOrder
from gateway.handshake.masters import MasterRules
from gateway.handshake.state import Overrun, StationMode, StationRules
from gateway.handshake.wire import LinkSettings
from gateway.processes.plant_tags import tag_name

RPM, RUNNING, COVARIATE = ".rpm", ".running", ".covariate."  #: behind a station's name: the names of its plain tags


def settings_of(site: Site, name: str) -> PlcSettings:
    """Translate one PLC's table into its connector's settings, with the stations and plain tags that name it.

    Raises
    ------
    PlcRefused
        A password cannot be read now; a person has to act.
    """
    plc = site.plc[name]
    stations = [s for s in site.station if s.parts is not None and s.parts.plc == name]
    writes = frozenset(s.name for s in stations if s.mode == "active")
    tags = plain_tags(site, name)
    if isinstance(plc, OpcUaPlcSettings):
        return OpcUaSettings(
            f"plc.{name}",
            plc.url,
            {s.name: contract_tags(s.parts.tags, s.parts.names) for s in stations if s.parts},
            {key: tag.tag for key, tag in tags.items()},
            writes,
            plc.security,
            plc.certificates,
            plc.user,
            _password(name, plc),
            plc.notice,
            timeout_s=plc.timeout_ms / 1000,
        )
    bases = {s.name: BLOCK * s.parts.block for s in stations if s.parts and s.parts.block is not None}
    registers = {key: RegisterTag(tag.address, tag.type) for key, tag in tags.items() if tag.address is not None}
    order = WordOrder(plc.word_order)
    if isinstance(plc, ModbusPlcSettings):
        return ModbusSettings(
            f"plc.{name}", plc.host, plc.port, bases, registers, writes, plc.unit, order, plc.timeout_ms / 1000
        )
    return ModbusServerSettings(f"plc.{name}", plc.host, plc.port, bases, registers, writes, order, plc.allow)


def rules_of(site: Site, name: str) -> list[StationRules]:
    """Rules of every part station behind one PLC."""
    return [
        StationRules(
            station.name,
            StationMode(station.mode),
            number,
            station.parts.deadline_ms / 1000,
            station.parts.margin_ms / 1000,
            station.parts.hold_ms / 1000,
            Overrun(station.parts.overrun),
            masters=_masters(station.parts.master),
        )
        for number, station in enumerate(site.station)
        if station.parts is not None and station.parts.plc == name
    ]


def _masters(parts: MasterParts | None) -> MasterRules | None:
    if parts is None:
        return None
    return MasterRules(parts.ok, parts.not_ok, parts.every if parts.every is not None else float("inf"))


def link_settings(name: str, plc: Plc) -> LinkSettings:
    """Translate the times of one PLC's link."""
    return LinkSettings(f"plc.{name}", poll_s=plc.poll_ms / 1000)


def plain_tags(site: Site, name: str) -> Mapping[str, Tag]:
    """Plain tags that machines, rules and witnesses read from this PLC, by the name main knows them by."""
    found = {key: tag for station in site.station for key, tag in _tags(station)} | alert_tags(site)
    return {key: tag for key, tag in found.items() if tag.plc == name}


def alert_tags(site: Site) -> dict[str, Tag]:
    """Plain tags that inhibitions and witnesses look at."""
    runs = {tag_name("inhibit", rule.name): rule.runs for rule in site.inhibit if rule.runs is not None}
    return {**runs, **{tag_name("witness", one.name): one for one in site.witness}}


def _tags(station: Station) -> list[tuple[str, Tag]]:
    machine = station.machine
    if machine is None:
        return []
    both = [(station.name + RPM, machine.speed), (station.name + RUNNING, machine.runs)]
    found = [(key, tag) for key, tag in both if tag is not None]
    return found + [(station.name + COVARIATE + one.name, one) for one in machine.covariates]


def _password(name: str, plc: OpcUaPlcSettings) -> str:
    try:
        return plc.password.read() if plc.password is not None else ""
    except SecretFault as fault:
        raise PlcRefused(f"plc.{name}.password: {fault}") from None
