"""A recipe: what was learned of one kind of part, as a folder that never changes.

    recipes/bracket-A/
        current             the version in use, one number
        v1/  recipe.json    its card and figures, for people and programs
             arrays.npz     the numbers it judges by
             recordings.json  the hash of every recording it was learned from
        v2/  ...

Teaching on the same folder makes the next version; the earlier ones stay. A version appears whole or not at all: it is
written beside, flushed to disk and renamed.
"""

import hashlib
import io
import json
import os
import re
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from analytics.decision.judge import judge
from analytics.decision.model import PartModel
from analytics.features.log_mel import BANDS
from analytics.signal.capture import Capture
from models.card import FORMAT, Card
from models.flat import Arrays, FlatError, build, flatten
from models.report import Report
from models.teach import Learned, scores_of

CARD, ARRAYS, RECORDINGS, CURRENT = "recipe.json", "arrays.npz", "recordings.json", "current"
MOST_BYTES = 2**26  #: of any one file, unpacked; a recipe is a hundredth of it
_CHECK_FEATURES, _CHECK_SCORES = "check.features", "check.scores"
_OURS = re.compile(r"v\d+|current(\.new)?|\.writing-[0-9a-f]+")
_LONGEST = 2**24  #: samples of a part, far beyond any; what is longer is a damaged card
_SAME = 1e-6  #: relative; between processors and versions of NumPy the last digits differ


class RecipeError(Exception):
    """A recipe cannot be used or written; one sentence: where, what was found, what was wanted, how to mend."""


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """A recipe as loaded: everything in it was checked.

    Parameters
    ----------
    name
        Of the folder.
    version
        Counts from 1.
    hash
        SHA-256 over card, arrays and recordings, hexadecimal.
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
        return f"{self.name} v{self.version} {self.hash[:12]}"


def load(folder: Path) -> Recipe:
    """Load a recipe: the version in use, or the very version where `folder` is one.

    Raises
    ------
    RecipeError
        There is none, it is damaged, of another format, or it does not score its own stored parts as when learned.
    """
    place = folder if (folder / CARD).is_file() else folder / f"v{_current(folder)}"
    text = _read(place / CARD)
    card = _card(place / CARD, text)
    packed, heard = _read(place / ARRAYS), _read(place / RECORDINGS)
    for name, content, wanted in ((ARRAYS, packed, card.arrays_sha256), (RECORDINGS, heard, card.recordings_sha256)):
        if _sha256(content) != wanted:
            raise RecipeError(
                f"{place / name}: not the file this recipe was written with (its hash differs); "
                "restore the folder or teach it again"
            )
    arrays = _unpack(place / ARRAYS, packed)
    try:
        model = build(PartModel, card.model, arrays)
        report = build(Report, card.report, arrays)
    except FlatError as fault:
        raise RecipeError(f"{place / CARD}: {fault}; teach it again") from fault
    _check(place, model, arrays)
    return Recipe(card.name, card.version, card.hash, card.taught_at, card.made_by, model, report, place)


def write_recipe(folder: Path, learned: Learned, taught_at: str) -> Recipe:
    """Write what was learned as the next version of a recipe, put it to use, and load it back.

    Parameters
    ----------
    folder
        Made where it does not exist.
    learned
        From `models.teach.learn`.
    taught_at
        ISO 8601 with offset.

    Raises
    ------
    RecipeError
        The folder holds something else, or cannot be written; nothing half-written stays behind.
    """
    refuse_folder(folder)
    arrays: Arrays = {_CHECK_FEATURES: learned.check_features, _CHECK_SCORES: learned.check_scores}
    model, report = flatten(learned.model, arrays), flatten(learned.report, arrays)
    packed = _pack(arrays)
    heard = json.dumps([flatten(one, {}) for one in learned.heard], indent=1, ensure_ascii=False).encode()
    number = max([*_versions(folder), 0]) + 1
    card = Card.model_validate({
        "format": FORMAT, "name": folder.resolve().name, "version": number, "made_by": version("wheeltapper"),
        "taught_at": taught_at, "report": report, "model": model, "arrays_sha256": _sha256(packed),
        "recordings_sha256": _sha256(heard), "hash": "",
    }).sealed()  # fmt: skip
    made = not folder.exists()
    beside, place = folder / f".writing-{secrets.token_hex(8)}", folder / f"v{number}"
    try:
        beside.mkdir(parents=True)
        for name, content in ((CARD, card.text().encode()), (ARRAYS, packed), (RECORDINGS, heard)):
            _write(beside / name, content)
        written = load(beside)  # what cannot be read back must not be put to use
        beside.rename(place)
        _write(folder / f"{CURRENT}.new", f"{number}\n".encode())
        (folder / f"{CURRENT}.new").replace(folder / CURRENT)
    except (OSError, RecipeError) as fault:
        for left in (folder,) if made else (beside, place):
            shutil.rmtree(left, ignore_errors=True)
        if isinstance(fault, RecipeError):
            raise
        raise RecipeError(f"{folder}: cannot be written ({fault.strerror}); nothing was kept") from fault
    return replace(written, folder=place)


def refuse_folder(folder: Path) -> None:
    """Raise `RecipeError` where a recipe must not be written: a file, or a folder that holds something else."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise RecipeError(f"{folder}: found a file, wanted the folder of a recipe; name another")
    other = next((one.name for one in sorted(folder.iterdir()) if not _OURS.fullmatch(one.name)), None)
    if other is not None:
        raise RecipeError(f"{folder}: holds {other}, wanted a recipe or a new folder; name another")


