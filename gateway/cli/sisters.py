"""`wheeltapper teach --sisters`: a new unit learns from few of its own parts and from units of the same kind."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gateway.cli.output import Step, note
from models.embedding import Embedding, load_embedding
from models.hearing import hear, hearing_of
from models.recipe import Recipe, RecipeError, load, load_taught
from models.sisters import Sister, learn_from_sisters, refuse_sisters
from models.taught import TaughtPart, TeachSettings
from models.teach import Learned


def learn_with(
    folders: Sequence[Path], parts: Sequence[TaughtPart], settings: TeachSettings, models: Path | None, step: Step
) -> Learned:
    """Learn from parts and sisters; the parts are heard as the first sister was.

    Raises
    ------
    RecipeError
        A sister's recipe cannot be used, or its embedding is not there.
    TeachError
        What `learn_from_sisters` refuses.
    """
    loaded = [load(folder) for folder in folders]
    sisters = [
        Sister(one.title, load_taught(folder), hearing_of(one.model))
        for folder, one in zip(folders, loaded, strict=True)
    ]
    refuse_sisters(sisters)
    _say_what_stays_behind(loaded)
    front_end = loaded[0].model.front_end
    heard_alike = replace(
        settings,
        profile=front_end.profile,
        level=front_end.level,
        length_s=front_end.length_s,
        low_hz=front_end.low_hz,
    )
    rows, hearing = hear(parts, heard_alike, step, _embedding(loaded[0], models))
    return learn_from_sisters(rows, hearing, heard_alike, sisters, step)


def _embedding(sister: Recipe, models: Path | None) -> Embedding | None:
    second = sister.model.second
    if second is None:
        return None
    found = load_embedding(second.embedding, models)
    if found.sha256 != second.sha256:
        raise RecipeError(f"{sister.folder}: taught through another {second.embedding}; bring that one back")
    return found


def _say_what_stays_behind(sisters: Sequence[Recipe]) -> None:
    for one in sisters:
        if one.model.defects:
            note(
                f"{one.title} knows {', '.join(one.model.defects)}: not carried over, since a defect changes the sound "
                "of each unit in another way; teach this unit's own with --defect"
            )
