"""`wheeltapper check --connect` for Maximo: what a person should know before the first order goes out."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from connectors.cmms.maximo_answers import Meaning, server_time
from connectors.cmms.maximo_orders import Orders
from connectors.cmms.maximo_rest import MaximoFault, Rest, Schema, text
from connectors.cmms.maximo_settings import KEY_LENGTH, MaximoSettings
from connectors.cmms.maximo_text import where
from connectors.cmms.port import Finding

_SKEW_MAX_S: Final = 60.0
_DESCRIPTION_MIN: Final = 40  # shorter, and no asset and failure mode fit


def examine(settings: MaximoSettings, rest: Rest, orders: Orders) -> Sequence[Finding]:
    """Look at everything that can be looked at; reads alone."""
    findings = [Finding(False, "url", "the key crosses the network in clear; use https")] if settings.in_clear else []
    login = _login(rest)
    findings.append(login)
    if not login.ok:
        return findings
    findings.append(_clock(rest))
    findings += _mapping(settings, rest, orders)
    findings += _priorities(settings)
    findings += [_asset(settings, rest, asset) for asset in settings.assets]
    return findings


def _login(rest: Rest) -> Finding:
    try:
        who = rest.get("whoami")
    except MaximoFault as fault:
        return Finding(False, "key", str(fault))
    user = text(who, "loginID") or text(who, "userName") or "a user without a name"
    return Finding(True, "key", f"logged in as {user}; default site {text(who, 'defaultSite') or 'none'}")


def _clock(rest: Rest) -> Finding:
    there = server_time(rest.last) if rest.last is not None else None
    if there is None:
        return Finding(True, "clock", "Maximo's answers carry no date; clocks were not compared")
    skew_s = (there - datetime.now(UTC)).total_seconds()
    if abs(skew_s) > _SKEW_MAX_S:
        return Finding(
            False, "clock", f"Maximo's clock is {skew_s:+.0f} s from ours; wanted within 60 s; set both by NTP"
        )
    return Finding(True, "clock", f"Maximo's clock is {skew_s:+.0f} s from ours")


def _mapping(settings: MaximoSettings, rest: Rest, orders: Orders) -> Iterator[Finding]:
    structure = settings.structure
    try:
        schema = rest.schema(structure)
        # The very questions that come before every order; none of them finds anything.
        orders.find("0" * KEY_LENGTH)
        orders.find_open("0", "none")
    except MaximoFault as fault:
        hint = "; is the object structure's name right?" if fault.meaning is Meaning.MISSING else ""
        yield Finding(False, "structure", f"{structure}: {fault}{hint}")
        return
    yield Finding(True, "structure", f"{structure} can be read, and searched by {settings.key_field} and asset")
    sent = ["siteid", "assetnum", "description", "description_longdescription", "reportdate"]
    sent += [settings.key_field, settings.owner_field]
    sent += [settings.priority_field] if settings.priority else []
    sent += ["worktype"] if settings.worktype and settings.creates == "work order" else []
    for name in sent:
        if name not in schema.fields:
            yield Finding(False, name, f"{structure} has no field {name}; include it in the object structure")
    yield from _lengths(settings, schema)
    missing = schema.required - set(sent) - {"class", "orgid", settings.number_field, "status", "historyflag", "istask"}
    for name in sorted(missing):
        yield Finding(False, name, f"{structure} requires {name}, which is not sent and has no default")


def _lengths(settings: MaximoSettings, schema: Schema) -> Iterator[Finding]:
    wanted = {settings.key_field: KEY_LENGTH, settings.owner_field: len(settings.owner)}
    wanted |= {"description": _DESCRIPTION_MIN, "siteid": len(settings.site)}
    if settings.worktype and settings.creates == "work order":
        wanted["worktype"] = len(settings.worktype)
    for name, length in wanted.items():
        found = schema.lengths.get(name)
        if found is not None and found < length:
            yield Finding(False, name, f"{name} holds {found} characters; {length} are needed; widen it or map another")
    cut = schema.length("description")
    yield Finding(True, "description", f"descriptions are cut to {cut} characters")


def _priorities(settings: MaximoSettings) -> Iterator[Finding]:
    if not settings.priority:
        yield Finding(True, "priority", "no priority is sent; sites differ on which end is urgent, so none is guessed")
    for severity, value in sorted(settings.priority.items()):
        sentence = f"{severity} is sent as {settings.priority_field.upper()} {value}; is that how this site counts?"
        yield Finding(True, f"priority.{severity}", sentence)


def _asset(settings: MaximoSettings, rest: Rest, asset: str) -> Finding:
    clause = where(assetnum=asset.upper(), siteid=settings.site.upper())
    try:
        rows = rest.rows(settings.asset_structure, clause, "assetnum,siteid,description,status")
    except MaximoFault as fault:
        return Finding(False, f"asset {asset}", str(fault))
    found = [row for row in rows if text(row, "assetnum").casefold() == asset.casefold()]
    if not found:
        return Finding(False, f"asset {asset}", f"no asset {asset} at site {settings.site}")
    status = text(found[0], "status_maxvalue") or text(found[0], "status")
    if status.upper() in {"DECOMMISSIONED", "INACTIVE", "NOT READY"}:
        sentence = f"{asset} is {status} at {settings.site}; Maximo takes no order for it"
        return Finding(False, f"asset {asset}", sentence)
    return Finding(True, f"asset {asset}", f"{asset} at {settings.site}: {text(found[0], 'description') or 'no name'}")
