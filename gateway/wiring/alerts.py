"""Channels, routes, inhibitions and witnesses of the site file become connectors' settings and rules of the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta

from config.alerts import (
    AlertmanagerChannel,
    Inhibit,
    PagerDutyChannel,
    Route,
    SmtpChannel,
    WebhookChannel,
    Witness,
)
from config.site import Site, Station
from config.values import Secret, SecretFault
from connectors.notify.chat import ChatSettings
from connectors.notify.http import HttpSettings
from connectors.notify.mail import MailSettings
from connectors.notify.open import NotifySettings, open_channel
from connectors.notify.pagerduty import PagerDutySettings
from connectors.notify.port import NotifyFault
from connectors.notify.webhook import WebhookSettings
from gateway.incidents import routes, sifting
from gateway.incidents.alerts import AlertRules
from gateway.ledger.plan import AlertPlan
from gateway.processes.plant_tags import tag_name


@dataclass(frozen=True, slots=True)
class ReadSecret:
    """Reads a secret anew at each call, so that a changed one works at once."""

    where: str
    secret: Secret

    def __call__(self) -> str:
        """Read it.

        Raises
        ------
        NotifyFault
            It cannot be had.
        """
        try:
            return self.secret.read()
        except SecretFault as fault:
            raise NotifyFault(f"{self.where}: {fault}") from None


def channel_settings(site: Site, name: str) -> NotifySettings:
    """Translate one channel's table into its connector's settings."""
    table = site.notify[name]
    if isinstance(table, SmtpChannel):
        return MailSettings(
            table.host,
            table.port,
            table.security,
            table.sender,
            table.to,
            table.user,
            ReadSecret(f"notify.{name}.password", table.password) if table.password is not None else None,
            table.timeout,
            str(table.ca_file or ""),
        )
    if not isinstance(table, PagerDutyChannel | WebhookChannel | AlertmanagerChannel):
        return ChatSettings(ReadSecret(f"notify.{name}.urls", table.urls))
    http = HttpSettings(table.url, table.timeout, str(table.ca_file or ""), table.proxy)
    if isinstance(table, PagerDutyChannel):
        return PagerDutySettings(http, ReadSecret(f"notify.{name}.key", table.key))
    if isinstance(table, WebhookChannel):
        return WebhookSettings(http, ReadSecret(f"notify.{name}.secret", table.secret))
    return http


def channel_faults(site: Site) -> Iterator[tuple[str, str]]:
    """Yield (path, sentence) of each channel its connector can do nothing with. Nothing is sent."""
    for name in site.notify:
        try:
            open_channel(channel_settings(site, name))
        except ValueError as fault:
            key, _, sentence = str(fault).partition(": ")
            yield f"notify.{name}.{key}", sentence


def zone_of(station: Station) -> str:
    """Give the zone of a station: its own, else that of its sounds; empty where it has none."""
    return station.zone or (station.sounds.zone if station.sounds is not None else "")


def zones_of(site: Site) -> dict[str, str]:
    """Give the zone of every station that has one."""
    return {one.name: zone for one in site.station if (zone := zone_of(one))}


def alert_plan(site: Site) -> AlertPlan:
    """Say whom the ledger tells of what."""
    rules = AlertRules(
        tuple(_route(route) for route in site.route),
        {name: frozenset(table.zones) for name, table in site.notify.items() if table.zones},
        zones_of(site),
        timedelta(seconds=site.alerts.event_over),
    )
    return AlertPlan(
        rules,
        tuple(site.notify),
        tuple(_inhibit(rule) for rule in site.inhibit),
        tuple(_witness(one) for one in site.witness),
        timedelta(seconds=site.alerts.same_event),
        site.alerts.operators,
    )


def _route(table: Route) -> routes.Route:
    return routes.Route(
        table.name,
        table.to,
        table.severity,
        _about(table, zones=frozenset(table.zones)),
        _hours(table),
        table.confidence,
        tuple(routes.Step(timedelta(seconds=step.after), step.to) for step in table.escalate),
        table.otherwise,
    )


def _hours(table: Route) -> routes.Hours:
    begin, _, end = table.hours.partition("-")
    days = frozenset(routes.DAYS.index(day) for day in table.days)
    if not table.hours:
        return routes.Hours(time(0), time(0), days)
    return routes.Hours(time.fromisoformat(begin), time.fromisoformat(end), days)


def _about(table: Route | Inhibit | Witness, zones: frozenset[str] = frozenset()) -> routes.About:
    return routes.About(frozenset(table.stations), zones, frozenset(table.failure_modes))


def _inhibit(table: Inhibit) -> sifting.Inhibit:
    runs = tag_name("inhibit", table.name) if table.runs is not None else ""
    return sifting.Inhibit(table.name, _about(table), runs, table.parent or "")


def _witness(table: Witness) -> sifting.Witness:
    tag = tag_name("witness", table.name)
    return sifting.Witness(table.name, tag, _about(table), table.above, table.below, table.speaks, table.times)
