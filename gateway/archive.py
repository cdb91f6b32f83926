"""One file that holds what a gateway cannot learn again: store, recipes, site file, people, certificates.

A zip with a first entry, `manifest.json`, that says of every other its size and SHA-256. It is written whole or not at
all, and read with suspicion: an archive comes on a USB stick, and a path in it is a wish, not an order.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import sqlite3
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.store.database import DATABASE
from gateway.store.migrate import shipped, version_of

MANIFEST = "manifest.json"
MANIFEST_MOST = 32 * 2**20  #: bytes; some 200 000 files
FILES_MOST = 200_000
SPARE_BYTES = 256 * 2**20  #: stay free on the disk that is restored to
_PIECE = 2**20
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # Windows opens a device under these names
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)


class ArchiveError(Exception):
    """The archive cannot be written, or must not be trusted; one sentence."""


class Entry(BaseModel):
    """One file of an archive."""

    model_config = _STRICT

    path: str = Field(min_length=1, max_length=400, description="Relative to the folder restored to, with /.")
    bytes: int = Field(ge=0)
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What an archive says of itself."""

    model_config = _STRICT

    format: Literal[1]
    made: str = Field(max_length=40, description="Wall time, ISO 8601.")
    wheeltapper: str = Field(max_length=40, description="Version that wrote it.")
    site: str = Field(max_length=200, description="Name of the site file in it.")
    schema_version: int | None = Field(description="Of the store; none = there was none.")
    secrets: bool = Field(description="Private keys are in it.")
    missing: tuple[str, ...] = Field(description="What the site file names and nobody will find in here, in words.")
    files: tuple[Entry, ...] = Field(max_length=FILES_MOST)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file to keep, and its path in the archive."""

    source: Path
    path: str


# ---- writing --------------------------------------------------------------------------------------------------------


def copy_database(source: Path, target: Path) -> int:
    """Copy a store that may be in use, as of one moment (sqlite.org/backup.html); returns its schema version.

    Raises
    ------
    ArchiveError
        It cannot be read, or what was copied is damaged.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as here,
            closing(sqlite3.connect(target)) as there,
        ):
            here.backup(there)
            there.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            return _sound(there, source)
    except sqlite3.Error as error:
        raise ArchiveError(f"{source}: cannot be copied ({error}); wheeltapper doctor says more") from error


def _sound(db: sqlite3.Connection, path: Path) -> int:
    verdict = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        raise ArchiveError(f"{path}: the database is damaged ({verdict})")
    return version_of(db)


def write_archive(target: Path, kept: Sequence[Kept], manifest: Manifest) -> Manifest:
    """Write an archive, readable by its owner alone; the files of `manifest` are filled in.

    Raises
    ------
    ArchiveError
        The target is there already, or a file cannot be read or written.
    """
    if target.exists():
        raise ArchiveError(f"{target}: is there already; wanted a new name, as a backup is never overwritten")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        entries = [_entry(one) for one in kept]
        whole = manifest.model_copy(update={"files": tuple(entries)})
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
                archive.writestr(MANIFEST, whole.model_dump_json(indent=1))
                for one in kept:
                    archive.write(one.source, one.path)
            file.flush()
            os.fsync(file.fileno())
        check_archive(beside)  # a recipe that was activated in between would be half of each
        beside.replace(target)
    except OSError as error:
        raise ArchiveError(f"{error.filename or target}: {error.strerror or error}; no backup was written") from error
    finally:
        beside.unlink(missing_ok=True)
    return whole


def _entry(one: Kept) -> Entry:
    with one.source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Entry(path=one.path, bytes=file.tell(), sha256=digest)


# ---- reading --------------------------------------------------------------------------------------------------------


def check_archive(path: Path) -> Manifest:
    """Read an archive through and compare every byte with its list; writes nothing.

    Raises
    ------
    ArchiveError
        With the first thing that is wrong.
    """
    with _opened(path) as archive:
        manifest = _manifest(archive, path)
        for entry in manifest.files:
            for _ in _pieces(archive, entry, path):
                pass
    return manifest


