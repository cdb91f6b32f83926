"""`wheeltapper teach`: recordings become a recipe."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from analytics.features.log_mel import Level, Profile
from gateway.audio.files import (
    Found,
    Recording,
    SoundFileError,
    at_rate,
    capture_of,
    most_common_rate,
    one_channel,
    read_recording,
    recordings_in,
)
from gateway.cli.output import Step, emit, note, progress, say
from gateway.cli.recipe import card_lines, record
from models.recipe import refuse_folder, write_recipe
from models.teach import TaughtPart, TeachSettings, learn

_MANY = ("--good", "--defect", "--drop")  #: options that take any number of values
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9 _-]{0,39})=(.+)", re.DOTALL)
_SHOWN = 10  #: faults of recordings, at most


class ProfileChoice(StrEnum):
    """What to listen for."""

    AUTO = "auto"
    KNOCK = "knock"
    STEADY = "steady"


class _Spread(TyperCommand):
    """Lets ``--good a b c`` stand for ``--good a --good b --good c``, as a shell writes a pattern out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  # typer does not export its type
        return super().parse_args(ctx, spread(args))


def spread(arguments: Sequence[str]) -> list[str]:
    """Repeat an option of `_MANY` before each of its values; ``--defect crack=a b`` names b a crack too."""
    given: list[str] = []
    option = name = ""
    takes = False  # the next word belongs to an option already written
    for word in arguments:
        if word.startswith("-") and len(word) > 1:
            begun, _, value = word.partition("=")
            option, name = (begun if begun in _MANY else ""), ""
            given.append(word)
            takes = bool(option) and not value
            continue
        if not option:
            given.append(word)
            continue
        if option == "--defect":
            named = _NAME.fullmatch(word)
            name, word = (named[1], word) if named else (name, f"{name}={word}" if name else word)
        given += [word] if takes else [option, word]
        takes = False
    return given


command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@command.command(cls=_Spread)
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
    drop: Annotated[list[Path] | None, typer.Option(metavar="FILE...", help="Recordings to leave out.")] = None,
    length: Annotated[float | None, typer.Option(min=0.005, max=60.0, help="Seconds of a part to listen to.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Samples a second, for files that do not say.")] = None,
    surroundings: Annotated[
        bool, typer.Option("--surroundings", help="Each file holds 100 ms before and after its part.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Learn a recipe from recordings of good parts, and of defects where there are some.

    Says what it learned, what it promises, what it distrusts and what more it needs; the recipe keeps all of it.

    wheeltapper teach recipes/bracket-A --good good/ --defect crack=cracked/
    """
    refuse_folder(recipe)
    found = _found(good, defect or [], drop or [])
    settings = TeachSettings(
        None if profile is ProfileChoice.AUTO else Profile(profile.value), level, reject_rate, length_s=length
    )
    with progress() as step:
        recordings = _read([one for one, _ in found], rate, step)
        parts = _parts(found, recordings, channel, surroundings)
        learned = learn(parts, settings, step)
    loaded = write_recipe(recipe, learned, datetime.now(UTC).isoformat(timespec="seconds"))
    if as_json:
        emit(record(recipe, loaded))
        return
    for line in card_lines(recipe, loaded):
        say(line)


def _found(good: Sequence[Path], defects: Sequence[str], drop: Sequence[Path]) -> list[tuple[Found, str]]:
    """List every recording with its defect, empty for good ones, without those dropped."""
    found = [(one, "") for one in recordings_in(good)]
    for word in defects:
        named = _NAME.fullmatch(word)
        if named is None:
            raise SoundFileError(f"--defect {word}: wanted NAME=PATH, as in --defect crack=cracked/")
        found += [(one, named[1].strip()) for one in recordings_in([Path(named[2])])]
    dropped = {path.resolve() for path in drop}
    there = {one.path.resolve() for one, _ in found}
    for path in drop:
        if path.resolve() not in there:
            raise SoundFileError(f"--drop {path}: not among the recordings given; wanted one of them, as it was named")
    return [(one, name) for one, name in found if one.path.resolve() not in dropped]


def _read(found: Sequence[Found], rate: int | None, step: Step) -> list[Recording]:
    """Read all recordings, or raise for all that cannot be read at once."""
    recordings, faults = [], []
    for done, one in enumerate(found, 1):
        try:
            recordings.append(read_recording(one.path, rate))
        except SoundFileError as fault:
            faults.append(str(fault))
        step(done, len(found), "reading")
    _raise_all(faults)
    return recordings


def _parts(
    found: Sequence[tuple[Found, str]], recordings: Sequence[Recording], channel: int | None, surroundings: bool
) -> list[TaughtPart]:
    """Bring all recordings to one channel and to the rate of most of the good ones."""
    pairs = list(zip(found, recordings, strict=True))
    wanted = most_common_rate([recording for (_, defect), recording in pairs if not defect])
    parts, faults = [], []
    higher: Counter[int] = Counter()
    for (one, defect), recording in pairs:
        try:
            samples = at_rate(one_channel(recording, channel), recording.rate, wanted, one.path)
        except SoundFileError as fault:
            faults.append(str(fault))
            continue
        higher[recording.rate] += recording.rate > wanted
        parts.append(TaughtPart(one.name, capture_of(samples, wanted, surroundings), one.group, defect))
    _raise_all(faults)
    for rate, count in higher.items():
        if count:
            note(f"{count} recordings of {rate} samples a second were brought down to {wanted}, the rate of most")
    return parts


def _raise_all(faults: Sequence[str]) -> None:
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise SoundFileError("\n".join([*faults[:_SHOWN], *more]))
