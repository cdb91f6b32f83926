"""One version of a recipe as one file, to carry to another gateway.

A zip with the four files of the version under ``<recipe>/v<number>/``. Nothing in it is believed: names that are not
these four are refused, sizes are counted while unpacking, and the version is loaded, hashes and all, before it appears.
"""

import io
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from models.recipe import Recipe, RecipeError, load, put_first_to_use
from models.recipe_files import FILES, MOST_BYTES, number_of, read, refuse_folder, versions, write

_STAMP = (1980, 1, 1, 0, 0, 0)  #: the same version gives the same file


def export(recipe: Recipe, target: Path) -> None:
    """Write one version of a recipe as one file.

    Raises
    ------
    RecipeError
        The file is there already, or cannot be written.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parcel:
        for name in FILES:
            entry = zipfile.ZipInfo(f"{recipe.name}/v{recipe.version}/{name}", _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            parcel.writestr(entry, read(recipe.folder / name))
    if target.exists():
        raise RecipeError(f"{target}: is there already; name another file")
    beside = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    try:
        write(beside, packed.getvalue())
        beside.replace(target)
    except OSError as fault:
        beside.unlink(missing_ok=True)
        raise RecipeError(f"{target}: cannot be written ({fault.strerror})") from fault


def import_parcel(parcel: Path, folder: Path, who: str, at: str) -> tuple[Recipe, bool]:
    """Unpack a version into a recipe folder, under its own number; put it to use only where there was none.

    Returns
    -------
    The version, and whether it is new there.

    Raises
    ------
    RecipeError
        It is no parcel, damaged, of another format, or the folder has another version of this number.
    """
    refuse_folder(folder)
    number, files = _unpacked(parcel)
    made, beside, place = not folder.exists(), folder / f".writing-{secrets.token_hex(8)}", folder / f"v{number}"
    try:
        beside.mkdir(parents=True)
        for name, content in files.items():
            write(beside / name, content)
        arrived = load(beside)
        if arrived.version != number:
            raise RecipeError(f"{parcel}: calls version {arrived.version} of {arrived.name} version {number}")
        if number in versions(folder):
            return _known(folder, arrived), False
        beside.rename(place)
        arrived = replace(arrived, folder=place)
        put_first_to_use(folder, arrived, who, at)
    except OSError as fault:
        raise RecipeError(f"{folder}: cannot be written ({fault.strerror}); nothing was kept") from fault
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if made and not versions(folder):
            shutil.rmtree(folder, ignore_errors=True)
    return arrived, True


def _known(folder: Path, arrived: Recipe) -> Recipe:
    there = load(folder / f"v{arrived.version}")
    if there.hash != arrived.hash:
        raise RecipeError(
            f"{folder}: has another version {there.version} ({there.title}) than {arrived.title}; "
            "import it into a folder of its own"
        )
    return there


def _unpacked(parcel: Path) -> tuple[int, Mapping[str, bytes]]:
    """Give the number of the version and the content of its files."""
    if not parcel.is_file():
        raise RecipeError(f"{parcel}: no such file; wheeltapper recipe export writes one")
    try:
        with zipfile.ZipFile(io.BytesIO(read(parcel))) as packed:
            entries = packed.infolist()
            number = _number(parcel, [entry.filename for entry in entries])
            return number, {PurePosixPath(one.filename).name: _content(parcel, packed, one) for one in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as fault:
        raise RecipeError(f"{parcel}: not readable ({fault}); export it again") from fault


def _number(parcel: Path, names: list[str]) -> int:
    places = [name.split("/") for name in names]
    found = {(place[0], place[1]) for place in places if len(place) == 3 and place[0] not in {"", ".", ".."}}
    ours = len(places) == len(FILES) and sorted(place[-1] for place in places) == sorted(FILES) and len(found) == 1
    number = number_of(next(iter(found))[1]) if ours and all(len(place) == 3 for place in places) else None
    if number is None:
        raise RecipeError(
            f"{parcel}: holds {', '.join(names)[:80]!r}; wanted one version of a recipe, as export writes"
        )
    return number


def _content(parcel: Path, packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with packed.open(entry) as file:  # what a header claims of the size is not believed
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise RecipeError(f"{parcel}: {entry.filename} is larger than any recipe when unpacked")
    return content
