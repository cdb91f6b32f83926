"""`wheeltapper trust`: which certificates were refused, and the word to trust one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from config.load import load
from config.plc import OpcUaPlcSettings
from config.site import Site
from connectors.plc.trust import Shown, TrustError, TrustFolder
from gateway.cli.output import emit, note, say


def command(
    site: Annotated[Path, typer.Argument(help="The site file.", metavar="SITE.toml")],
    accept: Annotated[
        str, typer.Option(help="Trust the refused certificate with this fingerprint, or its first 8 digits or more.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a certificate.")] = False,
) -> None:
    """Show the certificates that were refused, and trust one by explicit word.

    A PLC or a client that shows a certificate nobody has trusted is refused, and the certificate is kept. Compare its
    fingerprint with what the other side's own display says, then accept it.
    """
    folders = {name: TrustFolder(folder) for name, folder in _folders(load(site)).items()}
    if accept:
        _accept(folders, accept, json=json)
        return
    refused = [(name, shown) for name, folder in folders.items() for shown in folder.rejected()]
    trusted = [(name, shown) for name, folder in folders.items() for shown in folder.trusted()]
    if json:
        for state, found in (("refused", refused), ("trusted", trusted)):
            for name, shown in found:
                emit(_record(name, shown, state))
        return
    if not folders:
        say(f"{site.name}: nothing in it uses certificates")
    for name, shown in trusted:
        say(f"{name}  trusted  {shown.fingerprint[:16]}  until {shown.not_after:%Y-%m-%d}  {shown.subject}")
    for name, shown in refused:
        say(f"{name}  refused  {shown.subject}")
        say(f"    SHA-256  {shown.pairs}")
        say(f"    calls itself {', '.join(shown.uris) or 'nothing'}; valid until {shown.not_after:%Y-%m-%d}")
        say(f"    compare, then: wheeltapper trust {site} --accept {shown.fingerprint[:16]}")
    if folders and not refused:
        say("No certificate waits for your word.")


def _folders(site: Site) -> Mapping[str, Path]:
    """Give every certificate folder of a site once, by the places in the site file that name it.

    Whoever is trusted in a folder is trusted at each of these places.
    """
    places = {
        f"plc.{name}": plc.certificates
        for name, plc in site.plc.items()
        if isinstance(plc, OpcUaPlcSettings) and plc.security != "None"
    }
    if site.serve.opcua and site.serve.security != "None":
        places["serve"] = site.serve.certificates
    named: dict[Path, list[str]] = {}
    for name, folder in places.items():
        named.setdefault(folder, []).append(name)
    return {", ".join(names): folder for folder, names in named.items()}


def _accept(folders: Mapping[str, TrustFolder], fingerprint: str, *, json: bool) -> None:
    faults = []
    for name, folder in folders.items():
        try:
            shown = folder.accept(fingerprint)
        except TrustError as fault:
            faults.append(f"{name}: {fault}")
            continue
        if json:
            emit(_record(name, shown, "trusted"))
        else:
            say(f"{name}: {shown.subject} is trusted from the next connection on ({shown.pairs})")
        return
    for sentence in faults or ["nothing in this site file uses certificates"]:
        note(sentence)
    raise typer.Exit(1)


def _record(name: str, shown: Shown, state: str) -> dict[str, Any]:
    return {
        "where": name,
        "state": state,
        "fingerprint": shown.fingerprint,
        "subject": shown.subject,
        "uris": list(shown.uris),
        "valid_from": shown.not_before.isoformat(),
        "valid_until": shown.not_after.isoformat(),
    }
