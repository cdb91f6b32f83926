"""What routes and rules say of the rest of a site file: a rule that matches nothing, a route to nowhere.

Works on the file as written, as `config.references` does, which says why.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Found = tuple[str, str]  #: path in the file, sentence

#: Failure modes a machine's own diagnosis can give; those of its indicators and kinds of sound come from the file.
MACHINE_MODES = frozenset({"outer race", "inner race", "rolling element", "cage", "gear", "abnormal sound", "wear"})


def alert_faults(raw: Mapping[str, Any], folder: Path) -> Iterator[Found]:
    """Yield (path, sentence) of every fault of channels, routes, inhibitions and witnesses."""
    stations = _tables(raw.get("station"))
    zones, modes = _zones(stations), _modes(stations, folder)
    names = [str(s["name"]) for s in stations if isinstance(s.get("name"), str)]
    channels = raw.get("notify") if isinstance(raw.get("notify"), Mapping) else {}
    assert isinstance(channels, Mapping)
    told: set[str] = set()
    for kind in ("route", "inhibit", "witness"):
        seen: dict[object, int] = {}
        for index, rule in enumerate(_tables(raw.get(kind))):
            where = f"{kind}[{index}]"
            name = rule.get("name")
            if isinstance(name, str) and seen.setdefault(name, index) != index:
                yield f"{where}.name", f"found {name!r} a second time (first in {kind}[{seen[name]}]); wanted its own"
            yield from _unknown(f"{where}.stations", rule.get("stations"), names, "station")
            yield from _unknown(f"{where}.zones", rule.get("zones"), zones, "zone")
            yield from _mode_faults(where, rule, stations, modes)
            if kind == "route":
                told |= set(_words(rule.get("to")))
                yield from _route_faults(where, rule, channels, stations)
                for step, one in enumerate(_tables(rule.get("escalate"))):
                    told |= set(_words(one.get("to")))
                    yield from _nowhere(f"{where}.escalate[{step}].to", one.get("to"), channels)
            elif kind == "inhibit":
                yield from _inhibit_faults(where, rule, raw, names)
            else:
                yield from _tag_faults(where, rule, raw)
    for name, channel in channels.items():
        if isinstance(channel, Mapping):
            yield from _unknown(f"notify.{name}.zones", channel.get("zones"), zones, "zone")
        if name not in told:
            yield f"notify.{name}", "no route leads to it; name it in a [[route]], or take it out"


def zone_of(station: Mapping[str, Any]) -> str:
    """Give a station's zone as the file says it: its own, else that of its sounds."""
    sounds = station.get("sounds")
    heard = sounds.get("zone", "") if isinstance(sounds, Mapping) else ""
    return str(station.get("zone") or heard)


