"""`wheeltapper recipe`: look into a recipe, compare its versions, put one to use, carry one elsewhere."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from analytics.features.log_mel import Level, Profile
from gateway.cli.asked import WhoOption, user_name
from gateway.cli.output import emit, say
from gateway.cli.recipe_diff import diff
from gateway.cli.stored import JsonOption
from gateway.cli.stored import show as show_rows
from models.flat import flatten
from models.recipe import Recipe, RecipeError, load
from models.recipe import use as put_to_use
from models.recipe_files import activations, current, versions
from models.recipe_parcel import export as export_parcel
from models.recipe_parcel import import_parcel
from models.report import DefectReport, percent

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

RecipeArgument = Annotated[
    Path, typer.Argument(metavar="RECIPE", help="Folder of the recipe, or of one version of it (recipes/x/v1).")
]

_LIST = {
    "version": "version",
    "in_use": "",
    "taught_at": "taught",
    "good": "good",
    "defects": "defects",
    "limit": "limit",
    "used_at": "put to use",
    "used_by": "by",
    "hash": "hash",
    "promise": "promise",
}
_PROFILES = {Profile.KNOCK: "struck-part profile", Profile.STEADY: "running-part profile"}


command.command()(diff)


@command.callback()
def _group() -> None:
    """Look into a recipe, compare its versions, put one to use, carry one to another gateway."""


@command.command()
def show(
    recipe: RecipeArgument,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Show the card of a recipe: promise, limits, defects, what it distrusts, what it was learned from."""
    loaded = load(recipe)
    if as_json:
        emit(record(recipe, loaded))
        return
    for line in [*card_lines(recipe, loaded), *_figures(loaded)]:
        say(line)


@command.command("list")
def list_versions(recipe: RecipeArgument, as_json: JsonOption = False) -> None:
    """List the versions of a recipe: what each promises, which is in use, who put it to use last."""
    found = versions(recipe)
    in_use = current(recipe)
    noted = activations(recipe)
    rows = [_listed(recipe, number, in_use, noted) for number in found]
    show_rows(rows, as_json=as_json, columns=_LIST, nothing="no versions")


@command.command()
def use(
    recipe: RecipeArgument,
    version: Annotated[int, typer.Argument(min=1, help="Number of the version, a later or an earlier one.")],
    who: WhoOption = "",
    as_json: JsonOption = False,
) -> None:
    """Put a version to use, or roll back to an earlier one; who and when are noted beside it.

    A running gateway goes on with the version it loaded: it takes another one when it is started again.
    """
    name = who or user_name()
    used = put_to_use(recipe, version, name, _now())
    if as_json:
        emit({"recipe": recipe.as_posix(), "version": used.version, "hash": used.hash, "who": name})
    else:
        say(f"{used.title} is in use, says {name}; a running gateway takes it when it is started again")


@command.command()
def export(
    recipe: RecipeArgument,
    target: Annotated[Path, typer.Argument(metavar="FILE", help="File to write: one version, with its hash.")],
    as_json: JsonOption = False,
) -> None:
    """Write one version as one file: the one in use, or the very version where RECIPE is one."""
    loaded = load(recipe)
    export_parcel(loaded, target)
    if as_json:
        emit({"file": target.as_posix()} | _carried(loaded))
    else:
        say(f"{target}: {loaded.title}")


