"""`wheeltapper recipe show`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analytics.features.log_mel import BANDS, Level, Profile
from gateway.cli.output import emit, say
from models.flat import flatten
from models.recipe import Recipe, load
from models.report import DefectReport, percent

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

_PROFILES = {Profile.KNOCK: "struck-part profile", Profile.STEADY: "running-part profile"}


@command.callback()
def _group() -> None:
    """Look into a recipe: what one kind of part has taught."""


@command.command()
def show(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE", help="Folder of the recipe, or of one version of it (recipes/x/v1).")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Show the card of a recipe: promise, limits, defects, what it distrusts, what it was learned from."""
    loaded = load(recipe)
    if as_json:
        emit(record(recipe, loaded))
        return
    for line in [*card_lines(recipe, loaded), *_figures(loaded)]:
        say(line)


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
    report, front_end = loaded.report, loaded.model.front_end
    taught = "".join(f" and {defect.taught} {defect.name}" for defect in report.defects)
    source = "as asked" if report.profile_given else "told from the sound"
    loudness = "loudness counts" if front_end.level is Level.ABSOLUTE else "loudness left out"
    lines = [
        f"{recipe.as_posix()}, version {loaded.version}, from {report.good} good parts{taught}",
        _line("promise", report.promise),
        _line("detector", f"mahalanobis on {2 * BANDS} log-mel numbers, {_PROFILES[front_end.profile]} ({source}), "
                          f"{loudness}, {front_end.length_s:.3g} s at {front_end.rate} Hz"),
        *(_line(defect.name, _defect(defect)) for defect in report.defects),
        *(_line("look at", f"{one.score:.2f}  {one.name}") for one in report.strangest),
        _line("", "least like the other good ones (1.00 is the limit); listen, then leave out the bad with --drop"),
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
