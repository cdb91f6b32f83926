"""`wheeltapper parts`: the parts the store holds."""

import math
from typing import Annotated, Any

import typer

from gateway.cli.stored import JsonOption, LastOption, SiteOption, StoreOption, open_store, show
from gateway.store.read import PartRow

COLUMNS = {
    "wall": "time (UTC)",
    "station": "station",
    "mode": "mode",
    "sequence": "#",
    "part_id": "part",
    "verdict": "verdict",
    "defect": "defect",
    "score": "score",
    "quality": "quality",
    "latency_ms": "ms",
    "outcome": "outcome",
    "reason": "reason",
}


def command(
    store: StoreOption = None,
    site: SiteOption = None,
    last: LastOption = 20,
    station: Annotated[str | None, typer.Option("--station", help="Of this station alone.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the last parts: what was told of each, and what came of it.

    The verdict is the one the PLC was told (in shadow: would have been told). Where the true one came too late it
    stands in "true_verdict" of --json. Works while the gateway runs and while it does not.
    """
    with open_store(store, site) as reader:
        rows = [_told(row) for row in reader.parts(last, station=station)]
    show(rows, as_json=as_json, columns=COLUMNS, nothing="no parts yet")


def _told(row: PartRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "wall": row.wall,
        "station": row.station,
        "mode": row.mode,
        "sequence": row.sequence,
        "part_id": row.part_id,
        "part_type": row.part_type,
        "verdict": row.evaluation.word,
        "score": row.score,
        "defect": row.defect,
        "confidence": row.confidence,
        "reason": row.reason,
        "detectors": {name: score if math.isfinite(score) else None for name, score in row.detectors.items()},
        "quality": list(row.quality),
        "true_verdict": row.true_evaluation.word if row.true_evaluation is not None else None,
        "true_score": row.true_score,
        "defect_code": row.defect_code,
        "quality_code": row.quality_code,
        "written": row.written,
        "latency_ms": row.latency_ms,
        "judge_ms": row.judge_ms,
        "answer_ms": row.answer_ms,
        "recipe": row.recipe,
        "outcome": row.outcome,
        "clip": row.clip,
    }
