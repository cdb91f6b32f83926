"""`wheeltapper new`: a few questions become a commented site file that passes `check`."""

import asyncio
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.load import SiteError, fault_of, load
from config.machine import Machine
from config.parts import Parts
from config.site import Line, Station
from connectors.plc.hush import hush_libraries
from connectors.plc.opcua_find import Place, find_places
from connectors.plc.opcua_session import OpcUaSettings
from connectors.plc.port import PlcFault
from gateway.audio.source import SourceFault
from gateway.cli.devices import found_devices, listen
from gateway.cli.new_text import Answers, site_text
from gateway.cli.output import note, say

METER_S = 3.0


class _Given(BaseModel):
    """An answers file: what is missing is asked for, or left to its default where nobody can be asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: str = "Line 1"
    timezone: str = "UTC"
    hears: Literal["parts", "machine"] = "parts"
    plc: Literal["opcua", "modbus"] = "opcua"
    address: str = Field("", description="OPC UA: opc.tcp://host:port; Modbus: host.")
    security: Literal["SignAndEncrypt", "Sign", "None"] = "SignAndEncrypt"
    tags: str = ""
    block: int = 0
    station: str = "station1"
    part_type: int = 1
    asset: str = ""
    rpm: float = 0.0
    device: str = ""
    channel: int = 1
    rate: int = 48000
    page: bool = True


def command(
    file: Annotated[Path, typer.Argument(help="The site file to write; never overwritten.")] = Path("line.toml"),
    answers: Annotated[
        Path | None, typer.Option("--answers", help="TOML file of answers; then nothing is asked.", metavar="FILE")
    ] = None,
) -> None:
    """Ask a few questions and write a commented site file.

    Looks for the contract's tags in the PLC and lets you choose; shows what each microphone hears. The station
    observes at first: it writes nothing to the PLC. Every answer can be changed in the file later.
    """
    hush_libraries()
    if file.exists():
        note(f"{file}: is there already; wanted a new name, as a site file is never overwritten")
        raise typer.Exit(1)
    given = _read(answers) if answers is not None else _ask()
    if given.hears == "parts" and given.plc == "opcua" and not given.tags:
        given = given.model_copy(update={"tags": _tags(given, ask=answers is None)})
    _write(file, site_text(Answers(**given.model_dump())))
    say(f"{file}: written and checked")
    note(f"next: wheeltapper doctor {file}; then wheeltapper run {file}")


def _read(path: Path) -> _Given:
    try:
        return _Given.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--answers") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise typer.BadParameter(f"{path}: is not TOML: {fault}", param_hint="--answers") from fault
    except ValidationError as fault:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in fault.errors(include_url=False))
        raise typer.BadParameter(f"{path}: {said}", param_hint="--answers") from None


def _write(file: Path, text: str) -> None:
    """Write it beside, check it, and only then give it its name."""
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        try:
            load(beside)
        except SiteError as error:
            raise SiteError(file.name, error.faults) from None
        beside.rename(file)
    except OSError as error:
        note(f"{file}: cannot be written ({error.strerror})")
        raise typer.Exit(1) from error
    finally:
        beside.unlink(missing_ok=True)


# ---- questions ------------------------------------------------------------------------------------------------------


def _ask() -> _Given:
    blank = _Given()
    told: dict[str, object] = {
        "line": typer.prompt("What do people call the line?", blank.line),
        "timezone": _taken("Time zone", blank.timezone, Line, "timezone"),
        "station": _taken("Short name of the station (letters, digits, _ and -)", blank.station, Station, "name"),
        "hears": _one_of("What does it hear?", ("parts", "machine")),
    }
    if told["hears"] == "parts":
        told["plc"] = _one_of("How does the PLC speak?", ("opcua", "modbus"))
        if told["plc"] == "opcua":
            told["address"] = typer.prompt("Address of its OPC UA server", "opc.tcp://192.168.0.1:4840")
            told["security"] = _one_of("Security", ("SignAndEncrypt", "Sign", "None"))
        else:
            told["address"] = typer.prompt("Address of its Modbus server", "192.168.0.1")
            told["block"] = _taken("Number of the station's block of 64 registers", 0, Parts, "block")
        told["part_type"] = typer.prompt("PartType of the first product", 1, type=int)
    else:
        told["asset"] = _taken("Number of the machine in Maximo, or its name", None, Machine, "asset")
        told["rpm"] = _taken("Shaft speed in rpm, 0 where it is not known", 0.0, Machine, "rpm")
    told |= _microphone()
    told["page"] = typer.confirm("A page on this PC at http://127.0.0.1:8080?", default=True)
    return _Given.model_validate(told)


def _taken(question: str, default: object, table: type[BaseModel], key: str) -> object:
    """Ask until the key of the site file takes the answer: a fault told at the end would cost all the others."""
    while fault := fault_of(table, key, (said := typer.prompt(question, default)) or None):
        note(fault)
    return said


def _one_of(question: str, words: tuple[str, ...]) -> str:
    while (said := str(typer.prompt(f"{question} ({', '.join(words)})", words[0]))) not in words:
        note(f"found {said}; wanted one of {', '.join(words)}")
    return said


def _number(question: str, most: int) -> int:
    while not 1 <= (said := int(typer.prompt(question, 1, type=int))) <= most:
        note(f"found {said}; wanted 1 to {most}")
    return said


def _microphone() -> dict[str, object]:
    """Show what each device hears, and let a person choose; nothing is found: the simulation stands in."""
    try:
        devices = found_devices()
    except SourceFault as fault:
        note(str(fault))
        devices = []
    if not devices:
        note("no microphone was found: the file gets a simulated one; change `source` when it is plugged in")
        return {}
    for number, device in enumerate(devices, 1):
        levels, fault_text = listen(device, METER_S, quiet=True)
        heard = fault_text or ", ".join(f"channel {n} {level:.0f} dB" for n, level in enumerate(levels, 1))
        say(f"  {number}  {device.name} ({device.host_api}): {heard}")
    say("knock on the microphone and look again: wheeltapper devices --meter 30")
    chosen = devices[_number("Which one?", len(devices)) - 1]
    channel = _number("Channel", chosen.channels)
    return {"device": chosen.name, "channel": channel, "rate": round(chosen.rate)}


def _tags(given: _Given, *, ask: bool) -> str:
    """Look for the contract's tags; one complete place is taken, of several a person chooses."""
    settings = OpcUaSettings("plc.main", given.address, security=given.security, timeout_s=5.0)
    try:
        places = asyncio.run(find_places(settings))
    except PlcFault as fault:
        note(f"{fault}")
        places = []
    whole = [place for place in places if not place.missing]
    for place in places:
        say(f"  {place.prefix}: {_lacks(place)}")
    if len(whole) == 1:
        say(f"taken: {whole[0].prefix}")
        return whole[0].prefix
    hint = "" if places else "; no tag TrigSeq was found: docs/plc/README.md says which the PLC needs"
    if not ask:
        raise typer.BadParameter(f"tags: {len(whole)} complete stations found, wanted one{hint}; name its prefix",
                                 param_hint="--answers")  # fmt: skip
    if hint:
        note(hint.removeprefix("; "))
    default = whole[0].prefix if whole else f"nsu=urn:plc;s={given.station}."
    return str(typer.prompt("Prefix of the station's tags", default))


def _lacks(place: Place) -> str:
    return f"lacks {', '.join(place.missing)}" if place.missing else "every tag of the contract"
