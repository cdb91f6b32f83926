"""The files of a recipe folder: read within bounds, written whole, found by number."""

import hashlib
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.flat import Arrays

CARD, ARRAYS, TAUGHT, RECORDINGS = "recipe.json", "arrays.npz", "taught.npz", "recordings.json"
FILES = (CARD, ARRAYS, TAUGHT, RECORDINGS)  #: of one version
CURRENT, ACTIVATIONS = "current", "activations.jsonl"
MOST_BYTES = 2**26  #: of any one file, unpacked; a recipe is a hundredth of it
_OURS = re.compile(r"v\d+|current(\.new)?|activations\.jsonl|\.writing-[0-9a-f]+")
_VERSION = re.compile(r"v([1-9]\d{0,8})")


class RecipeError(Exception):
    """A recipe cannot be used or written; one sentence: where, what was found, what was wanted, how to mend."""


def sha256(content: bytes) -> str:
    """Hash a file's content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def number_of(name: str) -> int | None:
    """Give the number of a version by the name of its folder: 3 of v3; None where it is no version's."""
    found = _VERSION.fullmatch(name)
    return int(found[1]) if found else None


def versions(folder: Path) -> list[int]:
    """Give the versions a recipe has, ascending; none where there is no recipe."""
    if not folder.is_dir():
        return []
    return sorted(number for one in folder.iterdir() if (number := number_of(one.name)) is not None)


def current(folder: Path) -> int:
    """Give the version in use; RecipeError where none is."""
    try:
        text = (folder / CURRENT).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise RecipeError(f"no recipe at {folder}; teach it: wheeltapper teach {folder} --good FOLDER") from fault
    if not text.isdecimal() or len(text) > 9:
        raise RecipeError(
            f"{folder / CURRENT}: found {text[:20]!r}, wanted the number of a version; wheeltapper recipe use writes it"
        )
    return int(text)


def refuse_folder(folder: Path) -> None:
    """Raise `RecipeError` where a recipe must not be written: a file, or a folder that holds something else."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise RecipeError(f"{folder}: found a file, wanted the folder of a recipe; name another")
    other = next((one.name for one in sorted(folder.iterdir()) if not _OURS.fullmatch(one.name)), None)
    if other is not None:
        raise RecipeError(f"{folder}: holds {other}, wanted a recipe or a new folder; name another")


def read(path: Path) -> bytes:
    """Read one file of a recipe; RecipeError where it is missing or larger than any recipe's."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise RecipeError(f"{path}: {path.stat().st_size} bytes are no recipe; teach it again")
        return path.read_bytes()
    except OSError as fault:
        raise RecipeError(f"{path}: cannot be read ({fault.strerror}); restore the folder or teach it again") from fault


def write(path: Path, content: bytes) -> None:
    """Write a file so that a power cut after a rename leaves no name without content."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def append(path: Path, line: str) -> None:
    """Add a line to a file, safe on disk when this returns."""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def activations(folder: Path) -> list[dict[str, Any]]:
    """Give who put which version to use, and when, oldest first; a line that is no record is left out."""
    path = folder / ACTIVATIONS
    noted = []
    for line in read(path).decode("utf-8", "replace").splitlines() if path.is_file() else ():
        try:
            one = json.loads(line)
        except ValueError:  # torn by a power cut, or a person's own line
            continue
        if isinstance(one, dict):
            noted.append(one)
    return noted


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Make the content of an .npz; the same arrays give the same bytes."""
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return packed.getvalue()


def unpack(path: Path, packed: bytes) -> Arrays:
    """Read the content of an .npz without running anything in it; `path` is for the sentence of what fails."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as file:
            if sum(one.file_size for one in file.infolist()) > MOST_BYTES:
                raise RecipeError(f"{path}: larger than any recipe when unpacked; teach it again")
        with np.load(io.BytesIO(packed), allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as fault:
        raise RecipeError(f"{path}: not readable ({fault}); restore the folder or teach it again") from fault


def hashed(path: Path, wanted: str) -> bytes:
    """Read a file; RecipeError where it is not the one of this hash."""
    content = read(path)
    if sha256(content) != wanted:
        raise RecipeError(
            f"{path}: not the file this recipe was written with (its hash differs); "
            "restore the folder or teach it again"
        )
    return content
