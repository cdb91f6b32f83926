"""The card of a recipe as it lies on disk: validated before anything of it is believed."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from models.recipe_files import CARD, RecipeError, number_of, read

FORMAT = 2  #: layout of the folder and of `PartModel`; raised with every change that an earlier version cannot read
_SHA256 = r"^[0-9a-f]{64}$"


class Card(BaseModel):
    """What `recipe.json` holds.

    `model` and `report` are the dataclasses of the same names, flattened; they are checked against them when built.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    format: Literal[2] = Field(description="Layout of the folder.")
    name: str = Field(min_length=1, max_length=255, description="Name of the folder it was written to.")
    version: int = Field(ge=1, description="Counts the teachings on this folder.")
    made_by: str = Field(min_length=1, max_length=50, description="Version of wheeltapper.")
    taught_at: str = Field(min_length=1, max_length=50, description="ISO 8601.")
    report: dict[str, JsonValue]
    model: dict[str, JsonValue]
    arrays_sha256: str = Field(pattern=_SHA256)
    taught_sha256: str = Field(pattern=_SHA256)
    recordings_sha256: str = Field(pattern=_SHA256)
    hash: str = Field(pattern=r"^([0-9a-f]{64})?$", description="Over all above; empty while it is written.")

    def own_hash(self) -> str:
        """Hash every other field, and through their hashes the other files; spelling and order do not matter."""
        fields = self.model_dump(exclude={"hash"})
        return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def sealed(self) -> "Card":
        """Fill in the hash."""
        return self.model_copy(update={"hash": self.own_hash()})

    def text(self) -> str:
        """Write it for a person to read."""
        return json.dumps(self.model_dump(), indent=2, ensure_ascii=False) + "\n"


def read_card(place: Path) -> Card:
    """Read the card of a version, checked in itself and against the number of its folder.

    Raises
    ------
    RecipeError
        It is damaged, of another version, or another one's.
    """
    card = _card(place / CARD, read(place / CARD))
    number = number_of(place.name)
    if number is not None and number != card.version:
        raise RecipeError(f"{place}: holds version {card.version} of {card.name}; put it back under its own number")
    return card


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
