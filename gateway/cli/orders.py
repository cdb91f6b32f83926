"""`wheeltapper orders`: the incidents, their work orders, and what still waits to be sent."""

from dataclasses import asdict

from gateway.cli.stored import JsonOption, LastOption, SiteOption, StoreOption, open_store, show

COLUMNS = {
    "raised_at": "raised (UTC)",
    "asset": "asset",
    "failure_mode": "failure mode",
    "severity": "severity",
    "order": "order",
    "state": "state",
    "text": "what was heard",
}


def command(
    store: StoreOption = None, site: SiteOption = None, last: LastOption = 20, as_json: JsonOption = False
) -> None:
    """Show the last incidents and what became of the order of each.

    An order is queued (waits for the CMMS), unsettled (sent, no answer read, being looked up), rejected (the CMMS will
    never take it: a person must act), withheld (by a cap or because the site file names no CMMS), or stands.
    """
    with open_store(store, site) as reader:
        rows = [{**asdict(row), "order": _order(row.fate, row.number)} for row in reader.orders(last)]
    show(rows, as_json=as_json, columns=COLUMNS, nothing="no incidents yet")


def _order(fate: str, number: str) -> str:
    return number if fate == "stands" else fate