def restore_archive(path: Path, folder: Path) -> Manifest:
    """Verify an archive and put it into a new folder: the whole of it, or nothing.

    Raises
    ------
    ArchiveError
        The archive is not to be trusted, its store is damaged or a newer version's, or the folder is not free.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ArchiveError(f"{folder}: is not empty; wanted a new folder, as nothing is overwritten")
    manifest = check_archive(path)
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _enough_room(manifest, folder.parent)
        beside.mkdir(mode=0o700)
        with _opened(path) as archive:
            for entry in manifest.files:
                _write(beside / entry.path, _pieces(archive, entry, path))
        _check_stores(beside, manifest)
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    except OSError as error:
        raise ArchiveError(f"{error.filename or folder}: {error.strerror or error}; nothing was restored") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return manifest


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ArchiveError(f"{path}: there is no such file") from None
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read ({error.strerror})") from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as fault:
        raise ArchiveError(f"{path}: is no backup, or was cut off ({fault})") from fault


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    """Read the list and hold the archive's own directory against it, before a byte is unpacked."""
    found = {info.filename: info for info in archive.infolist()}
    if MANIFEST not in found or found[MANIFEST].file_size > MANIFEST_MOST:
        raise ArchiveError(f"{path}: holds no {MANIFEST}; wanted a file that wheeltapper backup wrote")
    try:
        manifest = Manifest.model_validate_json(b"".join(_read(archive, MANIFEST, MANIFEST_MOST, path)))
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ArchiveError(f"{path}: {MANIFEST}: {where}: {first['msg']}; it was written by another version") from None
    _refuse_tricks(manifest.files, path)
    listed = {entry.path for entry in manifest.files}
    if len(archive.infolist()) != len(found) or found.keys() - {MANIFEST} != listed:
        raise ArchiveError(f"{path}: what it holds is not what its list says; it was changed, or cut off")
    for entry in manifest.files:
        info = found[entry.path]
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise ArchiveError(f"{path}: {entry.path} is a link or a device; wanted plain files alone")
        if info.file_size != entry.bytes:
            raise ArchiveError(f"{path}: {entry.path} has {info.file_size} bytes; its list says {entry.bytes}")
    # Entries that share their packed bytes make a small file unfold without end.
    if sum(info.compress_size for info in found.values()) > path.stat().st_size:
        raise ArchiveError(f"{path}: its entries overlap; it was made to fill a disk")
    return manifest


def _refuse_tricks(entries: Iterable[Entry], path: Path) -> None:
    seen: set[str] = set()
    for entry in entries:
        parts = entry.path.split("/")
        # Windows drops trailing dots and spaces, and takes \\ and : for more than letters.
        wrong = any(
            part in ("", ".", "..")
            or part != part.rstrip(". ")
            or re.search(r'[\x00-\x1f\\:*?"<>|]', part)
            or _DEVICE.fullmatch(part)
            for part in parts
        )
        if wrong:
            raise ArchiveError(f"{path}: {entry.path!r} would leave the folder restored to; nothing was restored")
        if entry.path.casefold() in seen:
            raise ArchiveError(f"{path}: {entry.path!r} is in it twice; nothing was restored")
        seen.add(entry.path.casefold())


def _pieces(archive: zipfile.ZipFile, entry: Entry, path: Path) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in _read(archive, entry.path, entry.bytes, path):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != entry.sha256:
        raise ArchiveError(f"{path}: {entry.path} is not what was backed up (SHA-256 differs)")


def _read(archive: zipfile.ZipFile, name: str, most: int, path: Path) -> Iterator[bytes]:
    """Unpack one entry, and not a byte more than was said: what a header claims is not what comes out of it."""
    left = most
    try:
        with archive.open(name) as file:
            while piece := file.read(min(_PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise ArchiveError(f"{path}: {name} unpacks to more than it says")
                yield piece
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error) as fault:
        raise ArchiveError(f"{path}: {name} cannot be unpacked ({fault})") from fault
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read ({error.strerror or error})") from error


def _write(target: Path, pieces: Iterator[bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _enough_room(manifest: Manifest, folder: Path) -> None:
    wanted, free = sum(entry.bytes for entry in manifest.files), shutil.disk_usage(folder).free
    if wanted + SPARE_BYTES > free:
        raise ArchiveError(f"{folder}: {free / 1e9:.1f} GB free; wanted {(wanted + SPARE_BYTES) / 1e9:.1f}")


def _check_stores(folder: Path, manifest: Manifest) -> None:
    for entry in manifest.files:
        if entry.path.rsplit("/", 1)[-1] != DATABASE:
            continue
        try:
            with closing(sqlite3.connect(f"{(folder / entry.path).resolve().as_uri()}?mode=ro", uri=True)) as db:
                found = _sound(db, Path(entry.path))
        except sqlite3.Error as error:
            raise ArchiveError(f"{entry.path}: is no store ({error}); nothing was restored") from error
        if found > max(shipped()):
            raise ArchiveError(
                f"{entry.path}: schema {found}, of wheeltapper {manifest.wheeltapper}; this version knows up to "
                f"{max(shipped())}: restore it with that version"
            )


def summary(manifest: Manifest) -> str:
    """Say in one line what an archive holds."""
    size = sum(entry.bytes for entry in manifest.files)
    keys = "with private keys" if manifest.secrets else "without private keys"
    store = "no store" if manifest.schema_version is None else f"store of schema {manifest.schema_version}"
    return f"{len(manifest.files)} files, {size / 1e6:.1f} MB, {store}, {keys}, made {manifest.made}"


def listed(manifest: Manifest) -> dict[str, object]:
    """Give a manifest as plain JSON."""
    plain: dict[str, object] = json.loads(manifest.model_dump_json())
    return plain
