"""`wheeltapper events`: what happened, as the store holds it."""

from dataclasses import asdict

from gateway.cli.stored import JsonOption, LastOption, SiteOption, StoreOption, open_store, show

COLUMNS = {"wall": "time (UTC)", "level": "level", "where": "where", "kind": "kind", "sentence": "what"}


def command(
    store: StoreOption = None, site: SiteOption = None, last: LastOption = 20, as_json: JsonOption = False
) -> None:
    """Show the last events: links lost and back, microphones, incidents, orders, nightly summaries."""
    with open_store(store, site) as reader:
        rows = [asdict(row) for row in reader.events(last)]
    show(rows, as_json=as_json, columns=COLUMNS, nothing="no events yet")
