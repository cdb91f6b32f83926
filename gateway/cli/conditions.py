"""`wheeltapper conditions`: the hours of every machine, as the store holds them."""

from typing import Annotated, Any

import typer

from gateway.cli.stored import JsonOption, LastOption, SiteOption, StoreOption, open_store, show

COLUMNS = {
    "from": "from (UTC)",
    "station": "station",
    "running": "running",
    "rpm": "1/min",
    "level": "level over normal",
    "diagnosis": "diagnosis",
    "wear": "wear",
    "life": "remaining life",
    "quality": "quality",
}


def command(
    store: StoreOption = None,
    site: SiteOption = None,
    last: LastOption = 24,
    station: Annotated[str | None, typer.Option("--station", help="This machine's hours alone.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the last hours of the machines: level over normal, diagnosis, wear, remaining life.

    An hour stands here once the next one has begun. With --json each line is a record for another machine to read, as
    docs/condition-record.md describes it.
    """
    with open_store(store, site) as reader:
        records = reader.hours(last, station)
    rows = records if as_json else [_row(record) for record in records]
    show(rows, as_json=as_json, columns=COLUMNS, nothing="no full hour of a machine yet")


def _row(record: dict[str, Any]) -> dict[str, Any]:
    level, wear, rpm, running = (record[key] for key in ("level_over_baseline_db", "wear", "rpm", "running_share"))
    diagnosis = record["diagnosis"]
    life = wear["remaining_life_h"] if wear else None
    return {
        "from": record["from"][:16].replace("T", " "),
        "station": record["station"],
        "running": "-" if running is None else f"{running:.0%}",
        "rpm": "-" if rpm is None else f"{rpm['median']:.0f}",
        "level": "-" if level is None else f"{level['median']:+.1f} dB",
        "diagnosis": f"{diagnosis['word']} {diagnosis['bearing']}".strip(),
        "wear": "-" if wear is None else f"{wear['level']}, {wear['trend']}",
        "life": "no trend" if life is None else f"{life['low']:.0f} to {life['high']:.0f} h",
        "quality": ", ".join(record["quality"]) or "good",
    }
