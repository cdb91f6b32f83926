"""`wheeltapper teach-sounds`: a few recordings of each kind, and of the place, become kinds of sound."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import soxr
import typer
from numpy.typing import NDArray

from gateway.audio.files import Recording, SoundFileError, at_rate, one_channel, recordings_in
from gateway.cli.output import Step, emit, progress, say
from gateway.cli.recordings import NAMED, Spread, read_all
from gateway.cli.stored import ModelsOption
from models.embedding import OnnxEmbedding, load_embedding
from models.kinds_folder import refuse_folder, write_kinds
from models.sound_kinds import (
    Example,
    KindsReport,
    Taught,
    background_rows,
    event_rows,
    example_rows,
    learn,
)

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Sound = NDArray[np.float32]


@command.command(cls=Spread)
def teach_sounds(
    kinds: Annotated[Path, typer.Argument(metavar="KINDS", help="New folder for what is learned.")],
    kind: Annotated[
        list[str], typer.Option(metavar="NAME=PATH...", help="Recordings of one kind: a few, one event in each.")
    ],
    background: Annotated[
        list[Path],
        typer.Option(metavar="PATH...", help="The place as it sounds when nothing happens: the longer, the better."),
    ],
    other: Annotated[
        list[Path] | None, typer.Option(metavar="PATH...", help="Recordings of events that must not alarm.")
    ] = None,
    alarms_per_hour: Annotated[
        float, typer.Option(min=1e-4, max=60, help="False alarms of each kind the limit is set for.")
    ] = 1.0,
    embedding: Annotated[str, typer.Option(help="What it is heard through: student, aisfx, or an imported one.")] = (
        "student"
    ),
    channel: Annotated[int | None, typer.Option(min=1, help="Of recordings with several channels, from 1.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Samples a second, for files that do not say.")] = None,
    models: ModelsOption = None,
    dry: Annotated[bool, typer.Option("--dry", help="Say what would be learned, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Learn kinds of sound from a few examples of each and from the background they are to be heard in.

    Says how many examples are heard again by what was learned without them, by themselves and in the background.

    wheeltapper teach-sounds kinds/hall-3 --kind glass=glass/ --background hall-3/
    """
    if not dry:
        refuse_folder(kinds)
    loaded = load_embedding(embedding, models)
    with progress() as step:
        taught = _heard(_kinds_in(kind), (background, other or []), loaded, (channel, rate), step)
    learned, report = learn(taught, alarms_per_hour)
    if not dry:
        write_kinds(kinds, learned, report, (loaded.name, loaded.sha256))
    if as_json:
        emit({"folder": str(kinds), "written": not dry, "embedding": loaded.name, **asdict(report)})
        return
    for line in _lines(kinds, report, loaded.name, dry=dry):
        say(line)


def _kinds_in(words: list[str]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for word in words:
        named = NAMED.fullmatch(word)
        if named is None:
            raise SoundFileError(f"--kind {word}: wanted NAME=PATH, as in --kind glass=glass/")
        found.setdefault(named[1].strip(), []).append(Path(named[2]))
    return found


def _heard(
    kinds: dict[str, list[Path]],
    place: tuple[list[Path], list[Path]],
    embedding: OnnxEmbedding,
    given: tuple[int | None, int | None],
    step: Step,
) -> Taught:
    """Read everything, at the rate of the background, and turn it into vectors: so the station will hear it."""
    channel, rate = given
    quiet_place, not_to_alarm = (read_all(recordings_in(paths), rate, step) if paths else [] for paths in place)
    wanted = min(one.rate for one in quiet_place)
    background, others = ([_sound(one, channel, wanted) for one in read] for read in (quiet_place, not_to_alarm))
    examples: dict[str, tuple[Example, ...]] = {}
    for name, paths in kinds.items():
        found = [_sound(one, channel, wanted) for one in read_all(recordings_in(paths), rate, step)]
        made = []
        for seed, sound in enumerate(found):
            step(seed + 1, len(found), name)
            made.append(example_rows(sound, background, wanted, embedding, seed))
        examples[name] = tuple(made)
    quiet = []
    for index, sound in enumerate(background):
        step(index + 1, len(background), "background")
        quiet.append(background_rows(sound, wanted, embedding))
    return Taught(examples, tuple(quiet), tuple(event_rows(one, wanted, embedding) for one in others))


def _sound(recording: Recording, channel: int | None, rate: int) -> Sound:
    samples = one_channel(recording, channel)
    if not np.isfinite(samples).all():
        raise SoundFileError(f"{recording.path}: holds values that are not finite; record it again")
    if recording.rate < rate:  # an example may be poorer than the microphone: what it lacks is silent in it
        return np.asarray(soxr.resample(samples, recording.rate, rate), np.float32)
    return at_rate(samples, recording.rate, rate, recording.path)


def _lines(folder: Path, report: KindsReport, embedding: str, *, dry: bool) -> list[str]:
    lines = [f"{folder}{' (dry: not written)' if dry else ''}, heard through {embedding}"]
    for one in report.kinds:
        alone = f"{one.found} of {one.recordings} heard when left out"
        lines.append(f"  {one.name:<12} {alone}, {one.found_in_background:.0%} of them in the background at 0 to 10 dB")
    minutes = report.background_s / 60
    alarms = "1 false alarm" if report.alarms_per_hour == 1 else f"{report.alarms_per_hour:g} false alarms"
    lines.append(f"  {'limit':<12} {alarms} an hour, set by {minutes:.1f} min of background")
    if report.beyond > 1:
        lines.append(
            f"  {'weak spot':<12} one such hour is {report.beyond:.0f} times longer than the background heard:"
            " extrapolated; record more of it"
        )
    if report.others:
        lines.append(f"  {'other':<12} {report.others_heard} of {report.others} heard as some kind when left out")
    else:
        lines.append(
            f"  {'other':<12} none given: events that were never taught may be taken for one; give --other PATH"
        )
    few = [one.name for one in report.kinds if one.recordings < 5]
    if few:
        lines.append(f"  {'weak spot':<12} fewer than 5 recordings of {', '.join(few)}: record more")
    return lines
