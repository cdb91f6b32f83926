"""From a site file to a gateway that is ready to run. Demo, tests and plant go the same way."""

import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from config.load import Fault, SiteError, load
from config.site import Site, Station
from connectors.cmms.maximo_settings import MaximoSettings
from connectors.plc.open import open_port
from connectors.plc.port import PlantValue
from gateway.handshake.link import Link
from gateway.ledger.plan import Delivery, Keep, LedgerPlan, StationEntry
from gateway.main import FRONT, LEDGER, ChildBody, Gateway
from gateway.newest import StationFacts
from gateway.processes.clock import Clock
from gateway.processes.messages import Abandon, StartCapture
from gateway.processes.snapshot import Snapshot
from gateway.serve.asks import FOLDER as COMMANDS_FOLDER
from gateway.serve.plan import FrontPlan, OpcUaServerPlan, PagePlan, ServedStation
from gateway.teaching import Lesson, TeachingDesk
from gateway.wiring.alerts import alert_plan, channel_faults, channel_settings, zone_of
from gateway.wiring.cmms import WiredLedger, cmms_faults, cmms_settings
from gateway.wiring.plc import COVARIATE, RPM, RUNNING, link_settings, plain_tags, rules_of, settings_of
from gateway.wiring.stations import beam_of, bearing_faults, indicator_faults, worker_of, worker_plans

DAY_S = 86400.0
UNREACHED = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104  # nobody's name for this PC elsewhere
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")  #: names the page goes by where it is for this PC alone


def load_site(path: Path) -> Site:
    """Load a site file; SiteError also for what only the rooms know, as the type of a bearing or Maximo's address."""
    site = load(path)
    found = (*bearing_faults(site), *indicator_faults(site), *cmms_faults(site), *channel_faults(site))
    faults = [Fault(where, sentence) for where, sentence in found]
    if faults:
        raise SiteError(path.name, faults)
    return site


def build(
    site: Site,
    clock: Clock,
    *,
    quiet: bool = False,
    plain: bool = False,
    published: Callable[[Snapshot], None] = lambda snapshot: None,
) -> Gateway:
    """Put a gateway together; nothing is opened, started or written yet.

    Parameters
    ----------
    site
        From `load_site`.
    clock
        The gateway's clock; its monotonic time is the event loop's.
    quiet
        Child processes log nothing: the terminal belongs to a live table.
    plain
        Child processes log for eyes, as main does.
    published
        Also called with every snapshot.
    """
    plcs = list(site.plc)
    workers = [ChildBody(plan.name, "gateway.stations.worker:run_worker", plan) for plan in worker_plans(site)]
    others = [ChildBody(LEDGER, "gateway.wiring.cmms:run_wired_ledger", _wired_ledger(site))]
    others.append(ChildBody(FRONT, "gateway.serve.front:run_front", front_plan(site)))
    gateway = Gateway(
        site.line.name,
        [_facts(site, index, plcs) for index in range(len(site.station))],
        workers,
        others,
        partial(TeachingDesk, _lessons(site)),
        clock,
        boot_id=random.SystemRandom().randint(1, 0xFFFF),
        quiet=quiet,
        plain=plain,
        published=published,
    )
    gateway.links = [_link(site, name, gateway, clock) for name in plcs]
    return gateway


