"""`wheeltapper backup`: what a gateway cannot learn again, as one file."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from pydantic import BaseModel

from config.load import load
from config.plc import OpcUaPlcSettings
from config.site import Site
from config.values import Secret
from gateway.archive import Kept, Manifest, copy_database, listed, summary, write_archive
from gateway.cli.output import emit, note, say
from gateway.serve.people import PEOPLE
from gateway.store.database import DATABASE

EVIDENCE = "evidence"  #: in the store's folder
PRIVATE = {".pem", ".key"}  #: in a folder of certificates; what may be shown is .der there


def command(
    file: Annotated[Path, typer.Argument(help="The backup to write; never overwritten.", metavar="FILE.zip")],
    site: Annotated[Path, typer.Option("--site", help="The site file.", metavar="SITE.toml")],
    private: Annotated[bool, typer.Option("--secrets", help="Private keys too: keep such a file locked up.")] = False,
    evidence: Annotated[bool, typer.Option("--evidence", help="Pictures and sound too, as far as kept.")] = False,
    json: Annotated[bool, typer.Option("--json", help="What is in it, as one JSON object.")] = False,
) -> None:
    """Write store, recipes, kinds of sound, site file, people and certificates into one file.

    It may be done while the gateway runs: the store is copied as of one moment. Every file is listed with its SHA-256,
    and the whole is read back before it gets its name. Passwords that the site file takes from the environment or from
    files are never in it; people's passwords are, as Argon2id hashes.
    """
    loaded = load(site)
    home = site.resolve().parent
    with TemporaryDirectory(dir=file.resolve().parent, prefix=".wheeltapper-backup-") as scratch:
        store = Path(loaded.store.folder)
        kept, schema = [Kept(site.resolve(), site.name)], None
        if (store / DATABASE).is_file():
            copied = Path(scratch) / DATABASE
            schema = copy_database(store / DATABASE, copied)
            kept.append(Kept(copied, _path(store / DATABASE, home)))
        kept += [Kept(one, _path(one, home)) for one in _files(loaded, private=private, evidence=evidence)]
        once = {one.path: one for one in kept}
        manifest = Manifest(
            format=1,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            wheeltapper=version("wheeltapper"),
            site=site.name,
            schema_version=schema,
            secrets=private,
            missing=tuple(_missing(loaded, home, private=private)),
            files=(),
        )
        manifest = write_archive(file, list(once.values()), manifest)
    if json:
        emit(listed(manifest))
        return
    say(f"{file}: {summary(manifest)}")
    for line in manifest.missing:
        note(f"not in it: {line}")


def _files(site: Site, *, private: bool, evidence: bool) -> Iterator[Path]:
    store = Path(site.store.folder)
    if (store / PEOPLE).is_file():
        yield store / PEOPLE
    for folder in _learned(site):
        yield from _below(folder)
    for folder in certificate_folders(site):
        yield from (one for one in _below(folder) if private or one.suffix not in PRIVATE)
    shown = [site.serve.page_certificate, *([site.serve.page_key] if private else [])]
    yield from (one for one in shown if one is not None and one.is_file())
    if evidence:
        yield from _below(store / EVIDENCE)


def _learned(site: Site) -> Iterator[Path]:
    for station in site.station:
        if station.parts is not None:
            yield from station.parts.recipes.values()
        if station.sounds is not None:
            yield station.sounds.kinds


def certificate_folders(site: Site) -> list[Path]:
    """Give every folder of certificates a site names, once."""
    folders = [plc.certificates for plc in site.plc.values() if isinstance(plc, OpcUaPlcSettings)]
    return list(dict.fromkeys([*folders, site.serve.certificates]))


def _below(folder: Path) -> Iterator[Path]:
    """Every plain file below; links are not followed, as they lead out of what was meant."""
    for one in sorted(folder.rglob("*")):
        if one.is_file() and not one.is_symlink() and not one.name.startswith("."):
            yield one


def _path(source: Path, home: Path) -> str:
    """Where a file lies in the archive: as beside the site file, or under `elsewhere` by its whole path."""
    whole = source.resolve()
    if whole.is_relative_to(home):
        return whole.relative_to(home).as_posix()
    return "/".join(("elsewhere", *(part.rstrip(":\\") for part in whole.parts if part.rstrip(":\\/"))))


def _missing(site: Site, home: Path, *, private: bool) -> Iterator[str]:
    for where, secret in secrets_of(site):
        yield f"{where} ({'environment ' + secret.env if secret.env else f'file {secret.file}'})"
    if not private:
        yield "private keys: they are made anew, and the PLCs must trust the new one; --secrets takes them along"
    folders = [Path(site.store.folder), *_learned(site), *certificate_folders(site)]
    for folder in dict.fromkeys(folders):
        if not folder.resolve().is_relative_to(home):
            yield f"a place for {folder}: it is restored below elsewhere/; move it, or change the site file"
    if site.store.models is not None:
        yield f"the models in {site.store.models}: fetch or build them again"


def secrets_of(value: object, path: str = "") -> Iterator[tuple[str, Secret]]:
    """Give every secret of a site with its place in the site file."""
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, BaseModel):
        for key in type(value).model_fields:
            yield from secrets_of(getattr(value, key), f"{path}.{key}" if path else key)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from secrets_of(item, f"{path}.{key}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from secrets_of(item, f"{path}[{index}]")