def _tables(found: object) -> list[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _words(found: object) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _zones(stations: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({zone for station in stations if (zone := zone_of(station))})


def _modes(stations: Iterable[Mapping[str, Any]], folder: Path) -> Mapping[str, frozenset[str]]:
    """Give what each station can raise: of machines what is diagnosed, of sounds the kinds that were taught."""
    found: dict[str, frozenset[str]] = {}
    for station in stations:
        can: set[str] = set()
        machine, sounds = station.get("machine"), station.get("sounds")
        if isinstance(machine, Mapping):
            can |= MACHINE_MODES | {str(one.get("mode")) for one in _tables(machine.get("indicators"))}
        if isinstance(sounds, Mapping) and isinstance(sounds.get("kinds"), str):
            kinds = _kinds(folder / str(sounds["kinds"]))
            if kinds is None:
                can.add("*")  # not taught yet: told elsewhere
            else:
                can |= kinds
        found[str(station.get("name"))] = frozenset(can)
    return found


def _kinds(folder: Path) -> set[str] | None:
    """Read the names of the kinds; None where the folder holds none that can be read."""
    try:
        card = json.loads((folder / "kinds.json").read_text(encoding="utf-8"))
        return {str(name) for name in card["kinds"]["names"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _unknown(where: str, found: object, known: list[str], what: str) -> Iterator[Found]:
    for one in _words(found):
        if one not in known:
            near = difflib.get_close_matches(one, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
            yield where, f"found {one!r}; there is no such {what}, so it matches nothing; {hint}"


def _mode_faults(
    where: str, rule: Mapping[str, Any], stations: list[Mapping[str, Any]], modes: Mapping[str, frozenset[str]]
) -> Iterator[Found]:
    """Say where a rule's stations, zones and failure modes leave nothing over together."""
    names, zones = _words(rule.get("stations")), _words(rule.get("zones"))
    meant = [s for s in stations if not names or s.get("name") in names]
    heard = [s for s in meant if modes.get(str(s.get("name")))]
    within = [s for s in heard if not zones or zone_of(s) in zones]
    known = {n for n in names if any(s.get("name") == n for s in stations)}
    if names and len(known) == len(names) and not heard:
        yield f"{where}.stations", "these stations watch no machine and listen for no sounds: they raise no incident"
    elif names and zones and heard and not within:
        yield f"{where}.zones", f"none of its stations is in {' or '.join(zones)}, so it matches nothing"
    can = {mode for s in within for mode in modes[str(s.get("name"))]}
    for mode in _words(rule.get("failure_modes")) if within else ():
        if mode not in can and "*" not in can:
            near = difflib.get_close_matches(mode, can, n=1)
            hint = f"did you mean {near[0]}?" if near else f"they can raise: {', '.join(sorted(can))}"
            yield f"{where}.failure_modes", f"found {mode!r}; none of its stations raises that; {hint}"


def _route_faults(
    where: str, rule: Mapping[str, Any], channels: Mapping[str, Any], stations: list[Mapping[str, Any]]
) -> Iterator[Found]:
    yield from _nowhere(f"{where}.to", rule.get("to"), channels)
    named = [channels[name] for name in _words(rule.get("to")) if isinstance(channels.get(name), Mapping)]
    names = _words(rule.get("stations"))
    zones = set(_words(rule.get("zones"))) or {zone_of(s) for s in stations if not names or s.get("name") in names}
    fences = [set(_words(channel.get("zones"))) for channel in named]
    if fences and all(fence and not fence & zones for fence in fences):
        have = ", ".join(sorted(set().union(*fences)))
        yield f"{where}.to", f"leads nowhere: its channels hear of {have} alone, and none of that is on this route"


def _nowhere(where: str, to: object, channels: Mapping[str, Any]) -> Iterator[Found]:
    for one in _words(to):
        if one not in channels:
            near = difflib.get_close_matches(one, list(channels), n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(channels) or 'none'}"
            yield where, f"found {one!r}; wanted the name of a [notify.NAME]; {hint}"


def _inhibit_faults(where: str, rule: Mapping[str, Any], raw: Mapping[str, Any], names: list[str]) -> Iterator[Found]:
    parent = rule.get("parent")
    if isinstance(parent, str):
        yield from _unknown(f"{where}.parent", [parent], names, "station")
        if _words(rule.get("stations")) == [parent]:
            yield f"{where}.stations", f"found the parent {parent!r} alone; it never keeps itself quiet"
    runs = rule.get("runs")
    if isinstance(runs, Mapping):
        yield from _tag_faults(f"{where}.runs", runs, raw)


def _tag_faults(where: str, tag: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[Found]:
    plcs = raw.get("plc")
    plcs = plcs if isinstance(plcs, Mapping) else {}
    yield from _unknown_plc(f"{where}.plc", tag.get("plc"), plcs)
    plc = plcs.get(str(tag.get("plc")), {})
    kind = str(plc.get("kind", "")) if isinstance(plc, Mapping) else ""
    if kind == "opcua" and not tag.get("tag"):
        yield f"{where}.tag", "missing; wanted the OPC UA node id"
    if re.match("modbus", kind) and "address" not in tag:
        yield f"{where}.address", "missing; wanted the number of the holding register, counted from 0"


def _unknown_plc(where: str, found: object, known: Mapping[str, Any]) -> Iterator[Found]:
    if isinstance(found, str) and found not in known:
        near = difflib.get_close_matches(found, list(known), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
        yield where, f"found {found!r}; wanted the name of a [plc.NAME]; {hint}"
