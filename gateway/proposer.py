"""Makes the next version of a recipe from labels, in a process of its own: judging must not wait for it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.decision.judge import Embed, numbers_of
from analytics.decision.verdict import Evaluation
from gateway.processes.channel import Endpoint
from gateway.processes.clock import Clock
from gateway.processes.cut import capture_again, cut_from, why_other_numbers
from gateway.processes.ledger_messages import Propose, Proposed
from gateway.store.database import StoreError
from gateway.store.kept import KeptPart, KeptReader, NoSound, sound_of_part
from gateway.store.labels import LabelRow, histories, judged_between
from models.propose import Beside, Labelled, Labels, Refused, propose
from models.recipe import Recipe, RecipeError, embed_of, load, load_taught, write_recipe
from models.taught import TeachError

LABELLED_MOST = 2000  #: newest labelled parts that are looked at
CLASSLESS = "defect"  #: class of a bad part of which nobody said more


def run_proposer(asked: Propose, channel: Endpoint, clock: Clock) -> None:
    """Propose, write the version beside the one in use, answer, end."""
    channel.send(proposed(asked, clock.wall().isoformat(timespec="seconds")))


def proposed(asked: Propose, at: str) -> Proposed:
    """Make a proposal of what the store holds; never raises for what labels, store or recipe hold."""
    title, figures = "", dict[str, Any]()
    try:
        recipe = load(Path(asked.folder))
        title = recipe.title
        labels, left_out = labels_of(asked, recipe)
        figures = {"labelled": len(labels.parts), "left_out": left_out, "judged_meanwhile": labels.judged}
        made = propose(recipe, load_taught(recipe.folder), labels)
        figures |= _figures(made.beside) | {"learned_from": made.used, "held_out": made.held_out}
        figures["remarks"] = list(made.remarks)
        who = f"proposed for {asked.who}"
        written = write_recipe(Path(asked.folder), made.learned, at, who=who, put_to_use=False)
    except Refused as refused:
        figures |= _figures(refused.beside) if refused.beside else {}
        return Proposed(asked.station, asked.part_type, asked.who, title, None, f"No proposal: {refused}.", figures)
    except (TeachError, RecipeError, StoreError, OSError) as fault:
        return Proposed(asked.station, asked.part_type, asked.who, title, None, f"No proposal: {fault}.", figures)
    figures["promise"] = made.learned.report.promise
    said = f"{written.title} is proposed from {made.used} labelled parts; on {made.held_out} later ones, "
    more = "".join(f"; {remark}" for remark in (made.beside.sentence, *made.remarks)).removeprefix("; ")
    return Proposed(asked.station, asked.part_type, asked.who, title, written.version, f"{said}{more}.", figures)


def labels_of(asked: Propose, recipe: Recipe) -> tuple[Labels, int]:
    """Gather the labelled parts with their numbers, oldest first; also how many had no numbers this recipe can use."""
    store = Path(asked.store)
    found, left_out = [], 0
    opened = cache(partial(embed_of, recipe, Path(asked.models) if asked.models else None))
    reader = KeptReader(store)
    with reader:
        told = histories(reader.db, asked.station, asked.part_type, LABELLED_MOST)
        for number, history in told.items():
            kept = reader.by_id(number)
            numbers = None if kept is None else _numbers(kept, recipe, store, opened)
            if kept is None or numbers is None:
                left_out += 1
            else:
                found.append(_labelled(kept, history, *numbers))
        span = (min(told), max(told)) if told else (0, 0)
        judged = judged_between(reader.db, asked.station, asked.part_type, *span)
    return Labels(tuple(found), judged), left_out


def _labelled(
    kept: KeptPart, history: Sequence[LabelRow], row: NDArray[np.float32], vector: NDArray[np.float32] | None
) -> Labelled:
    last = history[-1]
    evaluation = kept.row.true_evaluation or kept.row.evaluation
    return Labelled(
        f"{last.station} part {kept.row.id} {kept.row.part_id}".strip(),
        hashlib.sha256(np.ascontiguousarray(row, "<f4").tobytes()).hexdigest(),
        "" if last.said == "good" else last.defect or CLASSLESS,
        row,
        vector,
        kept.row.wall[:10],
        evaluation is Evaluation.NOT_OK,
        last.who,
        contradicted=len({one.said for one in history}) > 1,
    )


def _numbers(
    kept: KeptPart, recipe: Recipe, store: Path, opened: Callable[[], Embed | None]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None] | None:
    """Give a part's numbers as this recipe hears them: the stored ones, else from its sound; None where neither is."""
    if kept.row.evaluation is Evaluation.NOT_DECIDABLE and kept.row.true_evaluation is None:
        return None  # its sound was not believed
    row, vector = kept.features, kept.embedding if recipe.model.second else None
    whole = row is not None and (vector is not None or recipe.model.second is None)
    if whole and not why_other_numbers(kept.front_end, recipe.model):
        assert row is not None
        return row, vector
    try:
        return numbers_of(
            capture_again(cut_from(kept.cut), sound_of_part(store, kept)), recipe.model.front_end, opened()
        )
    except (NoSound, ValueError):
        return None


def _figures(beside: Beside) -> dict[str, Any]:
    return {"before": asdict(beside.before), "after": asdict(beside.after), "better": list(beside.better),
            "worse": list(beside.worse)}  # fmt: skip
