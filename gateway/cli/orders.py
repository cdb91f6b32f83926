"""`wheeltapper orders`: the incidents, their work orders, and what still waits to be sent."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gateway.cli.stored import JsonOption, LastOption, SiteOption, StoreOption, open_store, short_time, show

COLUMNS = {
    "incident": "incident",
    "raised_at": "raised (UTC)",
    "asset": "asset",
    "failure_mode": "failure mode",
    "severity": "severity",
    "order": "order",
    "state": "state",
    "seen": "acknowledged (UTC)",
    "text": "what was heard",
}


def command(
    store: StoreOption = None, site: SiteOption = None, last: LastOption = 20, as_json: JsonOption = False
) -> None:
    """Show the last incidents and what became of the order of each.

    An order is queued (waits for the CMMS), unsettled (sent, no answer read, being looked up), rejected (the CMMS will
    never take it: a person must act), withheld (by a cap or because the site file names no CMMS), or stands. The
    beginning of an incident's id is enough for wheeltapper acknowledge and wheeltapper order.
    """
    with open_store(store, site) as reader:
        found = reader.orders(last)
    rows = [{**asdict(row), "order": _order(row.fate, row.number)} for row in found]
    if not as_json:
        rows = [{**row, "incident": row["incident"][:SHORT_ID], "seen": _seen(row)} for row in rows]
    show(rows, as_json=as_json, columns=COLUMNS, nothing="no incidents yet")


SHORT_ID = 8  #: characters, 40 random bits: enough to tell the incidents of any plant apart


def _order(fate: str, number: str) -> str:
    return number if fate == "stands" else fate


def _seen(row: Mapping[str, Any]) -> str:
    """By whom and since when, to the minute."""
    return f"{row['acknowledged_by']} {short_time(row['acknowledged_at'] or '')[:16]}" if row["acknowledged_by"] else ""
