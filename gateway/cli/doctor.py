"""`wheeltapper doctor`: looks at everything a gateway needs, and says of each what is wrong and how to mend it."""

import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from config.load import SiteError
from config.site import Site
from connectors.plc.hush import hush_libraries
from gateway.cli.check import connections
from gateway.cli.doctor_here import Look, bad, certificates, clock, disk, ok, permissions, ports, running, store, warn
from gateway.cli.output import emit, say
from gateway.wiring.build import load_site
from models.embedding import ModelError
from models.speech import SpeechModel

PACKAGES = ("numpy", "scipy", "onnxruntime", "asyncua", "pymodbus", "sounddevice", "fastapi")
MARKS = {"ok": "ok  ", "warn": "WARN", "bad": "BAD "}


def command(
    site: Annotated[Path, typer.Argument(help="The site file.", metavar="SITE.toml")],
    offline: Annotated[bool, typer.Option("--offline", help="Open no connection and no audio device.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Look at this PC and at everything the gateway talks to; writes nothing, and may be run beside a gateway.

    Versions, site file, clock, disk, permissions, store, ports, certificates, models; without --offline also audio
    devices, recipes, PLCs and CMMS. Exit code 1 where a line is bad; warnings alone are 0.
    """
    hush_libraries()
    worst_bad = False
    for look in looks(site, offline=offline):
        worst_bad = worst_bad or look.state == "bad"
        if json:
            emit({"state": look.state, "what": look.what, "sentence": look.sentence, "mend": look.mend})
        else:
            say(f"{MARKS[look.state]} {look.what}: {look.sentence}")
            if look.mend:
                say(f"       -> {look.mend}")
    if worst_bad:
        raise typer.Exit(1)


def looks(path: Path, *, offline: bool) -> Iterator[Look]:
    """Look at one thing after the other; a site file that cannot be used ends it early, with its faults."""
    yield from _versions()
    try:
        site = load_site(path)
    except SiteError as error:
        for fault in error.faults:
            yield bad("site file", f"{fault.where}: {fault.sentence}".removeprefix(": "), f"change {path.name}")
        return
    yield ok("site file", f"{path.name}: no fault, {len(site.station)} stations")
    runs = running(site)
    yield ok("gateway", "runs on this store" if runs else "does not run on this store now")
    here: tuple[Callable[[Site], Iterator[Look]], ...] = (clock, disk, store, certificates)
    for part in here:
        yield from part(site)
    yield from permissions(site, path)
    yield from ports(site, runs=runs)
    yield from _speech(site)
    if offline:
        yield warn("connections", "not tried (--offline)", "run it once without --offline")
        return
    yield from _connections(site, runs=runs)


def _versions() -> Iterator[Look]:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            yield bad("versions", f"{name} is not installed", "install again: docs/install.md")
    python = ".".join(map(str, sys.version_info[:3]))
    yield ok("versions", f"wheeltapper {version('wheeltapper')}, Python {python}, {', '.join(found)}")
    if sys.maxsize < 2**32:
        yield bad("system", "32-bit Python", "install a 64-bit system and Python: NumPy has no 32-bit ARM wheels")
    else:
        yield ok("system", f"{platform.system()} {platform.release()}, {platform.machine()}, 64 bit")


def _speech(site: Site) -> Iterator[Look]:
    if site.store.sound == "never" or site.store.speech == "keep":
        return
    try:
        SpeechModel()
    except ModelError as fault:
        yield bad("speech model", f"{fault}; no sound is kept without it", "install again: docs/install.md")
    else:
        yield ok("speech model", "loads; sound with speech in it is not written")


def _connections(site: Site, *, runs: bool) -> Iterator[Look]:
    """Recipes, PLCs and CMMS, and the sources too where no gateway holds their devices."""
    if runs:
        yield warn("audio", "not opened: the gateway holds the devices", "its page shows every microphone's level")
    for line in connections(site, sources=not runs):
        if line.ok:
            yield ok(line.where, line.sentence)
        else:
            yield bad(line.where, line.sentence, _mend(line.where))


def _mend(where: str) -> str:
    if where.startswith("source"):
        return "wheeltapper devices lists what this PC hears with; docs/audio.md"
    if where.startswith("plc"):
        return "docs/connect-plc.md; certificates that wait for your word: wheeltapper trust"
    if where.startswith("cmms"):
        return "docs/maximo.md"
    return "wheeltapper recipe FOLDER says what is in it; wheeltapper teach makes it anew"
