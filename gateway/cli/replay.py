"""`wheeltapper replay`: stored parts judged again, by the recipe that judged them or by another."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.again import Loaded, NotAgain, Replayed, Replayer
from gateway.cli.output import note, progress, say
from gateway.cli.stored import JsonOption, ModelsOption, SiteOption, StoreOption, show, store_folder
from gateway.store.kept import KeptPart, KeptReader
from gateway.store.read import ROWS_MAX
from models.recipe import embed_of, load

COLUMNS = {
    "sequence": "#",
    "part_id": "part",
    "told": "stored",
    "told_score": "score",
    "verdict": "now",
    "score": "score",
    "defect": "defect",
    "outcome": "outcome",
    "remark": "remark",
}


def command(
    part: Annotated[
        str | None, typer.Argument(metavar="[PART]", help="Its id as the PLC gave it, or its sequence number.")
    ] = None,
    number: Annotated[int | None, typer.Option("--id", min=1, help="The id that parts --json shows, instead.")] = None,
    last: Annotated[
        int | None, typer.Option("--last", "-n", min=1, max=ROWS_MAX, help="The last parts, instead of one.")
    ] = None,
    other: Annotated[
        Path | None, typer.Option("--with", metavar="RECIPE", help="Judge by this recipe or version instead.")
    ] = None,
    station: Annotated[str | None, typer.Option("--station", help="Of this station alone.")] = None,
    store: StoreOption = None,
    site: SiteOption = None,
    models: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge stored parts again: the same sound by the same recipe gives the same verdict, bit for bit, on every run.

    That needs the sound, so [store] sound must let it be kept. With --with another recipe or version judges: by the
    sound, or by the stored numbers where the sound is gone and the recipe listens the same way. Exit code 1 where a
    part came out differently, or could not be judged again.
    """
    folder = store_folder(store, site)
    loaded = None
    if other is not None:
        recipe = load(other)
        loaded = Loaded(recipe, embed_of(recipe, models))
    reader = KeptReader(folder)
    with reader:
        chosen = _chosen(reader, part, number, last, station)
    replayer = Replayer(folder, models, loaded)
    rows = []
    with progress() as step:
        for done, kept in enumerate(chosen, 1):
            rows.append(_row(kept, replayer))
            step(done, len(chosen), "parts")
    show(rows, as_json=as_json, columns=COLUMNS, nothing="no parts yet")
    if not as_json and last is not None:
        say(_summary(rows, other=other is not None))
    failed = {"not judged"} if other is not None else {"not judged", "DIFFERENT"}
    if any(row["outcome"] in failed for row in rows):
        raise typer.Exit(1)


def _chosen(
    reader: KeptReader, part: str | None, number: int | None, last: int | None, station: str | None
) -> list[KeptPart]:
    if sum(one is not None for one in (part, number, last)) != 1:
        raise typer.BadParameter("name one part, its --id, or how many --last", param_hint="PART / --id / --last")
    if last is not None:
        return reader.last(last, station=station)
    if number is not None:
        kept = reader.by_id(number)
        found = [] if kept is None else [kept]
    else:
        found = reader.named(str(part), station=station)
    if not found:
        note(f"{part or number}: no such part in the store; wheeltapper parts shows the last ones")
        raise typer.Exit(1)
    if len(found) > 1:
        note(f"{part}: several parts are called so; this is the newest, --id names another")
    return found[-1:]


def _row(kept: KeptPart, replayer: Replayer) -> dict[str, Any]:
    row = kept.row
    true = row.true_evaluation is not None
    told = {
        "id": row.id,
        "wall": row.wall,
        "station": row.station,
        "sequence": row.sequence,
        "part_id": row.part_id,
        "told": (row.true_evaluation or row.evaluation).word,
        "told_score": row.true_score if true else row.score,
        "told_recipe": row.recipe,
    }
    try:
        return told | _again(replayer.replay(kept), other=replayer.other is not None)
    except NotAgain as fault:
        nothing = dict.fromkeys(("verdict", "score", "defect", "detectors", "quality", "reason", "recipe"))
        return told | nothing | {"same": None, "outcome": "not judged", "remark": f"{fault}."}


def _again(found: Replayed, *, other: bool) -> dict[str, Any]:
    verdict = found.verdict
    row = found.kept.row
    changed = found.evaluation is not (row.true_evaluation or row.evaluation)
    if found.same:
        outcome = "the same"
    elif other:
        outcome = "CHANGES" if changed else "other score"
    else:
        outcome = "DIFFERENT"
    return {
        "verdict": found.evaluation.word,
        "score": found.score,
        "defect": verdict.defect if verdict else None,
        "detectors": dict(verdict.detectors) if verdict else None,
        "quality": list(verdict.quality) if verdict else None,
        "reason": verdict.reason if verdict else None,
        "recipe": found.recipe.title,
        "same": found.same,
        "outcome": outcome,
        "remark": found.remark,
    }


def _summary(rows: list[dict[str, Any]], *, other: bool) -> str:
    """Say in one line what came of many parts."""
    counted = {word: sum(row["outcome"] == word for row in rows) for word in ("the same", "CHANGES", "not judged")}
    judged = len(rows) - counted["not judged"]
    said = f"{counted['CHANGES']} verdicts change" if other else f"{counted['the same']} came out the same, bit for bit"
    more = f"; {counted['not judged']} could not be judged again" if counted["not judged"] else ""
    return f"{judged} parts judged again: {said}{more}"
