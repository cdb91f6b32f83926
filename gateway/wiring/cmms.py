"""CMMS tables of the site file become connectors, inside the ledger's process."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import structlog

from config.cmms import MaximoSettings as MaximoTable
from config.site import Site
from config.values import SecretFault
from connectors.cmms.maximo_settings import MaximoSettings
from connectors.cmms.open import open_cmms
from connectors.cmms.port import CmmsFault, CmmsPort
from connectors.notify.open import NotifySettings, open_channel
from connectors.notify.port import NotifyPort
from gateway.ledger.body import run_ledger
from gateway.ledger.plan import LedgerPlan
from gateway.processes.channel import Channel
from gateway.processes.clock import Clock
from gateway.store.database import StoreError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WiredLedger:
    """The ledger's plan, and the tables of the CMMS and of the channels it delivers to."""

    plan: LedgerPlan
    cmms: Mapping[str, MaximoSettings]
    channels: Mapping[str, NotifySettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadSecret:
    """Reads the key anew at each call, so that a changed one works at once."""

    name: str
    table: MaximoTable

    def __call__(self) -> str:
        """Read the key.

        Raises
        ------
        CmmsFault
            It cannot be had.
        """
        try:
            return self.table.key.read()
        except SecretFault as fault:
            raise CmmsFault(f"cmms.{self.name}.key: {fault}") from None


def cmms_settings(site: Site, name: str) -> MaximoSettings:
    """Translate one CMMS's table into its connector's settings.

    Raises
    ------
    ValueError
        What can never work, a sentence a line: `cmms_faults` tells it as faults of the file.
    """
    table = site.cmms[name]
    assets = tuple(s.machine.asset for s in site.station if s.machine is not None and s.machine.orders == name)
    return MaximoSettings(
        url=table.url.rstrip("/"),
        key=ReadSecret(name, table),
        site=table.site,
        creates=table.creates,
        priority=dict(table.priority.items()),
        worktype=table.work_type,
        work_order_structure=table.work_order_structure,
        request_structure=table.request_structure,
        asset_structure=table.asset_structure,
        owner=table.owner,
        peoples_orders=table.peoples_orders,
        corrective_worktypes=table.corrective_worktypes,
        problem_codes=dict(table.problem_codes),
        page_link=table.page_link,
        ca_file=str(table.ca_file or ""),
        proxy=table.proxy,
        assets=assets,
        read_s=table.timeout,
        total_s=1.5 * table.timeout,
    )


def cmms_faults(site: Site) -> Iterator[tuple[str, str]]:
    """Yield (path, sentence) of each table its connector can do nothing with. Nothing is sent."""
    for name in site.cmms:
        try:
            open_cmms(cmms_settings(site, name))
        except ValueError as fault:
            for line in str(fault).splitlines():
                key, _, sentence = line.partition(": ")
                yield f"cmms.{name}.{key}", sentence


def run_wired_ledger(wired: WiredLedger, channel: Channel, clock: Clock) -> None:
    """Run the ledger with the connectors of this site; a store that cannot be used is one line in the log."""

    def make(name: str) -> CmmsPort:
        return open_cmms(wired.cmms[name])

    def make_channel(name: str) -> NotifyPort:
        return open_channel(wired.channels[name])

    try:
        run_ledger(wired.plan, channel, clock, make, make_channel)
    except StoreError as fault:
        log.error(str(fault), kind="store-unusable")  # noqa: TRY400 - a full disk is no bug, and needs no trace
        sys.exit(1)  # main starts it again, after longer and longer pauses: the disk may be mended meanwhile
