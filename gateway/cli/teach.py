"""`wheeltapper teach`: recordings become a recipe."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from analytics.decision.fixed import FixedLimit, parse_fixed
from analytics.decision.limits import Costs
from analytics.features.log_mel import Level, Profile
from analytics.signal.beamforming import Beam, parse_beam
from gateway.audio.files import Found, SoundFileError
from gateway.cli.groups import groups_by
from gateway.cli.output import emit, progress, say
from gateway.cli.recipe import card_lines, record
from gateway.cli.recordings import Spread, found_in, parts_of, read_all
from gateway.cli.sisters import learn_with
from gateway.cli.stored import ModelsOption
from models.embedding import load_embedding
from models.recipe import RecipeError, load, load_taught, refuse_folder, write_recipe
from models.review import names_meant, review, settings_again
from models.teach import Learned, TeachSettings, learn


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
        list[Path] | None,
        typer.Option(metavar="PATH...", help="Recordings of good parts, or folders; a sub-folder is a group."),
    ] = None,
    defect: Annotated[list[str] | None, typer.Option(metavar="NAME=PATH...", help="Recordings of one defect.")] = None,
    profile: Annotated[
        ProfileChoice, typer.Option(help="Struck, running, or told from the sound.")
    ] = ProfileChoice.AUTO,
    reject_rate: Annotated[
        float | None,
        typer.Option(min=1e-4, max=0.5, help="Share of good parts that may be rejected; 0.01 unless said."),
    ] = None,
    level: Annotated[Level, typer.Option(help="Does loudness count? Only where the gain is fixed.")] = Level.ABSOLUTE,
    channel: Annotated[int | None, typer.Option(min=1, help="Of recordings with several channels, from 1.")] = None,
    ambient_channel: Annotated[
        int | None, typer.Option(min=1, help="Of the ambient microphone, which hears the hall and not the part.")
    ] = None,
    array: Annotated[
        str | None,
        typer.Option(metavar="CH:MS,...", help="Channels heard as one, as `check` prints them: 1:0,2:0.058."),
    ] = None,
    sisters: Annotated[
        list[Path] | None, typer.Option(metavar="RECIPE...", help="Recipes of units of the same kind, for a new unit.")
    ] = None,
    drop: Annotated[list[Path] | None, typer.Option(metavar="FILE...", help="Recordings to leave out.")] = None,
    confirm: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE...", help="Good ones you have heard: not shown as strange again."),
    ] = None,
    from_taught: Annotated[
        bool, typer.Option("--from-taught", help="Learn again from what RECIPE keeps: no recording is needed.")
    ] = False,
    group_by: Annotated[
        str | None, typer.Option(metavar="PATTERN", help='The group in the name of a good part: "{group}_*".')
    ] = None,
    fixed: Annotated[
        list[str] | None, typer.Option(metavar="LIMIT", help='A limit of your own: "level <= -12 dB". Repeatable.')
    ] = None,
    cost_false_reject: Annotated[float | None, typer.Option(help="What a good part thrown away costs.")] = None,
    cost_missed: Annotated[float | None, typer.Option(help="What a defect that passes costs.")] = None,
    defect_rate: Annotated[float | None, typer.Option(help="Share of parts with a defect, for the costs.")] = None,
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
    if from_taught == bool(good):
        raise typer.BadParameter("name --good PATH..., or --from-taught to learn again from what the recipe keeps")
    costs = _costs(cost_false_reject, cost_missed, defect_rate)
    if from_taught:
        if defect or fixed or sisters or embedding:
            raise typer.BadParameter("--from-taught hears nothing new: no --defect, --fixed, --sisters, --embedding")
        learned = _again(recipe, drop or [], confirm or [], group_by, (reject_rate, costs))
        _conclude(recipe, learned, as_json)
        return
    found = found_in(good or [], defect or [], drop or [])
    if group_by is not None:
        found = _grouped(found, group_by)
    settings = TeachSettings(
        None if profile is ProfileChoice.AUTO else Profile(profile.value),
        level,
        0.01 if reject_rate is None else reject_rate,
        length_s=length,
        fixed=_fixed(fixed or []),
        costs=costs,
        confirmed=(*_confirmed(found, confirm or []), *_confirmed_before(recipe)),
        beam=_beam(array),
    )
    with progress() as step:
        recordings = read_all([one for one, _ in found], rate, step)
        parts = parts_of(found, recordings, channel, surroundings, ambient_channel, beam=settings.beam)
        if sisters:
            learned = learn_with(sisters, parts, settings, models, step)
        else:
            learned = learn(parts, settings, step, load_embedding(embedding, models) if embedding else None)
    _conclude(recipe, learned, as_json)


def _conclude(recipe: Path, learned: Learned, as_json: bool) -> None:
    loaded = write_recipe(recipe, learned, datetime.now(UTC).isoformat(timespec="seconds"))
    if as_json:
        emit(record(recipe, loaded))
        return
    for line in card_lines(recipe, loaded):
        say(line)


def _again(
    recipe: Path,
    drop: Sequence[Path],
    confirm: Sequence[Path],
    group_by: str | None,
    asked: tuple[float | None, Costs | None],
) -> Learned:
    """Learn a recipe anew from the numbers it keeps; `asked` are another reject rate and other costs, where given."""
    before = load(recipe)
    taught = load_taught(before.folder)
    dropped = names_meant(taught, [path.as_posix() for path in drop], "--drop")
    heard = names_meant(taught, [path.as_posix() for path in confirm], "--confirm")
    if group_by is not None:
        good = iter(groups_by([one.name for one in taught.heard if not one.defect], group_by))
        taught = replace(
            taught, heard=tuple(one if one.defect else replace(one, group=next(good)) for one in taught.heard)
        )
    settings = settings_again(before.report, before.model.front_end)
    reject_rate, costs = asked
    settings = replace(
        settings,
        reject_rate=settings.reject_rate if reject_rate is None else reject_rate,
        costs=costs or settings.costs,
        confirmed=(*settings.confirmed, *heard),
    )
    with progress() as step:
        return review(before, taught, settings, dropped, step)


def _grouped(found: Sequence[tuple[Found, str]], pattern: str) -> list[tuple[Found, str]]:
    good = iter(groups_by([one.name for one, defect in found if not defect], pattern))
    return [(one if defect else replace(one, group=next(good)), defect) for one, defect in found]


def _fixed(words: Sequence[str]) -> tuple[FixedLimit, ...]:
    try:
        return tuple(parse_fixed(word) for word in words)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--fixed") from None


def _beam(text: str | None) -> Beam | None:
    try:
        return None if text is None else parse_beam(text)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--array") from None


def _costs(false_reject: float | None, missed: float | None, defect_rate: float | None) -> Costs | None:
    if false_reject is None and missed is None and defect_rate is None:
        return None
    if false_reject is None or missed is None or defect_rate is None:
        raise typer.BadParameter("costs need all three: --cost-false-reject, --cost-missed and --defect-rate")
    try:
        return Costs(false_reject, missed, defect_rate)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None


def _confirmed(found: Sequence[tuple[Found, str]], heard: Sequence[Path]) -> list[str]:
    """Give the names of the good recordings that a person has heard."""
    names = {one.path.resolve(): one.name for one, defect in found if not defect}
    for path in heard:
        if path.resolve() not in names:
            raise SoundFileError(f"--confirm {path}: not among the good recordings given; wanted one of them")
    return [names[path.resolve()] for path in heard]


def _confirmed_before(recipe: Path) -> tuple[str, ...]:
    """Give the names a person confirmed in the version in use; none where it cannot be read."""
    try:
        return load(recipe).report.confirmed
    except RecipeError:
        return ()
