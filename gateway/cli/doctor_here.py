"""What `wheeltapper doctor` looks at on this very PC: clock, disk, store, files, ports, certificates."""

import errno
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from config.plc import ModbusServerSettings
from config.site import Site
from config.values import SecretFault
from connectors.plc.trust import Shown, TrustError, TrustFolder, shown
from gateway.cli.backup import certificate_folders, secrets_of
from gateway.serve.people import PEOPLE, PeopleError, PeopleFile
from gateway.store.database import DATABASE, StoreError
from gateway.store.migrate import shipped, version_of
from gateway.store.sole import FILE as LOCK
from gateway.store.sole import sole_user

BUILT = datetime(2026, 1, 1, tzinfo=UTC)  #: before the first version: a clock that says less has no battery
SMALLEST_FREE = 2e9  #: bytes
CERTIFICATE_DAYS = 60  #: warned of before: a plant changes a certificate at a planned stop


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at."""

    state: Literal["ok", "warn", "bad"]
    what: str
    sentence: str
    mend: str = ""


def ok(what: str, sentence: str) -> Look:
    """All is well."""
    return Look("ok", what, sentence)


def warn(what: str, sentence: str, mend: str) -> Look:
    """Say that it runs, and somebody should look at it."""
    return Look("warn", what, sentence, mend)


def bad(what: str, sentence: str, mend: str) -> Look:
    """Say that it does not do."""
    return Look("bad", what, sentence, mend)


def running(site: Site) -> bool:
    """Tell whether a gateway runs on this store."""
    folder = Path(site.store.folder)
    if not (folder / LOCK).exists():
        return False
    try:
        with sole_user(folder):
            return False
    except StoreError:
        return True


def clock(site: Site) -> Iterator[Look]:
    """Tell whether the wall time is true, and kept so."""
    now = datetime.now(UTC)
    last = _last_seen(Path(site.store.folder) / DATABASE)
    if now < BUILT:
        yield bad("clock", f"says {now:%Y-%m-%d %H:%M} UTC", "set it; a PC without a battery clock needs NTP")
    elif last is not None and now < last:
        yield bad("clock", f"says {now:%Y-%m-%d %H:%M} UTC, before the last part of the store ({last:%Y-%m-%d %H:%M})",
                  "set it: ages, certificates and orders go by it; verdicts do not")  # fmt: skip
    elif (kept := _synchronised()) is None:
        yield warn("clock", f"says {now:%Y-%m-%d %H:%M} UTC; whether it is kept by NTP cannot be told here",
                   "compare it with a clock you trust")  # fmt: skip
    elif not kept:
        yield warn("clock", f"says {now:%Y-%m-%d %H:%M} UTC and is kept by nothing", "name the plant's NTP server")
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M} UTC, kept by NTP")


def _synchronised() -> bool | None:
    """Ask systemd; None where nobody knows."""
    program = shutil.which("timedatectl")
    if program is None:
        return None
    try:
        asked = subprocess.run(  # noqa: S603  a fixed question
            [program, "show", "-p", "NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=3,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(asked.stdout.strip())


def _last_seen(path: Path) -> datetime | None:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            (text,) = db.execute("SELECT max(at) FROM parts").fetchone()
        return datetime.fromisoformat(text) if text else None
    except (sqlite3.Error, ValueError):
        return None  # `store` says what is wrong with it


def disk(site: Site) -> Iterator[Look]:
    """Tell whether there is room for what the site file lets it keep."""
    folder = Path(site.store.folder)
    there = next(one for one in (folder, *folder.parents) if one.exists())
    usage = shutil.disk_usage(there)
    share = usage.free / usage.total if usage.total else 0.0  # /proc and its like are of no size
    text = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.0f} at {there}"
    used = sum(one.stat().st_size for one in (folder / "evidence").rglob("*") if one.is_file())
    wanted = max(float(site.store.keep.evidence) - used, 0.0) + SMALLEST_FREE
    if usage.free < SMALLEST_FREE or share < 0.05:
        yield bad("disk", text, "free some, or give [store] folder a larger disk")
    elif usage.free < wanted and site.store.sound != "never":
        yield warn("disk", f"{text}; evidence may still grow by {(wanted - SMALLEST_FREE) / 1e9:.0f} GB",
                   "lower [store] keep.evidence, or give it a larger disk")  # fmt: skip
    elif share < 0.1:
        yield warn("disk", text, "free some before a tenth becomes a twentieth")
    else:
        yield ok("disk", text)


def store(site: Site) -> Iterator[Look]:
    """Tell whether the store is whole, and of a version we know."""
    path = Path(site.store.folder) / DATABASE
    if not path.exists():
        yield ok("store", f"none yet; {path} is made at the first start")
        return
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            verdict = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            have, know = version_of(db), max(shipped())
    except sqlite3.Error as error:
        yield bad(
            "store", f"{path}: {error}", "wheeltapper restore a backup; the damaged file is moved aside at a start"
        )
        return
    if verdict != "ok":
        yield bad(
            "store", f"{path}: {verdict}", "wheeltapper restore a backup; a start moves it aside and saves what it can"
        )
    elif have > know:
        yield bad(
            "store", f"schema {have}; this version knows up to {know}", "start the newer version: docs/upgrade.md"
        )
    elif have < know:
        yield warn("store", f"whole, schema {have}; the next start brings it to {know}", "wheeltapper backup before it")
    else:
        yield ok("store", f"whole, schema {have}, {path.stat().st_size / 1e6:.1f} MB")


def permissions(site: Site, path: Path) -> Iterator[Look]:
    """Tell whether we may write what we must, and others may not read what they must not."""
    folder = Path(site.store.folder)
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if os.access(there, os.W_OK | os.X_OK):
        yield ok("permissions", f"{there} may be written")
    else:
        yield bad(
            "permissions", f"{there} may not be written by this user", "run doctor as the gateway's user, or chown"
        )
    try:
        people = PeopleFile(folder).read()
        yield ok("people", f"{len(people.users)} users, {len(people.tokens)} tokens" if people.users or people.tokens
                 else "nobody named: the page is read-only")  # fmt: skip
    except PeopleError as fault:
        yield bad("people", str(fault), "wheeltapper user")
    keys = [key for one in certificate_folders(site) for key in (one / "own").glob("*.pem")]
    for one in (folder / PEOPLE, site.serve.page_key, *keys):
        if os.name == "posix" and one is not None and one.exists() and stat.S_IMODE(one.stat().st_mode) & 0o077:
            yield bad("permissions", f"{one} may be read by others", f"chmod 600 {one}")
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o002:
        yield bad("permissions", f"{path} may be written by everybody", f"chmod o-w {path}")
    for where, secret in secrets_of(site):
        try:
            secret.read()
        except SecretFault as fault:
            yield bad(where, str(fault), "set it for the gateway's user: docs/install.md")


def ports(site: Site, *, runs: bool) -> Iterator[Look]:
    """Tell whether the addresses are free that the gateway will listen on."""
    wanted = [("serve.page", urlsplit(site.serve.page).netloc), ("serve.opcua", urlsplit(site.serve.opcua).netloc),
              ("serve.modbus", site.serve.modbus)]  # fmt: skip
    wanted += [(f"plc.{n}", f"{p.host}:{p.port}") for n, p in site.plc.items() if isinstance(p, ModbusServerSettings)]
    for where, address in wanted:
        host, _, port = address.rpartition(":")
        if not port.isdigit() or port == "0":
            continue
        fault = _listen(host.strip("[]"), int(port))
        if fault is None:
            yield ok(where, f"{address} is free")
        elif fault == errno.EADDRINUSE and runs:
            yield ok(where, f"{address} is in use, by the gateway that runs")
        elif fault == errno.EADDRINUSE:
            yield bad(where, f"{address} is in use by another program", "end that one, or choose another port")
        elif fault == errno.EACCES:
            yield bad(
                where, f"{address} is reserved", "deploy/wheeltapper.service gives the right; or a port over 1024"
            )
        else:
            yield bad(where, f"{address}: {os.strerror(fault)}", "wanted an address of this PC")


def _listen(host: str, port: int) -> int | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as one:
            if os.name == "posix":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((host, port))
    except socket.gaierror:
        return errno.EADDRNOTAVAIL
    except OSError as error:
        return error.errno or errno.EINVAL
    return None


def certificates(site: Site) -> Iterator[Look]:
    """Tell which certificates expire soon, ours and trusted ones, and which wait for a word."""
    for folder in certificate_folders(site):
        if not folder.is_dir():
            continue
        trust = TrustFolder(folder)
        for who, one in [("ours", each) for each in _own(folder)] + [("trusted", each) for each in trust.trusted()]:
            yield _expiry(who, one)
        if waiting := trust.rejected():
            yield warn("certificates", f"{len(waiting)} refused in {folder}", "compare and accept: wheeltapper trust")


def _own(folder: Path) -> Iterator[Shown]:
    for path in sorted((folder / "own").glob("*.der")):
        try:
            yield shown(path.read_bytes())
        except TrustError:
            continue  # made anew at the next connection


def _expiry(who: str, one: Shown) -> Look:
    days = (one.not_after - datetime.now(UTC)).total_seconds() / 86400
    text = f"{who}, {one.subject}: valid until {one.not_after:%Y-%m-%d}"
    mend = "it is made anew at the next start" if who == "ours" else "its owner makes a new one; then wheeltapper trust"
    if days < 0:
        return bad("certificates", text, mend)
    return warn("certificates", text, mend) if days < CERTIFICATE_DAYS else ok("certificates", text)