def _versions(folder: Path) -> list[int]:
    return [int(one.name[1:]) for one in folder.glob("v*") if one.name[1:].isdecimal()] if folder.is_dir() else []


def _current(folder: Path) -> int:
    try:
        text = (folder / CURRENT).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise RecipeError(f"no recipe at {folder}; teach it: wheeltapper teach {folder} --good FOLDER") from fault
    if not text.isdecimal() or len(text) > 9:
        raise RecipeError(f"{folder / CURRENT}: found {text[:20]!r}, wanted the number of a version; write it again")
    return int(text)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise RecipeError(f"{path}: {path.stat().st_size} bytes are no recipe; teach it again")
        return path.read_bytes()
    except OSError as fault:
        raise RecipeError(f"{path}: cannot be read ({fault.strerror}); restore the folder or teach it again") from fault


def _card(path: Path, text: bytes) -> Card:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise RecipeError(f"{path}: not a recipe card ({fault}); restore the folder or teach it again") from fault
    found = fields.get("format") if isinstance(fields, dict) else None
    if isinstance(found, int) and found != FORMAT:
        made_by = str(fields.get("made_by", "?"))[:50]
        mend = "update wheeltapper" if found > FORMAT else "teach it again"
        raise RecipeError(f"{path}: format {found}, made by wheeltapper {made_by}; this one, "
                          f"{version('wheeltapper')}, reads format {FORMAT}: {mend}")  # fmt: skip
    try:
        card = Card.model_validate(fields)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "card"
        raise RecipeError(f"{path}: {where}: {first['msg']}; restore the folder or teach it again") from fault
    if card.hash != card.own_hash():
        raise RecipeError(f"{path}: changed since it was written (its hash differs); restore it or teach it again")
    return card


def _pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return packed.getvalue()


def _unpack(path: Path, packed: bytes) -> Arrays:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as file:
            if sum(one.file_size for one in file.infolist()) > MOST_BYTES:
                raise RecipeError(f"{path}: larger than any recipe when unpacked; teach it again")
        with np.load(io.BytesIO(packed), allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as fault:
        raise RecipeError(f"{path}: not readable ({fault}); restore the folder or teach it again") from fault


def _check(place: Path, model: PartModel, arrays: Arrays) -> None:
    """Score the stored parts again and judge one sound: what reads well and answers differently must not judge."""
    features, scores = arrays.get(_CHECK_FEATURES), arrays.get(_CHECK_SCORES)
    if features is None or scores is None or scores.ndim != 1 or features.shape != (len(scores), 2 * BANDS):
        raise RecipeError(f"{place / ARRAYS}: its parts for checking are missing; teach it again")
    if not 0 < model.front_end.length <= _LONGEST:
        raise RecipeError(f"{place}: a part of {model.front_end.length_s:g} s; wanted less, teach it again")
    try:
        found = scores_of(model, features)
        noise = np.random.default_rng(0).normal(0, 0.1, model.front_end.length + model.front_end.rate)
        edge = model.front_end.rate // 2
        judge(Capture(noise.astype(np.float32), model.front_end.rate, edge, len(noise) - edge), model)
    except (ValueError, IndexError, TypeError) as fault:
        raise RecipeError(f"{place}: its numbers do not fit each other ({fault}); teach it again") from fault
    if not np.allclose(found, scores, rtol=_SAME, atol=0.0):
        raise RecipeError(f"{place}: scores its own stored parts {found[0]:.6g} instead of {scores[0]:.6g}; "
                          "teach it again with this version")  # fmt: skip


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # a power cut after the rename must not leave a name without content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
