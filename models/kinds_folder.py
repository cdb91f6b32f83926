"""The folder of taught kinds of sound: written once, never changed.

kinds/hall-3/
    kinds.json     card and figures, for people and programs
    kinds.npz      the numbers
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from analytics.few_shot.sound_kinds import SoundKinds
from models.flat import Arrays, FlatError, build, flatten
from models.recipe_files import pack, read, sha256, unpack, write
from models.sound_kinds import KindsError, KindsReport

CARD, ARRAYS = "kinds.json", "kinds.npz"


class KindsCard(BaseModel):
    """What `kinds.json` holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    format: Literal[1]
    embedding: str = Field(min_length=1, max_length=60, description="Name of the embedding it was taught through.")
    embedding_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    report: dict[str, JsonValue]
    kinds: dict[str, JsonValue]
    arrays_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True, eq=False)
class LoadedKinds:
    """Kinds of sound as they lie in a folder."""

    kinds: SoundKinds
    embedding: str
    embedding_sha256: str
    report: dict[str, Any]


def refuse_folder(folder: Path) -> None:
    """Raise `KindsError` where kinds must not be written: there is something already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise KindsError(f"{folder}: holds something already, and kinds are never changed; name a new folder")


def write_kinds(folder: Path, kinds: SoundKinds, report: KindsReport, embedding: tuple[str, str]) -> None:
    """Write what was learned to a new folder; `embedding` is name and hash of what it was taught through.

    Raises
    ------
    KindsError
        There is something there already.
    """
    refuse_folder(folder)
    arrays: Arrays = {}
    tree: Any = flatten(kinds, arrays)
    packed = pack(arrays)
    name, digest = embedding
    card = KindsCard(
        format=1,
        embedding=name,
        embedding_sha256=digest,
        report=json.loads(json.dumps(asdict(report))),
        kinds=tree,
        arrays_sha256=sha256(packed),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / ARRAYS, packed)
    write(folder / CARD, (card.model_dump_json(indent=2) + "\n").encode())


def load_kinds(folder: Path) -> LoadedKinds:
    """Read what was learned.

    Raises
    ------
    KindsError, RecipeError
        There is nothing, or it was changed, or is another version's.
    """
    if not (folder / CARD).is_file():
        raise KindsError(
            f"no kinds of sound at {folder}; teach them: wheeltapper teach-sounds {folder} --kind NAME=PATH"
        )
    try:
        card = KindsCard.model_validate_json(read(folder / CARD))
        packed = read(folder / ARRAYS)
        if sha256(packed) != card.arrays_sha256:
            raise KindsError(f"{folder / ARRAYS}: changed since it was written (its hash differs); teach it again")
        kinds = build(SoundKinds, card.kinds, unpack(folder / ARRAYS, packed))
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the card"
        raise KindsError(f"{folder / CARD}: {where}: {first['msg']}; teach it again") from fault
    except FlatError as fault:
        raise KindsError(f"{folder / CARD}: {fault}; teach it again") from fault
    return LoadedKinds(kinds, card.embedding, card.embedding_sha256, dict(card.report))
