"""`wheeltapper enrol`: further examples of defects for a recipe that stands, and the way back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.asked import WhoOption, user_name
from gateway.cli.output import emit, note, progress, say
from gateway.cli.recipe import card_lines, record
from gateway.cli.recordings import Spread, found_in, parts_of, read_all
from gateway.cli.stored import ModelsOption
from models.enrol import enrol as learn_further
from models.enrol import version_before, worse
from models.recipe import embed_of, load, load_taught, use, write_recipe
from models.taught import TeachError

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@command.command(cls=Spread)
def enrol(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="Folder of the recipe; it gets its next version.")],
    defect: Annotated[
        list[str] | None, typer.Option(metavar="NAME=PATH...", help="Recordings of one defect, known or new.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Put the version before the one in use back to use.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also where parts left out are judged worse.")] = False,
    channel: Annotated[int | None, typer.Option(min=1, help="Of recordings with several channels, from 1.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Samples a second, for files that do not say.")] = None,
    surroundings: Annotated[
        bool, typer.Option("--surroundings", help="Each file holds 100 ms before and after its part.")
    ] = False,
    models: ModelsOption = None,
    who: WhoOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Add examples of defects to a recipe, or take the last step back.

    The next version is learned from the numbers the recipe keeps, so no old recording is needed. It is put to use at
    once; where good parts or earlier defects, left out in turn, are judged worse than before, it is refused with the
    figures. A running gateway goes on with the version it loaded.

    wheeltapper enrol recipes/bracket-A --defect crack=new/
    """
    if undo == bool(defect):
        raise typer.BadParameter("name --defect NAME=PATH..., or --undo alone")
    person, at = who or user_name(), datetime.now(UTC).isoformat(timespec="seconds")
    if undo:
        loaded = use(recipe, version_before(recipe), person, at)
    else:
        before = load(recipe)
        with progress() as step:
            found = found_in([], defect or [], [])
            recordings = read_all([one for one, _ in found], rate, step)
            model = before.model
            parts = parts_of(found, recordings, channel, surroundings, wanted=model.front_end.rate, beam=model.beam)
            learned = learn_further(before, load_taught(before.folder), parts, embed_of(before, models), step)
        faults = worse(before.report, learned.report)
        if faults and not anyway:
            raise TeachError("\n".join([*faults, f"{recipe} stays at version {before.version}; --anyway takes it so"]))
        for fault in faults:
            note(fault)
        loaded = write_recipe(recipe, learned, at, who=person)
    if as_json:
        emit(record(recipe, loaded))
        return
    for line in card_lines(recipe, loaded):
        say(line)
