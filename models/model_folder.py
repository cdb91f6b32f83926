"""Where models lie: those that are shipped in `models/zoo`, those that were built or imported in a folder of the user.

models/            site key [store] models, --models, WHEELTAPPER_MODELS, or the data folder of the user
    aisfx/         one folder a model, of its name
        aisfx.json     the card
        aisfx.onnx     the model
"""

import os
import re
from pathlib import Path

from models.model_card import NAME, ModelError

ZOO = Path(__file__).parent / "zoo"  #: shipped, never written to
VARIABLE = "WHEELTAPPER_MODELS"  #: of the environment
BUILT = ("aisfx",)  #: models that `wheeltapper models build` makes


def model_folder(folder: Path | None = None) -> Path:
    """Return where models lie that were built or imported.

    Parameters
    ----------
    folder
        As the site file or the command line says; None: the environment variable WHEELTAPPER_MODELS, and without it
        the data folder of the user, as the operating system names it.
    """
    if folder is not None:
        return folder
    if given := os.environ.get(VARIABLE):
        return Path(given)
    from platformdirs import user_data_path

    return user_data_path("wheeltapper", appauthor=False) / "models"


def card_of(name: str, folder: Path | None = None) -> Path:
    """Find the card of a model; a shipped one goes first, so that its name always means the same.

    Raises
    ------
    ModelError
        There is none of that name.
    """
    if not re.fullmatch(NAME, name):
        raise ModelError(f"{name!r} is no name of a model; wanted lower-case letters, digits, dots and dashes")
    place = model_folder(folder)
    for home in (ZOO, place):
        if (card := home / name / f"{name}.json").is_file():
            return card
    if name in BUILT:
        raise ModelError(f"{name}: not in {place}; build it once: wheeltapper models build {name}")
    raise ModelError(f"{name}: no such model here or in {place}; wheeltapper models list shows what there is")


def cards_in(folder: Path | None = None) -> list[Path]:
    """Return the cards of all models, shipped ones first, each by its name."""
    homes = (ZOO, model_folder(folder))
    return [
        card
        for home in homes
        for place in (sorted(home.iterdir()) if home.is_dir() else [])
        if (card := place / f"{place.name}.json").is_file()
    ]
