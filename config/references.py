"""What one part of a site file says of another: names that must exist, times that must fit, modes that must be safe.

Works on the file as written, so that these faults are told together with those of the schema: whatever is missing or
of the wrong type here is the schema's to tell, and is stepped over.
"""

import difflib
import ipaddress
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.alert_references import alert_faults

#: Milliseconds between the last sample and the PLC's reading of the result, besides poll and margin: surroundings
#: after the part, one audio block, judgement, one write. Measured in docs/latency.md.
SURROUNDINGS_MS = 100.0
JUDGE_AND_WRITE_MS = 30.0

Found = tuple[str, str]  #: path in the file, sentence


def reference_faults(raw: Mapping[str, Any], folder: Path) -> Iterator[Found]:
    """Yield (path, sentence) of every fault."""
    plcs, cmmss = _table(raw, "plc"), _table(raw, "cmms")
    stations = (
        [s for s in raw.get("station", []) if isinstance(s, Mapping)] if isinstance(raw.get("station"), list) else []
    )
    seen: dict[str, int] = {}
    blocks: dict[tuple[str, int], str] = {}
    for index, station in enumerate(stations):
        where = f"station[{index}]"
        name = station.get("name")
        if isinstance(name, str) and seen.setdefault(name, index) != index:
            yield (
                f"{where}.name",
                f"found {name!r} a second time; wanted a name of its own (first in station[{seen[name]}])",
            )
        if not {"parts", "machine", "sounds"} & set(station):
            yield where, "has neither [station.parts] nor [station.machine] nor [station.sounds]; wanted one at least"
        if isinstance(parts := station.get("parts"), Mapping):
            yield from _part_faults(f"{where}.parts", station, parts, plcs, folder)
            yield from _block_faults(f"{where}.parts", parts, plcs, blocks)
        if isinstance(machine := station.get("machine"), Mapping):
            yield from _machine_faults(f"{where}.machine", machine, plcs, cmmss)
        if isinstance(sounds := station.get("sounds"), Mapping):
            yield from _sounds_faults(f"{where}.sounds", sounds, cmmss, folder, machine="machine" in station)
    for name, plc in plcs.items():
        if isinstance(plc, Mapping) and plc.get("kind") == "opcua":
            yield from _address_faults(f"plc.{name}.url", plc.get("url"), "opc.tcp://10.20.0.5:4840")
    yield from _address_faults("serve.opcua", _table(raw, "serve").get("opcua"), "opc.tcp://127.0.0.1:4850")
    yield from _serve_faults(_table(raw, "serve"))
    yield from alert_faults(raw, folder)


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = raw.get(key, {})
    return found if isinstance(found, Mapping) else {}