@command.command("import")
def import_(
    parcel: Annotated[Path, typer.Argument(metavar="FILE", help="As export wrote it.")],
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="Folder of the recipe; made where it is missing.")],
    who: WhoOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a version in, checked in every byte; it is put to use only where the recipe had none."""
    arrived, new = import_parcel(parcel, recipe, who or user_name(), _now())
    if as_json:
        in_use = current(recipe) == arrived.version
        emit({"recipe": recipe.as_posix(), "new": new, "in_use": in_use} | _carried(arrived))
    elif not new:
        say(f"{arrived.title} is in {recipe} already")
    elif current(recipe) == arrived.version:
        say(f"{arrived.title} is in {recipe} and in use")
    else:
        say(f"{arrived.title} is in {recipe}; wheeltapper recipe use {recipe} {arrived.version} puts it to use")


def _carried(version: Recipe) -> dict[str, Any]:
    return {"name": version.name, "version": version.version, "hash": version.hash}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _listed(recipe: Path, number: int, in_use: int, noted: list[dict[str, Any]]) -> dict[str, Any]:
    last: dict[str, Any] = next((one for one in reversed(noted) if one.get("version") == number), {})
    row: dict[str, Any] = {
        "version": number, "in_use": "in use" if number == in_use else "", "used_at": last.get("at"),
        "used_by": last.get("who"), "taught_at": None, "good": None, "defects": [], "limit": None, "hash": None,
        "promise": None,
    }  # fmt: skip
    try:
        loaded = load(recipe / f"v{number}")
    except RecipeError as fault:  # the others are still worth listing
        return row | {"promise": str(fault)}
    return row | {
        "taught_at": loaded.taught_at,
        "good": loaded.report.good,
        "defects": [f"{one.taught} {one.name}" for one in loaded.report.defects],
        "limit": loaded.model.limit.value,
        "hash": loaded.hash[:12],
        "promise": loaded.report.promise,
    }


def record(recipe: Path, loaded: Recipe) -> dict[str, Any]:
    """Say for programs what `card_lines` says for people."""
    front_end = loaded.model.front_end
    return {
        "recipe": recipe.as_posix(),
        "version": loaded.version,
        "hash": loaded.hash,
        "taught_at": loaded.taught_at,
        "made_by": loaded.made_by,
        "promise": loaded.report.promise,
        "front_end": flatten(front_end, {}),
        "report": flatten(loaded.report, {}),
    }


def card_lines(recipe: Path, loaded: Recipe) -> list[str]:
    """Say in a few lines what was learned, what it promises and what more it needs."""
    report, front_end, second = loaded.report, loaded.model.front_end, loaded.model.second
    taught = "".join(f" and {defect.taught} {defect.name}" for defect in report.defects)
    source = "as asked" if report.profile_given else "told from the sound"
    loudness = "loudness counts" if front_end.level is Level.ABSOLUTE else "loudness left out"
    lines = [
        f"{recipe.as_posix()}, version {loaded.version}, from {report.good} good parts{taught}",
        _line("promise", report.promise),
        _line("detector", f"mahalanobis on {front_end.count} log-mel numbers, {_PROFILES[front_end.profile]} "
                          f"({source}), {loudness}, {front_end.length_s:.3g} s at {front_end.rate} Hz"),
        *([_line("and", f"a second voter, through {second.embedding} {second.sha256[:12]}")] if second else []),
        *(_line(defect.name, _defect(defect)) for defect in report.defects),
        *(_line("look at", f"{one.score:.2f}  {one.name}") for one in report.strangest),
        _line("", "least like the other good ones (1.00 is the limit); listen: --drop the bad, --confirm the good"),
        *([_line("heard", f"{len(report.confirmed)} confirmed good by a person")] if report.confirmed else []),
        *([_line("costs", report.weighing.sentence)] if report.weighing else []),
        *(_line("weak spot", warning) for warning in report.warnings),
    ]  # fmt: skip
    return lines


def _figures(loaded: Recipe) -> list[str]:
    report, model = loaded.report, loaded.model
    unit = "groups" if report.groups > 1 else "parts"
    floor = "not heard" if model.noise_floor_db is None else f"{model.noise_floor_db:.0f} dB re full scale"
    return [
        _line("limit", f"{model.limit.value:.4g} of the distance, from {report.limit.n} {unit} left out in turn"),
        _line("left out", f"median {report.median:.2f} of the limit, {report.rejected} of {report.good} above it"),
        _line("loudest", f"up to {percent(model.clipped_share)} of a good part at full scale"),
        _line("noise", f"{floor} before the part"),
        _line("made", f"{loaded.taught_at} by wheeltapper {loaded.made_by}"),
        _line("hash", loaded.hash),
        _line("folder", loaded.folder.as_posix()),
    ]


def _defect(defect: DefectReport) -> str:
    named = f", {defect.named} named" if defect.taught > 1 else ""
    return f"{defect.taught} taught, {defect.found} of {defect.taught} found when left out{named}"


def _line(word: str, sentence: str) -> str:
    return f"  {word:<12} {sentence}"
