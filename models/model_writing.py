"""Puts a model into the folder of models: whole and able to run, or not at all."""

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from models.embedding import OnnxEmbedding
from models.model_card import Card, ModelError
from models.model_folder import ZOO


def write_model(folder: Path, card: Card, content: bytes, check: Callable[[OnnxEmbedding], None] | None = None) -> Path:
    """Write model and card beside, load them, check them, and only then put them in place of what stood there.

    Parameters
    ----------
    folder
        Where models lie; made where it does not exist.
    card
        Says the hash of `content`.
    content
        The model file.
    check
        Raises `ModelError` where the model does not do what it should.

    Returns
    -------
    Path
        Of the card.

    Raises
    ------
    ModelError
        The name is a shipped model's, the folder cannot be written, or the model is refused; then nothing has changed.
    """
    if (ZOO / card.name).is_dir():
        raise ModelError(f"{card.name}: the name of a shipped model; give yours another name in its card")
    place, token = folder / card.name, secrets.token_hex(8)
    beside, before = folder / f".writing-{token}", folder / f".before-{token}"
    try:
        beside.mkdir(parents=True)
        _write(beside / card.file, content)
        _write(beside / f"{card.name}.json", card.text().encode())
        embedding = OnnxEmbedding(beside / f"{card.name}.json")
        if check is not None:
            check(embedding)
        if place.exists():
            place.rename(before)
        beside.rename(place)
    except OSError as fault:
        raise ModelError(f"{folder}: cannot be written ({fault.strerror}); nothing was kept") from fault
    finally:
        if before.exists() and not place.exists():
            before.rename(place)
        for left in (beside, before):
            shutil.rmtree(left, ignore_errors=True)
    return place / f"{card.name}.json"


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
