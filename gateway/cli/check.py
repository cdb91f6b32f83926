"""`wheeltapper check`: every fault of a site file at once, and on request every connection and every default."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from config.site import Site
from config.values import Secret
from connectors.cmms.open import open_cmms
from connectors.notify.open import open_channel
from connectors.plc.hush import hush_libraries
from connectors.plc.open import open_port
from connectors.plc.port import PlcFault
from gateway.audio.open import make_source
from gateway.audio.source import Source, SourceFault
from gateway.cli.output import emit, note, say
from gateway.processes.clock import SystemClock
from gateway.stations.shelf import Shelf
from gateway.wiring.alerts import channel_settings
from gateway.wiring.build import load_site
from gateway.wiring.cmms import cmms_settings
from gateway.wiring.plc import settings_of
from gateway.wiring.stations import beam_of, worker_plans


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was tried."""

    ok: bool
    where: str
    sentence: str


def command(
    site: Annotated[Path, typer.Argument(help="The site file.", metavar="SITE.toml")],
    connect: Annotated[
        bool, typer.Option("--connect", help="Also open every connection, and say how each is.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Also print every default, and every tag.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Name every fault of a site file at once; exit code 2 where there is one.

    Nothing is started and no tag is written, with --connect neither: it opens each PLC, CMMS and source, looks at
    every tag, type and mapping, loads each recipe, and closes again. Exit code 1 where one of them does not do.
    """
    hush_libraries()
    loaded = load_site(site)
    if full:
        _print_full(loaded, json=json)
    lines = [Line(True, "", _in_short(loaded)), *_several(loaded)]
    if connect:
        lines += connections(loaded)
    for line in lines:
        if json:
            emit({"ok": line.ok, "where": line.where, "sentence": line.sentence})
        else:
            where = f"{line.where}: " if line.where and not line.sentence.startswith(line.where) else ""
            say(f"{'ok   ' if line.ok else 'FAULT'} {site.name}: {where}{line.sentence}")
    if not all(line.ok for line in lines):
        raise typer.Exit(1)
    if not connect and not json:
        note(f"Try every connection as well: wheeltapper check {site} --connect")


def _in_short(site: Site) -> str:
    active = sum(station.mode == "active" for station in site.station)
    parts = sum(station.parts is not None for station in site.station)
    machines = sum(station.machine is not None for station in site.station)
    return (
        f"no fault: {len(site.station)} stations ({parts} of parts, {machines} of machines, {active} active), "
        f"{len(site.plc)} PLC, {len(site.cmms)} CMMS"
    )


# ---- --connect ------------------------------------------------------------


def connections(site: Site, *, sources: bool = True) -> list[Line]:
    """Open every connection and say how each is; the sources too, unless a gateway holds their devices."""
    heard = _sources(site) if sources else ()
    return [*heard, *_recipes(site), *asyncio.run(_plcs(site)), *_cmms(site), *_channels(site)]


async def _plcs(site: Site) -> list[Line]:
    lines: list[Line] = []
    for name in site.plc:
        try:
            findings = await open_port(settings_of(site, name)).check()
        except PlcFault as fault:
            lines.append(Line(False, f"plc.{name}", str(fault)))
        else:
            lines += [Line(f.ok, f.where, f.sentence) for f in findings]
    return lines


def _cmms(site: Site) -> Iterator[Line]:
    for name in site.cmms:
        for finding in open_cmms(cmms_settings(site, name)).check():
            yield Line(finding.ok, f"cmms.{name}: {finding.where}", finding.sentence)


def _channels(site: Site) -> Iterator[Line]:
    for name in site.notify:
        for finding in open_channel(channel_settings(site, name)).check():
            yield Line(finding.ok, f"notify.{name}", finding.sentence)


def _sources(site: Site) -> Iterator[Line]:
    for worker in worker_plans(site):
        for index, plan in enumerate(worker.sources):
            names = ", ".join(s.name for s in worker.stations if index in (s.source, s.ambient_source))
            source = make_source(plan, SystemClock())
            try:
                source.open()
                if plan.kind == "microphone":
                    _listen(source)
            except SourceFault as fault:
                yield Line(False, f"source of {names}", str(fault))
            else:
                channels = f"{plan.channels} channel" + ("s" if plan.channels > 1 else "")
                yield Line(True, f"source of {names}", f"{plan.kind} opens, {channels}, {plan.rate} Hz")
            finally:
                source.close()


def _several(site: Site) -> Iterator[Line]:
    """Say how stations with several microphones hear."""
    for station in site.station:
        if (beam := beam_of(station)) is not None:
            yield Line(True, f"{station.name}: array", f"heard as one; recordings of it: teach --array {beam}")
        if station.machine is not None and station.machine.learn_hall is not None:
            told = f"learned from {station.machine.learn_hall:g} s with the machine at rest; the page tells its bound"
            yield Line(True, f"{station.name}: hall", told)


def _listen(source: Source) -> None:
    """Wait for the first sound: a microphone opens in its own time, and what is wrong is raised by `chunks`."""
    while not any(len(chunk.samples) for chunk in source.chunks()):  # the microphone bounds this wait, and says why
        time.sleep(0.05)


def _recipes(site: Site) -> Iterator[Line]:
    taught = {s.name: s.parts.teach_parts for s in site.station if s.parts is not None}
    for worker in worker_plans(site):
        for station in worker.stations:
            if station.part is None:
                continue
            for part_type, view in Shelf(station.part, worker.sources[station.source].rate).views().items():
                where = f"{station.name}: recipe of type {part_type}"
                if taught[station.name] and not Path(station.part.recipes[part_type]).exists():
                    yield Line(True, where, f"will be learned from {taught[station.name]} parts in Mode 3")
                    continue
                yield Line(not view.fault, where, view.fault or f"{view.name} version {view.version}; {view.promise}")


# ---- --full ------------------------------------------------------------


def _print_full(site: Site, *, json: bool) -> None:
    from gateway.cli.tag_list import own_tags, plc_tags

    if json:
        emit({"settings": {key: value for key, value, _ in _settings(site)}})
        emit({"plc_tags": list(plc_tags(site)), "own_tags": list(own_tags(site))})
        return
    say("Every setting (* = default)")
    for key, value, default in _settings(site):
        say(f"  {'*' if default else ' '} {key} = {value}")
    _print_table("Tags on the PLC", list(plc_tags(site)))
    _print_table("Tags of the own servers; registers are input registers, counted from 0", list(own_tags(site)))


def _print_table(title: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    say(f"\n{title}")
    texts = [{key: "-" if value is None else str(value) for key, value in row.items()} for row in rows]
    widths = {key: max(len(key), *(len(row[key]) for row in texts)) for key in texts[0]}
    say("  " + "  ".join(key.ljust(width) for key, width in widths.items()).rstrip())
    for row in texts:
        say("  " + "  ".join(row[key].ljust(width) for key, width in widths.items()).rstrip())


def _settings(value: object, path: str = "", *, default: bool = False) -> Iterator[tuple[str, str, bool]]:
    """Every leaf of the site with its path, and whether it was left to its default."""
    if isinstance(value, Secret):
        yield path, f"(from {value.env or value.file})", default
    elif isinstance(value, BaseModel):
        for key in type(value).model_fields:
            below = f"{path}.{key}" if path else key
            yield from _settings(getattr(value, key), below, default=default or key not in value.model_fields_set)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _settings(item, f"{path}.{key}", default=default)
        if not value:
            yield path, "{}", default
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        for index, item in enumerate(value):
            yield from _settings(item, f"{path}[{index}]", default=default)
    else:
        yield path, str(value), default
