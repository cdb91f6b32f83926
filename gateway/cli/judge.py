"""`wheeltapper judge`: recordings through the very code that judges live parts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analytics.decision.judge import Embed, Judgement, judge
from gateway.audio.files import SoundFileError, at_rate, capture_of, read_recording, recordings_in
from gateway.cli.output import emit, note, say
from gateway.cli.recordings import ambient_of, heard_of
from gateway.cli.stored import ModelsOption
from models.recipe import Recipe, embed_of, load


def command(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="Folder of the recipe; its version in use judges.")],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Recordings, or folders of them.")],
    channel: Annotated[int | None, typer.Option(min=1, help="Of recordings with several channels, from 1.")] = None,
    ambient_channel: Annotated[
        int | None, typer.Option(min=1, help="Of the ambient microphone, which hears the hall and not the part.")
    ] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Samples a second, for files that do not say.")] = None,
    surroundings: Annotated[
        bool, typer.Option("--surroundings", help="Each file holds 100 ms before and after its part.")
    ] = False,
    models: ModelsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, nothing else.")] = False,
) -> None:
    """Judge recordings, one line a part: verdict, score, defect, file, reason.

    The score is 1.0 at the limit, higher is stranger; above it the part is NotOK. Exit code 0 whatever the verdicts;
    1 where a recording could not be read, which is said on stderr while the others are judged.
    """
    loaded = load(recipe)
    embed = embed_of(loaded, models)
    failed = False
    for path in paths:
        try:
            found = recordings_in([path])
        except SoundFileError as fault:
            note(str(fault))
            failed = True
            continue
        for one in found:
            try:
                judged = _judge_file(one.path, loaded, embed, (channel, ambient_channel), rate, surroundings)
            except SoundFileError as fault:
                note(str(fault))
                failed = True
                continue
            if as_json:
                emit(record(one.name, judged))
            else:
                say(_line(one.name, judged))
    if failed:
        raise typer.Exit(1)


def _judge_file(
    path: Path,
    recipe: Recipe,
    embed: Embed | None,
    channels: tuple[int | None, int | None],
    rate: int | None,
    surroundings: bool,
) -> Judgement:
    wanted = recipe.model.front_end.rate
    recording = read_recording(path, rate)
    channel, ambient_channel = channels
    samples = at_rate(heard_of(recording, channel, recipe.model.beam), recording.rate, wanted, path)
    ambient = ambient_of(recording, ambient_channel, wanted, path)
    if recording.rate != wanted:
        note(f"{path}: {recording.rate} samples a second, brought down to the recipe's {wanted}")
    return judge(capture_of(samples, wanted, surroundings, ambient), recipe.model, embed)


def record(file: str, judged: Judgement) -> dict[str, Any]:
    """Say for programs what was judged; `score` is null where the sound was not finite."""
    verdict = judged.verdict
    return {
        "file": file,
        "verdict": verdict.evaluation.word,
        "score": verdict.score,
        "defect": verdict.defect,
        "confidence": verdict.confidence,
        "reason": verdict.reason,
        "detectors": dict(verdict.detectors),
        "quality": [str(word) for word in verdict.quality],
        "nearest": [
            {"recording": near.recording, "defect": near.defect, "distance": near.distance} for near in judged.nearest
        ],
    }


def _line(file: str, judged: Judgement) -> str:
    verdict = judged.verdict
    score = "-" if verdict.score is None else f"{verdict.score:.2f}"
    quality = f" [{', '.join(verdict.quality)}]" if verdict.quality else ""
    said = f"{verdict.evaluation.word:<13}{score:>6}  {verdict.defect or '-':<12}"
    return f"{said} {file}  {verdict.reason}{quality}"
