"""`wheeltapper recipe diff`: what changed between two recipes, and which parts they would judge differently."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gateway.cli.output import emit, say
from gateway.cli.stored import JsonOption, SiteOption, StoreOption, store_folder
from gateway.store.kept import KeptPart, KeptReader
from gateway.store.read import ROWS_MAX
from gateway.store.rescored import rescored
from models.recipe import Recipe, load, load_taught, load_version
from models.recipe_diff import Flip, changes, comparable, flips
from models.taught import TaughtRows

SHOWN = 20  #: flips listed for people; --json gives all


@dataclass(frozen=True, slots=True)
class Compared:
    """What two recipes say of the same parts."""

    of: str
    parts: int
    flips: Sequence[Flip]
    why_not: str = ""


def diff(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe, or a version of it.")],
    before: Annotated[str, typer.Argument(metavar="A", help="Number of a version of RECIPE, or another recipe.")],
    after: Annotated[str | None, typer.Argument(metavar="[B]", help="Number of the version to compare A with.")] = None,
    parts: Annotated[
        int, typer.Option("--parts", min=0, max=ROWS_MAX, help="Compare on the last parts of the store, too.")
    ] = 0,
    station: Annotated[str | None, typer.Option("--station", help="Of this station alone.")] = None,
    store: StoreOption = None,
    site: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changed between two versions, in words and numbers, and which parts would be judged differently.

    `diff recipes/x 1 2` compares two versions, `diff recipes/x 3` the one in use with version 3, `diff recipes/x
    recipes/y` two recipes. The parts both were taught with are compared by their stored numbers; --parts 1000 compares
    the last 1,000 parts of the store as well, before a version is put to use. No sound is needed.
    """
    old, new = _two(recipe, before, after)
    rows = load_taught(old.folder), load_taught(new.folder)
    changed = changes(old, new, rows)
    compared = [_on_taught(old, new, rows)]
    if parts:
        reader = KeptReader(store_folder(store, site))
        with reader:
            compared.append(_on_stored(old, new, reader.last(parts, station=station)))
    if as_json:
        emit({
            "before": old.title, "after": new.title, "changes": [asdict(one) for one in changed],
            "compared": [asdict(one) for one in compared],
        })  # fmt: skip
        return
    say(f"{old.title} -> {new.title}")
    for one in changed:
        say(f"  {one.what:<28} {one.before}  ->  {one.after}")
    if not changed:
        say("  nothing that judges differs")
    for found in compared:
        for line in _said(found):
            say(line)


def _two(recipe: Path, before: str, after: str | None) -> tuple[Recipe, Recipe]:
    def version(word: str) -> Recipe:
        return load_version(recipe, int(word)) if word.isascii() and word.isdecimal() else load(Path(word))

    return (load(recipe), version(before)) if after is None else (version(before), version(after))


def _on_taught(old: Recipe, new: Recipe, rows: tuple[TaughtRows, TaughtRows]) -> Compared:
    """Compare on everything either was taught with, each recording once."""
    of = "parts taught"
    if why := comparable(old.model, new.model):
        return Compared(of, 0, (), why)
    width = old.model.width
    known = {
        one.sha256: (one.name, row)
        for taught in rows
        for one, row in zip(taught.heard, taught.joined[:, :width], strict=True)
        if len(row) == width
    }
    names, numbers = zip(*known.values(), strict=True)
    return Compared(of, len(known), flips(old.model, new.model, np.stack(numbers), names))


def _on_stored(old: Recipe, new: Recipe, kept: Sequence[KeptPart]) -> Compared:
    """Compare on parts of the store, as far as their numbers fit both."""
    of = "parts of the store"
    if why := comparable(old.model, new.model):
        return Compared(of, 0, (), why)
    found = rescored(old.model, new.model, kept)
    return Compared(of, found.parts, [Flip(one.name, one.before, one.after) for one in found.changed], found.why_not)


def _said(found: Compared) -> list[str]:
    lines = [f"  {len(found.flips)} of {found.parts} {found.of} would be judged differently"]
    if found.why_not:
        lines[0] += f" ({found.why_not})"
    for one in found.flips[:SHOWN]:
        word = "OK -> NotOK" if one.after > 1.0 else "NotOK -> OK"
        lines.append(f"    {word:<12} {one.before:.3f} -> {one.after:.3f}  {one.name}")
    if len(found.flips) > SHOWN:
        lines.append(f"    and {len(found.flips) - SHOWN} more; --json lists all")
    return lines