def _named(where: str, found: object, known: Mapping[str, Any], table: str) -> Iterator[Found]:
    if not isinstance(found, str) or found in known:
        return
    near = difflib.get_close_matches(found, list(known), n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
    yield where, f"found {found!r}; wanted the name of a [{table}.NAME]; {hint}"


def _part_faults(
    where: str, station: Mapping[str, Any], parts: Mapping[str, Any], plcs: Mapping[str, Any], folder: Path
) -> Iterator[Found]:
    yield from _named(f"{where}.plc", parts.get("plc"), plcs, "plc")
    plc = plcs.get(str(parts.get("plc")), {})
    plc = plc if isinstance(plc, Mapping) else {}
    if plc.get("kind") == "opcua" and not parts.get("tags") and not parts.get("names"):
        yield (
            f"{where}.tags",
            'missing; wanted the prefix of the contract\'s tags, as in "nsu=urn:line2:gateway;s=ring."',
        )
    if str(plc.get("kind", "")).startswith("modbus") and "block" not in parts:
        yield f"{where}.block", "missing; wanted the number of the station's block of 64 registers, as in 0"
    yield from _recipe_faults(where, parts, folder)
    yield from _time_faults(where, parts, plc)
    source = station.get("source", {})
    kind = source.get("kind") if isinstance(source, Mapping) else None
    if station.get("mode") == "active" and kind in {"recording", "simulated"} and plc and not _on_loopback(plc):
        yield (
            where.removesuffix(".parts") + ".mode",
            f'found "active" with a {kind} source and a PLC off this machine; wanted a microphone, or mode = "shadow"',
        )
    after = _table(parts, "capture").get("after_ms", 20)
    if kind in {"recording", "simulated"} and isinstance(after, int | float) and after < 0:
        yield (
            f"{where}.capture.after_ms",
            f"found {after}; a {kind} source cannot play before its trigger; wanted 0 or more",
        )


def _sounds_faults(
    where: str, sounds: Mapping[str, Any], cmmss: Mapping[str, Any], folder: Path, *, machine: bool
) -> Iterator[Found]:
    yield from _named(f"{where}.orders", sounds.get("orders"), cmmss, "cmms")
    if machine and {"asset", "orders"} & set(sounds):
        yield where, "found asset or orders beside [station.machine]; wanted them there alone: they hold for both"
    kinds = sounds.get("kinds")
    if isinstance(kinds, str) and not (folder / kinds).is_dir():
        mend = f"teach them: wheeltapper teach-sounds {kinds} --kind NAME=PATH --background PATH"
        yield f"{where}.kinds", f"no kinds of sound at {kinds}; {mend}"


def _recipe_faults(where: str, parts: Mapping[str, Any], folder: Path) -> Iterator[Found]:
    for part_type, recipe in _table(parts, "recipes").items():
        if isinstance(recipe, str) and not parts.get("teach_parts") and not (folder / recipe).is_dir():
            yield (
                f"{where}.recipes.{part_type}",
                (f"no recipe at {recipe}; teach it: wheeltapper teach {recipe} --good FOLDER, or set teach_parts"),
            )


def _time_faults(where: str, parts: Mapping[str, Any], plc: Mapping[str, Any]) -> Iterator[Found]:
    capture = _table(parts, "capture")
    times = [
        capture.get("after_ms", 20),
        capture.get("length_ms", 300),
        parts.get("margin_ms", 20),
        plc.get("poll_ms", 10),
        parts.get("deadline_ms", 600),
    ]
    if not all(isinstance(t, int | float) and not isinstance(t, bool) for t in times):
        return
    after, length, margin, poll, deadline = times
    needed = max(after, 0) + length + SURROUNDINGS_MS + JUDGE_AND_WRITE_MS + poll + margin
    if deadline < needed:
        yield (
            f"{where}.deadline_ms",
            (
                f"found {deadline:g}; wanted at least {needed:g} = capture {max(after, 0):g} + {length:g}, "
                f"surroundings {SURROUNDINGS_MS:g}, judgement and write {JUDGE_AND_WRITE_MS:g}, poll {poll:g}, "
                f"margin {margin:g}; "
                "listen for a shorter time or move the reject arm down the line"
            ),
        )


def _block_faults(
    where: str, parts: Mapping[str, Any], plcs: Mapping[str, Any], taken: dict[tuple[str, int], str]
) -> Iterator[Found]:
    plc, block = parts.get("plc"), parts.get("block")
    if isinstance(plc, str) and isinstance(block, int) and plc in plcs:
        first = taken.setdefault((plc, block), where)
        if first != where:
            yield (
                f"{where}.block",
                f"found {block} a second time on {plc}; wanted a block of its own (first in {first})",
            )


def _machine_faults(
    where: str, machine: Mapping[str, Any], plcs: Mapping[str, Any], cmmss: Mapping[str, Any]
) -> Iterator[Found]:
    covariates = machine.get("covariates", ())
    listed = covariates if isinstance(covariates, list) else ()
    tags = {key: machine.get(key) for key in ("speed", "runs")}
    for key, tag in (tags | {f"covariates[{number}]": one for number, one in enumerate(listed)}).items():
        if not isinstance(tag, Mapping):
            continue
        yield from _named(f"{where}.{key}.plc", tag.get("plc"), plcs, "plc")
        plc = plcs.get(str(tag.get("plc")), {})
        kind = str(plc.get("kind", "")) if isinstance(plc, Mapping) else ""
        if kind == "opcua" and not tag.get("tag"):
            yield f"{where}.{key}.tag", "missing; wanted the OPC UA node id"
        if kind.startswith("modbus") and "address" not in tag:
            yield f"{where}.{key}.address", "missing; wanted the number of the holding register, counted from 0"
    yield from _named(f"{where}.orders", machine.get("orders"), cmmss, "cmms")
    if machine.get("bearings") and "speed" not in machine and "rpm" not in machine:
        yield where, "has bearings and no speed; wanted speed = { plc = ..., tag = ... } or rpm = 1480"
    if "speed" in machine and "rpm" in machine:
        yield f"{where}.rpm", "found beside speed; wanted one of them: a tag's speed, or a constant one"
    indicators = machine.get("indicators", ())
    for number, one in enumerate(indicators if isinstance(indicators, list) else ()):
        if isinstance(one, Mapping) and "order" in one and "speed" not in machine and "rpm" not in machine:
            yield (
                f"{where}.indicators[{number}].order",
                "a multiple of a speed nobody tells; wanted speed = { plc = ..., tag = ... } or rpm = 1480 beside it",
            )


def _address_faults(where: str, url: object, example: str) -> Iterator[Found]:
    if not isinstance(url, str) or not url.startswith("opc.tcp://"):
        return
    try:
        split = urlsplit(url)
        host, _ = split.hostname, split.port  # a port that is none raises when it is read
    except ValueError:
        host = None
    if "@" in url:
        yield where, f"holds a user or password (not shown); they have keys of their own; wanted as in {example}"
    elif not host:
        yield where, f"found {url!r}; wanted a host and a port, as in {example}"


def _serve_faults(serve: Mapping[str, Any]) -> Iterator[Found]:
    url = serve.get("opcua")
    if serve.get("security") == "None" and isinstance(url, str) and not _loopback_host(_host_of(url)):
        yield "serve.security", 'found "None" off loopback; wanted "Sign" or "SignAndEncrypt": anybody could read along'
    if serve.get("opcua_commands") and not url:
        yield "serve.opcua_commands", "found true without opcua; wanted opcua, the address where they come in"
    page = serve.get("page")
    if not isinstance(page, str) or not page:
        return
    secure, pem = page.startswith("https:"), [serve.get("page_certificate"), serve.get("page_key")]
    if not secure and not _loopback_host(_host_of(page)):
        yield "serve.page", "found http off loopback; wanted https, page_certificate and page_key: passwords pass"
    if secure and not all(pem):
        yield "serve.page", "found https; wanted page_certificate and page_key beside it"
    if not secure and any(pem):
        yield "serve.page", "found http beside a certificate, which it would not use; wanted https"


def _on_loopback(plc: Mapping[str, Any]) -> bool:
    url = plc.get("url")
    return _loopback_host(_host_of(url) if isinstance(url, str) else plc.get("host", "127.0.0.1"))


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # told by `_address_faults`
        return None


def _loopback_host(host: object) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False
