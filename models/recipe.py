"""A recipe: what was learned of one kind of part, as a folder whose versions never change.

    recipes/bracket-A/
        current              the version in use, one number
        activations.jsonl    who put which version to use, and when
        v1/  recipe.json     its card and figures, for people and programs
             arrays.npz      the numbers it judges by
             taught.npz      the numbers of every part it was taught with
             recordings.json the hash of every recording it was learned from
        v2/  ...

Teaching on the same folder makes the next version; the earlier ones stay. A version appears whole or not at all: it is
written beside, flushed to disk and renamed. Nothing in it is written again: its hash covers every file, and a version
that was changed is refused.
"""

import json
import secrets
import shutil
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from analytics.decision.judge import Embed
from analytics.decision.model import PartModel
from models.card import FORMAT, Card, read_card
from models.flat import Arrays, FlatError, build, flatten
from models.recipe_check import CHECK_FEATURES, CHECK_SCORES, check
from models.recipe_files import (
    ACTIVATIONS,
    ARRAYS,
    CARD,
    CURRENT,
    RECORDINGS,
    TAUGHT,
    RecipeError,
    append,
    current,
    hashed,
    pack,
    refuse_folder,
    sha256,
    unpack,
    versions,
    write,
)
from models.report import Report
from models.taught import Heard, TaughtRows
from models.teach import Learned

__all__ = [
    "Recipe",
    "RecipeError",
    "embed_of",
    "load",
    "load_taught",
    "put_first_to_use",
    "refuse_folder",
    "use",
    "write_recipe",
]

_SHOWN = 12  #: digits of a hash, as in every record


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """A recipe as loaded: everything in it was checked.

    Parameters
    ----------
    name
        Of the folder it was taught into.
    version
        Counts from 1.
    hash
        SHA-256 over card, arrays, taught numbers and recordings, hexadecimal.
    taught_at
        ISO 8601.
    made_by
        Version of wheeltapper.
    model
        What judging needs.
    report
        What it promises, distrusts and needs.
    folder
        Of this very version.
    """

    name: str
    version: int
    hash: str
    taught_at: str
    made_by: str
    model: PartModel
    report: Report
    folder: Path

    @property
    def title(self) -> str:
        """Name, version and hash in one word, as it stands in every record."""
        return f"{self.name} v{self.version} {self.hash[:_SHOWN]}"


def load(folder: Path) -> Recipe:
    """Load a recipe: the version in use, or the very version where `folder` is one.

    Raises
    ------
    RecipeError
        There is none, it is damaged, of another format, or it does not score its own stored parts as when learned.
    """
    place = _version_folder(folder)
    card = read_card(place)
    arrays = unpack(place / ARRAYS, hashed(place / ARRAYS, card.arrays_sha256))
    for name, wanted in ((TAUGHT, card.taught_sha256), (RECORDINGS, card.recordings_sha256)):
        hashed(place / name, wanted)
    try:
        model = build(PartModel, card.model, arrays)
        report = build(Report, card.report, arrays)
    except FlatError as fault:
        raise RecipeError(f"{place / CARD}: {fault}; teach it again") from fault
    check(place, model, arrays)
    return Recipe(card.name, card.version, card.hash, card.taught_at, card.made_by, model, report, place)


def load_version(folder: Path, number: int) -> Recipe:
    """Load one version of a recipe; RecipeError where there is none of this number, or it cannot be used."""
    if number not in versions(folder):
        known = ", ".join(str(one) for one in versions(folder)) or "none"
        raise RecipeError(f"{folder}: no version {number}; it has {known}")
    return load(folder / f"v{number}")


def load_taught(folder: Path) -> TaughtRows:
    """Load the numbers of everything a recipe was taught with, so that it can be learned anew without any sound.

    Parameters
    ----------
    folder
        Of the recipe (its version in use), or of a version.

    Raises
    ------
    RecipeError
        There is none, or it is damaged.
    """
    place = _version_folder(folder)
    card = read_card(place)
    arrays = unpack(place / TAUGHT, hashed(place / TAUGHT, card.taught_sha256))
    text = hashed(place / RECORDINGS, card.recordings_sha256)
    try:
        heard = tuple(build(Heard, one, {}) for one in json.loads(text))
        tree = {name: name if name in arrays else None for name in ("features", "embeddings")}
        return build(TaughtRows, {**tree, "heard": [flatten(one, {}) for one in heard]}, arrays)
    except (FlatError, ValueError, TypeError) as fault:
        raise RecipeError(f"{place / TAUGHT}: {fault}; restore the folder or teach it again") from fault