class _Jobs:
    """Captures are ordered from the worker that hears the station."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def start(self, order: StartCapture) -> None:
        """Order a capture; where the worker is down, the handshake knows and does not wait for it."""
        self._gateway.to_worker(order.station, order)

    def abandon(self, order: Abandon) -> None:
        """Take an order back."""
        self._gateway.to_worker(order.station, order)


def _link(site: Site, name: str, gateway: Gateway, clock: Clock) -> Link:
    on_values: Callable[[Mapping[str, PlantValue]], None] | None = gateway.plant_values
    return Link(
        lambda: open_port(settings_of(site, name)),
        rules_of(site, name),
        clock,
        _Jobs(gateway),
        gateway.record,
        settings=link_settings(name, site.plc[name]),
        on_values=on_values if plain_tags(site, name) else None,
    )


def _facts(site: Site, index: int, plcs: list[str]) -> StationFacts:
    station = site.station[index]
    machine = station.machine
    return StationFacts(
        station.name,
        station.title or station.name,
        worker_of(station),
        machine.asset if machine else "",
        plcs.index(station.parts.plc) if station.parts else None,
        station.name + RPM if machine and machine.speed else "",
        station.name + RUNNING if machine and machine.runs else "",
        {one.name: station.name + COVARIATE + one.name for one in machine.covariates} if machine else {},
        zone_of(station),
    )


def _lessons(site: Site) -> dict[tuple[str, int], Lesson]:
    return {
        (station.name, part_type): Lesson(
            str(folder), station.parts.teach_parts, station.parts.reject_rate, beam_of(station)
        )
        for station in site.station
        if station.parts is not None and station.parts.teach_parts
        for part_type, folder in station.parts.recipes.items()
    }


def _asset_and_cmms(station: Station) -> tuple[str, str]:
    """Whom an order of this station is about, and where it goes; a machine stands for what is heard beside it."""
    of = station.machine or station.sounds
    return (of.asset, of.orders or "") if of else ("", "")


def _failure_codes(site: Site) -> dict[str, str]:
    return {code.upper(): said for table in site.cmms.values() for code, said in table.failure_codes.items()}


def _recipes(station: Station) -> dict[int, str]:
    return {number: str(folder) for number, folder in station.parts.recipes.items()} if station.parts else {}


def ledger_plan(site: Site) -> LedgerPlan:
    """Say what the ledger is to do."""
    keep = site.store.keep
    weekly = [table.per_week for table in site.cmms.values()]
    return LedgerPlan(
        site.line.name,
        str(site.store.folder),
        site.line.timezone,
        tuple(
            StationEntry(
                station.name,
                station.title or station.name,
                *_asset_and_cmms(station),
                station.sounds is not None,
                recipes=_recipes(station),
            )
            for station in site.station
        ),
        site.store.sound,
        Keep(keep.parts / DAY_S, keep.conditions / DAY_S, keep.conditions / DAY_S, int(keep.evidence)),
        Delivery(per_week=min(weekly), failure_codes=_failure_codes(site)) if weekly else Delivery(),
        page=public_address(site),
        speech=site.store.speech,
        alerts=alert_plan(site),
        models=str(site.store.models) if site.store.models is not None else "",
    )


def _wired_ledger(site: Site) -> WiredLedger:
    return WiredLedger(ledger_plan(site), _cmms(site), {name: channel_settings(site, name) for name in site.notify})


def _cmms(site: Site) -> dict[str, MaximoSettings]:
    return {name: cmms_settings(site, name) for name in site.cmms}


def front_plan(site: Site) -> FrontPlan:
    """Say what the front serves, and where it is asked."""
    serve = site.serve
    people = str(site.store.folder) if serve.opcua_commands else ""
    opcua = OpcUaServerPlan(serve.opcua, serve.security, str(serve.certificates), site.line.name, people)
    stations = tuple(
        ServedStation(s.name, s.parts is not None, s.machine is not None, s.sounds is not None) for s in site.station
    )
    commands = str(site.store.folder / COMMANDS_FOLDER)
    opcua_or_none = opcua if serve.opcua else None
    return FrontPlan(site.line.name, stations, opcua_or_none, serve.modbus, commands, page_plan(site))


def public_address(site: Site) -> str:
    """Say how people's devices reach the page, without a slash at its end; empty where only this PC does."""
    if site.serve.url:
        return site.serve.url.rstrip("/")
    host = urlsplit(site.serve.page).hostname or ""
    return "" if host in UNREACHED or not host else site.serve.page


def page_plan(site: Site) -> PagePlan | None:
    """Say where the page is; None where the site file wants none."""
    serve, url = site.serve, urlsplit(site.serve.page)
    if not url.hostname or url.port is None:
        return None
    local = url.hostname in LOOPBACK
    return PagePlan(
        url.scheme,
        url.hostname,
        url.port,
        site.line.name,
        site.line.timezone,
        str(site.store.folder),
        LOOPBACK if local else (),
        str(serve.page_certificate or ""),
        str(serve.page_key or ""),
        site.line.shifts,
        serve.metrics == "open",
    )
