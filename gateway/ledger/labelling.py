"""Labels, proposals and versions of recipes: what is checked beyond the form of the command, and what comes of it."""

import difflib
import re
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from analytics.few_shot.prototypes import UNKNOWN
from gateway.ledger.commands import Answer
from gateway.ledger.page import Page
from gateway.ledger.plan import LedgerPlan
from gateway.processes.ledger_messages import Command, EventRecord, Propose, Proposed
from gateway.processes.messages import UseRecipe
from gateway.store import labels
from gateway.store.event_clips import event_clip
from gateway.store.records import add_event, defect_codes
from models.enrol import version_before
from models.recipe import RecipeError, load, use
from models.recipe_files import current

LABELS_MOST = 20  #: of one part; more are a program gone wild
_CLASS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")
_NO_CLASS = frozenset({UNKNOWN, "good", "bad", "ok", "none", "unknown defect"})


def label(page: Page, command: Command, plan: LedgerPlan) -> Answer:
    """Write what a person says of a part; its verdict is never changed."""
    arguments = command.arguments
    part = labels.part_key(page.db, int(command.target)) if command.target.isdecimal() else None
    if part is None:
        return _no(f"label: no part {command.target!r} in the store; wheeltapper parts shows the last ones")
    said, defect = arguments.get("said", ""), arguments.get("class", "").strip()
    if said not in ("good", "bad"):
        return _no(f"label: found {said!r}; wanted good or bad")
    if said == "good" and defect:
        return _no(f"label: a good part has no class; found {defect!r}")
    if defect and (why := _no_class(page.db, part.station, defect, new=arguments.get("new") == "yes")):
        return _no(f"label: {why}")
    before = labels.labels_of(page.db, part.id)
    if len(before) >= LABELS_MOST:
        return _no(f"label: part {part.id} has {len(before)} labels already; settle it among people first")
    if before and (before[-1].said, before[-1].defect, before[-1].who) == (said, defect, command.who):
        return _yes(f"part {part.id} is {_words(said, defect)} already, says {command.who}")
    labels.add_label(page.db, page.wall, part, (said, defect), (command.who, command.via))
    return _yes(f"part {part.id} ({part.part_id}) was {_words(said, defect)}, says {command.who}; its verdict stays")


def listen(page: Page, command: Command, plan: LedgerPlan) -> Answer:
    """Note who listens to a part or an incident: nothing but the audit trail comes of it."""
    if command.arguments.get("of") == "incident":
        clip = event_clip(page.db, command.target)
        if clip is None:
            return _no(f"listen: no sound was kept of incident {command.target!r}")
        return _yes(f"{command.who} listens to incident {command.target} ({clip.kind})")
    part = labels.part_key(page.db, int(command.target)) if command.target.isdecimal() else None
    if part is None:
        return _no(f"listen: no part {command.target!r} in the store")
    return _yes(f"{command.who} listens to part {part.id} ({part.part_id}) of {part.station}")


def propose(page: Page, command: Command, plan: LedgerPlan) -> Answer:
    """Have a process of its own make the next version of a recipe."""
    found = _recipe_of(command, plan)
    if isinstance(found, Answer):
        return found
    part_type, folder = found
    page.written.answers.append(
        Propose(command.target, part_type, folder, str(Path(plan.folder)), command.who, plan.models)
    )
    return _yes(
        f"{command.target}: a next version for type {part_type} is being made; its figures come within a minute"
    )


def activate(page: Page, command: Command, plan: LedgerPlan) -> Answer:
    """Put a version to use, now and after a restart; ``version`` is a number, or ``before`` for one step back."""
    found = _recipe_of(command, plan)
    if isinstance(found, Answer):
        return found
    part_type, folder = found
    wanted = command.arguments.get("version", "")
    try:
        number = version_before(Path(folder)) if wanted == "before" else int(wanted) if _number(wanted) else 0
        if number < 1:
            return _no(f"activate: found version {wanted!r}; wanted its number, or before")
        if number == current(Path(folder)):  # the running gateway may judge by another: it is told all the same
            recipe = load(Path(folder) / f"v{number}")
        else:
            recipe = use(Path(folder), number, command.who, page.wall)
    except RecipeError as fault:
        return _no(f"activate: {fault}")
    page.written.answers.append(UseRecipe(command.target, part_type, recipe.folder.as_posix()))
    said = f"{recipe.title} is put to use for type {part_type} by {command.who}, from the next part on"
    add_event(page.db, EventRecord(page.wall, command.target, "recipe-activated", said))
    return _yes(said)


def proposed(page: Page, message: Proposed) -> None:
    """Write what came of a proposal."""
    row = labels.ProposalRow(
        0, page.wall, message.station, message.part_type, message.who, message.based_on, message.version,
        message.sentence, message.figures,
    )  # fmt: skip
    labels.add_proposal(page.db, row)
    kind, level = ("recipe-proposed", "info") if message.version is not None else ("proposal-refused", "warning")
    add_event(page.db, EventRecord(page.wall, message.station, kind, message.sentence, level))
    page.written.changed = True


CARRIED_OUT: Mapping[str, Callable[[Page, Command, LedgerPlan], Answer]] = {
    "label": label,
    "listen": listen,
    "propose": propose,
    "activate": activate,
}


def _recipe_of(command: Command, plan: LedgerPlan) -> tuple[int, str] | Answer:
    """Find the type and the folder that are meant; where a station has one type it need not be said."""
    entry = plan.entry(command.target)
    if entry is None or not entry.recipes:
        judging = ", ".join(one.name for one in plan.stations if one.recipes) or "none"
        return _no(f"{command.name}: no station {command.target!r} that judges parts; those that do: {judging}")
    wanted = command.arguments.get("type", "")
    known = ", ".join(str(one) for one in sorted(entry.recipes))
    if not wanted and len(entry.recipes) == 1:
        return next(iter(entry.recipes.items()))
    if not _number(wanted) or int(wanted) not in entry.recipes:
        return _no(f"{command.name}: found type {wanted!r}; {command.target} has {known}")
    return int(wanted), entry.recipes[int(wanted)]


def _number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _no_class(db: sqlite3.Connection, station: str, defect: str, *, new: bool) -> str:
    if not _CLASS.fullmatch(defect) or defect.casefold() in _NO_CLASS:
        return f"{defect!r} is no name of a class; wanted letters, digits, blanks, dots or dashes, at most 40"
    known = sorted(defect_codes(db).get(station, {}))
    if defect in known or new:
        return ""
    near = difflib.get_close_matches(defect, known, 1, 0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    named = ", ".join(known) or "none"
    return f"{station} knows no class {defect!r}; {hint}known are {named}; a new one is said to be new"


def _words(said: str, defect: str) -> str:
    return f"{said}: {defect}" if defect else said


def _yes(sentence: str) -> Answer:
    return Answer(accepted=True, sentence=sentence)


def _no(sentence: str) -> Answer:
    return Answer(accepted=False, sentence=sentence)