def write_recipe(
    folder: Path, learned: Learned, taught_at: str, *, who: str = "wheeltapper teach", put_to_use: bool = True
) -> Recipe:
    """Write what was learned as the next version of a recipe, and load it back.

    Parameters
    ----------
    folder
        Made where it does not exist.
    learned
        From `models.teach.learn`.
    taught_at
        ISO 8601 with offset.
    who
        Stands beside the version in the list of activations.
    put_to_use
        False: it waits for `use`. A first version is always put to use.

    Raises
    ------
    RecipeError
        The folder holds something else, or cannot be written; nothing half-written stays behind.
    """
    refuse_folder(folder)
    number = max([*versions(folder), 0]) + 1
    files = _files(folder.resolve().name, number, learned, taught_at)
    made = not folder.exists()
    beside, place = folder / f".writing-{secrets.token_hex(8)}", folder / f"v{number}"
    try:
        beside.mkdir(parents=True)
        for name, content in files.items():
            write(beside / name, content)
        written = replace(load(beside), folder=place)  # what cannot be read back must not be put to use
        beside.rename(place)
        if put_to_use or not (folder / CURRENT).exists():
            _put_to_use(folder, written, who, taught_at)
    except (OSError, RecipeError) as fault:
        for left in (folder,) if made else (beside, place):
            shutil.rmtree(left, ignore_errors=True)
        if isinstance(fault, RecipeError):
            raise
        raise RecipeError(f"{folder}: cannot be written ({fault.strerror}); nothing was kept") from fault
    return written


def use(folder: Path, number: int, who: str, at: str) -> Recipe:
    """Put a version to use, a later or an earlier one; who did it, and when, is noted beside.

    Raises
    ------
    RecipeError
        There is no such version, it cannot be used, or the folder cannot be written.
    """
    recipe = load_version(folder, number)
    try:
        _put_to_use(folder, recipe, who, at)
    except OSError as fault:
        raise RecipeError(f"{folder}: cannot be written ({fault.strerror}); nothing was changed") from fault
    return recipe


def put_first_to_use(folder: Path, recipe: Recipe, who: str, at: str) -> None:
    """Put a version to use where the folder has none in use yet; OSError where it cannot be written."""
    if not (folder / CURRENT).exists():
        _put_to_use(folder, recipe, who, at)


def embed_of(recipe: Recipe, models: Path | None = None) -> Embed | None:
    """Open the embedding a recipe's second voter hears through; None where it has no second voter.

    Parameters
    ----------
    recipe
        As loaded.
    models
        Folder of the models; None for the user's own.

    Raises
    ------
    RecipeError
        There is no such model, it cannot be opened, or it is not the one the recipe was taught with.
    """
    second = recipe.model.second
    if second is None:
        return None
    from models.embedding import ModelError, load_embedding  # ONNX Runtime takes its time; most recipes need none

    try:
        found = load_embedding(second.embedding, models)
    except ModelError as fault:
        raise RecipeError(f"{recipe.folder}: its second voter cannot listen: {fault}") from fault
    if found.sha256 != second.sha256:
        raise RecipeError(
            f"{recipe.folder}: taught through {second.embedding} {second.sha256[:_SHOWN]}, found "
            f"{found.sha256[:_SHOWN]}: another model; bring the first one back or teach it again"
        )
    return found.embed


def _version_folder(folder: Path) -> Path:
    return folder if (folder / CARD).is_file() else folder / f"v{current(folder)}"


def _files(name: str, number: int, learned: Learned, taught_at: str) -> dict[str, bytes]:
    """Make the content of every file of a version."""
    arrays: Arrays = {CHECK_FEATURES: learned.check_features, CHECK_SCORES: learned.check_scores}
    model, report = flatten(learned.model, arrays), flatten(learned.report, arrays)
    rows = {"features": learned.taught.features, "embeddings": learned.taught.embeddings}
    packed = pack(arrays)
    taught = pack({name: values for name, values in rows.items() if values is not None})
    heard = json.dumps([flatten(one, {}) for one in learned.taught.heard], indent=1, ensure_ascii=False).encode()
    card = Card.model_validate({
        "format": FORMAT, "name": name, "version": number, "made_by": version("wheeltapper"),
        "taught_at": taught_at, "report": report, "model": model, "arrays_sha256": sha256(packed),
        "taught_sha256": sha256(taught), "recordings_sha256": sha256(heard), "hash": "",
    }).sealed()  # fmt: skip
    return {CARD: card.text().encode(), ARRAYS: packed, TAUGHT: taught, RECORDINGS: heard}


def _put_to_use(folder: Path, recipe: Recipe, who: str, at: str) -> None:
    before = current(folder) if (folder / CURRENT).exists() else None
    write(folder / f"{CURRENT}.new", f"{recipe.version}\n".encode())
    # Noted first: a note of what then failed misleads nobody who looks at `current`, a change without one would.
    noted = {"at": at, "who": who, "version": recipe.version, "before": before, "hash": recipe.hash}
    append(folder / ACTIVATIONS, json.dumps(noted, ensure_ascii=False))
    (folder / f"{CURRENT}.new").replace(folder / CURRENT)
