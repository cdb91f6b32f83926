"""`wheeltapper teach`: recordings become a recipe."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from analytics.features.log_mel import Level, Profile
from gateway.cli.output import emit, progress, say
from gateway.cli.recipe import card_lines, record
from gateway.cli.recordings import Spread, found_in, parts_of, read_all
from gateway.cli.sisters import learn_with
from gateway.cli.stored import ModelsOption
from models.embedding import load_embedding
from models.recipe import refuse_folder, write_recipe
from models.teach import TeachSettings, learn


class ProfileChoice(StrEnum):
    """What to listen for."""

    AUTO = "auto"
    KNOCK = "knock"
    STEADY = "steady"


command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@command.command(cls=Spread)
def teach(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE", help="Folder of the recipe; an existing one gets its next version.")
    ],
    good: Annotated[
        list[Path],
        typer.Option(metavar="PATH...", help="Recordings of good parts, or folders; a sub-folder is a group."),
    ],
    defect: Annotated[list[str] | None, typer.Option(metavar="NAME=PATH...", help="Recordings of one defect.")] = None,
    profile: Annotated[
        ProfileChoice, typer.Option(help="Struck, running, or told from the sound.")
    ] = ProfileChoice.AUTO,
    reject_rate: Annotated[
        float, typer.Option(min=1e-4, max=0.5, help="Share of good parts that may be rejected.")
    ] = 0.01,
    level: Annotated[Level, typer.Option(help="Does loudness count? Only where the gain is fixed.")] = Level.ABSOLUTE,
    channel: Annotated[int | None, typer.Option(min=1, help="Of recordings with several channels, from 1.")] = None,
    ambient_channel: Annotated[
        int | None, typer.Option(min=1, help="Of the ambient microphone, which hears the hall and not the part.")
    ] = None,
    sisters: Annotated[
        list[Path] | None, typer.Option(metavar="RECIPE...", help="Recipes of units of the same kind, for a new unit.")
    ] = None,
    drop: Annotated[list[Path] | None, typer.Option(metavar="FILE...", help="Recordings to leave out.")] = None,
    length: Annotated[float | None, typer.Option(min=0.005, max=60.0, help="Seconds of a part to listen to.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Samples a second, for files that do not say.")] = None,
    surroundings: Annotated[
        bool, typer.Option("--surroundings", help="Each file holds 100 ms before and after its part.")
    ] = False,
    embedding: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="What a second voter hears through, as aisfx: for running parts."),
    ] = None,
    models: ModelsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Learn a recipe from recordings of good parts, and of defects where there are some.

    Says what it learned, what it promises, what it distrusts and what more it needs; the recipe keeps all of it.

    wheeltapper teach recipes/bracket-A --good good/ --defect crack=cracked/
    """
    refuse_folder(recipe)
    found = found_in(good, defect or [], drop or [])
    settings = TeachSettings(
        None if profile is ProfileChoice.AUTO else Profile(profile.value), level, reject_rate, length_s=length
    )
    with progress() as step:
        recordings = read_all([one for one, _ in found], rate, step)
        parts = parts_of(found, recordings, channel, surroundings, ambient_channel)
        if sisters:
            learned = learn_with(sisters, parts, settings, models, step)
        else:
            learned = learn(parts, settings, step, load_embedding(embedding, models) if embedding else None)
    loaded = write_recipe(recipe, learned, datetime.now(UTC).isoformat(timespec="seconds"))
    if as_json:
        emit(record(recipe, loaded))
        return
    for line in card_lines(recipe, loaded):
        say(line)
